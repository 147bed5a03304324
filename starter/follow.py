"""Follows an orchestration from outside until it closes, through continue-as-new and hiccups."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowQueryFailedError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from contracts.names import QUERY_REPORT, QUERY_STATUS
from contracts.report import OrchestrationReport, OrchestrationStatus, Progress
from starter.exits import NOT_SUCCEEDED, SUCCEEDED, UNREACHABLE, CliError

PATIENCE_SECONDS = 60.0
"""How long Temporal may be away before following gives up."""

_CALL = timedelta(seconds=5)
RUNNING = (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW)

Show = Callable[[Progress | None, str], None]
"""Shows the newest progress; the text says why there is none, or why it may be old."""


@dataclass(frozen=True)
class Ended:
    """How an orchestration closed."""

    workflow_id: str
    closed_as: str
    """Temporal's word, such as `COMPLETED`."""
    report: OrchestrationReport | None
    """None where it is no orchestration, or nobody is there to tell."""
    reason: str = ""

    @property
    def exit_code(self) -> int:
        """0 for `succeeded`; an execution without a report counts as it closed."""
        if self.report is not None:
            succeeded = self.report.status is OrchestrationStatus.SUCCEEDED
        else:
            succeeded = self.closed_as == WorkflowExecutionStatus.COMPLETED.name
        return SUCCEEDED if succeeded else NOT_SUCCEEDED


async def follow(client: Client, workflow_id: str, show: Show, interval: float = 1.0) -> Ended:
    """Show progress until the orchestration has closed.

    Args:
        client: of the namespace that it runs in.
        workflow_id: the newest run of this id is followed.
        show: called about every `interval` seconds.
        interval: seconds.

    Raises:
        CliError: no such workflow (2), or Temporal was away for a minute (3).
    """
    handle = client.get_workflow_handle(workflow_id)
    heard = time.monotonic()
    while True:
        try:
            description = await handle.describe(rpc_timeout=_CALL)
            heard = time.monotonic()
            if description.status not in RUNNING:
                return await ended(client, description)
            show(*await _progress(client, workflow_id))
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise CliError(await not_found(client, workflow_id)) from error
            if time.monotonic() - heard > PATIENCE_SECONDS:
                raise CliError(
                    f"Temporal has not answered for {PATIENCE_SECONDS:.0f} s: {error.message}; "
                    f"the orchestration goes on: podium watch {workflow_id}",
                    UNREACHABLE,
                ) from error
            show(None, f"Temporal does not answer: {error.message[:100]}")
        await asyncio.sleep(interval)


async def _progress(client: Client, workflow_id: str) -> tuple[Progress | None, str]:
    handle = client.get_workflow_handle(workflow_id)
    try:
        answer = await handle.query(QUERY_STATUS, rpc_timeout=_CALL)
        return Progress.model_validate(answer), ""
    except WorkflowQueryFailedError as error:
        return None, f"it tells no progress: {error.message[:100]}"
    except ValidationError:
        return None, "it tells no progress that podium knows"
    except RPCError:
        return None, "no Temporal Worker answers; is one running? (python worker_main.py)"


async def ended(client: Client, description: WorkflowExecutionDescription) -> Ended:
    """Say how an orchestration that has closed ended, with its report where it tells one."""
    status = description.status
    closed_as = status.name if status else "UNKNOWN"
    handle = client.get_workflow_handle(description.id, run_id=description.run_id)
    try:
        return Ended(description.id, closed_as, _report(await handle.result(rpc_timeout=_CALL)))
    except WorkflowFailureError as error:
        cause = error.cause
        if isinstance(cause, ApplicationError):
            report = _report(cause.details[0]) if cause.details else None
            return Ended(description.id, closed_as, report, cause.message)
        reason = str(cause)
    try:
        told = await handle.query(QUERY_REPORT, rpc_timeout=_CALL)
        return Ended(description.id, closed_as, _report(told), reason)
    except (WorkflowQueryFailedError, RPCError):  # nobody is there to tell
        return Ended(description.id, closed_as, None, reason)


def _report(value: Any) -> OrchestrationReport | None:
    try:
        return OrchestrationReport.model_validate(value)
    except ValidationError:
        return None


async def not_found(client: Client, workflow_id: str) -> str:
    """Say that there is no such workflow, and what runs."""
    running: list[str] = []
    try:
        query = 'ExecutionStatus = "Running" AND WorkflowId STARTS_WITH "podium/"'
        running = [found.id async for found in client.list_workflows(query, limit=5)]
    except RPCError:
        pass
    there = f"running: {', '.join(running)}" if running else "no orchestration is running"
    return f"no workflow {workflow_id} in namespace {client.namespace}; {there}"
