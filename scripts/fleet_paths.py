"""The paths of a fleet of one worker, and of its watcher."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contracts.fleet import Entry, FleetState, OrchestrationState, SourceState
from contracts.names import SIGNAL_HUSH, TASK_QUEUE, run_watch_id
from contracts.runs import Item
from contracts.watch import Hush
from sandbox.control import TimedRule
from scripts import attempt_paths
from scripts.own_repositories_paths import over_repositories, serve
from scripts.recording import QUICK_RETRY, ended, finish, save, worker
from tests.system.stand import REPOSITORY, Stand, open_stand, spec


async def plain(stand: Stand) -> None:
    """Three items, all well, with a report issue."""
    await finish(stand, "plain", spec(3, **{"safe-outputs": {"create-issue": {"max": 1}}}))


async def failures(stand: Stand) -> None:
    """A failure with retry, and a run that hangs past its timeout."""
    rules = [
        TimedRule(inputs={"item": "item-0"}, conclusion="failure"),
        TimedRule(inputs={"item": "item-1"}, duration_seconds=600),
    ]
    stand.control.timed(rules)
    limits = worker(retry=QUICK_RETRY, **{"timeout-minutes": 0.1})
    await finish(stand, "failures", spec(3, success={"min-success-rate": 0}, **limits))
    stand.control.timed([])


async def cancelled(stand: Stand) -> None:
    """Cancelled with runs in flight and items queued."""
    stand.control.timed([TimedRule(duration_seconds=600)])
    handle = await stand.start(spec(4, **{"max-parallel": 2}), "podium/test/cancelled")
    await asyncio.sleep(4)  # both places of the window are taken by then
    await handle.signal("pause")
    await handle.signal("resume")
    await handle.signal("nonsense", {"x": 1})
    await handle.cancel()
    await ended(handle)
    stand.control.timed([])


async def uncorrelated(stand: Stand) -> None:
    """A worker whose runs carry no dispatch id."""
    nameless = worker(workflow="nameless.yml")
    await finish(stand, "uncorrelated", spec(2, **nameless))


async def carried_retry(stand: Stand) -> None:
    """A run of a chain that begins with an item which waits for another attempt."""
    now = datetime.now(UTC)
    waiting = Entry(
        item=Item(key="1:item-0", fields={"value": "item-0"}),
        sequence=0,
        attempt=2,
        retry_at=now + timedelta(seconds=3),
    )
    fleet = FleetState(entries=[waiting], taken=1, source=SourceState(exhausted=True, taken=1))
    carry = OrchestrationState(started_at=now, deadline_at=now + timedelta(hours=1), fleet=fleet)
    await stand.client.execute_workflow(
        "OrchestratorWorker",
        {"spec": spec(1), "carry": carry.model_dump(mode="json")},
        id="podium/test/carried-retry",
        task_queue=TASK_QUEUE,
    )


async def run_again(stand: Stand) -> None:
    """A person starts a failed run again while its retry waits."""
    await attempt_paths.fail_once(stand)
    slowly = worker(retry={"maximum-attempts": 2, "initial-interval": "8s"})
    handle = await stand.start(spec(1, **slowly), "podium/test/run-again")
    await attempt_paths.run_again(stand, handle)
    await ended(handle)
    stand.control.timed([])


async def budget(stand: Stand) -> None:
    """A budget that is used up before the last items."""
    enough = {"min-success-rate": 0}
    await finish(stand, "budget", spec(4, budget={"dispatches": 2}, success=enough))


async def answered_by_news(stand: Stand) -> None:
    """A run that ends before its dispatch has an answer: refused a while, then accepted with a 502."""
    posts = {"method": "POST", "path": "/dispatches$"}
    limit = {**posts, "kind": "rate-limit", "seconds": 1, "times": 4}
    stand.control.faults([limit, {**posts, "kind": "status", "when": "after", "times": 1}])
    stand.control.timed([TimedRule(duration_seconds=2)])
    await finish(stand, "answered-by-news", spec(1))
    stand.control.clear_faults()
    stand.control.timed([])


async def own_repositories(stand: Stand) -> None:
    """A worker in each repository of an organization, and the watcher of one of them."""
    served = serve(stand, 3, seconds=3)
    await finish(stand, "own-repositories", over_repositories(3, 2))
    await save(stand.client, "run-watch-alone", run_watch_id(served[-1]))
    stand.control.timed([])


async def record_chained(folder: Path) -> None:
    """Record chains of runs: of an orchestration, and of its watcher."""
    chained = {"limit.historyCount.suggestContinueAsNew": "60"}
    async with open_stand(folder, dynamic=chained) as stand, stand.workers():
        stand.control.timed([TimedRule(duration_seconds=2)])
        await finish(stand, "chained", spec(12, **{"max-parallel": 4}))
        await save(stand.client, "chained", "podium/test/chained")
        await asyncio.sleep(8)
        await save(stand.client, "run-watch-chained", "run-watch/octo-org/widgets")


async def record_hush_answered(folder: Path) -> None:
    """Record a chain whose watcher says that it hushes, and a watcher that keeps news back."""
    chained = {"limit.historyCount.suggestContinueAsNew": "60"}
    async with open_stand(folder, dynamic=chained) as stand, stand.workers():
        stand.control.timed([TimedRule(duration_seconds=1.5)])
        await finish(stand, "hush-answered", spec(12, **{"max-parallel": 4}))
        await save(stand.client, "hush-answered", "podium/test/hush-answered")
        await asyncio.sleep(8)
        await save(stand.client, "run-watch-answers", run_watch_id(REPOSITORY))
    async with open_stand(folder / "longer") as stand, stand.workers():
        stand.control.timed([TimedRule(duration_seconds=2)])
        handle = await stand.start(spec(1), "podium/test/kept-back")
        await asyncio.to_thread(stand.control.wait_for_runs, bool, 60)
        watcher = stand.client.get_workflow_handle(run_watch_id(REPOSITORY))
        await watcher.signal(SIGNAL_HUSH, Hush(workflow_id=handle.id))
        await ended(handle)
        await asyncio.sleep(8)
        await save(stand.client, "run-watch-keeps-back", watcher.id)
