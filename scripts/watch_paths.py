"""The paths of a watcher that nobody's orchestration takes alone."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from temporalio.client import WorkflowHandle

from contracts.names import SIGNAL_WATCH, TASK_QUEUE, run_watch_id
from contracts.runs import RunRef, Waiter
from contracts.watch import WatchedRun, WatchRuns
from sandbox.control import RunRecord
from scripts.recording import finish, save
from tests.system.stand import REPOSITORY, open_stand, spec

_LINGERS = 5
"""Seconds that an idle watcher stays."""


async def record_late(folder: Path) -> None:
    """Record a watcher that hears, as it ends, of somebody who waits for what it knows: nobody worked."""
    async with open_stand(folder) as stand:
        watcher = stand.client.get_workflow_handle(run_watch_id(REPOSITORY))
        async with stand.workers(cached=0):
            await finish(stand, "first", spec(1))
            await asyncio.sleep(_LINGERS / 2)
        late = await stand.client.start_workflow(
            "OrchestratorWorker", {}, id="podium/test/late", task_queue=f"no-{TASK_QUEUE}"
        )
        await asyncio.sleep(_LINGERS)
        (run,) = stand.control.runs()
        await watcher.signal(SIGNAL_WATCH, await _waiting(late, run))
        async with stand.workers(cached=0):
            await watcher.result()
        await save(stand.client, "run-watch-late", watcher.id)


async def record_surplus(folder: Path) -> None:
    """Record a watcher that hears, while it lingers, of a second run of a dispatch that it told of."""
    async with open_stand(folder) as stand, stand.workers():
        watcher = stand.client.get_workflow_handle(run_watch_id(REPOSITORY))
        await finish(stand, "first", spec(1))
        (first,) = stand.control.runs()
        inputs = {"item": "item-0", "dispatch_id": str(first.dispatch_id)}
        stand.control.inject_runs(REPOSITORY, "analyzer.yml", inputs=inputs, conclusion=None)
        (second,) = (run for run in stand.control.runs() if run.run_id != first.run_id)
        again = await stand.client.start_workflow(
            "OrchestratorWorker", {}, id="podium/test/again", task_queue=f"no-{TASK_QUEUE}"
        )
        await asyncio.sleep(_LINGERS / 2)
        await watcher.signal(SIGNAL_WATCH, await _waiting(again, second))
        await watcher.result()
        await save(stand.client, "run-watch-surplus", watcher.id)


async def _waiting(handle: WorkflowHandle[None, None], run: RunRecord) -> WatchRuns:
    first = (await handle.describe()).run_id
    ref = RunRef(
        repository=REPOSITORY,
        workflow="analyzer.yml",
        run_id=run.run_id,
        dispatch_id=str(run.dispatch_id),
        dispatched_at=datetime.fromtimestamp(run.queued_at, UTC),
    )
    waiter = Waiter(workflow_id=handle.id, first_execution_run_id=first)
    return WatchRuns(runs=(WatchedRun(run=ref, waiter=waiter),))
