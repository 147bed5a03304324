"""Messages about a failure that persists, and the issue that tells people of it."""

import hashlib
from datetime import datetime

from pydantic import Field

from contracts.base import Sent

KIND = "escalation"
"""Of the marks in its issues."""
MEMO_CAUSE = "podium-cause"
"""Memo of an execution that ended badly: why, as a key that is the same each time."""
MAX_RUNS = 50
"""Runs looked at, and counted at most."""
MAX_OPEN = 5
"""Issues that one spec may have open: causes that differ each time are no causes."""


class ReadStreak(Sent):
    """Ask which runs of a spec ended with the same cause since it last succeeded."""

    spec: str
    repository: str
    cause: str


class EndedRun(Sent):
    """A run that ended badly."""

    workflow_id: str
    ended_at: datetime


class Streak(Sent):
    """Runs with the same cause since the last success, the newest first."""

    runs: tuple[EndedRun, ...] = Field(default=(), max_length=MAX_RUNS)


class FindEscalations(Sent):
    """Look for the open escalation issues of a spec."""

    repository: str
    spec: str


class OpenEscalation(Sent):
    """An open issue that tells of a cause."""

    number: int
    url: str
    write_id: str
    """Of its mark: of the spec, the cause, and the run that opened it."""


class Escalations(Sent):
    """All of them, by number."""

    issues: tuple[OpenEscalation, ...] = ()


def spec_mark(repository: str, spec: str) -> str:
    """The beginning of the ids of all escalation issues of a spec."""
    return _digest(repository.lower(), spec)


def cause_mark(repository: str, spec: str, cause: str) -> str:
    """The beginning of the ids of all issues of one cause: there may be one after the other."""
    return spec_mark(repository, spec) + _digest(cause)


def write_id(repository: str, spec: str, cause: str, first_execution_run_id: str) -> str:
    """Id of the issue that a run opens: an issue of the same cause that was closed has another."""
    return cause_mark(repository, spec, cause) + _digest(first_execution_run_id)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:8]
