"""What the recorded runs have in common: a worker, and how they are brought to their ends and saved."""

import asyncio
import json
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowFailureError

from tests.system.stand import Stand

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
    """Leave out which process on which host did what, and where its files were."""
    if isinstance(data, list):
        return [_anonymous(one) for one in data]
    if not isinstance(data, dict):
        return data
    kept = {k: v for k, v in data.items() if k != "stackTrace"}
    return {k: "worker" if k == "identity" else _anonymous(v) for k, v in kept.items()}


async def finish(stand: Stand, name: str, data: dict[str, Any]) -> None:
    """Run a spec to its end, whatever the end is."""
    await ended(await stand.start(data, f"podium/test/{name}"))


async def ended(handle: Any) -> None:
    """Wait for an end, bounded."""
    try:
        async with asyncio.timeout(120):
            await handle.result()
    except WorkflowFailureError:
        return
