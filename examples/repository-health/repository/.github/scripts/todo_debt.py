#!/usr/bin/env python3
"""Count the marks that people left in the code for later: TODO, FIXME, XXX, HACK."""

from __future__ import annotations

import re

import health_files
import health_worker as health

POINTS_PER_MARK = 5
"""Points lost for one mark in a thousand lines."""

_MARK = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?:\([\w-]*\))?[:\s]*(.*)")
_COMMENT = re.compile(r"(?:#|//|/\*|^\s*\*)(.*)")
_URGENT = ("FIXME", "XXX")


def judge() -> health.Health:
    """Score by marks in a thousand lines; FIXME and XXX come first."""
    sources = health_files.sources()
    total = sum(len(source.lines) for source in sources)
    marks = [
        (mark[1] not in _URGENT, f"{source.path}:{number}", mark[1], mark[2])
        for source in sources
        for number, line in enumerate(source.lines, start=1)
        if (comment := _COMMENT.search(line)) and (mark := _MARK.search(comment[1]))
    ]
    marks.sort(key=lambda mark: mark[0])
    urgent = [where for later, where, _, _ in marks if not later]
    density = 1_000 * len(marks) / total if total else 0.0
    items = []
    if urgent:
        told = f"Settle {health.count(len(urgent), 'place')} marked as broken: {', '.join(urgent[:3])}."
        items.append(health.action("high", told))
    if len(marks) > len(urgent):
        told = f"Make issues of {health.count(len(marks) - len(urgent), 'mark')} for later, or remove them."
        items.append(health.action("low", told))
    return health.Health(
        score=100 - POINTS_PER_MARK * density,
        summary=f"{health.count(len(marks), 'mark')} for later in {total} lines",
        findings=[health.finding(where, kind, rest) for _, where, kind, rest in marks],
        action_items=items,
        measures={
            "lines": total,
            "marks": len(marks),
            "urgent_marks": len(urgent),
            "marks_per_thousand_lines": density,
        },
    )


if __name__ == "__main__":
    health.main("todo-debt", judge)
