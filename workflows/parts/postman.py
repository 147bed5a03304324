"""Wakes orchestrations: one signal at a time each, with all that arrived meanwhile."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

from contracts import names
from contracts.runs import Completion, Waiter
from contracts.watch import MAX_BATCH, CompletedRuns
from workflows import policies

_AT_ONCE = 500
"""Signals under way, for an answer to be sent: Temporal allows a workflow 2,000 of them."""


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
        self._hushed: dict[str, datetime] = {}
        """Orchestrations that are told nothing, and until when."""
        self._asked: set[str] = set()
        """Orchestrations that wait for an answer."""

    @property
    def idle(self) -> bool:
        """Whether everything is delivered."""
        return not self.unsent and not self._rounds

    def send(self, waiter: Waiter, news: Iterable[Completion]) -> None:
        """Deliver soon; never two signals to one orchestration at the same time."""
        key = waiter.workflow_id
        self.unsent.setdefault(key, []).extend(news)
        self._begin(key)

    def hush(self, workflow_id: str) -> None:
        """Tell an orchestration nothing until it speaks, or `policies.HUSH` is over."""
        now = workflow.now()
        self._hushed = {name: until for name, until in self._hushed.items() if until > now}
        self._hushed[workflow_id] = now + policies.HUSH

    def answer(self, workflow_id: str) -> None:
        """Send an orchestration news of nothing, after what is under way to it.

        One that is not answered, because too many want to be, goes on after `policies.HUSHED_AFTER`.
        """
        if len(self._rounds) < _AT_ONCE:
            self._asked.add(workflow_id)
            self._begin(workflow_id)

    def spoke(self, workflow_id: str) -> None:
        """An orchestration is there: it may be told things."""
        self._hushed.pop(workflow_id, None)

    async def settle(self) -> None:
        """Wait until no signal is under way."""
        await workflow.wait_condition(lambda: not self._rounds)

    def _begin(self, key: str) -> None:
        if key not in self._rounds:
            self._rounds[key] = asyncio.create_task(self._round(key))

    async def _round(self, key: str) -> None:
        handle = workflow.get_external_workflow_handle(key)
        try:
            while key in self._asked or self.unsent.get(key):
                await self._heard(key)
                news = [] if key in self._asked else self.unsent.pop(key)
                self._asked.discard(key)
                batch, rest = news[:MAX_BATCH], news[MAX_BATCH:]
                if rest:
                    self.unsent[key] = rest
                message = CompletedRuns(completions=tuple(batch), since=self._since)
                await handle.signal(names.SIGNAL_RUNS_COMPLETED, message)
        except (ApplicationError, FailureError):  # it has ended, or will register again
            self.unsent.pop(key, None)
            self._asked.discard(key)
            self._on_failure()
        finally:
            del self._rounds[key]

    async def _heard(self, key: str) -> None:
        """Wait while an orchestration wants to be told nothing, an answer left out."""
        left = self._hushed.get(key, workflow.now()) - workflow.now()
        if left > timedelta() and key not in self._asked:
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: key in self._asked or key not in self._hushed,
                    timeout=left,
                    timeout_summary="its orchestration continues as new",
                )
