"""Batches: one at a time for each key, everybody gets the answer that is theirs."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from activities.batches import Batches


class Far:
    """Answers when it is let, and fails for items that say so."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[int]]] = []
        self.open = asyncio.Event()

    async def __call__(self, key: str, items: Sequence[int]) -> Sequence[int]:
        self.asked.append((key, list(items)))
        await self.open.wait()
        if -1 in items:
            raise LookupError(key)
        return [item * 10 for item in items]


async def test_what_comes_while_a_batch_is_under_way_goes_into_the_next_ones() -> None:
    far = Far()
    batches: Batches[str, int, int] = Batches(far, most=3)
    first = asyncio.ensure_future(batches.put("a", 0))
    await asyncio.sleep(0)
    rest = [asyncio.ensure_future(batches.put("a", n)) for n in range(1, 6)]
    other = asyncio.ensure_future(batches.put("b", 7))
    await asyncio.sleep(0.01)
    under_way = list(far.asked)
    far.open.set()

    assert await asyncio.gather(first, *rest, other) == [0, 10, 20, 30, 40, 50, 70]
    assert under_way == [("a", [0]), ("b", [7])]
    assert far.asked[2:] == [("a", [1, 2, 3]), ("a", [4, 5])]


async def test_a_failure_is_told_to_all_of_its_batch_and_to_no_other() -> None:
    far = Far()
    far.open.set()
    batches: Batches[str, int, int] = Batches(far, most=10)
    lost = [asyncio.ensure_future(batches.put("a", n)) for n in (1, -1)]
    found = await asyncio.gather(*lost, return_exceptions=True)

    assert [type(one) for one in found] == [LookupError, LookupError]
    assert await batches.put("a", 2) == 20


async def test_who_is_cancelled_disturbs_nobody_in_the_batch() -> None:
    far = Far()
    batches: Batches[str, int, int] = Batches(far, most=10)
    gone, stays = (asyncio.ensure_future(batches.put("a", n)) for n in (1, 2))
    await asyncio.sleep(0.01)
    gone.cancel()
    far.open.set()

    assert await stays == 20
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_batches_of_one_key_are_apart_and_of_two_keys_are_not() -> None:
    loop, apart = asyncio.get_running_loop(), 0.2
    asked: list[tuple[str, list[int], float]] = []

    async def send(key: str, items: Sequence[int]) -> Sequence[int]:
        asked.append((key, list(items), loop.time()))
        return items

    batches: Batches[str, int, int] = Batches(send, most=9, apart=timedelta(seconds=apart))
    first = asyncio.ensure_future(batches.put("a", 0))
    await asyncio.sleep(0)
    await asyncio.gather(first, *(batches.put("a", n) for n in (1, 2)), batches.put("b", 3))

    assert [(key, items) for key, items, _ in asked] == [("a", [0]), ("b", [3]), ("a", [1, 2])]
    assert asked[2][2] - asked[0][2] >= apart * 0.99, "a loop's clock is coarse"
