"""Record histories of real runs into tests/histories/, which every change must replay.

Run `make histories` only for a path that is new: an old history that no longer replays is a
break of running workflows, and wants `workflow.patched`, not a new recording.
"""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowFailureError

from sandbox.control import TimedRule
from tests.system.stand import Stand, open_stand, spec

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "histories"
QUICK_RETRY = {"maximum-attempts": 2, "initial-interval": "1s"}


def worker(**more: Any) -> dict[str, Any]:
    """The stand's worker, with more or other keys."""
    base = {"workflow": "analyzer.yml", "inputs": {"item": "${{ item.value }}"}}
    return {"worker": {**base, **more}}


async def save(client: Client, name: str, workflow_id: str) -> None:
    """Save every run of a workflow id's chain; the real id must be kept, ids derive from it."""
    number = 0
    async for found in client.list_workflows(f"WorkflowId = '{workflow_id}'"):
        handle = client.get_workflow_handle(workflow_id, run_id=found.run_id)
        history = await handle.fetch_history()
        number += 1
        path = FOLDER / f"{name}.{number}.json"
        events = _anonymous(json.loads(history.to_json()))
        data = {"workflow_id": workflow_id, "history": events}
        path.write_text(json.dumps(data, separators=(",", ":")) + "\n")


def _anonymous(data: Any) -> Any:
    """Leave out which process on which host did what."""
    if isinstance(data, list):
        return [_anonymous(one) for one in data]
    if not isinstance(data, dict):
        return data
    return {k: "worker" if k == "identity" else _anonymous(v) for k, v in data.items()}


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


async def finish(stand: Stand, name: str, data: dict[str, Any]) -> None:
    """Run a spec to its end, whatever the end is."""
    await ended(await stand.start(data, f"podium/test/{name}"))


async def ended(handle: Any) -> None:
    """Wait for an end, bounded."""
    try:
        await asyncio.wait_for(handle.result(), 120)
    except WorkflowFailureError:
        return


async def record() -> None:
    """Record all paths."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with open_stand(Path(folder) / "plain") as stand, stand.workers():
            for path in (plain, failures, cancelled, uncorrelated):
                await path(stand)
                await save(stand.client, path.__name__, f"podium/test/{path.__name__}")
            await asyncio.sleep(8)  # the watcher ends when it has been idle for a while
            await save(stand.client, "run-watch", "run-watch/octo-org/widgets")
        chained = {"limit.historyCount.suggestContinueAsNew": "60"}
        async with open_stand(Path(folder) / "chained", dynamic=chained) as stand, stand.workers():
            stand.control.timed([TimedRule(duration_seconds=2)])
            await finish(stand, "chained", spec(12, **{"max-parallel": 4}))
            await save(stand.client, "chained", "podium/test/chained")
            await asyncio.sleep(8)
            await save(stand.client, "run-watch-chained", "run-watch/octo-org/widgets")


if __name__ == "__main__":
    asyncio.run(record())
    sys.stdout.flush()
    os._exit(0)  # a process that ran a Worker may abort on an ordinary exit
