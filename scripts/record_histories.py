"""Record histories of real runs into tests/histories/, which every change must replay.

Record only a path that is new, by its name (`scripts/record_histories.py pipeline`): an old history
that no longer replays is a break of running workflows, and wants `workflow.patched`, not a new
recording. `make histories` records all of them.
"""

import asyncio
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from activities.executions import Entity, ask
from contracts.content import Leaves
from contracts.fleet import Entry, FleetState, OrchestrationState, SourceState
from contracts.names import (
    SIGNAL_HUSH,
    TASK_QUEUE,
    UPDATE_LEAVE,
    content_id,
    gate_watch_id,
    run_watch_id,
)
from contracts.runs import Item
from contracts.watch import Hush
from sandbox.control import TimedRule
from sandbox.settings import ItemResults
from scripts import (
    attempt_paths,
    breaker_paths,
    gate_paths,
    map_reduce_paths,
    output_paths,
    reflection_paths,
    router_paths,
)
from scripts.own_repositories_paths import over_repositories, serve
from scripts.recording import FOLDER, ended, finish, save
from tests.system.drafts import SUGGEST_AFTER
from tests.system.stand import REPOSITORY, Stand, open_stand, spec

QUICK_RETRY = {"maximum-attempts": 2, "initial-interval": "1s"}


def worker(**more: Any) -> dict[str, Any]:
    """The stand's worker, with more or other keys."""
    base = {"workflow": "analyzer.yml", "inputs": {"item": "${{ item.value }}"}}
    return {"worker": {**base, **more}}


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


def stages(**approval: Any) -> dict[str, Any]:
    """A pipeline over the stand's worker: a stage of two, then one that is checked, then a gate."""

    def one(item: str) -> dict[str, Any]:
        return {"workflow": "analyzer.yml", "inputs": {"item": item}, "retry": QUICK_RETRY}

    staged, deployed = one("stage"), one("deploy")
    probe = one("probe ${{ stages.staging.deploy.outputs.item }}")
    undo = one("undo ${{ stages.staging.deploy.outputs.item }}")
    return {
        "name": "test",
        "pattern": "pipeline",
        "repository": REPOSITORY,
        "safe-outputs": {"create-issue": {"max": 1}, "create-comment": {"max": 3}},
        "stages": [
            {"name": "validate", "workers": {"scan": one("scan"), "test": one("test")}},
            {
                "name": "staging",
                "workers": {"deploy": staged},
                "checks": {"probe": probe},
                "rollback": undo,
            },
            {
                "name": "production",
                "approval": {"approvers": ["boss"], **approval},
                "workers": {"deploy": deployed},
                "checks": {"probe": one("last")},
                "rollback": one("undo deploy"),
                "roll-back": ["staging"],
            },
        ],
    }


async def answered(stand: Stand, name: str, answer: str) -> None:
    """Run the pipeline, and answer at its gate."""
    handle = await stand.start(stages(), f"podium/test/{name}")
    async with asyncio.timeout(120):
        while not await handle.query("gates"):  # noqa: ASYNC110 - a server's
            await asyncio.sleep(1)
    await handle.signal(answer, {"approver": "boss", "comment": "looked at it"})
    await ended(handle)


def telling() -> TimedRule:
    """The rule by which runs tell their item."""
    told = {"protocol": "podium/v1", "worker": "analyzer", "run_id": "{run_id}"}
    outputs = {"item": "{inputs.item}"}
    return TimedRule(result={**told, "status": "success", "outputs": outputs})


async def pipeline_commented(stand: Stand) -> None:
    """A gate that is answered by comments: one that does not count, then two that make a quorum."""
    stand.control.timed([telling()])
    stand.control.settings(collaborators={"boss": "write", "second": "admin", "nobody": "read"})
    asks = {"approvers": ["boss", "role:admin"], "quorum": 2}
    handle = await stand.start(stages(**asks), "podium/test/pipeline-commented")
    async with asyncio.timeout(120):
        while not (gates := await handle.query("gates")) or not gates[0]["issue_number"]:  # noqa: ASYNC110 - a server's
            await asyncio.sleep(1)
        number = gates[0]["issue_number"]
        watch = stand.client.get_workflow_handle(gate_watch_id(REPOSITORY))
        for login in ("nobody", "boss", "second"):
            token = stand.control.add_token(login)
            made = await asyncio.to_thread(_comment, stand, token, number)
            seen = {"number": number, "comment_id": made, "author": login}
            await watch.signal("comments_seen", {"comments": [seen]})
            await asyncio.sleep(2)
    await ended(handle)
    await save(stand.client, "gate-watch", gate_watch_id(REPOSITORY))
    stand.control.timed([])


def _comment(stand: Stand, token: str, number: int) -> int:
    url = f"{stand.sandbox.api_url}/repos/{REPOSITORY}/issues/{number}/comments"
    said = {"body": "/approve production"}
    headers = {"Authorization": f"Bearer {token}"}
    return int(requests.post(url, json=said, headers=headers, timeout=20).json()["id"])


async def pipeline(stand: Stand) -> None:
    """Stages, checks, a gate that is approved, comments on its issue."""
    stand.control.timed([telling()])
    await answered(stand, "pipeline", "approve")
    stand.control.timed([])


async def pipeline_spent(stand: Stand) -> None:
    """A budget that is used up before a stage is checked: it is rolled back at any cost."""
    stand.control.timed([telling()])
    await finish(stand, "pipeline-spent", stages() | {"budget": {"dispatches": 3}})
    stand.control.timed([])


async def pipeline_rejected(stand: Stand) -> None:
    """A gate that is rejected."""
    stand.control.timed([telling()])
    await answered(stand, "pipeline-rejected", "reject")
    stand.control.timed([])


async def pipeline_undone(stand: Stand) -> None:
    """The last check fails, and both deployments are undone, the later one first."""
    failing = TimedRule(inputs={"item": "last"}, conclusion="failure")
    stand.control.timed([failing, telling()])
    await answered(stand, "pipeline-undone", "approve")
    stand.control.timed([])


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


def pooled(items: int, **changes: Any) -> dict[str, Any]:
    """A pool over the stand's worker, which gets its batch as its item."""
    base = {
        "pattern": "worker-pool",
        "worker": {
            "workflow": "analyzer.yml",
            "inputs": {"item": "${{ batch.items }}"},
            "retry": {"initial-interval": "1s"},
        },
        "pool": {"items-per-worker": 2, "max-workers": 3, "max-attempts": 3},
        "success": {"min-success-rate": 0},
    }
    return spec(items, **{**base, **changes})


def batched(**rule: Any) -> list[TimedRule]:
    """The rules by which one batch is lost, and the others tell of each item."""
    answers = ItemResults(input="item", failing={"item-3": "no such record"})
    return [
        TimedRule(times=1, conclusion="failure", result=None, **rule),
        TimedRule(item_results=answers, **rule),
    ]


async def worker_pool(stand: Stand) -> None:
    """A batch is lost and goes out again in halves; one item is poison."""
    stand.control.timed(batched())
    await finish(stand, "worker-pool", pooled(8))
    stand.control.timed([])


async def voting(stand: Stand) -> None:
    """One item that votes agree on, and one that they do not."""
    answers = [{"outputs": {"answer": n}} for n in range(3)]
    torn = [TimedRule(inputs={"item": "item-0"}, times=1, result=one) for one in answers]
    stand.control.timed([*torn, TimedRule(result={"outputs": {"answer": "same"}})])
    votes = {"votes": 3, "quorum": 2, "on": "outputs.answer"}
    await finish(stand, "voting", spec(2, voting=votes, success={"min-success-rate": 0}))
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
    plain,
    failures,
    cancelled,
    uncorrelated,
    carried_retry,
    run_again,
    budget,
    answered_by_news,
    own_repositories,
    pipeline,
    pipeline_spent,
    pipeline_rejected,
    pipeline_undone,
    gate_paths.gate_escalated,
    pipeline_commented,
    hierarchical,
    breaker_paths.circuit_breaker,
    breaker_paths.circuit_breaker_gathered,
    worker_pool,
    voting,
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


async def record_worker_pool_chained(folder: Path) -> None:
    """Record a chain of runs with batches in flight."""
    chained = {"limit.historyCount.suggestContinueAsNew": "60"}
    async with open_stand(folder, dynamic=chained) as stand, stand.workers():
        stand.control.timed(batched(duration_seconds=2))
        await finish(stand, "worker-pool-chained", pooled(24))
        await save(stand.client, "worker-pool-chained", "podium/test/worker-pool-chained")


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


async def record_chained(folder: Path) -> None:
    """Record chains of runs: of an orchestration, and of its watcher."""
    chained = {"limit.historyCount.suggestContinueAsNew": "60"}
    async with open_stand(folder, dynamic=chained) as stand, stand.workers():
        stand.control.timed([TimedRule(duration_seconds=2)])
        await finish(stand, "chained", spec(12, **{"max-parallel": 4}))
        await save(stand.client, "chained", "podium/test/chained")
        await asyncio.sleep(8)
        await save(stand.client, "run-watch-chained", "run-watch/octo-org/widgets")


ALONE = {
    "chained": record_chained,
    "hush-answered": record_hush_answered,
    "circuit-breaker-chained": breaker_paths.record_circuit_breaker_chained,
    "breaker-short": breaker_paths.record_breaker_short,
    "gate-both": record_gate_both,
    "content-counter": record_content_counter,
    "worker-pool-chained": record_worker_pool_chained,
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
