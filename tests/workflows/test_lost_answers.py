"""A dispatch whose answer was lost, and GitHub's lists with it: the watcher's news are answer enough."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from temporalio.testing import WorkflowEnvironment

from activities.github import AmbiguousError, UnavailableError
from activities.github.actions import Dispatched, RunsPage
from contracts import names
from contracts.circuit import BreakerView
from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub
from tests.system.judging import decisions
from tests.workflows.test_orchestrator_worker import spec

BREAKER = "breaker/octo-org/analyzer.yml"


class Lossy(FakeGitHub):
    """Is away for a minute, then accepts a dispatch and loses the answer; one list cannot be read."""

    refusals = 6
    """After so many attempts the next one comes a minute later."""

    def dispatch(
        self, repository: str, workflow: str, ref: str, inputs: dict[str, str]
    ) -> Dispatched:
        if self.refusals:
            self.refusals -= 1
            raise UnavailableError("no connection in time")
        super().dispatch(repository, workflow, ref, inputs)
        raise AmbiguousError("502", 502)

    def runs(self, repository: str, *, workflow: str = "", **more: Any) -> RunsPage:
        if workflow:
            raise UnavailableError("502", 502)
        return super().runs(repository, workflow=workflow, **more)


async def run(env: WorkflowEnvironment, github: FakeGitHub, **changes: Any) -> Any:
    data: Mapping[str, Any] = spec(
        **{"for-each": {"source": "list", "items": ["one"]}, "safe-outputs": {}, **changes}
    )
    handle = await env.client.start_workflow(
        "OrchestratorWorker", {"spec": data}, id="podium/lost/1", task_queue="podium"
    )
    return await handle.result()


async def test_the_end_of_a_run_ends_the_retries_of_its_dispatch(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Lossy(lambda *_: Behaviour(seconds=5))
    github.clock = skipping.get_current_time

    async with workers_for(skipping.client, github):
        report = OrchestrationReport.model_validate(await run(skipping, github))
        view: BreakerView = await skipping.client.get_workflow_handle(BREAKER).query(
            names.QUERY_STATE, result_type=BreakerView
        )

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert github.sent == {"one": 1}
    assert decisions(report, "adopted") == ["1:one"]
    assert timedelta(seconds=report.metrics.seconds) < timedelta(seconds=100)
    assert view.outstanding == 0, "the breaker knows how it ended"
