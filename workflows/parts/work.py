"""What the frame of every orchestration asks of a pattern's own work."""

from collections.abc import Sequence

from contracts.fleet import Entry
from contracts.watch import CompletedRuns


class Work:
    """What a pattern does inside the frame; the frame tells it when to stop or pause."""

    def stop(self, reason: str) -> None:
        """Dispatch nothing more, cancel what runs."""

    def pause(self, *, paused: bool) -> None:
        """Launch nothing for now, or go on."""

    def runs_completed(self, batch: CompletedRuns) -> None:
        """Take news of worker runs in."""

    @property
    def parks(self) -> bool | None:
        """Whether it is about to be carried on; None where a gate may continue as new by itself."""
        return None

    @property
    def parked(self) -> bool:
        """Whether all of it waits for the chain's next run, so that nothing here hears of a stop."""
        return False

    @property
    def running(self) -> Sequence[Entry]:
        """Worker runs in flight."""
        return ()

    @property
    def in_flight(self) -> int:
        """How many worker runs are in flight."""
        return 0

    @property
    def queued(self) -> int:
        """Items that are known and not in flight."""
        return 0
