#!/usr/bin/env python3
"""Name the route of an issue by counted evidence, and how sure that is."""

from __future__ import annotations

import re
import sys
from typing import Any

from issue_text import IssueText, label_names
from worker_frame import run

TITLE_WEIGHT = 2
LABEL_WEIGHT = 3
ENOUGH = 3
"""Points from which on the evidence for a route counts in full."""

_EVIDENCE = {
    "security": (
        r"vulnerab\w{2,6}",
        r"\b(?:xss|csrf|ssrf|rce|sql injection|path traversal)\b",
        r"\bcve-\d{4}-\d{4,7}\b",
        r"\b(?:exploit|attacker|malicious)\w{0,4}\b",
        r"\b(?:token|password|secret|credential)s?\b.{0,60}\b(?:leak|expos|plain|logged)\w{0,6}",
    ),
    "bug": (
        r"\bbug\b",
        r"\b(?:crash|hang|freez)\w{0,4}\b",
        r"\b(?:error|exception|traceback|stack ?trace)\b",
        r"\bsteps to reproduce\b|\bto reproduce\b",
        r"\bexpected\b|\bactual\b",
        r"\b(?:broken|fails?|failed|does(?: not|n't) work|stopped working|regression)\b",
    ),
    "documentation": (
        r"\b(?:documentation|docs|readme|tutorial|manual)\b",
        r"\btypos?\b|\bspelling\b",
        r"\b(?:broken|dead) links?\b",
        r"\bout ?dated\b|\bundocumented\b",
        r"\bdocs/[\w/-]{1,80}\.md\b",
    ),
    "feature": (
        r"\bfeature\b|\benhancement\b|\bproposal\b",
        r"\bwould (?:be|like|love)\b",
        r"\b(?:please )?(?:add|support|allow)\b",
        r"\boption (?:to|for)\b|\bability to\b",
        r"\bso that (?:we|i|users)\b|\bas an? \w{1,30},? i\b",
    ),
    "general": (
        r"\bhow (?:do|can|should|would) (?:i|we|one|you)\b|\bhow to\b",
        r"\bis (?:it|there) (?:\w{1,20} ){0,2}(?:possible|a way)\b",
        r"\bquestion\b|\bwondering\b|\bwhich\b.{0,80}\?",
    ),
}
_COMPILED = {
    route: tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)
    for route, patterns in _EVIDENCE.items()
}
_DENIED = re.compile(r"\b(?:no|not|isn't|without)(?: an?| any)?(?: \w{1,20})?\s$", re.IGNORECASE)
_LABELS = {
    "bug": "bug",
    "documentation": "documentation",
    "enhancement": "feature",
    "feature": "feature",
    "question": "general",
    "security": "security",
}


def judge(issue: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Judge one issue."""
    text = IssueText(issue)
    points = {
        route: sum(
            TITLE_WEIGHT * _affirmed(pattern, text.title) + _affirmed(pattern, text.prose)
            for pattern in patterns
        )
        for route, patterns in _COMPILED.items()
    }
    for label in label_names(issue):
        if label in _LABELS:
            points[_LABELS[label]] += LABEL_WEIGHT
    route, confidence = decide(points)
    outputs = {
        "issue_number": issue["number"],
        "route": route,
        "confidence": confidence,
        "evidence": points,
    }
    return outputs, f"#{issue['number']}: {route}, {confidence:.2f}"


def _affirmed(pattern: re.Pattern[str], text: str) -> bool:
    found = pattern.search(text)
    return found is not None and not _DENIED.search(
        text[max(0, found.start() - 40) : found.start()]
    )


def decide(points: dict[str, int]) -> tuple[str, float]:
    """Name the route with most points, and its share of all, less where there are few points."""
    total = sum(points.values())
    if not total:
        return "general", 0.0
    route = max(points, key=lambda name: points[name])
    share = points[route] / total
    return route, round(share * min(1.0, points[route] / ENOUGH), 3)


if __name__ == "__main__":
    sys.exit(run("issue-classifier", judge))
