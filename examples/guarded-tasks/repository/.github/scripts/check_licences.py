#!/usr/bin/env python3
"""List the source files whose first lines do not name their licence, as SPDX spells it.

Inputs are environment variables, as the workflow file sets them: FOLDER, LICENCE, DISPATCH_ID.

Exit codes: 0 for success, 1 for failure. Needs Python 3.9 or later and nothing else.
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

from job_result import Done, Stop, given, run

WORKER = "licence-headers"
FOLDER = r"\.|[\w.-]+(/[\w.-]+){0,9}"
LICENCE = r"[A-Za-z0-9.+-]{1,60}"
ENDINGS = frozenset({".py", ".sh", ".js", ".ts"})
HEADER_LINES = 5
LINE_LIMIT = 500
MAX_NAMED = 200
"""Files named in the result; the rest is counted."""


def main() -> int:
    """Run the worker."""
    return run(WORKER, work)


def work() -> Done:
    """Look at each source file below the folder.

    Raises:
        Stop: an input is wrong.
    """
    root = Path.cwd().resolve()
    folder = (root / given("FOLDER", FOLDER, default=".")).resolve()
    mark = f"SPDX-License-Identifier: {given('LICENCE', LICENCE, default='Apache-2.0')}"
    if not folder.is_dir() or not folder.is_relative_to(root):
        raise Stop("no-folder", "there is no such folder in this repository")
    checked, missing = 0, []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(root)
        hidden = any(part.startswith(".") for part in name.parts)
        if hidden or path.suffix not in ENDINGS or path.is_symlink() or not path.is_file():
            continue
        checked += 1
        if not _has(path, mark):
            missing.append(name.as_posix())
    outputs = {"checked": checked, "missing": missing[:MAX_NAMED], "missing_count": len(missing)}
    return Done(f"{len(missing)} of {checked} files do not name their licence", outputs)


def _has(path: Path, mark: str) -> bool:
    with path.open(encoding="utf-8", errors="replace") as lines:
        return any(mark in line[:LINE_LIMIT].split("\n")[0] for line in islice(lines, HEADER_LINES))


if __name__ == "__main__":
    sys.exit(main())
