#!/usr/bin/env python3
"""Compare the size of the tests with the size of the code, and find code without a test file."""

from __future__ import annotations

import re

import health_files
import health_worker as health

NAMED = 3
TRIVIAL_LINES = 3
"""Files of so few lines need no test file."""


def judge() -> health.Health:
    """Score lines of tests by lines of code; `target_percent` is as good as it gets."""
    target = health.number_input("TARGET_PERCENT", 60)
    sources = health_files.sources()
    tests = [source for source in sources if source.is_test]
    code = [source for source in sources if not source.is_test and _size(source)]
    sizes = {source.path: _size(source) for source in sources}
    tested = {_stem(source) for source in tests}
    bare = [source for source in code if _is_bare(source, tested)]
    bare.sort(key=lambda source: -sizes[source.path])
    test_lines = sum(sizes[source.path] for source in tests)
    code_lines = sum(sizes[source.path] for source in code)
    percent = 100 * test_lines / code_lines if code_lines else 100.0
    items = []
    if bare and percent < target:
        named = ", ".join(source.path for source in bare[:NAMED])
        told = f"Write tests for {health.count(len(bare), 'file')} without any; the largest are {named}."
        items.append(health.action("high" if percent < target / 2 else "medium", told))
    return health.Health(
        score=100 * percent / target,
        summary=f"{percent:.0f} lines of tests for 100 lines of code",
        findings=[
            health.finding(source.path, f"{sizes[source.path]} lines and no test file of its name")
            for source in bare
        ],
        action_items=items,
        measures={
            "code_lines": code_lines,
            "test_lines": test_lines,
            "test_percent": percent,
            "files_without_tests": len(bare),
        },
    )


def _size(source: health_files.Source) -> int:
    """Count the lines that hold something."""
    return sum(bool(line.strip()) for line in source.lines)


def _is_bare(source: health_files.Source, tested: set[str]) -> bool:
    return _size(source) > TRIVIAL_LINES and _stem(source) not in tested


def _stem(source: health_files.Source) -> str:
    name = source.path.rpartition("/")[2].partition(".")[0]
    return re.sub(r"^test_|_test$", "", name)


if __name__ == "__main__":
    health.main("test-ratio", judge)
