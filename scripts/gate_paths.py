"""The path of a gate that nobody answers in time, that is flooded, and that an update decides."""

import asyncio

from tests.system.stand import REPOSITORY, Stand


async def gate_escalated(stand: Stand) -> None:
    """Escalated, continued as new with what was said, and approved by the update `decide`."""
    data = {
        "name": "test",
        "pattern": "pipeline",
        "repository": REPOSITORY,
        "stages": [
            {
                "name": "production",
                "approval": {
                    "approvers": ["boss"],
                    "timeout": "2s",
                    "timeout-action": "escalate",
                    "escalate": {"approvers": ["chief"]},
                },
                "workers": {"deploy": {"workflow": "analyzer.yml", "inputs": {"item": "deploy"}}},
            }
        ],
    }
    handle = await stand.start(data, "podium/test/gate-escalated")
    async with asyncio.timeout(120):
        while not (shown := await handle.query("gates")) or not shown[0]["escalated"]:
            await asyncio.sleep(0.5)
        while (await handle.describe()).run_id == handle.first_execution_run_id:
            await handle.signal("approve", {"approver": "guest"})
        await handle.execute_update("decide", {"approver": "chief", "comment": "go"})
        await handle.result()
