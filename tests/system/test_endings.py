"""Cancelled, terminated, talked to in nonsense: everything ends in order, and nothing wedges."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from contracts import names
from sandbox.control import RunRecord
from tests.system.judging import until
from tests.system.rooms import final_report
from tests.system.stand import REPOSITORY, Stand, open_stand, spec

WIDTH, ITEMS = 10, 30
FOREVER = {"duration_seconds": 3_600}


async def start_full(stand: Stand, **changes: Any) -> WorkflowHandle[Any, Any]:
    """Start more items than the window holds, and wait until it is full."""
    handle = await stand.start(spec(ITEMS, **{"max-parallel": WIDTH, **changes}))
    await until(stand.control, lambda runs: len(runs) >= WIDTH)
    return handle


async def test_cancelling_cancels_every_run_on_github_and_reports(stand: Stand) -> None:
    stand.control.timed([FOREVER])
    async with stand.workers():
        handle = await start_full(stand)
        await handle.cancel()
        report = await final_report(handle)

        assert {run.conclusion for run in stand.control.runs()} == {"cancelled"}
        assert len(stand.control.dispatches()) == WIDTH
        assert report["status"] == "cancelled"
        assert report["totals"]["by_status"] == {
            "cancelled": WIDTH,
            "not-dispatched": ITEMS - WIDTH,
        }
        described = await handle.describe()
        assert described.status is WorkflowExecutionStatus.CANCELED


async def test_runs_of_a_terminated_orchestration_are_cancelled_as_orphans(stand: Stand) -> None:
    stand.control.timed([FOREVER])
    async with stand.workers():
        handle = await start_full(stand)
        await handle.terminate("by hand")

        await until(stand.control, lambda runs: {run.conclusion for run in runs} == {"cancelled"})
        assert len(stand.control.dispatches()) == WIDTH


async def test_a_terminated_watcher_is_not_missed(stand: Stand) -> None:
    """Nobody tells of what runs; silence gives that away."""
    stand.control.timed([{"duration_seconds": 3}])
    async with stand.workers():
        handle = await start_full(stand)
        await until(stand.control, lambda runs: len(runs) >= 2 * WIDTH)
        await watcher_of(stand).terminate("by hand")
        report = await final_report(handle)

    assert report["totals"]["by_status"] == {"success": ITEMS}
    assert len(stand.control.dispatches()) == ITEMS


async def test_a_watcher_started_again_is_told_what_it_cannot_know(stand: Stand) -> None:
    """It would tell of newer runs for ever, and so hide that it knows nothing of the older ones."""
    short = {"inputs": {"item": "item-0"}, "duration_seconds": 2}
    later = {"inputs": {"item": f"item-{WIDTH}"}, "duration_seconds": 2}
    stand.control.timed([short, later, {"duration_seconds": 10}])
    async with stand.workers():
        handle = await start_full(stand)
        await handle.signal(names.SIGNAL_PAUSE)
        await asyncio.to_thread(stand.control.wait_for_runs, one_is_done, 60)
        await asyncio.sleep(3)  # its end is told: the watcher is known from now on
        await watcher_of(stand).terminate("by hand")
        await handle.signal(names.SIGNAL_RESUME)
        report = await final_report(handle)

    assert report["totals"]["by_status"] == {"success": ITEMS}
    renewed = [d["reason"] for d in report["decisions"] if d["kind"] == "watcher-renewed"]
    assert len(renewed) == 1
    assert len(stand.control.dispatches()) == ITEMS


def one_is_done(runs: Sequence[RunRecord]) -> bool:
    """Whether any run has ended."""
    return any(run.status == "completed" for run in runs)


def watcher_of(stand: Stand) -> WorkflowHandle[Any, Any]:
    """The one watcher of the stand's repository."""
    return stand.client.get_workflow_handle(names.run_watch_id(REPOSITORY))


NONSENSE: list[tuple[str, list[Any]]] = [
    ("runs_completed", []),
    ("runs_completed", ["text"]),
    ("runs_completed", [{"completions": "none"}]),
    ("runs_completed", [{"completions": [{"run_id": "x"}]}]),
    ("runs_completed", [{"completions": []}, 2]),
    ("pause", []),
    ("resume", [{"deep": [1, None]}]),
    ("approve", [7]),
    ("no-such-signal", [{"a": 1}]),
    ("no-such-signal", []),
]
WATCHER_NONSENSE: list[tuple[str, list[Any]]] = [
    (signal, arguments)
    for signal in ("announce", "watch", "release", "unknown")
    for arguments in ([], ["text"], [{"runs": 1}], [1, 2])
]


async def test_no_signal_can_wedge_anything(stand: Stand) -> None:
    stand.control.timed([{"duration_seconds": 5}])
    async with stand.workers():
        handle = await start_full(stand)
        watcher = watcher_of(stand)
        for name, arguments in NONSENSE:
            await handle.signal(name, args=arguments)
        for name, arguments in WATCHER_NONSENSE:
            await watcher.signal(name, args=arguments)
        report = await final_report(handle)

        assert report["totals"]["by_status"] == {"success": ITEMS}
        refused = [d["subject"] for d in report["decisions"] if d["kind"] == "signal-refused"]
        assert refused.count("runs_completed") == 5
        assert refused.count("no-such-signal") == 2
        assert await failed_tasks(handle) == 0
        assert await failed_tasks(watcher) == 0


async def failed_tasks(handle: WorkflowHandle[Any, Any]) -> int:
    """How many workflow tasks failed: each would be tried again for ever."""
    events = [event async for event in handle.fetch_history_events()]
    return sum(e.HasField("workflow_task_failed_event_attributes") for e in events)


async def test_starts_with_none_two_or_a_list_of_inputs_fail_at_once(tmp_path: Path) -> None:
    odd: list[list[Any]] = [[], [{"spec": spec(1)}, 2], [[1, 2]], ["x"], [None], [{"spek": 1}]]
    async with open_stand(tmp_path) as stand, stand.workers():
        for kind in ("OrchestratorWorker", "RunWatch"):
            for number, arguments in enumerate(odd):
                handle = await stand.client.start_workflow(
                    kind, args=arguments, id=f"odd/{kind}/{number}", task_queue=names.TASK_QUEUE
                )
                await asyncio.wait({asyncio.ensure_future(ended(handle))}, timeout=20)
                closed = (await handle.describe()).status
                expected = "FAILED" if kind == "OrchestratorWorker" else "COMPLETED"
                assert closed is WorkflowExecutionStatus[expected], (kind, arguments)
                assert await failed_tasks(handle) == 0


async def ended(handle: WorkflowHandle[Any, Any]) -> None:
    """Wait for an end of any kind."""
    async for event in handle.fetch_history_events(wait_new_event=True):
        if event.event_type in {2, 3}:
            return
