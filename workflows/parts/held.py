"""Runs that the reviewers of a GitHub environment hold: told when it begins, and when it ends."""

from collections.abc import Collection, Iterable, Iterator

from contracts.runs import COMPLETED, WAITING
from contracts.watch import RunRow


class Held:
    """Which watched runs are held, as far as a watcher has seen."""

    def __init__(self, runs: Iterable[int]) -> None:
        self._runs = set(runs)

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._runs))

    def changed(self, row: RunRow) -> bool:
        """Take a look in; whether it changes anything that is to be told."""
        before = row.run_id in self._runs
        now = row.status == WAITING
        if now:
            self._runs.add(row.run_id)
        else:
            self._runs.discard(row.run_id)
        return now != before and row.status != COMPLETED

    def keep(self, watched: Collection[int]) -> None:
        """Forget runs that are not watched any more."""
        self._runs.intersection_update(watched)
