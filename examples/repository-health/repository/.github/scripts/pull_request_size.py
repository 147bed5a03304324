#!/usr/bin/env python3
"""Find open pull requests that are too large to be reviewed well."""

from __future__ import annotations

import statistics
from typing import Any

import health_worker as health
from health_github import Repository

MAX_LOOKED_AT = 60
"""One request each."""


def judge() -> health.Health:
    """Score the share of open pull requests within `max_lines` changed lines and `max_files`."""
    max_lines = health.number_input("MAX_LINES", 400)
    max_files = health.number_input("MAX_FILES", 25)
    repository = Repository()
    listed = repository.listed("/pulls?state=open")
    pulls = [repository.one(f"/pulls/{one['number']}") for one in listed[:MAX_LOOKED_AT]]
    large = [p for p in pulls if lines(p) > max_lines or p.get("changed_files", 0) > max_files]
    large.sort(key=lines, reverse=True)
    gaps = [*repository.gaps]
    if len(listed) > len(pulls):
        gaps.append(f"only {len(pulls)} of {len(listed)} pull requests were looked at")
    items = []
    if large:
        named = ", ".join(f"#{one['number']}" for one in large)
        told = f"Ask for smaller steps: {named} change more than {max_lines} lines or {max_files} files."
        items.append(health.action("medium", told))
    return health.Health(
        score=health.good_share(len(large), len(pulls)),
        summary=f"{len(large)} of {len(pulls)} open pull requests are large",
        findings=[_finding(one) for one in large],
        action_items=items,
        measures={
            "open_pull_requests": len(pulls),
            "large": len(large),
            "median_lines": statistics.median(map(lines, pulls)) if pulls else 0,
        },
        gaps=gaps,
        api_calls=repository.calls,
    )


def lines(pull: dict[str, Any]) -> int:
    """Count the lines that are added and deleted."""
    return int(pull.get("additions") or 0) + int(pull.get("deletions") or 0)


def _finding(pull: dict[str, Any]) -> dict[str, Any]:
    told = f"changes {lines(pull)} lines in {pull.get('changed_files', 0)} files"
    return health.finding(f"#{pull['number']}", told, pull.get("title"), pull.get("html_url"))


if __name__ == "__main__":
    health.main("pull-request-size", judge)
