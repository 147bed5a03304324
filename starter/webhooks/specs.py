"""A folder of specs, read again when its files change."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

from starter.exits import CliError
from starter.spec_file import SpecFile, load_spec

_LOOK_SECONDS = 1.0
"""A change is seen within this."""
MAX_FILES = 1_000
logger = logging.getLogger("podium.webhooks")

Stamp = tuple[int, int]


class SpecFolder:
    """The specs of a folder and the folders in it; one that is broken keeps its last good version."""

    def __init__(self, folder: Path) -> None:
        """Read all of them.

        Raises:
            CliError: no folder, more than 1,000 files, or a spec with problems.
        """
        if not folder.is_dir():
            raise CliError(f"{folder}: no folder; name the one that your specs are in")
        self._folder = folder
        self._stamps: dict[Path, Stamp] = {}
        self._loaded: dict[Path, SpecFile] = {}
        self._looked_at = 0.0
        for path in self._paths():
            self._loaded[path] = load_spec(path)
            self._stamps[path] = _stamp(path)

    def current(self) -> list[SpecFile]:
        """All specs, as they are now."""
        if time.monotonic() - self._looked_at >= _LOOK_SECONDS:
            self._refresh()
            self._looked_at = time.monotonic()
        return [self._loaded[path] for path in sorted(self._loaded)]

    def _refresh(self) -> None:
        there = set()
        for path in self._paths():
            there.add(path)
            try:
                stamp = _stamp(path)
                if self._stamps.get(path) == stamp:
                    continue
                self._stamps[path] = stamp
                self._loaded[path] = load_spec(path)
                logger.info("spec read", extra={"spec": str(path)})
            except (CliError, OSError) as error:
                logger.error(  # noqa: TRY400 - told, not traced
                    "spec not usable, its last good version goes on",
                    extra={"spec": str(path), "reason": str(error)},
                )
        for path in [path for path in self._loaded if path not in there]:
            del self._loaded[path], self._stamps[path]

    def _paths(self) -> Iterator[Path]:
        found = [p for p in self._folder.rglob("*") if p.suffix in (".yml", ".yaml")]
        specs = sorted(path for path in found if path.is_file() and _is_spec(path))
        if len(specs) > MAX_FILES:
            raise CliError(f"{self._folder}: more than {MAX_FILES} specs; split the folder")
        yield from specs


def _is_spec(path: Path) -> bool:
    """Whether a file says a `pattern:`; worker files and others are left alone."""
    try:
        return any(line.startswith("pattern:") for line in path.open(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return False


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return status.st_mtime_ns, status.st_size
