"""Results that GitHub delivered before their runs were seen to have ended.

Anybody may write something that looks like a result. So one block is kept of each author, and of a
run that too many write about none: its result is then read from GitHub as if nothing had come.
"""

from collections.abc import Iterable

from contracts.runs import COMPLETED, MAX_TOLD_BYTES, ToldResult
from contracts.watch import RunRow

MAX_AUTHORS = 3
MAX_BYTES = 32 * MAX_TOLD_BYTES
"""Of all that is kept: it is carried through continue-as-new."""


class Told:
    """Blocks by run; the oldest give way, and nothing is lost by that but a saved request."""

    def __init__(self, kept: Iterable[ToldResult]) -> None:
        self._by_run: dict[tuple[int, int], dict[str, ToldResult]] = {}
        self.hear(kept)

    def hear(self, results: Iterable[ToldResult]) -> None:
        """Keep what was delivered."""
        for one in results:
            of_run = self._by_run.setdefault((one.run_id, one.run_attempt), {})
            if one.author in of_run or len(of_run) <= MAX_AUTHORS:
                of_run[one.author] = one
        while self._by_run and self._size() > MAX_BYTES:
            del self._by_run[next(iter(self._by_run))]

    def take(self, run_id: int, run_attempt: int) -> tuple[ToldResult, ...]:
        """Take out what was told of a run that has ended."""
        found = self._by_run.pop((run_id, run_attempt), {})
        return tuple(found.values()) if len(found) <= MAX_AUTHORS else ()

    def forget(self, rows: Iterable[RunRow]) -> None:
        """Have results of ended runs read from GitHub: a poll was before the deliveries of their ends.

        So those of their true results may be lost or late too, and what came may be of a time before.
        """
        ended = {row.run_id for row in rows if row.status == COMPLETED}
        for of_run in [key for key in self._by_run if key[0] in ended]:
            del self._by_run[of_run]

    def carry(self) -> tuple[ToldResult, ...]:
        """Put it into plain data."""
        return tuple(one for of_run in self._by_run.values() for one in of_run.values())

    def _size(self) -> int:
        return sum(len(one.text) for of_run in self._by_run.values() for one in of_run.values())
