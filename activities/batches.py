"""Questions to one addressee, asked one batch at a time with all that came up meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
I = TypeVar("I")  # noqa: E741 - items, beside keys and results
R = TypeVar("R")


class Batches(Generic[K, I, R]):
    """Sends items by key: at most one batch of a key is under way, and the rest gathers."""

    def __init__(
        self,
        send: Callable[[K, Sequence[I]], Awaitable[Sequence[R]]],
        most: int,
        apart: timedelta = timedelta(0),
    ) -> None:
        """Make it.

        Args:
            send: sends a batch; answers in the order of its items. What it raises is raised to
                everybody whose item was in the batch.
            most: items in one batch.
            apart: least time between the starts of two batches of one key.
        """
        self._send, self._most, self._apart = send, most, apart.total_seconds()
        self._waiting: dict[K, list[tuple[I, asyncio.Future[R]]]] = {}
        self._rounds: dict[K, asyncio.Task[None]] = {}

    async def put(self, key: K, item: I) -> R:
        """Have an item sent with the next batch of its key, and wait for the answer.

        Being cancelled does not take the item back.
        """
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append((item, answer))
        if key not in self._rounds:
            self._rounds[key] = asyncio.create_task(self._round(key))
        return await asyncio.shield(answer)

    async def _round(self, key: K) -> None:
        try:
            while waiting := self._waiting.pop(key, []):
                batch, rest = waiting[: self._most], waiting[self._most :]
                if rest:
                    self._waiting[key] = rest
                await asyncio.gather(self._one(key, batch), asyncio.sleep(self._apart))
        finally:
            del self._rounds[key]

    async def _one(self, key: K, batch: Sequence[tuple[I, asyncio.Future[R]]]) -> None:
        try:
            results = await self._send(key, [item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - each of those who wait raises it
            for _, answer in batch:
                answer.set_exception(error)
                answer.exception()  # nobody may be left who waits for it
            return
        for (_, answer), result in zip(batch, results, strict=True):
            answer.set_result(result)
