"""`RunWatch`: the one watcher of a repository's worker runs.

It polls one list for everybody, matches what it sees with what was announced, and wakes each
orchestration by one signal at a time. It ends when nothing is in flight.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.dispatch import DispatchActivities
from activities.watch import WatchActivities
from contracts import names
from contracts.runs import CancelRun
from contracts.watch import (
    CheckWaiters,
    Claim,
    Hush,
    Intent,
    Lookup,
    LookupRun,
    PollRuns,
    Release,
    RunWatchState,
    SeenRuns,
    WatchRuns,
)
from workflows import policies
from workflows.parts.looks import look
from workflows.parts.messages import decoded
from workflows.parts.postman import Postman
from workflows.parts.sightings import Sightings

_BY_ID = 10
"""Runs read one by one in a cycle, where the pages do not reach them."""
_CANCELS = 10
"""Cancellations under way at once."""
_HUSHES = "hushes"
_ANSWERS = "answers-hushes"
_THRIFTY = "few looks, and one request in each"
_SURPLUS_WAKES = "a surplus run ends the linger"
_SURPLUS_STAYS = "no end before a surplus run is cancelled"
"""Apart from the one before, which is false for good where an older Temporal Worker took the news in."""
_LINGER = timedelta(seconds=5)
"""How long an idle watcher stays, so that a slow trickle of runs does not restart it."""


@workflow.defn(name="RunWatch")
class RunWatch:
    """See ARCHITECTURE.md for who tells it what."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        self._state = _decode(arguments)
        if self._state.since is None:
            self._state = self._state.model_copy(update={"since": workflow.info().start_time})
        self._sightings = Sightings(self._state)
        self._postman = Postman(self._state.unsent, self._state.since, on_failure=self._suspect)
        self._orphans = list(self._state.orphans)
        self._cancelling = list(self._state.cancelling)
        self._cancels: dict[int, asyncio.Task[None]] = {}
        self._checked_at = self._state.checked_at or workflow.now()
        self._lingers = False

    @workflow.run
    async def run(self, *_: Any) -> None:
        """Poll until nothing is in flight."""
        if not self._state.repository:
            return
        self._sightings.rhythm.thrifty = workflow.patched(_THRIFTY)
        while not workflow.info().is_continue_as_new_suggested():
            await self._tidy()
            if self._sightings.idle:
                if await self._is_wanted():
                    continue
                await workflow.wait_condition(workflow.all_handlers_finished)
                return
            await self._pause()
            if self._sightings.next_poll() <= workflow.now():
                await self._poll()
        await self._postman.settle()
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self._carry())

    @workflow.signal(name=names.SIGNAL_ANNOUNCE, description="A dispatch is about to be sent")
    def announce(self, *arguments: Any) -> None:
        """Take in an intent: {"dispatch_id", "waiter", "workflow", "announced_at"}."""
        intent = decoded(Intent, arguments)
        if intent is not None:
            self._sightings.announce(intent)
            self._deliver()

    @workflow.signal(name=names.SIGNAL_WATCH, description="Runs that somebody waits for")
    def watch(self, *arguments: Any) -> None:
        """Watch runs: {"runs": [{"run", "waiter", "expected"?, "shortest"?}]}."""
        asked = decoded(WatchRuns, arguments)
        if asked is not None:
            for run in asked.runs:
                self._sightings.watch(run)
                self._postman.spoke(run.waiter.workflow_id)
            self._deliver()

    @workflow.signal(name=names.SIGNAL_RUNS_SEEN, description="Runs that GitHub told of")
    def runs_seen(self, *arguments: Any) -> None:
        """Take in signed deliveries: {"rows": [{"run_id", "status", "conclusion", ...}]}."""
        seen = decoded(SeenRuns, arguments)
        if seen is not None:
            self._sightings.told.hear(seen.results)  # first: an end takes them along
            self._sightings.hear(seen.rows)
            self._deliver()

    @workflow.signal(name=names.SIGNAL_RELEASE, description="Nobody waits for these any more")
    def release(self, *arguments: Any) -> None:
        """Forget dispatches: {"dispatch_ids": [...]}."""
        asked = decoded(Release, arguments)
        if asked is not None:
            for dispatch_id in asked.dispatch_ids:
                self._sightings.forget(dispatch_id)

    @workflow.signal(name=names.SIGNAL_HUSH, description="An orchestration continues as new")
    def hush(self, *arguments: Any) -> None:
        """Tell it nothing for a moment, from an answer on: {"workflow_id"}."""
        asked = decoded(Hush, arguments)
        # An older Temporal Worker keeps a signal that it does not know, and tells news all the same.
        if asked is not None and workflow.patched(_HUSHES):
            self._postman.hush(asked.workflow_id)
            if workflow.patched(_ANSWERS):
                self._postman.answer(asked.workflow_id)

    @workflow.update(name=names.UPDATE_CLAIM, description="Give a run to one dispatch only")
    def claim(self, *arguments: Any) -> bool:
        """Claim a run: {"run_id", "dispatch_id"}; False when another dispatch has it."""
        asked = decoded(Claim, arguments)
        return asked is not None and self._sightings.claim(asked)

    @workflow.query(name=names.QUERY_LOOKUP, description="What is known of a dispatch")
    def lookup(self, *arguments: Any) -> Lookup:
        """Answer {"dispatch_id", "candidates"?}."""
        asked = decoded(LookupRun, arguments)
        return self._sightings.lookup(asked) if asked is not None else Lookup()

    @workflow.query(name=names.QUERY_STATUS, description="What is watched")
    def status(self) -> dict[str, Any]:
        """Tell how many runs are watched, for whom, and how often they are looked for."""
        return {
            "repository": self._state.repository,
            "watched": len(self._sightings.watched),
            "announced": len(self._sightings.intents),
            "waiters": sorted({w.waiter.workflow_id for w in self._sightings.watched.values()}),
            "interval_seconds": self._sightings.interval().total_seconds(),
        }

    async def _is_wanted(self) -> bool:
        """Linger a little: the next dispatch of a trickle finds the watcher still there."""
        await workflow.wait_condition(
            lambda: (self._postman.idle and not self._cancels) or not self._sightings.idle
        )
        if self._orphans or self._cancelling:
            return True
        self._lingers = True
        try:
            await workflow.wait_condition(
                lambda: not (self._lingers and self._sightings.idle),
                timeout=_LINGER,
                timeout_summary="linger for a next dispatch",
            )
        except TimeoutError:
            # What came with the timer may have been told at once: a signal that is under way is lost
            # where its sender completes.
            if self._cancelling and workflow.patched(_SURPLUS_STAYS):
                return True
            return not (self._sightings.idle and self._postman.idle)
        finally:
            self._lingers = False
        return True

    async def _pause(self) -> None:
        """Wait for the next poll or check; what is registered meanwhile may want it sooner."""
        while (wait := self._next() - workflow.now()) > timedelta():
            planned = self._next()
            try:
                await workflow.wait_condition(
                    lambda planned=planned: self._next() < planned,  # type: ignore[misc]
                    timeout=wait,
                    timeout_summary="next poll",
                )
            except TimeoutError:
                return

    def _next(self) -> datetime:
        """When there is something to do."""
        if self._orphans or (self._cancelling and len(self._cancels) < _CANCELS):
            return workflow.now()
        return min(self._sightings.next_poll(), self._checked_at + policies.WAITER_CHECK)

    async def _poll(self) -> None:
        ask = PollRuns(
            repository=self._state.repository,
            oldest=self._sightings.oldest(),
            marks=self._sightings.marks,
            watched=tuple(self._sightings.by_run),
            held=self._sightings.held(),
            known=self._sightings.known(),
            by_id=self._sightings.take_unreached(_BY_ID),
        )
        try:
            poll = await look(ask, apart=self._sightings.rhythm.thrifty)
        except ActivityError as error:
            workflow.logger.warning("poll failed", extra={"cause": str(error.cause)})
            self._sightings.rhythm.polled()
            return
        self._sightings.told.forget(poll.rows)
        self._sightings.take(poll)
        self._deliver()

    def _deliver(self) -> None:
        for waiter, news in self._sightings.take_news():
            self._postman.send(waiter, news)
        surplus = self._sightings.take_surplus()
        self._cancelling += surplus
        # Asked where it makes a difference only: most watchers have no marker of it.
        if surplus and self._lingers and workflow.patched(_SURPLUS_WAKES):
            self._lingers = False

    async def _tidy(self) -> None:
        """Cancel surplus runs and orphans; now and then ask who still waits."""
        if workflow.now() >= self._checked_at + policies.WAITER_CHECK:
            await self._check_waiters()
        orphans, self._orphans = self._orphans, []
        for waiter in orphans:
            self._cancelling += self._sightings.abandon(waiter)
        for run_id in self._cancelling:  # beside the polls: others wait for those
            if len(self._cancels) < _CANCELS and run_id not in self._cancels:
                self._cancels[run_id] = asyncio.create_task(self._cancel(run_id))
        self._cancelling = [run_id for run_id in self._cancelling if run_id not in self._cancels]

    async def _check_waiters(self) -> None:
        self._checked_at = workflow.now()
        waiters = self._sightings.waiters()
        if not waiters:
            return
        try:
            gone = await workflow.execute_activity_method(
                WatchActivities.gone,
                CheckWaiters(waiters=waiters),
                **policies.named(policies.LOCAL, f"are {len(waiters)} waiters still running?"),
            )
        except ActivityError as error:
            workflow.logger.warning("waiters unknown", extra={"cause": str(error.cause)})
            return
        self._orphans += gone.waiters

    async def _cancel(self, run_id: int) -> None:
        workflow.logger.info("cancel a run nobody waits for", extra={"run_id": run_id})
        ask = CancelRun(repository=self._state.repository, run_id=run_id)
        try:
            await workflow.execute_activity_method(
                DispatchActivities.cancel,
                ask,
                **policies.named(
                    policies.CANCEL,
                    f"cancel run {run_id}, nobody waits for it",
                    of=ask.repository,
                ),
            )
        except ActivityError as error:
            workflow.logger.warning(
                "cancel failed", extra={"run_id": run_id, "cause": str(error.cause)}
            )
        finally:
            del self._cancels[run_id]

    def _carry(self) -> RunWatchState:
        kept = self._sightings.carry(self._state, self._postman.unsent)
        return kept.model_copy(
            update={
                # Those under way are asked for again: cancelling twice does no harm.
                "cancelling": (*self._cancels, *self._cancelling),
                "orphans": tuple(self._orphans),
                "checked_at": self._checked_at,
            }
        )

    def _suspect(self) -> None:
        """A signal did not arrive: ask Temporal at once who still waits."""
        self._checked_at = min(self._checked_at, workflow.now() - policies.WAITER_CHECK)


def _decode(arguments: tuple[Any, ...]) -> RunWatchState:
    """A start that does not decode watches nothing and ends at once."""
    return decoded(RunWatchState, arguments) or RunWatchState(repository="")
