"""The atom: one worker run. Dispatch it, read it, cancel it, collect its result.

Waiting between dispatch and collection belongs to the fleet, which holds many atoms at once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.dispatch import DispatchActivities
from activities.results import ResultActivities
from contracts import errors, expressions, names
from contracts.base import clip
from contracts.fleet import Entry, Pace
from contracts.runs import (
    CancelRun,
    CollectOrder,
    Completion,
    DispatchOrder,
    OutcomeStatus,
    ReadRun,
    ReadWatermark,
    RunRef,
    RunState,
    Verdict,
    Waiter,
    WorkerDescription,
    WorkerOutcome,
)
from contracts.specs.common import WorkerSpec
from contracts.worker import RequestError, WorkerRequest, build_request
from workflows import policies

_LEARNING = 0.2
"""Weight of the newest run in the moving average of durations."""
_IN_DOUBT = frozenset({errors.DISPATCH_UNKNOWN, errors.AMBIGUOUS_ANSWER, errors.UNSETTLED})


class DispatchFailedError(Exception):
    """No run came of a dispatch, or nobody can tell which; `status` says which of the two."""

    def __init__(self, status: OutcomeStatus, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Assignment:
    """What a worker is asked to do, and for whom; the same for every item."""

    worker: WorkerSpec
    repository: str
    described: WorkerDescription
    context: Mapping[str, Any]
    """What expressions read besides `item`."""
    chain_started_at: datetime
    doubted_since: datetime | None

    @property
    def name(self) -> str:
        """The worker's name: its file without the ending."""
        return self.worker.workflow.rsplit(".", 1)[0]

    @property
    def correlated(self) -> bool:
        """Whether its runs can be told apart by their titles."""
        return self.described.declaration.correlated


class WorkerRuns:
    """Runs of one worker on GitHub."""

    def __init__(self, assignment: Assignment, pace: Pace) -> None:
        self.assignment = assignment
        self._pace = pace

    def dispatch_id(self, entry: Entry) -> str:
        """Name the next attempt: the same after a crash, a reset or continue-as-new."""
        first = workflow.info().first_execution_run_id
        return names.dispatch_id(first, self.assignment.name, entry.item.key, entry.attempt)

    def request(self, entry: Entry) -> WorkerRequest:
        """Render and check what would be sent.

        Raises:
            DispatchFailedError: the inputs are not what the worker declares.
        """
        context = {**self.assignment.context, "item": entry.item.fields}
        try:
            inputs = {
                name: expressions.render(expressions.to_text(value), context)
                for name, value in self.assignment.worker.inputs.items()
            }
            return build_request(
                self.assignment.described.declaration,
                inputs,
                repository=self.assignment.repository,
                ref=self.assignment.described.ref,
                dispatch_id=entry.dispatch_id,
                aw_context=self._aw_context(entry.dispatch_id),
            )
        except (RequestError, expressions.ExpressionError) as error:
            raise DispatchFailedError(OutcomeStatus.DISPATCH_FAILED, str(error)) from error

    async def dispatch(self, entry: Entry, request: WorkerRequest, watermark: int) -> RunRef:
        """Start one run, once in effect.

        Raises:
            DispatchFailedError: refused, or in doubt until the policy's time was up.
        """
        info = workflow.info()
        order = DispatchOrder(
            request=request,
            waiter=waiter(),
            original_execution_run_id=info.original_execution_run_id,
            doubted_since=self.assignment.doubted_since,
            chain_started_at=self.assignment.chain_started_at,
            correlated=self.assignment.correlated,
            watermark=watermark,
            expected=self._pace.typical,
            shortest=self._pace.shortest,
        )
        try:
            return await workflow.execute_activity_method(
                DispatchActivities.dispatch,
                order,
                **policies.named(policies.DISPATCH, _summary(self.assignment.name, entry)),
            )
        except ActivityError as error:
            kind, reason = _cause(error)
            in_doubt = kind in _IN_DOUBT
            raise DispatchFailedError(
                OutcomeStatus.DISPATCH_UNKNOWN if in_doubt else OutcomeStatus.DISPATCH_FAILED,
                reason,
            ) from error

    async def watermark(self) -> int:
        """Read the highest run id, for a worker whose runs carry no id of ours."""
        ask = ReadWatermark(
            repository=self.assignment.repository, workflow=self.assignment.worker.workflow
        )
        return await workflow.execute_activity_method(
            DispatchActivities.watermark, ask, **policies.named(policies.READ, "highest run so far")
        )

    async def read(self, run: RunRef) -> RunState | None:
        """Read a run once; None where GitHub does not answer within the policy."""
        ask = ReadRun(repository=run.repository, run_id=run.run_id)
        try:
            return await workflow.execute_activity_method(
                DispatchActivities.read,
                ask,
                **policies.named(policies.READ, f"read run {run.run_id} before deciding"),
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
                **policies.named(policies.CANCEL, f"{verb} run {run.run_id}"),
            )
        except ActivityError:
            return False
        return True

    async def collect(self, entry: Entry, run: RunRef, completion: Completion) -> Verdict:
        """Fetch and check the result of a completed run. A failure is a verdict too."""
        result = self.assignment.worker.result
        order = CollectOrder(
            run=run,
            conclusion=completion.conclusion,
            channels=result.channels,
            result_schema=result.schema_ if isinstance(result.schema_, dict) else None,
            max_bytes=result.max_bytes,
            comment_on=self._comment_on(entry),
            author=result.author,
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
            reason = f"the result could not be fetched: {_cause(error)[1]}"
            return Verdict(status=OutcomeStatus.NO_RESULT, reason=clip(reason))

    def learn(self, seconds: float | None) -> None:
        """Take the duration of a successful run into account."""
        if seconds is None or seconds < 0:
            return
        took, pace = timedelta(seconds=seconds), self._pace
        pace.shortest = min(pace.shortest or took, took)
        pace.typical = (
            took if pace.typical is None else (pace.typical * (1 - _LEARNING) + took * _LEARNING)
        )

    def outcome(self, entry: Entry, verdict: Verdict) -> WorkerOutcome:
        """Say what became of an item by its last attempt."""
        run, item = entry.run, entry.item
        began = entry.first_dispatched_at
        return WorkerOutcome(
            key=item.key,
            title=clip(item.title, 256),
            url=item.url,
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

    def _comment_on(self, entry: Entry) -> int | None:
        if "comment" not in self.assignment.worker.result.channels:
            return None
        context = {**self.assignment.context, "item": entry.item.fields}
        try:
            number = expressions.render(self.assignment.worker.result.comment_on, context)
        except expressions.ExpressionError:
            return None
        return int(number) if number.isdigit() else None

    def _aw_context(self, dispatch_id: str) -> str:
        """Flat JSON, as gh-aw workers read and echo it."""
        info = workflow.info()
        return json.dumps(
            {
                "run_id": info.first_execution_run_id,
                "repo": self.assignment.repository,
                "workflow_id": info.workflow_id,
                "dispatch_id": dispatch_id,
            }
        )


def waiter() -> Waiter:
    """Name this orchestration as the one that runs are watched for."""
    info = workflow.info()
    return Waiter(workflow_id=info.workflow_id, first_execution_run_id=info.first_execution_run_id)


def _summary(what: str, entry: Entry) -> str:
    """One line for the Temporal UI; at most 400 bytes are kept."""
    again = f" (attempt {entry.attempt})" if entry.attempt > 1 else ""
    return clip(f"{what} · {clip(entry.item.key, 60)} {clip(entry.item.title, 60)}{again}", 130)


def _cause(error: ActivityError) -> tuple[str, str]:
    """Find the type and the words of what an activity failed of.

    A budget spent while retrying surfaces as the last attempt's failure.
    """
    cause = error.cause
    kind = cause.type or "" if isinstance(cause, ApplicationError) else type(cause).__name__
    return kind, clip(str(cause))
