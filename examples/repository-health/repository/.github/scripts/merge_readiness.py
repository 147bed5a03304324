#!/usr/bin/env python3
"""Find open pull requests that are stuck: in conflict with the base, or forgotten as drafts."""

from __future__ import annotations

import time
from typing import Any

import health_worker as health
from health_github import Repository

MAX_LOOKED_AT = 60
"""One or two requests each."""
LOOK_AGAIN_SECONDS = 2.0
"""GitHub finds out about conflicts only when it is asked."""


def judge() -> health.Health:
    """Score the share of open pull requests that are not stuck."""
    limit, until = health.number_input("DRAFT_DAYS", 21), health.as_of()
    repository = Repository()
    pulls = repository.listed("/pulls?state=open")
    looked_at = pulls[:MAX_LOOKED_AT]
    merging = _mergeable(repository, [one["number"] for one in looked_at])
    conflicts = [one for one in looked_at if merging[one["number"]] is False]
    drafts = [
        one
        for one in looked_at
        if one.get("draft") and one not in conflicts and _quiet(one, until) > limit
    ]
    gaps = [*repository.gaps]
    if len(pulls) > len(looked_at):
        gaps.append(f"only {len(looked_at)} of {len(pulls)} pull requests were looked at")
    gaps += [
        f"#{number}: GitHub does not know yet" for number, is_ in merging.items() if is_ is None
    ]
    findings = [_finding(one, "is in conflict with its base") for one in conflicts]
    findings += [
        _finding(one, f"is a draft without news for {_quiet(one, until):.0f} days")
        for one in drafts
    ]
    return health.Health(
        score=health.good_share(len(conflicts) + len(drafts), len(looked_at)),
        summary=f"{health.count(len(conflicts), 'conflict')}, {health.count(len(drafts), 'forgotten draft')}",
        findings=findings,
        action_items=_items(conflicts, drafts),
        measures={
            "open_pull_requests": len(looked_at),
            "conflicts": len(conflicts),
            "forgotten_drafts": len(drafts),
        },
        gaps=gaps,
        api_calls=repository.calls,
    )


def _mergeable(repository: Repository, numbers: list[int]) -> dict[int, bool | None]:
    found = {n: repository.one(f"/pulls/{n}").get("mergeable") for n in numbers}
    unknown = [number for number, is_mergeable in found.items() if is_mergeable is None]
    if unknown:
        time.sleep(LOOK_AGAIN_SECONDS)
        again = {n: repository.one(f"/pulls/{n}").get("mergeable") for n in unknown}
        found = {**found, **again}
    return found


def _quiet(pull: dict[str, Any], until: float) -> float:
    return health.days(pull["updated_at"], until)


def _finding(pull: dict[str, Any], text: str) -> dict[str, Any]:
    return health.finding(f"#{pull['number']}", text, pull.get("title"), pull.get("html_url"))


def _items(conflicts: list[dict[str, Any]], drafts: list[dict[str, Any]]) -> list[dict[str, str]]:
    items = []
    if conflicts:
        named = ", ".join(f"#{one['number']}" for one in conflicts)
        told = f"Ask the authors to bring {health.count(len(conflicts), 'pull request')} up to date: {named}."
        items.append(health.action("high", told))
    if drafts:
        named = ", ".join(f"#{one['number']}" for one in drafts)
        items.append(
            health.action("low", f"Finish or close {health.count(len(drafts), 'draft')}: {named}.")
        )
    return items


if __name__ == "__main__":
    health.main("merge-readiness", judge)
