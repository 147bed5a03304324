"""A dispatch whose answer was lost, and GitHub's lists with it: the watcher's news are answer enough."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.github import AmbiguousError, RateLimitedError, UnavailableError
from activities.github.actions import Dispatched, RunsPage
from contracts import names
from contracts.circuit import BreakerView
from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.runs import OutcomeStatus, WorkerOutcome
from tests.conftest import WorkersFor
from tests.fakes import WORKER_FILE, Behaviour, FakeGitHub
from tests.patience import PATIENCE
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


class Limited(Lossy):
    """Loses the answer, and then asks to wait for long."""

    refusals = 0
    asked = False

    def runs(self, repository: str, *, workflow: str = "", **more: Any) -> RunsPage:
        if workflow:
            self.asked = True
            raise RateLimitedError("slowly", 403, timedelta(minutes=10))
        return super().runs(repository, workflow=workflow, **more)


class Unlisted(FakeGitHub):
    """Its lists of a workflow's runs cannot be read for a while."""

    asked = readable = False

    def runs(self, repository: str, *, workflow: str = "", **more: Any) -> RunsPage:
        if workflow:
            self.asked = True
            if not self.readable:
                raise UnavailableError("502", 502)
        return super().runs(repository, workflow=workflow, **more)


async def start(env: WorkflowEnvironment, **changes: Any) -> WorkflowHandle[Any, Any]:
    data: Mapping[str, Any] = spec(
        **{"for-each": {"source": "list", "items": ["one"]}, "safe-outputs": {}, **changes}
    )
    return await env.client.start_workflow(
        "OrchestratorWorker", {"spec": data}, id="podium/lost/1", task_queue="podium"
    )


async def asked(github: Unlisted | Limited) -> None:
    async with asyncio.timeout(PATIENCE):
        while not github.asked:  # noqa: ASYNC110 - a thread sets no event of ours
            await asyncio.sleep(0.05)


async def row_of(handle: WorkflowHandle[Any, Any]) -> WorkerOutcome:
    """The only row of a report, after a cancellation."""
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    report: OrchestrationReport = await handle.query(
        names.QUERY_REPORT, result_type=OrchestrationReport
    )
    (row,) = report.results
    return row


async def test_the_end_of_a_run_ends_the_retries_of_its_dispatch(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Lossy(lambda *_: Behaviour(seconds=5))
    github.clock = skipping.get_current_time

    async with workers_for(skipping.client, github):
        report = OrchestrationReport.model_validate(await (await start(skipping)).result())
        view: BreakerView = await skipping.client.get_workflow_handle(BREAKER).query(
            names.QUERY_STATE, result_type=BreakerView
        )

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert github.sent == {"one": 1}
    assert decisions(report, "adopted") == ["1:one"]
    assert timedelta(seconds=report.metrics.seconds) < timedelta(seconds=100)
    assert view.outstanding == 0, "the breaker knows how it ended"


async def test_a_dispatch_that_a_stop_finds_unscheduled_was_surely_not_sent(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """The stop comes while the highest run before is being read; it is cancelled as it is scheduled."""
    github = Unlisted(
        clock=skipping.get_current_time,
        worker_file=WORKER_FILE.replace("      dispatch_id: {required: false}\n", ""),
    )
    async with workers_for(skipping.client, github):
        handle = await start(skipping)
        await asked(github)
        await handle.cancel()
        github.readable = True
        row = await row_of(handle)

    assert (row.status, row.reason) == (OutcomeStatus.CANCELLED, "stopped in its dispatch")
    assert not github.started


async def test_a_dispatch_that_a_stop_finds_between_two_attempts_may_have_been_sent(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Limited(lambda *_: Behaviour(seconds=1_000), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await start(skipping)
        await asked(github)
        await asyncio.sleep(1)  # until that attempt is over; the next one is far away
        await handle.cancel()
        row = await row_of(handle)

    (sent,) = github.started.values()
    assert row.status is OutcomeStatus.DISPATCH_UNKNOWN
    assert "whether an attempt had sent it by then is not known" in row.reason
    assert sent.dispatch_id in row.reason
