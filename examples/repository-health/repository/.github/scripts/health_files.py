"""The files of the repository, as they were checked out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(os.environ.get("GITHUB_WORKSPACE") or Path(__file__).resolve().parents[2])
MAX_TEXT_BYTES = 2 * 1024 * 1024
SOURCES = (".py", ".js", ".ts", ".go", ".rs", ".java", ".rb", ".c", ".h", ".cpp", ".sh")
_LEFT_OUT = {".git", ".github", ".venv", "__pycache__", "build", "dist", "node_modules", "vendor"}


class Source(NamedTuple):
    """One file of source code."""

    path: str
    lines: list[str]

    @property
    def is_test(self) -> bool:
        """Whether it tests: by its folder, or its name."""
        *folders, name = self.path.split("/")
        stem = name.rpartition(".")[0]
        in_tests = any(folder in ("test", "tests", "spec") for folder in folders)
        return in_tests or stem.startswith("test_") or stem.endswith(("_test", ".test", ".spec"))


def files() -> Iterator[Path]:
    """Yield all files but those of tools, in order of name."""
    for folder, below, found in os.walk(ROOT):
        below[:] = sorted(name for name in below if name not in _LEFT_OUT)
        yield from (Path(folder) / name for name in sorted(found))


def sources() -> list[Source]:
    """Read all source files."""
    chosen = [path for path in files() if path.suffix in SOURCES and not path.is_symlink()]
    chosen = [path for path in chosen if path.stat().st_size <= MAX_TEXT_BYTES]
    return [Source(shown(path), text(path).splitlines()) for path in chosen]


def text(path: Path) -> str:
    """Read a file, whatever it holds."""
    return path.read_text(encoding="utf-8", errors="replace")


def shown(path: Path) -> str:
    """Write a path as it is within the repository."""
    return path.relative_to(ROOT).as_posix()
