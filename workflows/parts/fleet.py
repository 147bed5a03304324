"""Bounded parallel worker runs: a window that is held exactly, over items taken lazily.

Each live item is an `Entry` of plain data, so the whole fleet can continue as new with runs in
flight.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from contracts.base import clip
from contracts.fleet import Entry, FleetState
from contracts.runs import RETRIED, OutcomeStatus, Verdict
from workflows import policies
from workflows.parts.budget import Leave
from workflows.parts.clock import Clock
from workflows.parts.crew import Crew
from workflows.parts.flights import Flights, is_due
from workflows.parts.items import Source
from workflows.parts.journal import Journal
from workflows.parts.outcomes import Outcomes
from workflows.parts.reruns import is_rerun
from workflows.parts.tally import slim
from workflows.parts.timeline import progressed

_MAX_REASON = 500
_RETRIES_ARE_CARRIED = "the clock is set for retries that were carried"
"""Without it they waited, after continue-as-new, until something else was due: an hour at worst."""
_OVERDUE = 1.5
"""A drain waits for a quiet moment until the history is so much longer than was suggested."""


class Fleet:
    """Dispatches a worker for each item, at most `max_parallel` runs at once."""

    def __init__(
        self,
        leave: Leave,
        *,
        crew: Crew,
        flights: Flights,
        source: Source,
        journal: Journal,
        outcomes: Outcomes,
        clock: Clock,
        state: FleetState,
    ) -> None:
        self.state, self._leave, self._budget = state, leave, leave.budget
        self.paused = False
        self.held: Callable[[], bool] = lambda: False
        """Whether entries are still to come that the source does not have yet."""
        self._crew, self._flights = crew, flights
        self._source, self._journal, self._outcomes, self._clock = source, journal, outcomes, clock
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
        return self._source.waiting + len(self._live) - len(self._window)

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
        if self._waiting_to_start() and workflow.patched(_RETRIES_ARE_CARRIED):
            self._clock.rearm()  # it was set before it knew of this fleet
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
        self._take(self._source.known())
        for sequence in sorted(self._live):
            entry = self._live.pop(sequence)
            failed = entry.last_failure
            outcome = failed or self._crew.of(entry).outcome(entry, verdict)
            self._outcomes.add(sequence, outcome, None)

    async def _launch(self) -> None:
        while True:
            await workflow.wait_condition(
                lambda: self._should_end() or self._may_launch() or self._is_spent()
            )
            if self._should_end():
                return
            if self._is_spent():
                self._budget.end()
                continue
            if not self._ready:
                await self._read_next()
                continue
            granted = self._leave.grants(len(self._flights.dispatching))
            if granted and not (self.paused or self._flights.parking or self._flights.stopping):
                self._start(self._ready.popleft())

    async def _read_next(self) -> None:
        self._reading = True
        try:
            taken = self._take(await self._source.next())
            self._ready.extend(e for e in taken if e.retry_at is None or is_due(e.retry_at))
            if any(entry.retry_at for entry in taken):
                self._clock.rearm()
        except ActivityError as error:
            self.stop(clip(f"the items could not be read: {error.cause}", _MAX_REASON))
        finally:
            self._reading = False

    def _take(self, planned: Iterable[Entry]) -> list[Entry]:
        """Number entries, and hold on to them until they have their outcome."""
        taken = []
        for entry in planned:
            entry.sequence = self.state.taken
            self.state.taken += 1
            self._live[entry.sequence] = entry
            taken.append(entry)
        self._outcomes.taken(self._source.items)
        return taken

    def _may_launch(self) -> bool:
        room = len(self._live) < self._leave.max_parallel + policies.BACKLOG
        due = self._ready or (self._source.more and room)
        if self.paused or self._leave.closed or not due:
            return False
        outstanding = self._flights.dispatching
        limit = 1 if self._crew.one_by_one else policies.MAX_DISPATCHING
        return (
            len(self._window) < self._leave.max_parallel
            and len(self._tasks) <= self._leave.max_parallel + policies.MAX_DISPATCHING
            and len(outstanding) < limit
            and sum(outstanding.values()) < policies.MAX_COMMAND_BYTES
        )

    def _is_spent(self) -> bool:
        """Whether the budget is used up, and what it paid for has ended."""
        return self._leave.closed and not (self._window or self._flights.dispatching)

    def _should_end(self) -> bool:
        if self._flights.stopping or self._flights.parking:
            return True
        if not (self._live or self._source.more or self.held()):
            return True
        if self._should_park():
            self._flights.parking = True
            self._flights.wake_all()
        return self._flights.parking

    def _should_park(self) -> bool:
        """Continue as new at a quiet moment with the window full; soon, if there is none."""
        info = workflow.info()
        if not info.is_continue_as_new_suggested():
            return False
        length = info.get_current_history_length()
        self._suggested_at = self._suggested_at or length
        idle = not (self._flights.busy or self._flights.dispatching or self._reading)
        overdue = self._settled_here and length > _OVERDUE * self._suggested_at
        return (idle and not self._may_launch()) or bool(overdue)

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
            if not is_rerun(entry):
                self._budget.dispatched(failed.status if failed else None)
            if failed is not None:
                self._settle(entry, failed, None)
                return
            if not is_rerun(entry):
                self._outcomes.dispatched()
            progressed(self.state, self._journal)
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
        self._flights.settled(entry, verdict)
        self._settled_here += 1
        progressed(self.state, self._journal)
        if entry.run is not None:
            took = (workflow.now() - entry.run.dispatched_at).total_seconds()
            self._budget.used(took if seconds is None else seconds, verdict.metrics)
        if verdict.status is OutcomeStatus.SUCCESS:
            self._crew.of(entry).learn(seconds)
        attempts = self._crew.of(entry).assignment.worker.retry.maximum_attempts
        again = verdict.status in RETRIED and not verdict.final and entry.attempt < attempts
        if again and not self._flights.stopping:
            self._back_off(entry, verdict)
            return
        outcome = self._crew.of(entry).outcome(entry, verdict)
        self._journal.decide("completed", entry.item.key, outcome.status.value)
        self._outcomes.add(entry.sequence, outcome, seconds)
        del self._live[entry.sequence]

    def _back_off(self, entry: Entry, verdict: Verdict) -> None:
        backoff = self._crew.of(entry).assignment.worker.retry.backoff(entry.attempt)
        reason = f"{verdict.status.value}: {verdict.reason}; again in {backoff}"
        self._journal.decide("retried", entry.item.key, reason)
        self._outcomes.retried()
        self._live[entry.sequence] = Entry(
            item=entry.item,
            sequence=entry.sequence,
            worker=entry.worker,
            part=entry.part,
            roots=entry.roots,
            attempt=entry.attempt + 1,
            first_dispatched_at=entry.first_dispatched_at,
            retry_at=workflow.now() + backoff,
            last_failure=slim(self._crew.of(entry).outcome(entry, verdict)),
            previous=entry.run,
        )
        self._clock.rearm()

    def _waiting_to_start(self) -> list[Entry]:
        placed = self._window | {entry.sequence for entry in self._ready}
        return [e for e in self._live.values() if e.run is None and e.sequence not in placed]

    def _next_time(self) -> datetime | None:
        retries = (entry.retry_at for entry in self._waiting_to_start())
        silent = None if self._flights.parking else self._flights.silent_at()
        return min(filter(None, [*retries, silent]), default=None)

    def _on_time(self) -> None:
        self._release_due()
        if is_due(self._flights.silent_at()):
            self.state.last_news_at = workflow.now()
            self.state.silences += 1
            self._spawn(self._flights.register())

    def _release_due(self) -> None:
        self._ready.extend(
            e for e in self._waiting_to_start() if e.retry_at is None or is_due(e.retry_at)
        )
