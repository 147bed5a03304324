#!/usr/bin/env python3
"""Find pull requests that nobody but their author has looked at."""

from __future__ import annotations

from typing import Any

import health_worker as health
from health_github import Repository, is_person, login

MAX_LOOKED_AT = 60
"""One request each."""
NAMED = 5
_COUNTS = ("APPROVED", "CHANGES_REQUESTED", "COMMENTED")


def judge() -> health.Health:
    """Score the share reviewed, of open pull requests and those merged in `window_days`."""
    window, until = health.number_input("WINDOW_DAYS", 30), health.as_of()
    repository = Repository()
    pulls = [
        one
        for one in repository.listed("/pulls?state=all&sort=updated&direction=desc")
        if _counts(one, window, until)
    ]
    looked_at = pulls[:MAX_LOOKED_AT]
    alone = [one for one in looked_at if not _reviewed(repository, one)]
    merged = [one for one in alone if one.get("merged_at")]
    waiting = [one for one in alone if not one.get("merged_at")]
    gaps = [*repository.gaps]
    if len(pulls) > len(looked_at):
        gaps.append(f"only {len(looked_at)} of {len(pulls)} pull requests were looked at")
    return health.Health(
        score=health.good_share(len(alone), len(looked_at)),
        summary=f"{len(alone)} of {len(looked_at)} pull requests have no review",
        findings=[_finding(one) for one in [*merged, *waiting]],
        action_items=_items(merged, waiting, len(looked_at)),
        measures={
            "pull_requests": len(looked_at),
            "merged_without_review": len(merged),
            "waiting_for_review": len(waiting),
        },
        gaps=gaps,
        api_calls=repository.calls,
    )


def _counts(pull: dict[str, Any], window: int, until: float) -> bool:
    if pull.get("merged_at"):
        return health.days(pull["merged_at"], until) <= window
    return pull["state"] == "open" and not pull.get("draft")


def _reviewed(repository: Repository, pull: dict[str, Any]) -> bool:
    reviews = repository.listed(f"/pulls/{pull['number']}/reviews")
    return any(
        one.get("state") in _COUNTS and is_person(one) and login(one) != login(pull)
        for one in reviews
    )


def _finding(pull: dict[str, Any]) -> dict[str, Any]:
    did = "was merged without a review" if pull.get("merged_at") else "waits for a review"
    return health.finding(f"#{pull['number']}", did, pull.get("title"), pull.get("html_url"))


def _items(
    merged: list[dict[str, Any]], waiting: list[dict[str, Any]], total: int
) -> list[dict[str, str]]:
    items = []
    if merged:
        named = ", ".join(f"#{one['number']}" for one in merged[:NAMED])
        told = (
            f"Look at {health.count(len(merged), 'pull request')} merged without a review: {named}."
        )
        items.append(health.action("high", told))
    if waiting:
        named = ", ".join(f"#{one['number']}" for one in waiting[:NAMED])
        told = f"Review {health.count(len(waiting), 'pull request')}: {named}."
        items.append(health.action(health.by_share(len(waiting) / total), told))
    return items


if __name__ == "__main__":
    health.main("review-coverage", judge)
