"""Child orchestrations of one phase: started side by side, heard out, stopped with their parent."""

import asyncio
import contextlib
from typing import Any

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import (
    ApplicationError,
    CancelledError,
    ChildWorkflowError,
    FailureError,
    WorkflowAlreadyStartedError,
)
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from contracts import expressions, names
from contracts.base import clip
from contracts.errors import ORCHESTRATION_FAILED
from contracts.report import OrchestrationReport
from contracts.runs import OutcomeStatus, WorkerOutcome
from contracts.specs import WORKFLOW_TYPES
from contracts.specs.hierarchical import Child, Phase
from workflows import policies
from workflows.parts.orchestration import Orchestration
from workflows.parts.work import Work

Handle = workflow.ChildWorkflowHandle[Any, Any]

_WAITS_FOR_OLDER = "a child waits until an older one of its id has closed"

_STATUSES = {
    "succeeded": OutcomeStatus.SUCCESS,
    "partial": OutcomeStatus.PARTIAL,
    "timed-out": OutcomeStatus.TIMED_OUT,
    "cancelled": OutcomeStatus.CANCELLED,
}
"""Of a child's report, as an outcome; all others are failures."""


class _NotStartedError(Exception):
    """A child was not started; `status` says as what that counts."""

    def __init__(self, status: OutcomeStatus, reason: str) -> None:
        self.status = status
        super().__init__(reason)


class Children(Work):
    """Runs the children of a phase."""

    def __init__(self, frame: Orchestration[Any], phase: Phase, ended: list[str]) -> None:
        """Take a phase up, without the children that have ended already."""
        self._frame = frame
        self._waiting = {n: c for n, c in phase.orchestrations.items() if n not in ended}
        self._handles: dict[str, Handle] = {}
        self._places = asyncio.Semaphore(frame.spec.max_parallel)
        self._paused = False
        self._told: set[asyncio.Task[None]] = set()

    async def run(self) -> dict[str, tuple[WorkerOutcome, OrchestrationReport | None]]:
        """Run them all; a failed one is contained.

        Returns:
            Each child's outcome and, where it left one, its report.
        """
        tasks = {
            name: asyncio.create_task(self._one(name, child))
            for name, child in self._waiting.items()
        }
        return {name: await task for name, task in tasks.items()}

    def stop(self, reason: str) -> None:  # noqa: ARG002 - children are told their own
        """Cancel all children, which end in order and cancel their runs on GitHub."""
        for handle in self._handles.values():
            handle.cancel()

    def pause(self, *, paused: bool) -> None:
        """Pause or resume all children."""
        if paused == self._paused:
            return
        self._paused = paused
        signal = names.SIGNAL_PAUSE if paused else names.SIGNAL_RESUME
        for handle in self._handles.values():
            told = asyncio.create_task(_tell(handle, signal))
            self._told.add(told)
            told.add_done_callback(self._told.discard)

    @property
    def in_flight(self) -> int:
        """Children that run."""
        return len(self._handles)

    @property
    def queued(self) -> int:
        """Children that do not run yet."""
        return len(self._waiting) - len(self._handles)

    async def _one(
        self, name: str, child: Child
    ) -> tuple[WorkerOutcome, OrchestrationReport | None]:
        async with self._places:
            try:
                await self._leave()
                return await self._follow(name, child)
            except _NotStartedError as error:
                return _outcome(name, child, error.status, str(error))
            except (ChildWorkflowError, expressions.ExpressionError) as error:
                return _failed(name, child, error)
            finally:
                self._handles.pop(name, None)
                del self._waiting[name]

    async def _leave(self) -> None:
        """Wait while paused.

        Raises:
            _NotStartedError: the whole stops.
        """
        await workflow.wait_condition(lambda: not self._paused or bool(self._frame.stopping))
        if self._frame.stopping:
            raise _NotStartedError(OutcomeStatus.NOT_DISPATCHED, self._frame.stopping)

    async def _follow(
        self, name: str, child: Child
    ) -> tuple[WorkerOutcome, OrchestrationReport | None]:
        handle = self._handles[name] = await self._started(name, child)
        if self._frame.stopping:
            handle.cancel()
        elif self._paused:  # it was being started when the pause began
            await _tell(handle, names.SIGNAL_PAUSE)
        return _ended(name, child, await handle)

    async def _started(self, name: str, child: Child) -> Handle:
        """Start a child, if need be when an older one of its id has closed.

        Such a one is of a run of this orchestration that was reset, or terminated. Temporal asks it to
        cancel after a termination, and not after a reset; it ends in order.
        """
        try:
            return await self._start(name, child)
        except WorkflowAlreadyStartedError as error:
            if not workflow.patched(_WAITS_FOR_OLDER):
                raise
            taken = error.workflow_id
        reason = f"an older execution of {taken} is asked to cancel, and has not closed yet"
        self._frame.journal.decide("delayed", name, reason)
        await _ask_to_cancel(taken)
        for wait in policies.older_child_waits():
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: bool(self._frame.stopping),
                    timeout=wait,
                    timeout_summary=clip(f"until an older {name} has closed", 130),
                )
            await self._leave()
            with contextlib.suppress(WorkflowAlreadyStartedError):
                return await self._start(name, child)
        hours = policies.OLDER_CHILD_CLOSES.total_seconds() / 3600
        raise _NotStartedError(
            OutcomeStatus.FAILURE,
            f"an older execution of {taken} did not close within {hours:g} h of being asked to "
            "cancel: terminate it, and start this orchestration again",
        )

    async def _start(self, name: str, child: Child) -> Handle:
        frame, spec = self._frame, self._staged(_spec(child))
        return await workflow.start_child_workflow(
            WORKFLOW_TYPES[spec["pattern"]],
            {
                "spec": spec,
                "inputs": _inputs(child, frame.context),
                "lineage": frame.given.lineage.below(frame.spec, frame.spec.max_depth).model_dump(
                    mode="json"
                ),
                "initiator": frame.given.initiator,
            },
            id=f"{workflow.info().workflow_id}/{name}",
            task_queue=names.TASK_QUEUE,
            result_type=OrchestrationReport,
            cancellation_type=ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
            parent_close_policy=ParentClosePolicy.REQUEST_CANCEL,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=clip(f"{name}: {spec.get('description') or spec['name']}", 130),
        )

    def _staged(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Have what is below a staged orchestration be staged too."""
        if not self._frame.outbox.staged:
            return spec
        return {**spec, "safe-outputs": {**(spec.get("safe-outputs") or {}), "staged": True}}


def _spec(child: Child) -> dict[str, Any]:
    return child.spec if isinstance(child.spec, dict) else {}


def _inputs(child: Child, context: dict[str, Any]) -> dict[str, Any]:
    return {
        key: expressions.render(value, context) if isinstance(value, str) else value
        for key, value in child.inputs.items()
    }


async def _ask_to_cancel(workflow_id: str) -> None:
    try:
        await workflow.get_external_workflow_handle(workflow_id).cancel()
    except (ApplicationError, FailureError):
        return  # it has ended


async def _tell(handle: Handle, signal: str) -> None:
    try:
        await handle.signal(signal)
    except (ApplicationError, FailureError):
        return  # it has ended


def _ended(
    name: str, child: Child, report: OrchestrationReport
) -> tuple[WorkerOutcome, OrchestrationReport]:
    status = _STATUSES.get(report.status.value, OutcomeStatus.FAILURE)
    done = sum(report.totals.by_status.values())
    good = report.totals.by_status.get(OutcomeStatus.SUCCESS.value, 0)
    outcome, _ = _outcome(name, child, status, report.reason)
    more = {
        "summary": f"{good} of {done} succeeded",
        "url": report.issue_url,
        "outputs": {"status": report.status.value, "action_items": len(report.action_items)},
        "result_url": report.issue_url,
        "seconds": report.metrics.seconds,
    }
    return outcome.model_copy(update=more), report


def _failed(
    name: str, child: Child, error: Exception
) -> tuple[WorkerOutcome, OrchestrationReport | None]:
    cause = error.cause if isinstance(error, ChildWorkflowError) else error
    if isinstance(cause, CancelledError):
        return _outcome(name, child, OutcomeStatus.CANCELLED, str(cause))
    if isinstance(cause, ApplicationError) and cause.type == ORCHESTRATION_FAILED:
        return _ended(name, child, OrchestrationReport.model_validate(cause.details[0]))
    return _outcome(name, child, OutcomeStatus.FAILURE, str(cause))


def _outcome(
    name: str, child: Child, status: OutcomeStatus, reason: str
) -> tuple[WorkerOutcome, None]:
    pattern = str(_spec(child).get("pattern", ""))
    return WorkerOutcome(key=name, worker=pattern, status=status, reason=reason), None
