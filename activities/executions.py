"""Workflow Executions as the Temporal server tells of them."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from contracts import names

_UNANSWERED = (TimeoutError, RPCTimeoutOrCancelledError)
_ENDING = {RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.NOT_FOUND, RPCStatusCode.ABORTED}
"""How the server says that a workflow was just about to end when it was asked."""
_AGAIN = 0.2
"""Seconds until such a workflow's successor is asked."""

T = TypeVar("T")

RPC_TIMEOUT = timedelta(seconds=5)
"""Longest that one call to Temporal may take before it is tried again."""


@dataclass(frozen=True)
class Entity:
    """A long-lived workflow that many ask, and that whoever asks first starts."""

    workflow: str
    id: str
    start: Any
    """Its input."""
    summary: str


async def execution(client: Client, workflow_id: str, run_id: str = "") -> WorkflowExecutionInfo:
    """Describe a workflow's run, or its latest one.

    The SDK's own `describe` raises ValueError for statuses that are newer than it is, such as
    that of a paused workflow.

    Raises:
        RPCError: there is none of that name, or Temporal did not answer.
    """
    asked = DescribeWorkflowExecutionRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
    )
    answer = await client.workflow_service.describe_workflow_execution(
        asked, retry=True, timeout=RPC_TIMEOUT
    )
    return answer.workflow_execution_info


async def ask(client: Client, entity: Entity, update: str, message: Any, answer: type[T]) -> T:
    """Ask an entity by update, and start it where there is none.

    One that is just ending, or continuing as new, is asked again within the time of one call. It
    is the same question each time, which a workflow is told once.

    Raises:
        RPCError: Temporal, or the workflow, did not answer in time.
    """
    clock, question = asyncio.get_running_loop().time, str(uuid4())
    until = clock() + RPC_TIMEOUT.total_seconds()
    failed: Exception | None = None
    while (left := until - clock()) > 0:
        try:
            async with asyncio.timeout(left):
                return await _ask(client, entity, update, message, answer, question)
        except _UNANSWERED as error:
            failed = error
            break
        except (RPCError, WorkflowUpdateFailedError) as error:
            if isinstance(error, RPCError) and error.status not in _ENDING:
                raise
            failed = error
            await asyncio.sleep(_AGAIN)
    raise RPCError(f"no answer of {entity.id}", RPCStatusCode.UNAVAILABLE, b"") from failed


async def _ask(
    client: Client, entity: Entity, update: str, message: Any, answer: type[T], question: str
) -> T:
    start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
        entity.workflow,
        entity.start,
        id=entity.id,
        task_queue=names.TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=entity.summary,
    )
    # What goes wrong is also kept for who asks for the handle, and logged where nobody does.
    started = asyncio.ensure_future(start.workflow_handle())
    try:
        found: T = await client.execute_update_with_start_workflow(
            update, message, id=question, start_workflow_operation=start, result_type=answer
        )
        return found
    finally:
        started.cancel()
