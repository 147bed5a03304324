#!/usr/bin/env python3
"""Find open issues that nobody has touched for a long time."""

from __future__ import annotations

import health_worker as health
from health_github import Repository

NAMED = 5


def judge() -> health.Health:
    """Score the share of open issues with news in the last `stale_days` days."""
    limit, until = health.number_input("STALE_DAYS", 60), health.as_of()
    repository = Repository()
    issues = repository.issues()
    quiet = {one["number"]: health.days(one["updated_at"], until) for one in issues}
    stale = sorted((one for one in issues if quiet[one["number"]] > limit), key=_updated)
    findings = [
        health.finding(
            f"#{one['number']}",
            f"no news for {quiet[one['number']]:.0f} days",
            one.get("title"),
            one.get("html_url"),
        )
        for one in stale
    ]
    items = []
    if stale:
        oldest = ", ".join(f"#{one['number']}" for one in stale[:NAMED])
        told = f"Answer or close {health.count(len(stale), 'issue')} without news for {limit} days; first {oldest}."
        items.append(health.action(health.by_share(len(stale) / len(issues)), told))
    return health.Health(
        score=health.good_share(len(stale), len(issues)),
        summary=f"{len(stale)} of {len(issues)} open issues without news for {limit} days",
        findings=findings,
        action_items=items,
        measures={
            "open_issues": len(issues),
            "stale_issues": len(stale),
            "longest_quiet_days": max(quiet.values(), default=0),
        },
        gaps=repository.gaps,
        api_calls=repository.calls,
    )


def _updated(issue: dict[str, str]) -> str:
    return issue["updated_at"]


if __name__ == "__main__":
    health.main("stale-issues", judge)
