"""Items, launched lazily: the next page of a source is read when the last one is used up."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from temporalio import workflow

from activities.sources import SourceActivities
from contracts.fleet import Entry, SourceState
from contracts.runs import (
    Item,
)
from contracts.sources import CountItems, ItemsCount, ReadItems
from contracts.specs.sources import ForEach
from workflows import policies

_LIST_PAGE = 100


class Source(Protocol):
    """What a fleet takes its entries from."""

    @property
    def more(self) -> bool:
        """Whether another entry may be there."""

    @property
    def waiting(self) -> int:
        """Items that are known and not taken."""

    @property
    def items(self) -> int:
        """Items taken so far."""

    async def next(self) -> Sequence[Entry]:
        """Take the entries of the next item; none when there is none, or nothing to do for it."""

    def known(self) -> Sequence[Entry]:
        """Take all that is known without reading more: it was stopped."""


class FixedSource:
    """Entries that are known from the start, unless they were carried already."""

    def __init__(self, entries: Sequence[Entry], state: SourceState) -> None:
        self._entries, self._state = entries, state

    @property
    def more(self) -> bool:
        """Whether they were not taken yet."""
        return not self._state.exhausted

    @property
    def waiting(self) -> int:
        """All, or none."""
        return 0 if self._state.exhausted else len(self._entries)

    @property
    def items(self) -> int:
        """How many were taken."""
        return self._state.taken

    async def next(self) -> Sequence[Entry]:
        """Take all."""
        return self.known()

    def known(self) -> Sequence[Entry]:
        """Take all."""
        if self._state.exhausted:
            return ()
        self._state.exhausted = True
        self._state.taken += len(self._entries)
        return self._entries


class ItemSource:
    """Yields at most `limit` items of a source, and counts the rest."""

    def __init__(
        self, spec: ForEach, repository: str, created_before: datetime, state: SourceState
    ) -> None:
        self.state = state
        self._spec = spec
        self._repository = repository
        self._created_before = created_before

    @property
    def more(self) -> bool:
        """Whether another item may be there, within the limit."""
        if self.state.taken >= self._spec.limit:
            return False
        return bool(self.state.buffer) or not self.state.exhausted

    @property
    def waiting(self) -> int:
        """Items that were read and not taken."""
        return len(self.state.buffer)

    @property
    def items(self) -> int:
        """Items taken so far."""
        return self.state.taken

    async def next(self) -> Sequence[Entry]:
        """Take the next item as an entry; none when the source, or the limit, is exhausted."""
        return [Entry(item=item, sequence=0) for item in (await self.take(),) if item is not None]

    def known(self) -> Sequence[Entry]:
        """Take all that was read already."""
        return [Entry(item=item, sequence=0) for item in self.take_known()]

    async def take(self) -> Item | None:
        """Take the next item; None when the source, or the limit, is exhausted."""
        if self.more and not self.state.buffer:
            await self._fill()
        return next(self.take_known(), None)

    def take_known(self) -> Iterator[Item]:
        """Take items that were read already, one by one."""
        while self.state.buffer and self.state.taken < self._spec.limit:
            self.state.taken += 1
            yield self.state.buffer.pop(0)

    async def beyond(self) -> ItemsCount:
        """Count what lies beyond the limit."""
        if self.state.exhausted:
            return ItemsCount(count=len(self.state.buffer), exact=True)
        if not self._is_remote:
            return ItemsCount(count=len(self._local()) - self.state.taken, exact=True)
        buffered = self.state.buffer
        ask = CountItems(
            repository=self._repository,
            for_each=self._spec,
            page=self.state.page,
            after=buffered[-1].place if buffered else self.state.after,
            created_before=self._created_before,
        )
        found = await workflow.execute_activity_method(
            SourceActivities.count, ask, **policies.named(policies.READ, "count beyond the limit")
        )
        return found.model_copy(update={"count": found.count + len(buffered)})

    @property
    def _is_remote(self) -> bool:
        return self._spec.source not in ("list", "matrix")

    async def _fill(self) -> None:
        if not self._is_remote:
            self._fill_from(self._local())
            return
        ask = ReadItems(
            repository=self._repository,
            for_each=self._spec,
            page=self.state.page,
            after=self.state.after,
            created_before=self._created_before,
        )
        page = await workflow.execute_activity_method(
            SourceActivities.page,
            ask,
            **policies.named(policies.READ, f"{self._spec.source}, page {self.state.page}"),
        )
        self.state.buffer = list(page.items)
        self.state.page = page.page
        self.state.exhausted = page.last
        if page.items:
            self.state.after = page.items[-1].place

    def _local(self) -> Sequence[str | int | dict[str, Any]]:
        """Items that the spec itself holds."""
        if self._spec.source == "list":
            return self._spec.items
        cells = itertools.product(*self._spec.matrix.values())
        return [dict(zip(self._spec.matrix, cell, strict=True)) for cell in cells]

    def _fill_from(self, values: Sequence[str | int | dict[str, Any]]) -> None:
        start = self.state.after[1]
        for position, value in enumerate(values[start : start + _LIST_PAGE], start):
            self.state.buffer.append(_listed(value, position))
        read = min(start + _LIST_PAGE, len(values))
        self.state.after = ("", read)
        self.state.exhausted = read >= len(values)


def _listed(value: str | int | dict[str, Any], position: int) -> Item:
    """Number the items of a list, so that equal ones are still two items."""
    fields = dict(value) if isinstance(value, dict) else {"value": value}
    name = str(fields.get("key") or fields.get("value") or "")[:150]
    return Item(key=f"{position + 1}:{name}" if name else str(position + 1), fields=fields)
