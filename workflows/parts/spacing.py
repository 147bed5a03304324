"""Messages to one addressee, kept apart so that what comes up meanwhile goes into the next one."""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow


class Spacing:
    """Knows when each addressee was last written to."""

    def __init__(self, apart: timedelta, patch: str) -> None:
        """Make it.

        Args:
            apart: least time between two messages to one addressee.
            patch: names the change for `workflow.patched`: runs from before it wait for nothing.
        """
        self._apart, self._patch = apart, patch
        self._last: dict[str, datetime] = {}

    async def wait(self, key: str, hurry: Callable[[], bool]) -> None:
        """Return when an addressee may be written to, which is then taken as done.

        Args:
            key: the addressee.
            hurry: whether somebody waits for what is to be written.
        """
        now = workflow.now()
        self._last = {name: at for name, at in self._last.items() if at + self._apart > now}
        if key in self._last and workflow.patched(self._patch):
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(
                    hurry,
                    timeout=self._last[key] + self._apart - now,
                    timeout_summary="more for the next message",
                )
        self._last[key] = workflow.now()
