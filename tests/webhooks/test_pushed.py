"""RunWatch with deliveries: ends that are told wake at once, and polls become the safety net."""

import asyncio
import contextlib
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from contracts import names
from contracts.report import OrchestrationReport
from contracts.runs import RunRef, ToldResult, Waiter
from contracts.watch import Hush, RunRow, SeenRuns, WatchedRun, WatchRuns
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub
from tests.patience import PATIENCE
from tests.workflows.test_orchestrator_worker import spec
from workflows import policies

WATCHER = names.run_watch_id("octo-org/widgets")


class Counting(FakeGitHub):
    """Counts looks at the list of runs, and finishes runs when the test says so."""

    looks = 0

    def runs(self, *given: Any, **more: Any) -> Any:
        self.looks += 1
        return super().runs(*given, **more)

    def finish(self, run_id: int) -> RunRow:
        """End a run now; the row that a delivery tells."""
        run = self.started[run_id]
        run.behaviour = Behaviour(seconds=(self.now - run.started).total_seconds())
        return RunRow(
            run_id=run_id, status="completed", conclusion="success", dispatch_id=run.dispatch_id
        )


async def start(client: Client, items: int, **changes: Any) -> WorkflowHandle[Any, Any]:
    listed = {"source": "list", "items": [f"i{n}" for n in range(items)]}
    return await client.start_workflow(
        "OrchestratorWorker",
        {"spec": spec(**{"for-each": listed, "deadline": "2d", **changes})},
        id=f"podium/test/{uuid4()}",
        task_queue=names.TASK_QUEUE,
        result_type=OrchestrationReport,
    )


async def all_started(env: WorkflowEnvironment, github: FakeGitHub, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(github.started) < count:
            await env.sleep(timedelta(seconds=1))


async def tell(client: Client, *rows: RunRow) -> None:
    await client.get_workflow_handle(WATCHER).signal(names.SIGNAL_RUNS_SEEN, SeenRuns(rows=rows))


def hours(worker_minutes: int = 2_000) -> dict[str, Any]:
    return {
        "workflow": "analyzer.yml",
        "inputs": {"item": "${{ item.value }}"},
        "timeout-minutes": worker_minutes,
    }


async def test_told_ends_wake_without_a_look_and_looks_become_rare(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Counting(lambda inputs, before: Behaviour(seconds=80_000), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, 3, worker=hours())
        await all_started(skipping, github, 3)
        ids = sorted(github.started)
        await tell(skipping.client, github.finish(ids[0]))
        await skipping.sleep(timedelta(seconds=30))
        before = github.looks
        await skipping.sleep(timedelta(hours=1))
        looks = github.looks - before
        await tell(skipping.client, github.finish(ids[1]), github.finish(ids[2]))
        report = await asyncio.wait_for(handle.result(), PATIENCE)

    assert report.totals.by_status == {"success": 3}
    assert 10 <= looks <= 14, "a sweep every 300 s"


async def test_ends_that_no_delivery_tells_are_found_and_polls_are_the_first_again(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Counting(lambda inputs, before: Behaviour(seconds=80_000), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, 3, worker=hours())
        await all_started(skipping, github, 3)
        first, second, third = sorted(github.started)
        await tell(skipping.client, github.finish(first))
        await skipping.sleep(timedelta(seconds=5))
        github.finish(second)  # its delivery is lost
        await skipping.sleep(timedelta(seconds=320))
        before = github.looks
        await skipping.sleep(timedelta(minutes=2))
        looks = github.looks - before
        github.finish(third)
        report = await asyncio.wait_for(handle.result(), PATIENCE)

    assert report.totals.by_status == {"success": 3}
    assert looks >= 3, "every 30 s at most"


async def test_a_short_run_whose_delivery_is_lost_is_not_left_to_the_sweep(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Counting(lambda inputs, before: Behaviour(seconds=80_000), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, 2, worker=hours(), **{"max-parallel": 1})
        await all_started(skipping, github, 1)
        await skipping.sleep(timedelta(seconds=20))
        told = github.finish(1_000).model_copy(update={"seconds": 20.0})
        await tell(skipping.client, told)
        await all_started(skipping, github, 2)
        await skipping.sleep(timedelta(seconds=20))
        github.finish(1_001)  # its delivery is lost
        lost = await skipping.get_current_time()
        report = await asyncio.wait_for(handle.result(), PATIENCE)
        waited = await skipping.get_current_time() - lost

    assert report.totals.by_status == {"success": 2}
    assert waited < timedelta(seconds=90), "the sweep comes every 300 s"


@pytest.mark.parametrize(("delivered", "status"), [(True, "success"), (False, "no-result")])
async def test_a_told_result_counts_with_the_delivery_of_its_runs_end_only(
    delivered: bool, status: str, skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """A poll that sees the end first reads the comments, of which GitHub here shows none."""
    github = Counting(lambda inputs, before: Behaviour(seconds=80_000), skipping.get_current_time)
    result = {"channels": ["comment"], "comment-on": "5"}
    retry = {"maximum-attempts": 1}
    async with workers_for(skipping.client, github):
        worker = hours() | {"result": result, "retry": retry}
        handle = await start(skipping.client, 1, worker=worker)
        await all_started(skipping, github, 1)
        (run_id,) = github.started
        said: dict[str, Any] = {
            "protocol": "podium/v1",
            "dispatch_id": github.started[run_id].dispatch_id,
        }
        said |= {"worker": "analyzer", "run_id": run_id, "status": "success"}
        told = ToldResult(
            run_id=run_id,
            text=json.dumps(said),
            author="github-actions[bot]",
            is_bot=True,
            issue=5,
            created_at=github.now,
        )
        watcher = skipping.client.get_workflow_handle(WATCHER)
        await watcher.signal(names.SIGNAL_RUNS_SEEN, SeenRuns(results=(told,)))
        ended = github.finish(run_id)
        if delivered:
            await tell(skipping.client, ended)
        with contextlib.suppress(WorkflowFailureError):
            await asyncio.wait_for(handle.result(), PATIENCE)
        report = await handle.query(names.QUERY_REPORT)

    assert report["totals"]["by_status"] == {status: 1}


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "queued", "conclusion": None},
        {"status": "in_progress", "conclusion": None},
        {"conclusion": None},
        {"status": "completed", "conclusion": ""},
    ],
)
async def test_an_odd_delivery_is_looked_at_and_not_believed(
    changes: dict[str, Any], skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """GitHub has sent `completed` for runs that went on."""
    github = Counting(lambda inputs, before: Behaviour(seconds=80_000), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, 1, worker=hours())
        await all_started(skipping, github, 1)
        (run_id,) = github.started
        row = RunRow(run_id=run_id, status="completed", conclusion="success")
        await skipping.sleep(timedelta(seconds=40))
        before = github.looks
        await tell(skipping.client, row.model_copy(update=changes))
        await skipping.sleep(timedelta(seconds=2))
        looks, status = github.looks - before, await handle.query(names.QUERY_STATUS)
        await tell(skipping.client, github.finish(run_id))
        report = await asyncio.wait_for(handle.result(), PATIENCE)

    assert looks >= 1
    assert status["running"] == 1
    assert report.totals.by_status == {"success": 1}


async def test_deliveries_that_are_early_late_repeated_or_strange_change_nothing(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Counting(lambda inputs, before: Behaviour(seconds=80_000), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, 2, worker=hours())
        await all_started(skipping, github, 2)
        first, second = sorted(github.started)
        stranger = RunRow(run_id=999_999, status="completed", conclusion="success")
        forged = RunRow(run_id=77, status="completed", conclusion="failure", dispatch_id="pd-x")
        row = github.finish(first)
        await tell(skipping.client, stranger, forged, row, row)
        await tell(skipping.client, row, stranger)
        watcher = skipping.client.get_workflow_handle(WATCHER)
        await watcher.signal(names.SIGNAL_RUNS_SEEN, {"rows": "no rows"})
        await watcher.signal(names.SIGNAL_RUNS_SEEN)
        await tell(skipping.client, github.finish(second))
        report = await asyncio.wait_for(handle.result(), PATIENCE)

    assert report.totals.by_status == {"success": 2}
    assert len(github.started) == 2


async def test_the_end_of_an_attempt_that_was_run_again_since_is_ignored(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Counting(lambda inputs, before: Behaviour(seconds=80_000), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, 1, worker=hours())
        await all_started(skipping, github, 1)
        (run_id,) = github.started
        dispatch_id = github.started[run_id].dispatch_id
        info = await handle.describe()
        again = RunRef(
            repository="octo-org/widgets",
            workflow="analyzer.yml",
            run_id=run_id,
            run_attempt=2,
            dispatch_id=dispatch_id,
            dispatched_at=github.now,
        )
        waiter = Waiter(workflow_id=handle.id, first_execution_run_id=info.run_id)
        watcher = skipping.client.get_workflow_handle(WATCHER)
        asked = WatchRuns(runs=(WatchedRun(run=again, waiter=waiter),))
        await watcher.signal(names.SIGNAL_WATCH, asked)
        late = RunRow(run_id=run_id, run_attempt=1, status="completed", conclusion="failure")
        await tell(skipping.client, late)
        await skipping.sleep(timedelta(seconds=5))
        status = await handle.query(names.QUERY_STATUS)
        row = github.finish(run_id).model_copy(update={"run_attempt": 2})
        await tell(skipping.client, row)
        await handle.cancel()
        await asyncio.wait_for(_ended(handle), PATIENCE)

    assert status["running"] == 1


async def _ended(handle: WorkflowHandle[Any, Any]) -> None:
    with contextlib.suppress(WorkflowFailureError):
        await handle.result()


@pytest.mark.parametrize("speaks", [False, True])
async def test_an_orchestration_that_wants_no_news_is_told_later_or_when_it_speaks(
    skipping: WorkflowEnvironment, workers_for: WorkersFor, *, speaks: bool
) -> None:
    github = Counting(lambda inputs, before: Behaviour(seconds=80_000), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, 1, worker=hours())
        await all_started(skipping, github, 1)
        (run_id,) = github.started
        watcher = skipping.client.get_workflow_handle(WATCHER)
        spoken = await again(handle, github, run_id)
        await watcher.signal(names.SIGNAL_HUSH, Hush(workflow_id=handle.id))
        await tell(skipping.client, github.finish(run_id))
        if speaks:
            await watcher.signal(names.SIGNAL_WATCH, spoken)
        report = await handle.result()
        history = [event async for event in watcher.fetch_history_events()]

    assert report.totals.by_status == {"success": 1}
    hushed = next(e for e in history if _signal(e) == names.SIGNAL_HUSH)
    waits = [
        sent.event_time.ToDatetime() - hushed.event_time.ToDatetime()
        for sent in history
        if _signal(sent) == names.SIGNAL_RUNS_COMPLETED
    ]
    assert len(waits) == 2, "an answer that nothing follows, and the news"
    assert waits[0] < 0.8 * policies.HUSH
    assert (waits[1] >= 0.8 * policies.HUSH) is not speaks


async def again(handle: WorkflowHandle[Any, Any], github: FakeGitHub, run_id: int) -> WatchRuns:
    """Say once more who waits for a run, as the next run of a chain does."""
    info = await handle.describe()
    run = RunRef(
        repository="octo-org/widgets",
        workflow="analyzer.yml",
        run_id=run_id,
        dispatch_id=github.started[run_id].dispatch_id,
        dispatched_at=github.now,
    )
    waiter = Waiter(workflow_id=handle.id, first_execution_run_id=info.run_id)
    return WatchRuns(runs=(WatchedRun(run=run, waiter=waiter),))


def _signal(event: HistoryEvent) -> str:
    """The signal that came, or that was sent."""
    came = event.workflow_execution_signaled_event_attributes.signal_name
    return came or event.signal_external_workflow_execution_initiated_event_attributes.signal_name
