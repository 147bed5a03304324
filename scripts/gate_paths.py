"""The path of a gate that nobody answers in time, that is flooded, and that an update decides."""

import asyncio
from typing import Any

from tests.system.stand import REPOSITORY, Stand


def gated(**approval: Any) -> dict[str, Any]:
    """A pipeline that begins with a gate."""
    return {
        "name": "test",
        "pattern": "pipeline",
        "repository": REPOSITORY,
        "stages": [
            {
                "name": "production",
                "approval": {"approvers": ["boss"], **approval},
                "workers": {"deploy": {"workflow": "analyzer.yml", "inputs": {"item": "deploy"}}},
            }
        ],
    }


async def asked(handle: Any) -> None:
    """Wait until the approval issue is written."""
    while not (shown := await handle.query("gates")) or not shown[0]["issue_url"]:  # noqa: ASYNC110 - a server's
        await asyncio.sleep(0.5)


async def until_continued(handle: Any) -> None:
    """Fill the history with answers that do not count, until another run of the chain goes on."""
    while (await handle.describe()).run_id == handle.first_execution_run_id:
        await handle.signal("approve", {"approver": "guest"})


async def gate_escalated(stand: Stand) -> None:
    """Escalated, continued as new with what was said, and approved by the update `decide`."""
    escalated = {"timeout-action": "escalate", "escalate": {"approvers": ["chief"]}}
    data = gated(timeout="2s", **escalated)
    handle = await stand.start(data, "podium/test/gate-escalated")
    async with asyncio.timeout(120):
        while not (shown := await handle.query("gates")) or not shown[0]["escalated"]:  # noqa: ASYNC110 - a server's
            await asyncio.sleep(0.5)
        await until_continued(handle)
        await handle.execute_update("decide", {"approver": "chief", "comment": "go"})
        await handle.result()
