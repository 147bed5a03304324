"""A workflow is reset in mid-run, or its id is used again: each item still once per orchestration."""

from collections import Counter
from pathlib import Path

from tests.system.killing import commenting_stand
from tests.system.rooms import Room, final_report, open_room, until
from tests.system.survival import problems, surviving

ITEMS = 40
AGAIN = 6


async def reset(room: Room, workflow_id: str) -> None:
    """Reset the run that is open to its first workflow task, as an operator does."""
    code, said = await room.temporal(
        "workflow", "reset", "--workflow-id", workflow_id,
        "--type", "FirstWorkflowTask", "--reason", "try again",
    )  # fmt: skip
    assert code == 0, said


async def test_a_reset_run_sends_nothing_again(tmp_path: Path) -> None:
    async with (
        commenting_stand(tmp_path) as stand,
        open_room(stand, "reset", tmp_path, ITEMS) as room,
        room.successor(),
    ):
        handle = await room.start()
        await until(lambda: len(room.runs()) >= 8)
        await reset(room, handle.id)
        await until(lambda: len(room.runs()) >= 25)  # by now the chain has continued as new
        await reset(room, handle.id)

        assert problems(room, await final_report(handle), ITEMS) == []


async def test_an_id_used_again_is_another_orchestration(tmp_path: Path) -> None:
    async with (
        commenting_stand(tmp_path) as stand,
        open_room(stand, "again", tmp_path, AGAIN) as room,
        room.successor(),
    ):
        first = await room.start(workflow_id="podium/survive/again")
        assert problems(room, await final_report(first), AGAIN) == []

        second = await room.start(workflow_id="podium/survive/again")
        report = await final_report(second)

        assert report["totals"]["by_status"] == {"success": AGAIN}, "the report issue is left out"
        assert room.comments() == Counter(dict.fromkeys(range(1, AGAIN + 1), 2))
        assert len(surviving(room)) == 2 * AGAIN
        assert len(room.reports()) == 2


async def test_an_id_used_again_after_a_termination_keeps_its_own_runs(tmp_path: Path) -> None:
    """The first chain's runs are orphans, and are cancelled; the second's are left alone."""
    slow = {"comment": True, "duration_seconds": 60, "times": AGAIN}
    async with (
        commenting_stand(tmp_path, slow) as stand,
        open_room(stand, "ended", tmp_path, AGAIN) as room,
        room.successor(),
    ):
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
