"""Batches of items as entries of a fleet: fresh ones, halves of lost ones, and second chances."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import workflow

from contracts.fleet import Entry
from contracts.pool import Batch, PoolState
from contracts.runs import Item
from workflows.parts.items import ItemSource

MAX_TEXT_BYTES = 60_000
"""A batch's items as JSON; GitHub takes 65,535 characters for all inputs together."""
MAX_HELD_BYTES = 400_000
"""All items of a pool that have no outcome: they are carried through continue-as-new."""
_ANSWER_BYTES = 16
"""What a result says of an item that is well, besides its key."""

Fields = dict[str, Any]


@dataclass(frozen=True)
class BatchLimits:
    """How large one batch may be."""

    items: int
    text_bytes: int
    answer_bytes: int
    """Of the result, were all items well."""

    @classmethod
    def of(cls, items: int, max_workers: int, result_bytes: int) -> "BatchLimits":
        """Leave room for as many batches as may be in flight, and for reasons in each result."""
        text = min(MAX_TEXT_BYTES, MAX_HELD_BYTES // max_workers)
        return cls(items=items, text_bytes=text, answer_bytes=result_bytes // 2)


class BatchSource:
    """Puts the items of a source into batches, and takes back those that have no outcome."""

    def __init__(
        self,
        items: ItemSource,
        limits: BatchLimits,
        backoff: Callable[[int], timedelta],
        state: PoolState,
        carried: Iterable[Entry],
    ) -> None:
        """Make it.

        Args:
            items: where fresh items come from.
            limits: of one batch.
            backoff: how long items wait after the failure of an attempt.
            state: of the pool.
            carried: batches in flight.
        """
        self.state = state
        self._items, self._limits, self._backoff = items, limits, backoff
        self._out = {entry.item.key: entry for entry in carried}
        out = [one for entry in self._out.values() for one in _batch_of(entry).items]
        self._held = sum(map(text_bytes, [*out, *self._waiting()]))

    @property
    def more(self) -> bool:
        """Whether another batch may be there; fresh ones only while their items can be carried."""
        state = self.state
        if state.fresh or state.again or any(state.named.values()):
            return True
        return self._may_read

    @property
    def waiting(self) -> int:
        """Items that are known and in no batch."""
        return self._items.waiting + sum(1 for _ in self._waiting())

    @property
    def items(self) -> int:
        """Items taken from the source so far."""
        return self._items.items

    @property
    def out(self) -> int:
        """Items of batches that have no outcome."""
        return sum(len(_batch_of(entry).items) for entry in self._out.values())

    async def next(self) -> Sequence[Entry]:
        """Take the next batch: what was lost goes first, what was named as failed last."""
        if self.state.again:
            return [self._entry(self.state.again.pop(0))]
        if second := self._second_chance(self._limits.items):
            return [self._entry(second)]
        await self._read()
        if self.state.fresh:
            return [self._entry(self._cut(self.state.fresh))]
        second = self._second_chance(1)
        return [self._entry(second)] if second else ()

    def known(self) -> Sequence[Entry]:
        """Take all that is known, in batches: it was stopped."""
        self._take(self._items.take_known())
        again, self.state.again = self.state.again, []
        batches = list(again)
        while second := self._second_chance(1):
            batches.append(second)
        while self.state.fresh:
            batches.append(self._cut(self.state.fresh))
        return [self._entry(batch) for batch in batches]

    def landed(self, key: str) -> Batch:
        """Give the items of a batch that has its outcome back to whoever judges them."""
        return _batch_of(self._out.pop(key))

    def release(self, item: Fields) -> None:
        """Forget an item that has its outcome."""
        self._held -= text_bytes(item)

    def lose(self, batch: Batch, lost: list[Fields], *, alone: bool) -> int:
        """Have lost items go out again, in halves or each by itself; tells in how many batches."""
        size = 1 if alone else max(1, (len(lost) + 1) // 2)
        retry_at = workflow.now() + self._backoff(batch.attempt)
        halves = [
            Batch(items=lost[at : at + size], attempt=batch.attempt + 1, retry_at=retry_at)
            for at in range(0, len(lost), size)
        ]
        self.state.again += halves
        return len(halves)

    def give_second_chance(self, batch: Batch, named: Iterable[Fields]) -> None:
        """Have items go out again that a worker named: they disturb no others, and share batches."""
        self.state.named.setdefault(batch.attempt + 1, []).extend(named)

    @property
    def _may_read(self) -> bool:
        return self._items.more and self._held + self._limits.text_bytes <= MAX_HELD_BYTES

    def _waiting(self) -> Iterable[Fields]:
        yield from self.state.fresh
        for batch in self.state.again:
            yield from batch.items
        for named in self.state.named.values():
            yield from named

    async def _read(self) -> None:
        fresh, limits = self.state.fresh, self._limits
        size = sum(map(text_bytes, fresh))
        if not self._may_read:
            return
        while len(fresh) < limits.items and size <= limits.text_bytes and self._items.more:
            item = await self._items.take()
            if item is None:
                return
            size += self._take([item])

    def _take(self, items: Iterable[Item]) -> int:
        taken = [{**item.fields, "key": item.key} for item in items]
        size = sum(map(text_bytes, taken))
        self.state.fresh += taken
        self._held += size
        return size

    def _second_chance(self, least: int) -> Batch | None:
        for attempt, named in self.state.named.items():
            if len(named) >= least:
                retry_at = workflow.now() + self._backoff(attempt - 1)
                batch = self._cut(named)
                return batch.model_copy(update={"attempt": attempt, "retry_at": retry_at})
        return None

    def _cut(self, items: list[Fields]) -> Batch:
        """Take as many items off a list as one batch may hold, and one at least."""
        count = text = answer = 0
        for one in items[: self._limits.items]:
            text += text_bytes(one)
            answer += len(str(one["key"]).encode()) + _ANSWER_BYTES
            if count and (text > self._limits.text_bytes or answer > self._limits.answer_bytes):
                break
            count += 1
        cut = items[:count]
        del items[:count]
        return Batch(items=cut)

    def _entry(self, batch: Batch) -> Entry:
        self.state.batches += 1
        number, size = self.state.batches, len(batch.items)
        key, again = f"batch-{number}", f", attempt {batch.attempt}" if batch.attempt > 1 else ""
        what = {"items": batch.items, "number": number, "size": size, "attempt": batch.attempt}
        entry = Entry(
            item=Item(key=key, fields={"title": f"{size} items{again}"}),
            sequence=0,
            roots={"batch": what},
            retry_at=batch.retry_at,
        )
        self._out[key] = entry
        return entry


def text_bytes(item: Fields) -> int:
    """Measure an item as a batch spells it; bytes, which are never fewer than characters."""
    spelled = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
    return len(spelled.encode(errors="surrogatepass")) + 1


def _batch_of(entry: Entry) -> Batch:
    return Batch.model_validate(entry.roots["batch"])
