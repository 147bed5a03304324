"""The paths of pipelines: stages, checks, gates, what is undone."""

import asyncio
from typing import Any

import requests

from contracts.names import gate_watch_id
from sandbox.control import TimedRule
from scripts.recording import QUICK_RETRY, ended, finish, save
from tests.system.stand import REPOSITORY, Stand


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
