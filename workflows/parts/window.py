"""Leaves for writes in a sliding minute and a sliding hour, and nothing else.

A write counts once, at the latest time it was given leave: whoever asks again before anything was
sent needs room in the minute they ask in, and takes no second place in the hour.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from contracts.content import HOUR, MAX_LIMIT, MINUTE, USED_WITHIN, AskedWrite, ContentLimits, Leave

_NONE = timedelta()


class Window:
    """Gives leave while there is room; every call is told what time it is."""

    def __init__(self, leaves: Iterable[Leave], now: datetime) -> None:
        """Take what counts of leaves; those of a clock that was ahead count from now."""
        known = [leave if leave.at <= now else _at(leave, now) for leave in leaves]
        self.leaves = sorted(known, key=lambda leave: leave.at)
        self.forget(now)

    def ask(self, write: AskedWrite, limits: ContentLimits, now: datetime) -> timedelta:
        """Give leave for one write: zero. Otherwise tell how long there is no room, as things are."""
        if self.leaves:
            now = max(now, self.leaves[-1].at)  # a server's clock may step back
        self.forget(now)
        if write.again:
            self._spend(write.write_id)
        others = [leave for leave in self.leaves if leave.write_id != write.write_id]
        wait = max(
            _until_room(others, limits.per_minute, MINUTE, now),
            _until_room(others, limits.per_hour, HOUR, now),
        )
        if wait == _NONE:
            # Limits that people take away are no reason to remember without end.
            self.leaves = [*others, Leave(write_id=write.write_id, at=now)][-MAX_LIMIT:]
        return wait

    def forget(self, now: datetime) -> None:
        """Leave out what no longer counts."""
        self.leaves = [leave for leave in self.leaves if leave.at > now - HOUR - USED_WITHIN]

    def count(self, span: timedelta, now: datetime) -> int:
        """Tell how many writes the last `span` had leave for."""
        return sum(leave.at > now - span for leave in self.leaves)

    def _spend(self, write_id: str) -> None:
        self.leaves = [
            leave.model_copy(update={"write_id": ""}) if leave.write_id == write_id else leave
            for leave in self.leaves
        ]


def _at(leave: Leave, now: datetime) -> Leave:
    return leave.model_copy(update={"at": now})


def _until_room(
    leaves: list[Leave], limit: int | None, span: timedelta, now: datetime
) -> timedelta:
    """Tell when the last of those that fill the span leaves it."""
    if limit is None or len(leaves) < limit:
        return _NONE
    return max(leaves[-limit].at + span + USED_WITHIN - now, _NONE)
