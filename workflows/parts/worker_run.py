"""The atom: one worker run. Dispatch it, read it, cancel it, collect its result.

Waiting between dispatch and collection belongs to the fleet, which holds many atoms at once.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.dispatch import DispatchActivities
from activities.results import ResultActivities
from activities.workers import WorkerActivities
from contracts import names
from contracts.base import clip, plain
from contracts.fleet import Entry, Pace
from contracts.runs import (
    CancelRun,
    CollectOrder,
    Completion,
    DispatchOrder,
    OutcomeStatus,
    ReadRun,
    ReadWatermark,
    RunProgress,
    RunRef,
    RunState,
    ToldResult,
    Verdict,
    Waiter,
    WorkerDescription,
    WorkerOutcome,
)
from contracts.worker import WorkerDeclaration, WorkerRequest
from workflows import policies
from workflows.parts.assignment import Assignment, DispatchFailedError
from workflows.parts.dispatch_failures import cause_of, failed

_LEARNING = 0.2
"""Weight of the newest run in the moving average of durations."""
_LONGEST = 35 * 86_400
"""Seconds that a run can take on GitHub."""


@dataclass(frozen=True)
class Sending:
    """What one dispatch sends, and how its run is known again."""

    request: WorkerRequest
    """As checked against the worker's declaration."""
    correlated: bool
    """Whether the run's title will carry the dispatch id."""
    watermark: int = 0
    """Highest run id before, for a worker whose runs carry no id."""


class WorkerRuns:
    """Runs of one worker on GitHub."""

    def __init__(self, assignment: Assignment, pace: Pace) -> None:
        self.assignment = assignment
        self.pace = pace

    def dispatch_id(self, entry: Entry) -> str:
        """Name the next attempt: the same after a crash, a reset or continue-as-new."""
        first = workflow.info().first_execution_run_id
        key = f"{entry.item.key}\x1f{entry.part}" if entry.part else entry.item.key
        return names.dispatch_id(first, self.assignment.name, key, entry.attempt)

    async def dispatch(
        self,
        entry: Entry,
        sending: Sending,
        unwanted: Callable[[], Coroutine[Any, Any, None]],
    ) -> RunRef:
        """Start one run, once in effect.

        Args:
            entry: what for.
            sending: what is sent.
            unwanted: returns when the dispatch is to do no more: no new run is wanted, or the run
                has ended meanwhile.

        Raises:
            DispatchFailedError: refused by GitHub or a circuit breaker, or in doubt until the
                policy's time was up.
        """
        info = workflow.info()
        order = DispatchOrder(
            request=sending.request,
            waiter=waiter(),
            original_execution_run_id=info.original_execution_run_id,
            doubted_since=self.assignment.state.doubted_since,
            chain_started_at=self.assignment.state.started_at,
            correlated=sending.correlated,
            watermark=sending.watermark,
            expected=self.pace.typical,
            shortest=self.pace.shortest,
            breaker=self.assignment.breaker,
            permit_valid_for=self.assignment.permit_valid_for,
        )
        policy = policies.dispatch(self.assignment.state.deadline_at - workflow.now())
        handle = workflow.start_activity_method(
            DispatchActivities.dispatch,
            order,
            **policies.named(
                policy, _summary(self.assignment.name, entry), of=sending.request.repository
            ),
        )
        stop = asyncio.ensure_future(unwanted())
        try:
            await workflow.wait([handle, stop], return_when=asyncio.FIRST_COMPLETED)
            if not handle.done():
                handle.cancel()  # waits for an attempt that is under way: its run must be known
            return await handle
        except ActivityError as error:
            raise failed(error, sending.request.dispatch_id) from error
        except asyncio.CancelledError as error:
            raise DispatchFailedError(OutcomeStatus.CANCELLED, "stopped in its dispatch") from error
        finally:
            stop.cancel()

    async def asked(self, entry: Entry) -> tuple[WorkerRequest, WorkerDeclaration]:
        """Say what is sent for an entry, by what the worker declares where it runs.

        Raises:
            ActivityError: its file cannot be read, or is no workflow.
            DispatchFailedError: as `Assignment.request` says.
        """
        place = self.assignment.place(entry)
        described = self.assignment.described or await self._described(entry, place)
        return self.assignment.request(entry, place, described), described.declaration

    async def _described(self, entry: Entry, place: str) -> WorkerDescription:
        """Read the worker's file there: each repository has its own."""
        ask = self.assignment.file_in(place, entry)
        return await workflow.execute_activity_method(
            WorkerActivities.describe,
            ask,
            **policies.named(policies.READ, f"read {ask.workflow} of {place}"),
        )

    async def watermark(self, request: WorkerRequest) -> int:
        """Read the highest run id, for a worker whose runs carry no id of ours."""
        ask = ReadWatermark(repository=request.repository, workflow=request.workflow)
        return await workflow.execute_activity_method(
            DispatchActivities.watermark, ask, **policies.named(policies.READ, "highest run so far")
        )

    async def read(self, run: RunRef, why: str = "before deciding") -> RunState | None:
        """Read a run once; None where GitHub does not answer within the policy."""
        ask = ReadRun(repository=run.repository, run_id=run.run_id)
        try:
            return await workflow.execute_activity_method(
                DispatchActivities.read,
                ask,
                **policies.named(policies.READ, f"read run {run.run_id} {why}"),
            )
        except ActivityError:
            return None

    async def cancel(self, run: RunRef, *, force: bool = False) -> bool:
        """Ask GitHub to cancel a run; False where it cannot be asked."""
        ask = CancelRun(repository=run.repository, run_id=run.run_id, force=force)
        verb = "force-cancel" if force else "cancel"
        try:
            await workflow.execute_activity_method(
                DispatchActivities.cancel,
                ask,
                **policies.named(policies.CANCEL, f"{verb} run {run.run_id}", of=run.repository),
            )
        except ActivityError:
            return False
        return True

    async def collect(
        self, entry: Entry, run: RunRef, completion: Completion, told: tuple[ToldResult, ...]
    ) -> Verdict:
        """Fetch and check the result of a completed run. A failure is a verdict too."""
        schema = self.assignment.worker.result.schema_
        asked = self._order(entry, run, completion.conclusion)
        order = asked.model_copy(
            update={"result_schema": schema if isinstance(schema, dict) else None, "told": told}
        )
        try:
            return await workflow.execute_activity_method(
                ResultActivities.collect,
                order,
                **policies.named(
                    policies.READ, _summary(f"result of {self.assignment.name}", entry)
                ),
            )
        except ActivityError as error:
            reason = f"the result could not be fetched: {cause_of(error)[1]}"
            return Verdict(status=OutcomeStatus.NO_RESULT, reason=clip(reason))

    async def progress(self, entry: Entry, run: RunRef) -> RunProgress | None:
        """Read what the worker told of its progress; None where it cannot be read."""
        summary = _summary(f"progress of {self.assignment.name}", entry)
        try:
            return await workflow.execute_activity_method(
                ResultActivities.progress,
                self._order(entry, run, None),
                **policies.named(policies.GLANCE, summary),
            )
        except ActivityError:
            return None

    def _order(self, entry: Entry, run: RunRef, conclusion: str | None) -> CollectOrder:
        """Say where an entry's worker publishes."""
        result = self.assignment.worker.result
        return CollectOrder(
            run=run,
            conclusion=conclusion,
            channels=result.channels,
            max_bytes=result.max_bytes,
            comment_on=self.assignment.comment_on(entry),
            author=result.author,
            threat_detection=result.threat_detection,
        )

    def learn(self, seconds: float | None) -> None:
        """Take the duration of a successful run into account."""
        if seconds is None or not 0 <= seconds <= _LONGEST:
            return
        took, pace = timedelta(seconds=seconds), self.pace
        pace.shortest = min(pace.shortest or took, took)
        pace.typical = (
            took if pace.typical is None else (pace.typical * (1 - _LEARNING) + took * _LEARNING)
        )

    def outcome(self, entry: Entry, verdict: Verdict) -> WorkerOutcome:
        """Say what became of an item by its last attempt."""
        run, item, last = entry.run, entry.item, entry.last_failure
        if last is not None and run is None and verdict.status is OutcomeStatus.SKIPPED:
            # It failed, and its circuit breaker refused another attempt.
            reason = clip(f"{last.reason}; not tried again: {verdict.reason}")
            return last.model_copy(update={"reason": reason})
        began = entry.first_dispatched_at
        return WorkerOutcome(
            key=item.key,
            title=clip(item.title, 256),
            url=item.url,
            repository=run.repository if run and self.assignment.worker.scattered else "",
            worker=self.assignment.name,
            status=verdict.status,
            attempts=entry.attempt,
            reason=verdict.reason,
            summary=verdict.summary,
            outputs=verdict.outputs,
            errors=verdict.errors,
            metrics=verdict.metrics,
            run_id=run.run_id if run else None,
            run_url=run.url if run else "",
            result_url=verdict.result_url,
            seconds=(workflow.now() - began).total_seconds() if began else 0,
        )


def waiter() -> Waiter:
    """Name this orchestration as the one that runs are watched for."""
    info = workflow.info()
    return Waiter(workflow_id=info.workflow_id, first_execution_run_id=info.first_execution_run_id)


def _summary(what: str, entry: Entry) -> str:
    """One line for the Temporal UI; at most 400 bytes are kept."""
    again = f" (attempt {entry.attempt})" if entry.attempt > 1 else ""
    return f"{what} · {plain(entry.item.key, 60)} {plain(entry.item.title, 60)}{again}"
