"""Wakes orchestrations: one signal at a time each, with all that arrived meanwhile."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

from contracts import names
from contracts.runs import Completion, Waiter
from contracts.watch import MAX_BATCH, CompletedRuns


class Postman:
    """Delivers completions; what could not be delivered yet is plain data."""

    def __init__(
        self,
        unsent: dict[str, tuple[Completion, ...]],
        since: datetime | None,
        on_failure: Callable[[], None],
    ) -> None:
        self._since = since
        self.unsent = {key: list(news) for key, news in unsent.items()}
        self._on_failure = on_failure
        self._rounds: dict[str, asyncio.Task[None]] = {}

    @property
    def idle(self) -> bool:
        """Whether everything is delivered."""
        return not self.unsent and not self._rounds

    def send(self, waiter: Waiter, news: Iterable[Completion]) -> None:
        """Deliver soon; never two signals to one orchestration at the same time."""
        key = waiter.workflow_id
        self.unsent.setdefault(key, []).extend(news)
        if key not in self._rounds:
            self._rounds[key] = asyncio.create_task(self._round(key))

    async def settle(self) -> None:
        """Wait until no signal is under way."""
        await workflow.wait_condition(lambda: not self._rounds)

    async def _round(self, key: str) -> None:
        handle = workflow.get_external_workflow_handle(key)
        try:
            while news := self.unsent.pop(key, []):
                batch, rest = news[:MAX_BATCH], news[MAX_BATCH:]
                if rest:
                    self.unsent[key] = rest
                message = CompletedRuns(completions=tuple(batch), since=self._since)
                await handle.signal(names.SIGNAL_RUNS_COMPLETED, message)
        except (ApplicationError, FailureError):  # it has ended, or will register again
            self.unsent.pop(key, None)
            self._on_failure()
        finally:
            del self._rounds[key]
