#!/usr/bin/env python3
"""Measure how long people wait for a maintainer's first answer to their issue."""

from __future__ import annotations

import statistics
import time
from typing import Any

import health_worker as health
from health_github import MAINTAINERS, Repository, is_person, login

HOUR_SECONDS = 3_600
NAMED = 5


def judge() -> health.Health:
    """Score the share of issues of the last `window_days` answered within `target_hours`."""
    window, target = (
        health.number_input("WINDOW_DAYS", 90),
        health.number_input("TARGET_HOURS", 72),
    )
    until = health.as_of()
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until - window * health.DAY_SECONDS))
    repository = Repository()
    asked = [
        one
        for one in repository.issues(f"state=all&since={since}")
        if one["created_at"] >= since
        and one.get("author_association") not in MAINTAINERS
        and is_person(one)
    ]
    answers = _answers(repository, since, asked)
    waits = {one["number"]: _hours(one, answers, until) for one in asked}
    # What is not answered yet, and need not be yet, is not judged.
    judged = [one for one in asked if one["number"] in answers or waits[one["number"]] > target]
    late = [one for one in judged if waits[one["number"]] > target]
    late.sort(key=lambda one: -waits[one["number"]])
    unanswered = [one for one in late if one["number"] not in answers]
    return health.Health(
        score=health.good_share(len(late), len(judged)),
        summary=f"{len(late)} of {len(judged)} issues waited more than {target} hours",
        findings=[_finding(one, waits, answers) for one in late],
        action_items=_items(unanswered, late, judged, target),
        measures={
            "issues": len(judged),
            "late": len(late),
            "unanswered": len(unanswered),
            "median_hours": statistics.median(waits[n] for n in answers) if answers else 0,
        },
        gaps=repository.gaps,
        api_calls=repository.calls,
    )


def _answers(repository: Repository, since: str, asked: list[dict[str, Any]]) -> dict[int, float]:
    """Find the first answer of each issue in one list of all comments."""
    authors = {one["number"]: login(one) for one in asked}
    first: dict[int, float] = {}
    for comment in repository.listed(f"/issues/comments?sort=created&direction=asc&since={since}"):
        number = int(comment["issue_url"].rpartition("/")[2])
        counts = comment.get("author_association") in MAINTAINERS and is_person(comment)
        if counts and number in authors and login(comment) != authors[number]:
            at = health.moment(comment["created_at"])
            first[number] = min(at, first.get(number, at))
    return first


def _hours(issue: dict[str, Any], answers: dict[int, float], until: float) -> float:
    end = answers.get(issue["number"], until)
    return max(0.0, (end - health.moment(issue["created_at"])) / HOUR_SECONDS)


def _finding(
    issue: dict[str, Any], waits: dict[int, float], answers: dict[int, float]
) -> dict[str, Any]:
    number = issue["number"]
    did = "was answered after" if number in answers else "has waited for"
    told = f"{did} {waits[number]:.0f} hours"
    return health.finding(f"#{number}", told, issue.get("title"), issue.get("html_url"))


def _items(
    unanswered: list[dict[str, Any]], late: list[Any], judged: list[Any], target: int
) -> list[dict[str, str]]:
    items = []
    if unanswered:
        named = ", ".join(f"#{one['number']}" for one in unanswered[:NAMED])
        told = (
            f"Answer {health.count(len(unanswered), 'issue')} that nobody answered; first {named}."
        )
        items.append(health.action(health.by_share(len(unanswered) / len(judged)), told))
    if len(late) * 2 > len(judged):
        told = f"Most first answers take more than {target} hours: share the duty of answering."
        items.append(health.action("medium", told))
    return items


if __name__ == "__main__":
    health.main("response-time", judge)
