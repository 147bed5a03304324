"""A Temporal Worker freezes in a dispatch, another takes over, and the first one wakes up late."""

import asyncio
import os
import signal
from pathlib import Path

from tests.system.killing import commenting_stand
from tests.system.rooms import Room, final_report, open_room, until
from tests.system.stand import Stand
from tests.system.survival import problems

ITEMS = 5
_LONG = {"comment": True, "duration_seconds": 8}
"""The orchestration still goes on when the frozen Worker wakes."""
_POLLS_END = {"matching.longPollExpirationInterval": '"10s"'}
"""What a frozen Worker asked for is given to it, and lost, until the server takes its polls for over:
for 60 s by default, so that most dispatches are lost to it twice."""


async def freeze_and_wake(stand: Stand, folder: Path, moment: str) -> tuple[list[str], int]:
    """Freeze a Worker at a moment, wake it when its successor has done its work again.

    Returns:
        What is wrong in the end, and how many surplus runs there were.
    """
    async with open_room(stand, moment.replace(" ", "-"), folder, ITEMS) as room:
        frozen = room.fused_worker(moment, signal="SIGSTOP")
        handle = await room.start(room.spec())
        await until(room.marker.exists)
        async with room.successor():
            await until(lambda: len(_dispatched(room)) == ITEMS)
            assert frozen.pid
            os.kill(frozen.pid, signal.SIGCONT)
            report = await final_report(handle)
            await until(lambda: all(run.status == "completed" for run in room.runs()))
        assert frozen.exitcode is None, "it woke, and went on"
        surplus = len(room.runs()) - ITEMS
        return problems(room, report, ITEMS, surplus=surplus), surplus


def _dispatched(room: Room) -> set[str | None]:
    return {run.dispatch_id for run in room.runs()}


async def test_a_dispatch_frozen_and_done_by_another_worker_leaves_one_run(tmp_path: Path) -> None:
    """Frozen before its check, it sends nothing when it wakes; after it, its run is surplus."""
    async with commenting_stand(tmp_path, _LONG, dynamic=_POLLS_END) as stand:
        checked, posted = await asyncio.gather(
            freeze_and_wake(stand, tmp_path, "before github.run.dispatch"),
            freeze_and_wake(stand, tmp_path, "before actions.dispatch"),
        )

    assert checked == ([], 0)
    assert posted[0] == []
    assert posted[1] >= 1, "the frozen attempt did post, so that the rest proves something"
