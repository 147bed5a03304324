"""Runs that lose their Temporal Worker at a named moment, several of them side by side."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.system.rooms import final_report, open_room, until
from tests.system.stand import Stand, open_stand
from tests.system.survival import problems

ITEMS = 40
_AT_ONCE = 6
"""Rooms side by side, all of a test's: two cores still keep Temporal's time limits, and waits overlap."""
CONTINUE_AFTER = "limit.historyCount.suggestContinueAsNew"
CONTINUE_AT = 150
"""Events after which the server suggests to continue as new: a run of 40 items does so thrice."""


@dataclass(frozen=True)
class Death:
    """Where a Worker dies, and at which passing of that place."""

    moment: str
    passing: int = 1
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.moment}, passing {self.passing}"


@asynccontextmanager
async def commenting_stand(
    folder: Path, *rules: Mapping[str, Any], dynamic: dict[str, str] | None = None
) -> AsyncIterator[Stand]:
    """A stand whose runs comment their result after a second, and continue as new often.

    Args:
        folder: scratch.
        rules: timed rules that come before that.
        dynamic: more of the server's dynamic configuration.
    """
    async with open_stand(
        folder, dynamic={CONTINUE_AFTER: str(CONTINUE_AT)} | (dynamic or {})
    ) as stand:
        stand.control.timed([*rules, {"comment": True, "duration_seconds": 1}])
        yield stand


async def survive_all(folder: Path, deaths: Sequence[Death]) -> dict[str, list[str]]:
    """Run 40 items through each death; what was wrong afterwards, by death."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(stand: Stand, name: str, death: Death) -> list[str]:
        async with places:
            return await _survive(stand, folder, name, death)

    async with commenting_stand(folder) as stand:
        found = await asyncio.gather(
            *(one(stand, f"room-{n}", death) for n, death in enumerate(deaths))
        )
    return {str(death): wrong for death, wrong in zip(deaths, found, strict=True)}


async def _survive(stand: Stand, folder: Path, name: str, death: Death) -> list[str]:
    async with open_room(stand, name, folder, ITEMS) as room:
        try:
            first = room.fused_worker(death.moment, death.passing)
            handle = await room.start(room.spec(**death.changes))
            await until(lambda: first.exitcode is not None)
            if first.exitcode != -signal.SIGKILL or not room.marker.exists():
                return [f"ended with {first.exitcode}, and not at {death}"]
            async with room.successor():
                return problems(room, await final_report(handle), ITEMS)
        except TimeoutError as error:
            return [f"never ended: {error}"]
