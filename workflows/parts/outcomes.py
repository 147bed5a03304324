"""Who is told what becomes of a fleet's entries."""

from typing import Protocol

from contracts.runs import WorkerOutcome


class Outcomes(Protocol):
    """The tally, or a pattern that adds to it."""

    def taken(self, items: int) -> None:
        """So many items were taken from the source so far."""

    def dispatched(self) -> None:
        """A run was dispatched."""

    def retried(self) -> None:
        """An attempt failed, and another will follow."""

    def add(self, sequence: int, outcome: WorkerOutcome, run_seconds: float | None) -> None:
        """An entry has its outcome."""
