#!/usr/bin/env python3
"""Find source files that are too long to be understood, and large files that git should not keep."""

from __future__ import annotations

import health_files
import health_worker as health

MAX_BYTES = 1024 * 1024


def judge() -> health.Health:
    """Score the share of lines that are in files of at most `max_lines`."""
    limit = health.number_input("MAX_LINES", 400)
    sources = health_files.sources()
    long = sorted(
        (source for source in sources if len(source.lines) > limit),
        key=lambda source: -len(source.lines),
    )
    heavy = [path for path in health_files.files() if path.lstat().st_size > MAX_BYTES]
    total = sum(len(source.lines) for source in sources)
    in_long = sum(len(source.lines) for source in long)
    findings = [health.finding(one.path, f"has {len(one.lines)} lines") for one in long]
    findings += [
        health.finding(health_files.shown(path), f"has {path.lstat().st_size >> 20} MiB")
        for path in heavy
    ]
    items = []
    if long:
        told = f"Split {health.count(len(long), 'file')} of more than {limit} lines, {long[0].path} first."
        items.append(health.action(health.by_share(in_long / total), told))
    if heavy:
        told = f"Move {health.count(len(heavy), 'file')} of more than 1 MiB out of the repository."
        items.append(health.action("medium", told))
    return health.Health(
        score=health.good_share(in_long, total),
        summary=f"{len(long)} of {len(sources)} source files have more than {limit} lines",
        findings=findings,
        action_items=items,
        measures={
            "source_files": len(sources),
            "lines": total,
            "long_files": len(long),
            "heavy_files": len(heavy),
            "longest_lines": max((len(source.lines) for source in sources), default=0),
        },
    )


if __name__ == "__main__":
    health.main("large-files", judge)
