"""Workflow Executions as the Temporal server tells of them."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

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

_UNANSWERED = (TimeoutError, RPCTimeoutOrCancelledError, WorkflowUpdateFailedError)

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

    Raises:
        RPCError: Temporal, or the workflow, did not answer in time.
    """
    start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
        entity.workflow,
        entity.start,
        id=entity.id,
        task_queue=names.TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=entity.summary,
    )
    asking: Coroutine[Any, Any, T] = client.execute_update_with_start_workflow(
        update, message, start_workflow_operation=start, result_type=answer
    )
    try:
        return await asyncio.wait_for(asking, RPC_TIMEOUT.total_seconds())
    except _UNANSWERED as error:  # it may just have been ending: its successor is asked next
        raise RPCError(f"no answer of {entity.id}", RPCStatusCode.UNAVAILABLE, b"") from error
