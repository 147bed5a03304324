"""Runs in flight: dispatch each, hear of its end by signal, judge it.

State is in the entries, as plain data; here are only the futures that coroutines wait on.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.watch import WatchActivities
from contracts.fleet import Entry, FleetState
from contracts.runs import Completion, OutcomeStatus, RunRef, ToldResult, Verdict
from contracts.watch import CompletedRuns, RegisterRuns, WatchedRun
from contracts.worker import WorkerRequest
from workflows import policies
from workflows.parts.answered import Answered
from workflows.parts.assignment import DispatchFailedError
from workflows.parts.breakers import Breakers
from workflows.parts.clock import Clock
from workflows.parts.crew import Crew
from workflows.parts.journal import Journal
from workflows.parts.patience import Patience
from workflows.parts.reruns import adopt, started_again
from workflows.parts.turns import Turns
from workflows.parts.worker_run import Sending, waiter

T = TypeVar("T")

_DOUBLINGS = 6
"""A silence that goes on is looked into ever more rarely: after 5 minutes first, 5 hours at last."""


class Flights:
    """Follows entries from dispatch to verdict."""

    def __init__(
        self,
        crew: Crew,
        patience: Patience,
        *,
        journal: Journal,
        clock: Clock,
        state: FleetState,
        breakers: Breakers,
    ) -> None:
        self.parking = False
        """Runs go on without us: the workflow is about to continue as new."""
        self.stopping = ""
        """Why runs are to be cancelled; empty while they may go on."""
        self.busy = 0
        """Activities under way, dispatches left out."""
        self.dispatching: dict[int, int] = {}
        """Sizes of the inputs of outstanding dispatches, by sequence."""
        self._crew, self._patience, self._breakers = crew, patience, breakers
        self._journal, self._clock, self._state = journal, clock, state
        self._by_id = {e.dispatch_id: e for e in state.entries if e.run is not None}
        self._waits: dict[str, asyncio.Future[None]] = {}
        self._told: dict[str, tuple[ToldResult, ...]] = {}
        self._answered, self._turns = Answered(), Turns()
        clock.call(self._on_time, self._next_time)

    def runs_completed(self, batch: CompletedRuns) -> None:
        """Take news in: early, late, repeated or of another run, nothing is lost or doubled."""
        self._state.silences = 0
        if not self._crew.scattered:  # else it is of one watcher of many: the others may be silent
            self._state.last_news_at = workflow.now()
            self._recognise(batch.since)
        for news in batch.completions:
            entry = self._by_id.get(news.dispatch_id)
            if news.surplus:  # also of a dispatch that has its verdict: it may be seen late
                surplus = ", ".join(map(str, news.surplus))
                reason = f"runs {surplus} came of the same dispatch; {news.run_id} is kept"
                subject = entry.item.key if entry else news.dispatch_id
                self._journal.decide("surplus-cancelled", subject, reason)
            if entry is None:
                continue
            if news.surplus and entry.run is not None:
                entry.run = entry.run.model_copy(update={"run_id": news.run_id})
            if news.conclusion is None and not news.surplus:
                self._patience.held(entry, news.status)
                self._clock.rearm()
            if entry.run is not None and news.run_attempt < entry.run.run_attempt:
                continue  # of an attempt that a person has started again since
            if news.conclusion is not None and entry.completion is None:
                # Results stay out of what is carried; the next run of a chain reads them itself.
                self._told[entry.dispatch_id] = news.told
                entry.completion = news.model_copy(update={"told": ()})
                if entry.sequence in self.dispatching:
                    self._answered.hear(entry.dispatch_id)
                self._wake(entry)

    async def dispatch(self, entry: Entry) -> Verdict | None:
        """Dispatch an entry; a verdict where no run came of it."""
        runs = self._crew.of(entry)
        entry.dispatch_id = runs.dispatch_id(entry)
        self._by_id[entry.dispatch_id] = entry
        self.dispatching[entry.sequence] = 0
        try:
            if await self._run_again(entry):
                return None
            request, declared = await runs.asked(entry)
            self.dispatching[entry.sequence] = len(request.model_dump_json())
            entry.run = await self._send(entry, request, correlated=declared.correlated)
        except DispatchFailedError as error:
            if error.breaker:
                self._breakers.refused(entry, error.breaker, error.reason)
            elif error.status is OutcomeStatus.SKIPPED:
                self._journal.decide("staged", entry.item.key, error.reason)
            if entry.completion is None:
                return Verdict(status=error.status, reason=error.reason)
            # News came where answers did not.
            breaker = runs.assignment.breaker
            entry.run = self._answered.run(entry, entry.completion, request, breaker)
        except ActivityError as error:  # the watermark, or the worker's file, could not be read
            return Verdict(status=OutcomeStatus.DISPATCH_FAILED, reason=str(error.cause))
        finally:
            del self.dispatching[entry.sequence]
        self._sent(entry, entry.run)
        return None

    async def _send(self, entry: Entry, request: WorkerRequest, *, correlated: bool) -> RunRef:
        runs, scattered = self._crew.of(entry), self._crew.scattered
        in_turn = scattered and not correlated
        async with self._turns.turn(request.repository, needed=in_turn):
            watermark = 0
            if not correlated:  # another repository's runs say nothing of this one's
                highest = 0 if scattered else self._state.highest_run
                watermark = max(await runs.watermark(request), highest)
            await self._breakers.told(request.workflow)
            entry.first_dispatched_at = entry.first_dispatched_at or workflow.now()
            unwanted = partial(self._unwanted, entry.dispatch_id)
            sending = Sending(request, correlated, watermark)
            return await runs.dispatch(entry, sending, unwanted)

    def _sent(self, entry: Entry, run: RunRef) -> None:
        self._state.highest_run = max(self._state.highest_run, run.run_id)
        kind = "adopted" if run.adopted else "dispatched"
        self._journal.decide(kind, entry.item.key, f"run {run.run_id}, attempt {entry.attempt}")
        self._patience.begin(entry)
        self._clock.rearm()

    async def _run_again(self, entry: Entry) -> bool:
        """Take a run that a person started again meanwhile, instead of dispatching another."""
        state = await started_again(self._crew.of(entry), entry)
        if state is None:
            return False
        del self._by_id[entry.dispatch_id]
        run = entry.run = adopt(entry, state)
        self._by_id[entry.dispatch_id] = entry
        reason = f"run {run.run_id} was run again on GitHub, its attempt {run.run_attempt}"
        self._journal.decide("adopted", entry.item.key, reason)
        self._patience.begin(entry)
        if entry.completion is None:
            await self._register([entry])
        self._clock.rearm()
        return True

    async def landed(self, entry: Entry) -> Completion | None:
        """Wait for a run to end; None when the wait goes on in the chain's next run."""
        while entry.completion is None:
            if self.parking:
                return None
            if self.stopping and entry.cancelled_at is None:
                await self._busily(self._patience.cancel(entry, self.stopping))
                self._clock.rearm()
                continue
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waits[entry.dispatch_id] = waiting
            await waiting
            if _is_overdue(entry):
                entry.check_at = None  # the clock leaves it alone until the look is over
                await self._busily(self._patience.check(entry))
                self._clock.rearm()
        return entry.completion

    async def judge(self, entry: Entry, completion: Completion) -> Verdict:
        """Say what became of a completed run."""
        if entry.run is None:
            raise ValueError(f"{entry.dispatch_id} has completed and was never dispatched")
        self._breakers.landed(entry)
        seen: dict[str, Any] = {"run_id": completion.run_id, "run_attempt": completion.run_attempt}
        if completion.url:
            seen["url"] = completion.url
        entry.run = run = entry.run.model_copy(update=seen)
        if completion.conclusion != "success":
            if entry.timeout_reason:
                return Verdict(status=OutcomeStatus.TIMED_OUT, reason=entry.timeout_reason)
            if entry.cancelled_at is not None:
                return Verdict(status=OutcomeStatus.CANCELLED, reason=self.stopping)
        told = self._told.get(entry.dispatch_id, ())
        return await self._busily(self._crew.collect(entry, run, completion, told))

    def settled(self, entry: Entry, verdict: Verdict) -> None:
        """Drop an attempt that has its verdict; later news of it is ignored."""
        self._breakers.settled(entry, verdict)
        self._by_id.pop(entry.dispatch_id, None)
        self._told.pop(entry.dispatch_id, None)
        self._answered.forget(entry.dispatch_id)

    async def register(self) -> None:
        """Tell the watcher what is waited for: it may be new, or have been terminated."""
        self._state.forgotten = False
        await self._register(self._aloft())

    async def _register(self, entries: Sequence[Entry]) -> None:
        runs = tuple(
            WatchedRun(
                run=entry.run,
                waiter=waiter(),
                expected=self._crew.of(entry).pace.typical,
                shortest=self._crew.of(entry).pace.shortest,
            )
            for entry in entries
            if entry.run is not None
        )
        if not runs:
            return
        ask = RegisterRuns(repository=self._crew.repository, runs=runs)
        summary = f"have {len(runs)} runs watched"
        work = workflow.execute_activity_method(
            WatchActivities.register, ask, **policies.named(policies.LOCAL, summary)
        )
        try:
            await self._busily(work)
        except ActivityError as error:  # the next silence tries again
            self._journal.decide("watcher-unreachable", reason=str(error.cause))

    def wake_all(self) -> None:
        """Have every waiting coroutine look at its state again."""
        for entry in list(self._by_id.values()):
            self._wake(entry)

    def silent_at(self) -> datetime | None:
        """When the watcher will have been silent for so long that it may have forgotten."""
        if self._state.last_news_at is None or not self._aloft():
            return None
        if self._state.forgotten:
            return workflow.now()
        typical = [self._crew.of(entry).pace.typical for entry in self._aloft()]
        known = [one for one in typical if one is not None]
        silence = 5 * min(known) if known else policies.SILENCE_MAX
        bounded = min(max(silence, policies.SILENCE_MIN), policies.SILENCE_MAX)
        doubled = 2 ** min(self._state.silences, _DOUBLINGS)
        return self._state.last_news_at + timedelta(seconds=bounded.total_seconds() * doubled)

    def _recognise(self, since: datetime | None) -> None:
        """Notice a watcher that was started again: news of late runs would hide its silence."""
        known = self._state.watcher_since
        if since is None or since == known:
            return
        self._state.watcher_since = since
        if known is not None:
            self._state.forgotten = True
            self._journal.decide("watcher-renewed", reason=f"{len(self._aloft())} runs told again")
            self._clock.rearm()

    async def _unwanted(self, dispatch_id: str) -> None:
        await workflow.wait_condition(lambda: bool(self.stopping) or dispatch_id in self._answered)

    async def _busily(self, work: Awaitable[T]) -> T:
        self.busy += 1
        try:
            return await work
        finally:
            self.busy -= 1

    def _next_time(self) -> datetime | None:
        if self.parking:
            return None
        waiting = (self._by_id.get(dispatch_id) for dispatch_id in self._waits)
        return min((e.check_at for e in waiting if e is not None and e.check_at), default=None)

    def _aloft(self) -> list[Entry]:
        """Entries whose run goes on, as far as is known."""
        return [e for e in self._by_id.values() if e.run is not None and e.completion is None]

    def _on_time(self) -> None:
        for dispatch_id in list(self._waits):
            entry = self._by_id.get(dispatch_id)
            if entry is not None and is_due(entry.check_at):
                self._wake(entry)

    def _wake(self, entry: Entry) -> None:
        waiting = self._waits.pop(entry.dispatch_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)


def is_due(at: datetime | None) -> bool:
    """Whether a time has come."""
    return at is not None and at <= workflow.now()


def _is_overdue(entry: Entry) -> bool:
    return entry.completion is None and is_due(entry.check_at)
