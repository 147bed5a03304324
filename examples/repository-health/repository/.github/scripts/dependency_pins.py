#!/usr/bin/env python3
"""Find dependencies whose version can change without a commit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import health_files
import health_worker as health

_USES = re.compile(r"^\s*(?:-\s*)?uses:\s*[\"']?([\w./-]+)@([\w./-]+)")
_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)?(\S+)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(?:\[[\w, .-]*\])?")


class Dependency(NamedTuple):
    """One dependency, and where it is written."""

    where: str
    what: str
    kind: str
    pinned: bool


def judge() -> health.Health:
    """Score the share of dependencies that are pinned: packages, actions, base images."""
    found = [*_packages(), *_actions(), *_images()]
    loose = [one for one in found if not one.pinned]
    kinds = sorted({one.kind for one in loose})
    items = [
        health.action(
            "high" if kind == "action" else "medium",
            f"Pin {health.count(sum(one.kind == kind for one in loose), kind)}: {_HOW[kind]}.",
        )
        for kind in kinds
    ]
    return health.Health(
        score=health.good_share(len(loose), len(found)),
        summary=f"{len(loose)} of {len(found)} dependencies are not pinned",
        findings=[
            health.finding(one.where, f"{one.kind} is not pinned", one.what) for one in loose
        ],
        action_items=items,
        measures={"dependencies": len(found), "not_pinned": len(loose)},
    )


_HOW = {
    "action": "name the commit, as owner/name@<40 hexadecimal digits>",
    "image": "name the digest, as image@sha256:...",
    "package": "name the version, as name==1.2.3",
}


def _packages() -> Iterator[Dependency]:
    for path in health_files.files():
        if not re.fullmatch(r"requirements[\w.-]*\.txt", path.name):
            continue
        for where, line in _lines(path):
            wanted = line.partition(" #")[0].strip()
            if wanted and _NAME.match(wanted):
                pinned = "==" in wanted or "@ " in wanted
                yield Dependency(where, wanted, "package", pinned)


def _actions() -> Iterator[Dependency]:
    for path in sorted((health_files.ROOT / ".github" / "workflows").glob("*.y*ml")):
        for where, line in _lines(path):
            if found := _USES.match(line):
                pinned = re.fullmatch(r"[0-9a-f]{40}", found[2]) is not None
                yield Dependency(where, f"{found[1]}@{found[2]}", "action", pinned)


def _images() -> Iterator[Dependency]:
    for path in health_files.files():
        if path.name == "Dockerfile":
            for where, line in _lines(path):
                found = _FROM.match(line)
                if found and found[1] != "scratch":
                    yield Dependency(where, found[1], "image", "@sha256:" in found[1])


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(health_files.text(path).splitlines(), start=1):
        yield f"{health_files.shown(path)}:{number}", line


if __name__ == "__main__":
    health.main("dependency-pins", judge)
