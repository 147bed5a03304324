#!/usr/bin/env python3
"""Find labels that mean the same, and issues whose labels contradict each other."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any

import health_worker as health
from health_github import Repository, names

EXCLUSIVE = ("bug", "enhancement", "question")
"""An issue is one of these."""

_PREFIX = re.compile(r"^(?:type|kind|category)\s*[:/]\s*")
_SAME = {"feature": "enhancement", "feature request": "enhancement", "docs": "documentation"}


def judge() -> health.Health:
    """Score the share of labelled issues, open or closed, whose labels are in order."""
    repository = Repository()
    issues = [one for one in repository.issues("state=all") if one.get("labels")]
    used = Counter(name for one in issues for name in names(one["labels"]))
    spellings = defaultdict(list)
    for name in sorted({*used, *names(repository.listed("/labels"))}):
        spellings[meaning(name)].append(name)
    doubled = {key: found for key, found in spellings.items() if len(found) > 1}
    strays = {
        name
        for found in doubled.values()
        for name in found
        if name != max(found, key=lambda one: (used[one], one))
    }
    findings = [
        health.finding(" / ".join(found), "labels that mean the same") for found in doubled.values()
    ]
    told = {one["number"]: _trouble(names(one["labels"]), strays) for one in issues}
    wrong = [one for one in issues if told[one["number"]]]
    findings += [_finding(one, told[one["number"]]) for one in wrong]
    contradictions = sum("contradict" in reason for reason in told.values())
    return health.Health(
        score=health.good_share(len(wrong), len(issues)),
        summary=f"the labels of {len(wrong)} of {len(issues)} labelled issues are not in order",
        findings=findings,
        action_items=_items(doubled, contradictions),
        measures={
            "labels": sum(len(found) for found in spellings.values()),
            "labels_doubled": len(doubled),
            "labelled_issues": len(issues),
            "contradictions": contradictions,
        },
        gaps=repository.gaps,
        api_calls=repository.calls,
    )


def meaning(label: str) -> str:
    """Reduce a label to what it means: `Type: Bugs` and `bug` are the same."""
    plain = _PREFIX.sub("", " ".join(re.sub(r"[-_]", " ", label.lower()).split()))
    singular = plain[:-1] if plain.endswith("s") and plain[:-1] in EXCLUSIVE else plain
    return _SAME.get(singular, singular)


def _trouble(labels: list[str], strays: set[str]) -> str:
    kinds = sorted({meaning(name) for name in labels} & set(EXCLUSIVE))
    if len(kinds) > 1:
        return f"its labels contradict each other: {' and '.join(kinds)}"
    return "has a label that is spelled otherwise elsewhere" if strays & set(labels) else ""


def _finding(issue: dict[str, Any], reason: str) -> dict[str, Any]:
    return health.finding(f"#{issue['number']}", reason, issue.get("title"), issue.get("html_url"))


def _items(doubled: dict[str, list[str]], contradictions: int) -> list[dict[str, str]]:
    items = []
    if contradictions:
        told = f"Relabel {health.count(contradictions, 'issue')} with labels that contradict each other."
        items.append(health.action("medium", told))
    items += [
        health.action("low", f"Merge the labels {', '.join(found)} into one.")
        for found in doubled.values()
    ]
    return items


if __name__ == "__main__":
    health.main("label-consistency", judge)
