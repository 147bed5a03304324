"""Bounded parallel worker runs: a window that is held exactly, over items taken lazily.

Each live item is an `Entry` of plain data, so the whole fleet can continue as new with runs in
flight.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from contracts.fleet import Entry, FleetState
from contracts.runs import RETRIED, OutcomeStatus, Verdict
from contracts.specs.common import Retry
from workflows import policies
from workflows.parts.clock import Clock
from workflows.parts.flights import Flights, is_due
from workflows.parts.items import ItemSource
from workflows.parts.journal import Journal
from workflows.parts.tally import Tally
from workflows.parts.worker_run import WorkerRuns

_OVERDUE = 1.5
"""A drain waits for a quiet moment until the history is so much longer than was suggested."""


class Fleet:
    """Dispatches a worker for each item, at most `max_parallel` runs at once."""

    def __init__(  # noqa: PLR0913 - the parts that a fleet is made of
        self,
        max_parallel: int,
        retry: Retry,
        *,
        runs: WorkerRuns,
        flights: Flights,
        items: ItemSource,
        journal: Journal,
        tally: Tally,
        clock: Clock,
        state: FleetState,
    ) -> None:
        self.state = state
        self.paused = False
        self._max_parallel, self._retry = max_parallel, retry
        self._runs, self._flights, self._items = runs, flights, items
        self._journal, self._tally, self._clock = journal, tally, clock
        self._live = {entry.sequence: entry for entry in state.entries}
        self._ready: deque[Entry] = deque()
        self._window: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken: BaseException | None = None
        self._reading = False
        self._settled_here = 0
        self._suggested_at = 0
        clock.call(self._on_time, self._next_time)

    @property
    def queued(self) -> int:
        """Items that are known and hold no place in the window."""
        return len(self._items.state.buffer) + len(self._live) - len(self._window)

    @property
    def in_flight(self) -> int:
        """How many entries hold a place in the window."""
        return len(self._window)

    @property
    def running(self) -> Sequence[Entry]:
        """Entries that hold a place in the window, in the order of the source."""
        return [self._live[sequence] for sequence in sorted(self._window)]

    async def run(self) -> bool:
        """Work until everything has an outcome; False when it is time to continue as new."""
        now = workflow.now()
        self.state.last_news_at = self.state.last_news_at or now
        self.state.last_progress_at = self.state.last_progress_at or now
        carried = [entry for entry in self.state.entries if entry.run is not None]
        for entry in carried:
            self._start(entry)
        if carried:
            self._spawn(self._flights.register())
        self._release_due()
        launcher = self._spawn(self._launch())
        await workflow.wait_condition(
            lambda: self._broken is not None or (launcher.done() and not self._tasks)
        )
        if self._broken is not None:
            raise self._broken
        self.state.entries = [self._live[sequence] for sequence in sorted(self._live)]
        return not self._flights.parking

    def stop(self, reason: str) -> None:
        """Dispatch nothing more, cancel what runs, and let `run` end."""
        if self._flights.stopping:
            return
        self._flights.stopping = reason
        self._journal.decide("stopped", reason=reason)
        self._flights.wake_all()

    def end_unfinished(self) -> None:
        """After a stop: give what was never dispatched, or not again, its outcome."""
        verdict = Verdict(
            status=OutcomeStatus.NOT_DISPATCHED, reason=self._flights.stopping or "not reached"
        )
        while self._items.state.buffer and self._items.more:
            self._take(self._items.take_buffered())
        for sequence in sorted(self._live):
            entry = self._live.pop(sequence)
            failed = entry.last_failure
            self._tally.add(sequence, failed or self._runs.outcome(entry, verdict), None)

    async def _launch(self) -> None:
        while True:
            await workflow.wait_condition(lambda: self._should_end() or self._may_launch())
            if self._should_end():
                return
            entry = self._ready.popleft() if self._ready else await self._read_next()
            if entry is None:
                continue
            if self.paused or self._flights.parking or self._flights.stopping:
                self._ready.appendleft(entry)
            else:
                self._start(entry)

    async def _read_next(self) -> Entry | None:
        self._reading = True
        try:
            return self._take(await self._items.next())
        except ActivityError as error:
            self.stop(f"the items could not be read: {error.cause}")
            return None
        finally:
            self._reading = False

    def _take(self, item: Any) -> Entry | None:
        if item is None:
            return None
        taken = self._items.state.taken
        self._tally.change_totals(items=taken)
        entry = Entry(item=item, sequence=taken - 1)
        self._live[entry.sequence] = entry
        return entry

    def _may_launch(self) -> bool:
        if self.paused or not (self._ready or self._items.more):
            return False
        outstanding = self._flights.dispatching
        limit = policies.MAX_DISPATCHING if self._runs.assignment.correlated else 1
        return (
            len(self._window) < self._max_parallel
            and len(self._tasks) <= self._max_parallel + policies.MAX_DISPATCHING
            and len(outstanding) < limit
            and sum(outstanding.values()) < policies.MAX_DISPATCHING_BYTES
        )

    def _should_end(self) -> bool:
        if self._flights.stopping or self._flights.parking:
            return True
        if not (self._live or self._items.more):
            return True
        if self._should_park():
            self._flights.parking = True
            self._flights.wake_all()
        return self._flights.parking

    def _should_park(self) -> bool:
        """Continue as new at a quiet moment with the window full; soon, if there is none."""
        info = workflow.info()
        if not self._settled_here or not info.is_continue_as_new_suggested():
            return False
        length = info.get_current_history_length()
        self._suggested_at = self._suggested_at or length
        idle = not (self._flights.busy or self._flights.dispatching or self._reading)
        return (idle and not self._may_launch()) or length > _OVERDUE * self._suggested_at

    def _start(self, entry: Entry) -> None:
        if entry.completion is None:
            self._window.add(entry.sequence)
        self._spawn(self._attempt(entry))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._broken = self._broken or task.exception()

    async def _attempt(self, entry: Entry) -> None:
        """One attempt at one item, from its dispatch to its verdict, or until it is parked."""
        if entry.run is None:
            failed = await self._flights.dispatch(entry)
            if failed is not None:
                self._settle(entry, failed, None)
                return
            self._tally.change_totals(dispatches=self._tally.state.totals.dispatches + 1)
            self._progressed()
        completion = await self._flights.landed(entry)
        if completion is None:
            return
        self._window.discard(entry.sequence)
        if not self._flights.parking:  # else its result is collected by the chain's next run
            verdict = await self._flights.judge(entry, completion)
            self._settle(entry, verdict, completion.seconds)

    def _settle(self, entry: Entry, verdict: Verdict, seconds: float | None) -> None:
        """Decide what follows from a verdict: another attempt, or the outcome."""
        self._window.discard(entry.sequence)
        self._flights.forget(entry)
        self._settled_here += 1
        self._progressed()
        if verdict.status is OutcomeStatus.SUCCESS:
            self._runs.learn(seconds)
        again = verdict.status in RETRIED and entry.attempt < self._retry.maximum_attempts
        if again and not self._flights.stopping:
            self._back_off(entry, verdict)
            return
        outcome = self._runs.outcome(entry, verdict)
        self._journal.decide("completed", entry.item.key, outcome.status.value)
        self._tally.add(entry.sequence, outcome, seconds)
        del self._live[entry.sequence]

    def _back_off(self, entry: Entry, verdict: Verdict) -> None:
        backoff = self._retry.backoff(entry.attempt)
        reason = f"{verdict.status.value}: {verdict.reason}; again in {backoff}"
        self._journal.decide("retried", entry.item.key, reason)
        self._tally.change_totals(retries=self._tally.state.totals.retries + 1)
        self._live[entry.sequence] = Entry(
            item=entry.item,
            sequence=entry.sequence,
            attempt=entry.attempt + 1,
            first_dispatched_at=entry.first_dispatched_at,
            retry_at=workflow.now() + backoff,
            last_failure=self._runs.outcome(entry, verdict),
        )
        self._clock.rearm()

    def _progressed(self) -> None:
        self.state.last_progress_at = workflow.now()
        self.state.stalled = False

    def _waiting_to_start(self) -> list[Entry]:
        queued = {entry.sequence for entry in self._ready}
        return [
            entry
            for entry in self._live.values()
            if entry.run is None and entry.sequence not in self._window | queued
        ]

    def _next_time(self) -> datetime | None:
        retries = (entry.retry_at for entry in self._waiting_to_start())
        silent = None if self._flights.parking else self._flights.silent_at()
        return min(filter(None, [*retries, silent]), default=None)

    def _on_time(self) -> None:
        self._release_due()
        if is_due(self._flights.silent_at()):
            self.state.last_news_at = workflow.now()
            self._spawn(self._flights.register())

    def _release_due(self) -> None:
        self._ready.extend(
            e for e in self._waiting_to_start() if e.retry_at is None or is_due(e.retry_at)
        )
