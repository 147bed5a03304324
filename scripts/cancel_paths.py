"""The paths of cancellations that find the work done, or parked, while something else is under way."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle

from contracts.names import SIGNAL_GATE_COMMENT, SIGNAL_HUSH
from sandbox.control import TimedRule
from scripts.gate_paths import asked, gated
from scripts.map_reduce_paths import answer
from scripts.recording import ended, save
from tests.system.stand import REPOSITORY, Stand, open_stand

SUGGESTED_AFTER = {"limit.historyCount.suggestContinueAsNew": "80"}
ITEMS = 3
_SLOW = 8
"""Seconds that the write, or the read, takes that is under way."""
_FLOOD = 100
"""Signals that fill the history."""


def labelled() -> dict[str, Any]:
    """Every item is labelled, and there is a report."""
    return {
        "name": "test",
        "pattern": "orchestrator-worker",
        "repository": REPOSITORY,
        "for-each": {"source": "open-issues", "limit": ITEMS},
        "safe-outputs": {
            "create-issue": {"max": 1},
            "add-labels": {"from": "outputs.labels", "allowed": ["bug"]},
        },
        "worker": {"workflow": "analyzer.yml", "inputs": {"item": "${{ item.number }}"}},
    }


def prepare(stand: Stand, *, seconds: float) -> None:
    """Have issues, runs of which the first is quick, and a first label that takes its time."""
    issues = [
        {"number": n, "title": f"Issue {n}", "created_at": f"2026-01-0{n}T00:00:00Z"}
        for n in range(1, ITEMS + 1)
    ]
    stand.control.seed_issues(REPOSITORY, issues)
    said = answer(labels=["bug"])
    stand.control.timed(
        [
            TimedRule(inputs={"item": "1"}, result=said),
            TimedRule(duration_seconds=seconds, result=said),
        ]
    )
    slow = {"method": "POST", "path": "/labels$", "kind": "slow", "seconds": _SLOW, "times": 1}
    stand.control.faults([slow])


async def while_it_concludes(stand: Stand) -> WorkflowHandle[Any, Any]:
    """Cancel when all items have their results, and the first label is being written."""
    prepare(stand, seconds=0.5)
    handle = await stand.start(labelled(), "podium/test/cancelled-concluding")
    async with asyncio.timeout(60):
        await _finished(handle, ITEMS)
        await asyncio.sleep(1)
    await handle.cancel()
    return handle


async def while_it_parks(stand: Stand) -> WorkflowHandle[Any, Any]:
    """Cancel when the runs are parked for the chain's next run, and a label is being written."""
    prepare(stand, seconds=600)
    handle = await stand.start(labelled(), "podium/test/cancelled-parked")
    async with asyncio.timeout(60):
        await _finished(handle, 1)
        while not await _has(handle, _hushes):
            await handle.signal("nonsense")
            await asyncio.sleep(0.02)
        await asyncio.sleep(1.5)
    await handle.cancel()
    return handle


async def while_its_gate_parks(stand: Stand) -> WorkflowHandle[Any, Any]:
    """Cancel when a gate is parked, and a comment on its issue is being read."""
    slow = {"method": "GET", "path": "/issues/comments/", "kind": "slow", "seconds": _SLOW}
    stand.control.faults([slow | {"times": 1}])
    handle = await stand.start(gated(), "podium/test/cancelled-gate")
    async with asyncio.timeout(60):
        await asked(handle)
        (gate,) = await handle.query("gates")
        await handle.signal(SIGNAL_GATE_COMMENT, {"number": gate["issue_number"], "comment_id": 77})
        for _ in range(_FLOOD):
            await handle.signal("approve", {"approver": "guest"})
        await asyncio.sleep(1)
    await handle.cancel()
    return handle


async def _finished(handle: WorkflowHandle[Any, Any], items: int) -> None:
    while (await handle.query("status"))["finished"] < items:  # noqa: ASYNC110 - a server's
        await asyncio.sleep(0.1)


async def _has(handle: WorkflowHandle[Any, Any], is_it: Callable[[Any], bool]) -> bool:
    return any([is_it(event) async for event in handle.fetch_history_events()])


def _hushes(event: Any) -> bool:
    sent = event.signal_external_workflow_execution_initiated_event_attributes
    return bool(sent.signal_name == SIGNAL_HUSH)


async def record_cancelled(folder: Path) -> None:
    """Record all three."""
    for path in (while_it_concludes, while_it_parks, while_its_gate_parks):
        async with (
            open_stand(folder / path.__name__, dynamic=SUGGESTED_AFTER) as stand,
            stand.workers(),
        ):
            handle = await path(stand)
            await ended(handle)
            await save(stand.client, handle.id.rpartition("/")[2], handle.id)
