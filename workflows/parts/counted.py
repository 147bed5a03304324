"""Outcomes of single runs, one after the other: each is counted, and handed to a pattern."""

from collections.abc import Callable

from contracts.runs import WorkerOutcome
from workflows.parts.tally import Tally


class Counted:
    """Tallies what each run makes, and tells a pattern of it."""

    def __init__(self, tally: Tally, take: Callable[[WorkerOutcome], None]) -> None:
        self._tally, self._take = tally, take

    def taken(self, _: int) -> None:
        """Items are counted as they end: each run has a source of its own."""

    def dispatched(self) -> None:
        """Count a dispatch."""
        self._tally.dispatched()

    def retried(self) -> None:
        """Count a retry."""
        self._tally.retried()

    def add(self, sequence: int, outcome: WorkerOutcome, run_seconds: float | None) -> None:
        """Take what a run made."""
        self._tally.taken(self._tally.state.totals.items + 1)
        self._tally.add(sequence, outcome, run_seconds)
        self._take(outcome)
