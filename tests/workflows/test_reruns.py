"""A failed run that a person starts again while its retry waits is the retry."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio.testing import WorkflowEnvironment

from activities.github.actions import Run, RunsPage
from contracts import names
from contracts.report import OrchestrationReport
from contracts.runs import Completion, OutcomeStatus, RunState
from contracts.watch import CompletedRuns, RunRow, SeenRuns
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub
from tests.workflows.test_orchestrator_worker import execute, spec

SOON = 200
"""Virtual seconds: 20 of the first run, 30 of backoff, 60 of the second, and what polls add. Where the
watcher knows nothing of the second, silent minutes come on top."""
WATCHER = names.run_watch_id("octo-org/widgets")


class RunAgain(FakeGitHub):
    """A person starts a failed run again, just before Podium would try the item anew."""

    second = Behaviour(seconds=60)

    def state(self, repository: str, run_id: int) -> RunState:
        if self.started[run_id].attempt == 1:
            self.run_again(run_id, self.second)
        return super().state(repository, run_id)


class Stale(RunAgain):
    """Lists show the first attempt for a while after the second has begun."""

    shown = 0

    def runs(self, *given: Any, **more: Any) -> RunsPage:
        page = super().runs(*given, **more)
        if not any(run.row.run_attempt > 1 for run in page.runs) or self.shown > 2:
            return page
        self.shown += 1
        old = tuple(_before(run) for run in page.runs)
        return replace(page, runs=old, etag="old", not_modified=False)


def _before(run: Run) -> Run:
    if run.row.run_attempt == 1:
        return run
    first = {"run_attempt": 1, "status": "completed", "conclusion": "failure"}
    return replace(run, row=run.row.model_copy(update=first))


def failing(inputs: dict[str, str], before: int) -> Behaviour:
    if inputs["item"] == "long":
        return Behaviour(seconds=100)  # its watcher lives on, and remembers
    return Behaviour(seconds=20, conclusion="success" if before else "failure")


async def run(
    env: WorkflowEnvironment, workers_for: WorkersFor, github: FakeGitHub, **changes: Any
) -> OrchestrationReport:
    github.clock = env.get_current_time
    data = spec(**{"for-each": {"source": "list", "items": ["a"]}, **changes})
    async with workers_for(env.client, github):
        return await execute(env, data)


def adopted(report: OrchestrationReport) -> list[str]:
    return [one.reason for one in report.decisions if one.kind == "adopted"]


async def test_a_run_that_a_person_started_again_is_awaited_instead_of_another(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = RunAgain(failing)

    report = await run(skipping, workers_for, github)

    assert report.totals.by_status == {"success": 1}
    assert github.sent == {"a": 1}
    (row,) = report.results
    assert (row.attempts, row.run_id) == (2, 1_000)
    assert adopted(report) == ["run 1000 was run again on GitHub, its attempt 2"]
    assert report.totals.dispatches == 1
    assert report.metrics.seconds < SOON


async def test_one_that_has_ended_meanwhile_is_collected(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = RunAgain(failing)
    github.second = Behaviour(seconds=0)

    report = await run(skipping, workers_for, github)

    assert report.totals.by_status == {"success": 1}
    assert github.sent == {"a": 1}


async def test_one_that_fails_again_is_a_failed_attempt_like_any_other(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = RunAgain(failing)
    github.second = Behaviour(seconds=30, conclusion="failure")

    report = await run(skipping, workers_for, github)

    assert report.totals.by_status == {"success": 1}
    assert report.results[0].attempts == 3
    assert github.sent == {"a": 2}
    ids = [run.dispatch_id for run in github.started.values()]
    assert len(set(ids)) == 2


async def test_news_of_the_attempt_before_ends_no_re_run(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """A delivery that comes again, and a list that is older than the re-run."""
    github = Stale(failing)
    github.second = Behaviour(seconds=60)
    github.clock = skipping.get_current_time
    data = spec(**{"for-each": {"source": "list", "items": ["a", "long"]}})
    async with workers_for(skipping.client, github):
        handle = await skipping.client.start_workflow(
            "OrchestratorWorker",
            {"spec": data},
            id="podium/test/re-run",
            task_queue=names.TASK_QUEUE,
            result_type=OrchestrationReport,
        )
        while not (second := [run for run in github.started.values() if run.attempt > 1]):
            await skipping.sleep(timedelta(seconds=2))
        await skipping.sleep(timedelta(seconds=5))
        run_id, dispatch_id = second[0].run_id, second[0].dispatch_id
        late = RunRow(
            run_id=run_id, status="completed", conclusion="failure", dispatch_id=dispatch_id
        )
        await skipping.client.get_workflow_handle(WATCHER).signal(
            names.SIGNAL_RUNS_SEEN, SeenRuns(rows=(late,))
        )
        again = Completion(dispatch_id=dispatch_id, run_id=run_id, conclusion="failure")
        await handle.signal(names.SIGNAL_RUNS_COMPLETED, CompletedRuns(completions=(again,)))
        report: OrchestrationReport = await handle.result()

    assert github.shown, "the old list was never shown"
    assert report.results[0].status is OutcomeStatus.SUCCESS
    assert github.sent == {"a": 1, "long": 1}
    assert report.results[0].attempts == 2
    assert report.metrics.seconds < SOON
