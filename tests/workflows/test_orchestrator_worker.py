"""OrchestratorWorker with the watcher, on the time-skipping server, over a fake GitHub."""

from typing import Any
from uuid import uuid4

from temporalio.testing import WorkflowEnvironment

from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub


def spec(**changes: Any) -> dict[str, Any]:
    """A spec over a list of three items."""
    base: dict[str, Any] = {
        "name": "test",
        "pattern": "orchestrator-worker",
        "repository": "octo-org/widgets",
        "for-each": {"source": "list", "items": ["a", "b", "c"]},
        "worker": {"workflow": "analyzer.yml", "inputs": {"item": "${{ item.value }}"}},
    }
    return base | changes


async def execute(env: WorkflowEnvironment, data: dict[str, Any]) -> OrchestrationReport:
    report: OrchestrationReport = await env.client.execute_workflow(
        "OrchestratorWorker",
        {"spec": data},
        id=f"podium/test/{uuid4()}",
        task_queue="podium",
        result_type=OrchestrationReport,
    )
    return report


async def test_each_item_is_dispatched_once_and_reported(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(lambda inputs, before: Behaviour(seconds=5), skipping.get_current_time)

    async with workers_for(skipping.client, github):
        report = await execute(skipping, spec())

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert sorted(run.inputs["item"] for run in github.started.values()) == ["a", "b", "c"]
    assert report.totals.by_status == {"success": 3}
