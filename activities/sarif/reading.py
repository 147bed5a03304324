"""Read the SARIF files of an artifact; what cannot be read is named, with the reason.

Code scanning refuses a whole file over one mistake in it, and a file that lacks findings closes
their alerts. So a run is taken whole or not at all.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from activities.channels import BROKEN
from activities.sarif.checking import problem_of
from contracts.base import clip

MAX_FILES = 100
"""SARIF files of one artifact."""
MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_ARTIFACT_BYTES = 64 * 1024 * 1024
"""Of all its SARIF files, unpacked."""
_VERSION = "2.1.0"
_MAX_REASON = 300


@dataclass(frozen=True)
class Read:
    """What the files of one artifact hold."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    """The file of each run."""
    problems: list[tuple[str, str]] = field(default_factory=list)
    """File and reason of each thing that was left out."""
    notes: list[tuple[str, str]] = field(default_factory=list)
    """File, and what people should know of it though nothing was left out."""

    def refuse(self, file: str, reason: str) -> None:
        """Say what is left out, and why."""
        self.problems.append((clip(file, 200), clip(reason, _MAX_REASON)))

    def note(self, file: str, text: str) -> None:
        """Say what was changed, or will not show as people expect."""
        self.notes.append((clip(file, 200), clip(text, _MAX_REASON)))


def read_artifact(packed: bytes, digest: str | None) -> Read:
    """Read every `*.sarif` file of a zip, in the order of their names."""
    found = Read()
    try:
        _require_digest(packed, digest)
        for name, content in _files(packed, found):
            _take(found, name, content)
    except BROKEN as error:
        found.refuse("", f"the artifact cannot be read: {error}")
    if not found.runs and not found.problems:
        found.refuse("", "the artifact holds no *.sarif file")
    return found


def _require_digest(packed: bytes, digest: str | None) -> None:
    seen = "sha256:" + hashlib.sha256(packed).hexdigest()
    if digest and digest != seen:
        raise ValueError(f"digest {digest}, content has {seen}")


def _files(packed: bytes, found: Read) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        names = sorted(n for n in archive.namelist() if n.lower().endswith(".sarif"))
        for name in names[MAX_FILES:]:
            found.refuse(name, f"more than {MAX_FILES} files; this one was not read")
        room = MAX_ARTIFACT_BYTES
        for name in names[:MAX_FILES]:
            most = min(MAX_FILE_BYTES, room)
            try:
                with archive.open(name) as content:
                    text = content.read(most + 1)
            except BROKEN as error:
                found.refuse(name, f"cannot be unpacked: {error}")
                continue
            if len(text) > most:
                found.refuse(name, f"larger than the {most} bytes that are read")
                continue
            room -= len(text)
            yield name, text


def _take(found: Read, name: str, content: bytes) -> None:
    try:
        log = json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
    except RecursionError:
        found.refuse(name, "nested too deeply")
        return
    except ValueError as error:  # of the encoding as well
        found.refuse(name, f"no JSON: {error}")
        return
    if not isinstance(log, dict) or log.get("version") != _VERSION:
        said = log.get("version") if isinstance(log, dict) else None
        found.refuse(name, f"no SARIF {_VERSION} log; its version is {clip(repr(said), 40)}")
        return
    runs = log.get("runs")
    if not isinstance(runs, list):
        found.refuse(name, "no SARIF: it has no list of runs")
        return
    if not runs:
        found.refuse(name, "no runs: it tells of no scan, and closes nothing")
    for number, run in enumerate(runs, 1):
        try:
            wrong = problem_of(run)
        except RecursionError:
            wrong = "nested too deeply"
        if wrong:
            found.refuse(name, f"run {number}: {wrong}")
        else:
            found.runs.append(run)
            found.files.append(name)


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number in JSON")
