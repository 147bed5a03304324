#!/usr/bin/env python3
"""Count open issues by category, and find those that have none."""

from __future__ import annotations

from collections import Counter

import health_worker as health
from health_github import Repository, names

CATEGORIES = ("bug", "documentation", "enhancement", "performance", "question", "security")
NAMED = 5


def judge() -> health.Health:
    """Score the share of open issues with a category's label; open security issues are critical."""
    repository = Repository()
    issues = repository.issues()
    kinds = {one["number"]: _categories(names(one.get("labels"))) for one in issues}
    counts = Counter(kind for found in kinds.values() for kind in found)
    without = [one for one in issues if not kinds[one["number"]]]
    secure = [f"#{one['number']}" for one in issues if "security" in kinds[one["number"]]]
    findings = [
        health.finding(
            f"#{one['number']}", "has no category", one.get("title"), one.get("html_url")
        )
        for one in without
    ]
    items = []
    if secure:
        told = f"Settle {health.count(len(secure), 'open security issue')}: {', '.join(secure[:NAMED])}."
        items.append(health.action("critical", told))
    if without:
        told = f"Give {health.count(len(without), 'issue')} a category: one of {', '.join(CATEGORIES)}."
        items.append(health.action(health.by_share(len(without) / len(issues)), told))
    if counts["bug"] * 2 > len(issues):
        told = f"{counts['bug']} of {len(issues)} open issues are bugs: fix before adding."
        items.append(health.action("medium", told))
    return health.Health(
        score=health.good_share(len(without), len(issues)),
        summary=f"{len(without)} of {len(issues)} open issues have no category",
        findings=findings,
        action_items=items,
        measures={
            "open_issues": len(issues),
            "uncategorised": len(without),
            **{kind: counts[kind] for kind in CATEGORIES},
        },
        gaps=repository.gaps,
        api_calls=repository.calls,
    )


def _categories(labels: list[str]) -> set[str]:
    """Read categories in any spelling: `bug`, `type: bug`, `kind/bug`."""
    last = {label.lower().replace("/", ":").rpartition(":")[2].strip() for label in labels}
    return last & set(CATEGORIES)


if __name__ == "__main__":
    health.main("issue-categories", judge)
