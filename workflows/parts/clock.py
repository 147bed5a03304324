"""One durable timer for everything that waits for a time."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

_SHORTEST = timedelta(milliseconds=1)


class Clock:
    """Sleeps until the earliest time that anybody asks for, and then tells all of them.

    A timer costs two events when it is replaced, so it is replaced only by an earlier one:
    whoever plans something calls `rearm`, and a later time costs nothing.
    """

    def __init__(self) -> None:
        self._askers: list[tuple[Callable[[], None], Callable[[], datetime | None]]] = []
        self._armed_for: datetime | None = None
        self._rearm = False
        self._stopped = False

    def call(self, on_time: Callable[[], None], next_time: Callable[[], datetime | None]) -> None:
        """Have `on_time` called when `next_time()` has come; it may be called early too."""
        self._askers.append((on_time, next_time))

    def rearm(self) -> None:
        """Notice a time that may be earlier than the one that the timer is set for."""
        earliest = self._earliest()
        if earliest is not None and (self._armed_for is None or earliest < self._armed_for):
            self._rearm = True

    def stop(self) -> None:
        """Let `run` end."""
        self._stopped = True

    async def run(self) -> None:
        """Keep time until stopped."""
        self._stopped = False
        while not self._stopped:
            self._armed_for = self._earliest()
            self._rearm = False
            try:
                await workflow.wait_condition(
                    lambda: self._rearm or self._stopped,
                    timeout=self._wait(),
                    timeout_summary="next deadline",
                )
            except TimeoutError:
                for on_time, _ in self._askers:
                    on_time()

    def _earliest(self) -> datetime | None:
        return min(filter(None, (next_time() for _, next_time in self._askers)), default=None)

    def _wait(self) -> timedelta | None:
        if self._armed_for is None:
            return None
        return max(self._armed_for - workflow.now(), _SHORTEST)
