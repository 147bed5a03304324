"""What a watcher remembers of runs that are done with, so that no dispatch gets a second run."""

from collections.abc import Iterator
from datetime import timedelta

from temporalio import workflow

from contracts.runs import COMPLETED, RunRef
from contracts.watch import RunRow, RunWatchState, WatchedRun

RING = 300
"""Kept of each kind; more than the pages of a poll show."""
_UNWANTED_LIFE = timedelta(minutes=2)
"""A run that its dispatch's lost answer left shows within this, or never does."""
SURPLUS = "surplus"
"""Status of a second run of one dispatch."""
ABANDONED = "abandoned"


class Finished:
    """Rings of runs that were told, set aside or abandoned; bounded, and plain data when carried."""

    def __init__(self, state: RunWatchState) -> None:
        self._rows = {row.run_id: row for row in state.handled}
        self._ended = dict(state.ended)
        self._unwanted = dict(state.unwanted)

    @property
    def idle(self) -> bool:
        """Whether no run is looked for only to be cancelled."""
        return not self._unwanted

    def __contains__(self, run_id: int) -> bool:
        return run_id in self._rows

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    def row(self, run_id: int) -> RunRow | None:
        """What was last seen of a run that is done with."""
        return self._rows.get(run_id)

    def ended(self, dispatch_id: str | None) -> WatchedRun | None:
        """The run that ended a dispatch, while that is remembered."""
        return self._ended.get(dispatch_id or "")

    def told(self, watched: WatchedRun, row: RunRow) -> None:
        """A watched run has ended."""
        self._rows[row.run_id] = row
        self._ended[watched.run.dispatch_id] = watched

    def set_aside(self, run_id: int, status: str) -> None:
        """A run is to be cancelled, and of no interest any more."""
        self._rows[run_id] = RunRow(run_id=run_id, status=status)

    def revive(self, run: RunRef) -> bool:
        """Forget the end of an earlier attempt of a run; False where none is known."""
        told = self.completed(run.run_id)
        if told is None or told.run_attempt >= run.run_attempt:
            return False
        del self._rows[run.run_id]
        self._ended.pop(run.dispatch_id, None)
        return True

    def unwant(self, dispatch_id: str) -> None:
        """Nobody waits for a dispatch that may have been sent."""
        self._unwanted[dispatch_id] = workflow.now()

    def wants(self, dispatch_id: str | None) -> bool:
        """Whether a run of this dispatch is not merely to be cancelled."""
        return dispatch_id not in self._unwanted

    def completed(self, run_id: int) -> RunRow | None:
        """The row of a run whose end was told before."""
        row = self._rows.get(run_id)
        return row if row is not None and row.status == COMPLETED else None

    def age(self) -> None:
        """Keep the rings bounded."""
        for run_id in sorted(self._rows)[: max(len(self._rows) - RING, 0)]:
            del self._rows[run_id]
        for dispatch_id in list(self._ended)[: max(len(self._ended) - RING, 0)]:
            del self._ended[dispatch_id]
        limit = workflow.now() - _UNWANTED_LIFE
        for dispatch_id in [i for i, at in self._unwanted.items() if at < limit]:
            del self._unwanted[dispatch_id]

    def carry(self) -> dict[str, object]:
        """Put everything into plain data."""
        return {
            "handled": tuple(self._rows.values()),
            "ended": self._ended,
            "unwanted": self._unwanted,
        }
