"""Record histories of real runs into tests/histories/, which every change must replay.

Record only a path that is new, by its name (`scripts/record_histories.py pipeline`): an old history
that no longer replays is a break of running workflows, and wants `workflow.patched`, not a new
recording. `make histories` records all of them.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from activities.executions import Entity, ask
from contracts.content import Leaves
from contracts.names import TASK_QUEUE, UPDATE_LEAVE, content_id
from sandbox.control import TimedRule
from scripts import (
    breaker_paths,
    cancel_paths,
    fleet_paths,
    gate_paths,
    map_reduce_paths,
    output_paths,
    pipeline_paths,
    pool_paths,
    reflection_paths,
    router_paths,
    watch_paths,
)
from scripts.recording import FOLDER, QUICK_RETRY, ended, finish, save, worker
from tests.system.drafts import SUGGEST_AFTER
from tests.system.stand import REPOSITORY, Stand, open_stand, spec


async def hierarchical(stand: Stand) -> None:
    """Two phases of children; health issues are collected, and one child fails."""
    leave = {"create-issue": {"max": 1}}
    stand.control.timed([TimedRule(inputs={"item": "broken"}, conclusion="failure")])
    children = {
        name: {
            "spec": spec(items, name=name, **{"safe-outputs": leave}, **worker(retry=QUICK_RETRY)),
            "required": name != "right",
        }
        for name, items in (("left", ["a", "b"]), ("right", ["broken"]), ("last", ["c"]))
    }
    data = {
        "name": "test",
        "pattern": "hierarchical",
        "repository": REPOSITORY,
        "safe-outputs": leave,
        "phases": [
            {"name": "first", "orchestrations": {n: children[n] for n in ("left", "right")}},
            {"name": "second", "orchestrations": {"last": children["last"]}},
        ],
    }
    await finish(stand, "hierarchical", data)
    stand.control.timed([])
    await save(stand.client, "hierarchical-child", "podium/test/hierarchical/left")


async def hierarchical_again(stand: Stand) -> None:
    """Terminated and started again: the child of before is asked to cancel, and waited for."""
    before = len(stand.control.runs())
    stand.control.timed([TimedRule(duration_seconds=600, times=1), TimedRule()])
    only = {"spec": spec(1, name="only")}
    data = {
        "name": "test",
        "pattern": "hierarchical",
        "repository": REPOSITORY,
        "phases": [{"name": "first", "orchestrations": {"only": only}}],
    }
    handle = await stand.start(data, "podium/test/hierarchical-again")
    async with asyncio.timeout(120):
        while len(stand.control.runs()) == before:  # noqa: ASYNC110 - a server's
            await asyncio.sleep(0.2)
    await handle.terminate()
    await finish(stand, "hierarchical-again", data)
    stand.control.timed([])


async def map_reduce(stand: Stand) -> None:
    """Every reducer: figures, uploads to three repositories and home, a last worker."""
    map_reduce_paths.prepare(stand.control, 3)
    await finish(stand, "map-reduce", map_reduce_paths.reduced(3))
    stand.control.timed([])


async def record_map_reduce_chained(folder: Path) -> None:
    """Record a chain of runs, some of which upload."""
    chained = {"limit.historyCount.suggestContinueAsNew": "60"}
    async with open_stand(folder, dynamic=chained) as stand, stand.workers():
        map_reduce_paths.prepare(stand.control, 12, duration_seconds=2)
        data = map_reduce_paths.reduced(12, **{"max-parallel": 4})
        await finish(stand, "map-reduce-chained", data)
        await save(stand.client, "map-reduce-chained", "podium/test/map-reduce-chained")


async def reflection(stand: Stand) -> None:
    """Two rounds with a person's critique, and a pull request."""
    await ended(await reflection_paths.criticised(stand))
    stand.control.timed([])


async def reflection_accepted(stand: Stand) -> None:
    """A person accepts the first draft while the second is written."""
    await ended(await reflection_paths.accepted(stand))
    stand.control.timed([])


async def record_reflection_chained(folder: Path) -> None:
    """Record a chain of runs with drafts and reviews in flight."""
    async with open_stand(folder, dynamic=SUGGEST_AFTER) as stand, stand.workers():
        await ended(await reflection_paths.long(stand))
        await save(stand.client, "reflection-chained", "podium/test/reflection-chained")


async def router(stand: Stand) -> None:
    """Two rules hold for the issue of an event, and a comment tells of both."""
    router_paths.seed(stand.control)
    await ended(
        await stand.client.start_workflow(
            "Router",
            {"spec": router_paths.ruled(), "event": router_paths.EVENT},
            id="podium/test/router",
            task_queue=TASK_QUEUE,
        )
    )


async def router_classified(stand: Stand) -> None:
    """A classifier is sure of one issue, and not of the other."""
    router_paths.seed(stand.control)
    stand.control.timed([*router_paths.verdicts(), TimedRule()])
    await finish(stand, "router-classified", router_paths.classified())
    stand.control.timed([])


async def outputs_escalated(stand: Stand) -> None:
    """A failure that is escalated at once, and again."""
    output_paths.prepare(stand.control)
    stand.control.timed([TimedRule(conclusion="failure")])
    await finish(stand, "outputs-escalated-first", output_paths.asking())
    await finish(stand, "outputs-escalated", output_paths.asking())
    stand.control.timed([])


async def outputs_healed(stand: Stand) -> None:
    """A success that labels and closes its items, and the issue of the failure before."""
    output_paths.prepare(stand.control)
    await finish(stand, "outputs-healed", output_paths.asking())
    stand.control.timed([])


async def outputs_approved(stand: Stand) -> None:
    """Labels, closings and a report that wait for people, through a continue-as-new."""
    output_paths.prepare(stand.control)
    approval = {"approvers": ["boss"]}
    handle = await stand.start(
        output_paths.asking(approval=approval), "podium/test/outputs-approved"
    )
    async with asyncio.timeout(120):
        await gate_paths.asked(handle)
        await gate_paths.until_continued(handle)
        await handle.signal("approve", {"approver": "boss"})
    await ended(handle)
    stand.control.timed([])


async def outputs_staged(stand: Stand) -> None:
    """A run that only shows what it would do."""
    output_paths.prepare(stand.control)
    await finish(stand, "outputs-staged", output_paths.asking(staged=True))
    stand.control.timed([])


async def record_router_chained(folder: Path) -> None:
    """Record a chain of runs with routed items in flight."""
    chained = {"limit.historyCount.suggestContinueAsNew": "50"}
    async with open_stand(folder, dynamic=chained) as stand, stand.workers():
        stand.control.timed([TimedRule(duration_seconds=2)])
        await finish(stand, "router-chained", router_paths.listed(24))
        await save(stand.client, "router-chained", "podium/test/router-chained")


async def record_router_unsure(folder: Path) -> None:
    """Record a chain of runs that ask people about a group of items."""
    chained = {"limit.historyCount.suggestContinueAsNew": "120"}
    async with open_stand(folder, dynamic=chained) as stand, stand.workers():
        await ended(await router_paths.through_a_gate(stand, "podium/test/router-unsure"))
        await save(stand.client, "router-unsure", "podium/test/router-unsure")


async def record_content_counter(folder: Path) -> None:
    """Record a chain of runs that give leave, have no room, and are asked what is no question."""
    chained = {"limit.historyCount.suggestContinueAsNew": "60"}
    limits = {"per_hour": 12}
    counter = Entity("ContentCounter", content_id("podium"), {"identity": "podium"}, "Counts")
    async with open_stand(folder, dynamic=chained) as stand, stand.workers():
        for number in range(16):
            again = not number % 4
            writes = [{"write_id": f"w{n}", "again": again} for n in (number, number // 2)]
            for question in ({"writes": writes, "limits": limits}, {"writes": number}):
                await ask(stand.client, counter, UPDATE_LEAVE, question, Leaves)
        await save(stand.client, "content-counter", counter.id)


PATHS = (
    fleet_paths.plain,
    fleet_paths.failures,
    fleet_paths.cancelled,
    fleet_paths.uncorrelated,
    fleet_paths.carried_retry,
    fleet_paths.run_again,
    fleet_paths.budget,
    fleet_paths.answered_by_news,
    fleet_paths.own_repositories,
    pipeline_paths.pipeline,
    pipeline_paths.pipeline_spent,
    pipeline_paths.pipeline_rejected,
    pipeline_paths.pipeline_undone,
    gate_paths.gate_escalated,
    pipeline_paths.pipeline_commented,
    hierarchical,
    hierarchical_again,
    breaker_paths.circuit_breaker,
    breaker_paths.circuit_breaker_gathered,
    pool_paths.worker_pool,
    pool_paths.voting,
    map_reduce,
    reflection,
    reflection_accepted,
    router,
    router_classified,
    outputs_escalated,
    outputs_healed,
    outputs_staged,
    outputs_approved,
)
"""What one stand can record, in this order."""


async def record(wanted: list[str]) -> None:
    """Record all paths, or those that are named."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with open_stand(Path(folder) / "plain") as stand, stand.workers():
            for path in PATHS:
                name = path.__name__.replace("_", "-")
                if not wanted or name in wanted:
                    await path(stand)
                    await save(stand.client, name, f"podium/test/{name}")
            if not wanted:
                await asyncio.sleep(8)  # the watcher ends when it has been idle for a while
                await save(stand.client, "run-watch", "run-watch/octo-org/widgets")
        for name, alone in ALONE.items():
            if not wanted or name in wanted:
                await alone(Path(folder) / name)


async def record_gate_both(folder: Path) -> None:
    """Record an approval and then a rejection that one workflow task takes in: nobody worked."""
    async with open_stand(folder) as stand:
        async with stand.workers():
            handle = await stand.start(gate_paths.gated(), "podium/test/gate-both")
            async with asyncio.timeout(120):
                await gate_paths.asked(handle)
        await handle.signal("approve", {"approver": "boss"})
        await handle.signal("reject", {"approver": "boss"})
        async with stand.workers():
            await ended(handle)
        await save(stand.client, "gate-both", "podium/test/gate-both")


ALONE = {
    "chained": fleet_paths.record_chained,
    "hush-answered": fleet_paths.record_hush_answered,
    "circuit-breaker-chained": breaker_paths.record_circuit_breaker_chained,
    "cancelled-concluding": cancel_paths.record_cancelled,
    "run-watch-late": watch_paths.record_late,
    "run-watch-surplus": watch_paths.record_surplus,
    "breaker-short": breaker_paths.record_breaker_short,
    "gate-both": record_gate_both,
    "content-counter": record_content_counter,
    "worker-pool-chained": pool_paths.record_worker_pool_chained,
    "map-reduce-chained": record_map_reduce_chained,
    "reflection-chained": record_reflection_chained,
    "router-chained": record_router_chained,
    "router-unsure": record_router_unsure,
}
"""What wants a stand of its own."""


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1:]))
    sys.stdout.flush()
    os._exit(0)  # a process that ran a Worker may abort on an ordinary exit
