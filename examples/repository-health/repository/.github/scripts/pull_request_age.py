#!/usr/bin/env python3
"""Find open pull requests that have waited for too long."""

from __future__ import annotations

import statistics

import health_worker as health
from health_github import Repository

NAMED = 5


def judge() -> health.Health:
    """Score the share of open pull requests, drafts left out, younger than `max_age_days`."""
    limit, until = health.number_input("MAX_AGE_DAYS", 14), health.as_of()
    repository = Repository()
    pulls = [one for one in repository.listed("/pulls?state=open") if not one.get("draft")]
    ages = {one["number"]: health.days(one["created_at"], until) for one in pulls}
    old = [one for one in pulls if ages[one["number"]] > limit]
    old.sort(key=lambda one: -ages[one["number"]])
    items = []
    if old:
        named = ", ".join(f"#{one['number']}" for one in old[:NAMED])
        told = f"Merge or close {health.count(len(old), 'pull request')} older than {limit} days; first {named}."
        items.append(health.action(health.by_share(len(old) / len(pulls)), told))
    return health.Health(
        score=health.good_share(len(old), len(pulls)),
        summary=f"{len(old)} of {len(pulls)} open pull requests are older than {limit} days",
        findings=[
            health.finding(
                f"#{one['number']}",
                f"open for {ages[one['number']]:.0f} days",
                one.get("title"),
                one.get("html_url"),
            )
            for one in old
        ],
        action_items=items,
        measures={
            "open_pull_requests": len(pulls),
            "old": len(old),
            "median_days": statistics.median(ages.values()) if ages else 0,
        },
        gaps=repository.gaps,
        api_calls=repository.calls,
    )


if __name__ == "__main__":
    health.main("pull-request-age", judge)
