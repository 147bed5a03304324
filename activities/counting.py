"""Leave for what is written to GitHub, before it is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from pydantic import BaseModel
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities import executions
from activities.batches import Batches
from activities.executions import Entity
from activities.github import GitHub, RateLimitedError
from activities.once import Sight, Write
from contracts import names
from contracts.base import format_duration
from contracts.content import (
    HOUR,
    MAX_BATCH,
    USED_WITHIN,
    AskedWrite,
    AskLeaves,
    ContentLimits,
    ContentState,
    Leaves,
)

_SHORTEST_WAIT = timedelta(seconds=1)

T = TypeVar("T", bound=BaseModel)


class Counting:
    """The counters of all identities, reached through one Temporal client.

    A counter answers one question at a time, so what is asked meanwhile goes into the next one.
    """

    def __init__(self, client: Client, github: GitHub, limits: ContentLimits) -> None:
        self._client, self._github, self._limits = client, github, limits
        self._asking: Batches[str, AskedWrite, timedelta] = Batches(self._ask, MAX_BATCH)

    async def require(self, repository: str, write: AskedWrite) -> None:
        """Have leave for one write; where nothing is limited, nobody is asked.

        Raises:
            RateLimitedError: there is no room; `wait` says for how long, as things are.
            GitHubError: who writes cannot be found out.
            RPCError: Temporal, or the counter, did not answer in time.
        """
        if self._limits.unlimited:
            return
        identity = await self._github.call(self._github.repositories.identity, repository)
        wait = await self._asking.put(identity, write)
        if wait:
            wait = min(max(wait, _SHORTEST_WAIT), HOUR + USED_WITHIN)
            shown = format_duration(timedelta(seconds=round(wait.total_seconds())))
            raise RateLimitedError(
                f"{identity} has written all that is allowed ({self._told()}); again in {shown}",
                0,
                wait,
            )

    def _told(self) -> str:
        limits = {"a minute": self._limits.per_minute, "an hour": self._limits.per_hour}
        return ", ".join(f"{most} {span}" for span, most in limits.items() if most is not None)

    async def _ask(self, identity: str, asked: Sequence[AskedWrite]) -> Sequence[timedelta]:
        writes = {write.write_id: write for write in sorted(asked, key=lambda one: one.again)}
        ask = AskLeaves(writes=tuple(writes.values()), limits=self._limits)
        entity = Entity(
            "ContentCounter",
            names.content_id(identity),
            ContentState(identity=identity),
            f"Counts what {identity} writes",
        )
        answer = await executions.ask(self._client, entity, names.UPDATE_LEAVE, ask, Leaves)
        if not set(writes) <= set(answer.waits):
            raise RPCError("the counter did not understand", RPCStatusCode.UNAVAILABLE, b"")
        return [answer.waits[write.write_id] for write in asked]


@dataclass
class Counted(Generic[T]):
    """A write that has leave before each send."""

    write: Write[T]
    repository: str
    write_id: str
    counting: Counting
    again: bool = False
    """Whether an earlier send may have reached GitHub: only then is there a look."""

    @property
    def answer(self) -> type[T]:
        """The type of the write's answer."""
        return self.write.answer

    async def look(self, since: datetime, *, settled: bool) -> Sight[T]:
        """Find the write; reading is not counted."""
        self.again = True
        return await self.write.look(since, settled=settled)

    async def send(self) -> T | None:
        """Send it, once there is leave."""
        asked = AskedWrite(write_id=self.write_id, again=self.again)
        await self.counting.require(self.repository, asked)
        return await self.write.send()
