"""Workflow Executions as the Temporal server tells of them."""

from datetime import timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import Client

RPC_TIMEOUT = timedelta(seconds=5)
"""Longest that one call to Temporal may take before it is tried again."""


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
