"""Messages and state of `ContentCounter`, which counts what one identity writes to GitHub."""

from datetime import timedelta

from pydantic import AwareDatetime, Field

from contracts.base import Sent

MAX_BATCH = 100
"""Writes asked for in one message."""
MAX_LIMIT = 5_000
"""Most that a limit may be: so many leaves are remembered, and carried by continue-as-new."""
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
USED_WITHIN = timedelta(seconds=5)
"""How long after its leave a write may be sent: so much longer a leave counts."""


class ContentLimits(Sent):
    """How many issues, comments and pull requests an identity may write; None is no limit.

    The defaults are GitHub's own secondary limits.
    """

    per_minute: int | None = Field(default=80, ge=1, le=MAX_LIMIT)
    per_hour: int | None = Field(default=500, ge=1, le=MAX_LIMIT)

    @property
    def unlimited(self) -> bool:
        """Whether there is nothing to count for."""
        return self.per_minute is None and self.per_hour is None


class AskedWrite(Sent):
    """One write that is about to be sent."""

    write_id: str = Field(min_length=1, max_length=100)
    """Same for every attempt at it: whoever asks again counts once."""
    again: bool = False
    """An earlier send of it may have reached GitHub: what that one had leave for stays counted."""


class AskLeaves(Sent):
    """May these writes be sent now?"""

    writes: tuple[AskedWrite, ...] = Field(min_length=1, max_length=MAX_BATCH)
    limits: ContentLimits = ContentLimits()
    """Those of whoever asks hold for what they ask."""


class Leaves(Sent):
    """The answers, by write id: zero is leave, anything else how long there is no room."""

    waits: dict[str, timedelta] = Field(default_factory=dict)


class Leave(Sent):
    """A write that counts."""

    write_id: str
    """Empty when it was sent, and what is sent next under its id counts for itself."""
    at: AwareDatetime


class ContentState(Sent):
    """What `ContentCounter` is started with, and carries through continue-as-new."""

    identity: str
    """For people: whose writes are counted."""
    leaves: tuple[Leave, ...] = Field(default=(), max_length=MAX_LIMIT)
    """Of the last hour, oldest first."""


class ContentView(Sent):
    """The answer of the query `state`."""

    identity: str
    last_minute: int
    last_hour: int
    limits: ContentLimits
    """Of whoever asked last."""
