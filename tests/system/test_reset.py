"""A workflow is reset in mid-run, or its id is used again: each item still once per orchestration."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle

from tests.patience import PATIENCE
from tests.system.killing import CONTINUE_AFTER, commenting_stand
from tests.system.rooms import Room, final_report, open_room, until
from tests.system.stand import Stand
from tests.system.survival import problems, surviving

ITEMS = 40
AGAIN = 6
_SLOW = {
    "repository": "octo-org/ended",
    "comment": True,
    "duration_seconds": 60,
    "times": AGAIN,
}
"""Those of the chain that is terminated; nobody waits for them."""
_SLOW_CHILDREN = {**_SLOW, "repository": "octo-org/parent", "times": 2 * AGAIN}
"""Those of the children of a parent that is terminated, and then reset."""
_AT_ONCE, _CONTINUE_AT = 18, 250
"""What is not sent is in doubt for half a minute after a reset, and again after the first time that the
chain then continues as new. Few and wide windows make few such waits: the chain continues as new
within its second window, and not again after the second reset."""

_BUSY = "Workflow is busy"
"""So the server says of one that much happens to; who resets it tries again."""


async def reset(room: Room, workflow_id: str) -> None:
    """Reset the run that is open to its first workflow task, as an operator does."""
    code, said = 1, _BUSY
    while code and _BUSY in said:
        code, said = await room.temporal(
            "workflow", "reset", "--workflow-id", workflow_id,
            "--type", "FirstWorkflowTask", "--reason", "try again",
        )  # fmt: skip
    assert code == 0, said


async def a_run_is_reset_twice(stand: Stand, folder: Path) -> None:
    """Once in its first run, and once in a later one of its chain."""
    async with open_room(stand, "reset", folder, ITEMS) as room, room.successor():
        handle = await room.start(room.spec(**{"max-parallel": _AT_ONCE}))
        await until(lambda: len(room.runs()) >= 8)
        await reset(room, handle.id)
        await continued(handle)
        await reset(room, handle.id)

        assert problems(room, await final_report(handle), ITEMS) == []


async def continued(handle: WorkflowHandle[Any, Any]) -> None:
    """Wait until a chain continues as new."""
    before = (await handle.describe()).run_id
    async with asyncio.timeout(PATIENCE):
        while (await handle.describe()).run_id == before:  # noqa: ASYNC110 - it is elsewhere
            await asyncio.sleep(0.1)


async def an_id_is_used_again(stand: Stand, folder: Path) -> None:
    """That is another orchestration."""
    async with open_room(stand, "again", folder, AGAIN) as room, room.successor():
        first = await room.start(workflow_id="podium/survive/again")
        assert problems(room, await final_report(first), AGAIN) == []

        second = await room.start(workflow_id="podium/survive/again")
        report = await final_report(second)

        assert report["totals"]["by_status"] == {"success": AGAIN}, "the report issue is left out"
        assert room.comments() == Counter(dict.fromkeys(range(1, AGAIN + 1), 2))
        assert len(surviving(room)) == 2 * AGAIN
        assert len(room.reports()) == 2


async def an_id_is_used_again_after_a_termination(stand: Stand, folder: Path) -> None:
    """The first chain's runs are orphans, and are cancelled; the second's are left alone."""
    async with open_room(stand, "ended", folder, AGAIN) as room, room.successor():
        first = await room.start(workflow_id="podium/survive/ended")
        await until(lambda: len(room.runs()) == AGAIN)
        orphans = {run.run_id for run in room.runs()}
        await first.terminate("by hand")
        second = await room.start(workflow_id="podium/survive/ended")
        report = await final_report(second)
        await until(lambda: all(run.status == "completed" for run in room.runs()))

        assert report["totals"]["by_status"] == {"success": AGAIN}
        assert room.comments() == Counter(range(1, AGAIN + 1))
        cancelled = {run.run_id for run in room.runs() if run.conclusion == "cancelled"}
        assert cancelled == orphans


async def a_parent_is_terminated_and_reset(stand: Stand, folder: Path) -> None:
    """Its children begin again when those of the run before have closed, whose runs are cancelled."""
    async with open_room(stand, "parent", folder, AGAIN) as room, room.successor():
        data = family(room)
        first = await room.start(data, "podium/survive/parent")
        await until(lambda: len(room.runs()) == AGAIN)
        await first.terminate("by hand")
        handle = await room.start(data, "podium/survive/parent")
        await until(lambda: len(room.runs()) == 2 * AGAIN)
        orphans = {run.run_id for run in room.runs()}
        await reset(room, handle.id)
        report = await final_report(handle)

        assert (report["status"], report["totals"]["by_status"]) == ("succeeded", {"success": 2})
        delayed = [one["subject"] for one in report["decisions"] if one["kind"] == "delayed"]
        assert sorted(delayed) == ["left", "right"]
        assert room.comments() == Counter(range(1, AGAIN + 1))
        cancelled = {run.run_id for run in room.runs() if run.conclusion == "cancelled"}
        assert cancelled == orphans
        assert len(room.runs()) == 3 * AGAIN


def family(room: Room) -> dict[str, Any]:
    """A parent of two children, which share the items."""
    worker = {"workflow": "commenter.yml", "inputs": {"issue_number": "${{ item.value }}"}}
    numbers = range(1, AGAIN + 1)
    shares = {"left": [n for n in numbers if n % 2], "right": [n for n in numbers if not n % 2]}
    children = {
        name: {
            "spec": room.spec(
                name=name,
                worker=worker,
                **{"for-each": {"source": "list", "items": share}, "safe-outputs": {}},
            )
        }
        for name, share in shares.items()
    }
    return {
        "name": "survive",
        "pattern": "hierarchical",
        "repository": room.repository,
        "phases": [{"name": "one", "orchestrations": children}],
    }


SCENARIOS = (
    a_run_is_reset_twice,
    an_id_is_used_again,
    an_id_is_used_again_after_a_termination,
    a_parent_is_terminated_and_reset,
)


async def test_a_reset_run_and_an_id_used_again_send_nothing_again(tmp_path: Path) -> None:
    """Side by side: each of the four waits for most of its time."""
    rarely = {CONTINUE_AFTER: str(_CONTINUE_AT)}
    async with (
        commenting_stand(tmp_path, _SLOW, _SLOW_CHILDREN, dynamic=rarely) as stand,
        asyncio.TaskGroup() as rooms,
    ):
        for scenario in SCENARIOS:
            rooms.create_task(scenario(stand, tmp_path))
