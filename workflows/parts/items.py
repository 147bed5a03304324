"""Items, launched lazily: the next page of a source is read when the last one is used up."""

from datetime import datetime
from typing import Any

from temporalio import workflow

from activities.sources import SourceActivities
from contracts.fleet import SourceState
from contracts.runs import CountItems, Item, ItemsCount, ReadItems
from contracts.specs.orchestrator_worker import ForEach
from workflows import policies

_LIST_PAGE = 100


class ItemSource:
    """Yields at most `limit` items, and counts the rest."""

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

    async def next(self) -> Item | None:
        """Take the next item; None when the source, or the limit, is exhausted."""
        if self.more and not self.state.buffer:
            await self._fill()
        return self.take_buffered()

    def take_buffered(self) -> Item | None:
        """Take an item that was read already; None when reading more would be needed."""
        if not self.state.buffer or self.state.taken >= self._spec.limit:
            return None
        self.state.taken += 1
        return self.state.buffer.pop(0)

    async def beyond(self) -> ItemsCount:
        """Count what lies beyond the limit."""
        if self.state.exhausted:
            return ItemsCount(count=len(self.state.buffer), exact=True)
        if self._spec.source == "list":
            return ItemsCount(count=len(self._spec.items) - self.state.taken, exact=True)
        buffered = self.state.buffer
        after = int(buffered[-1].fields["number"]) if buffered else self.state.after
        ask = CountItems(
            repository=self._repository,
            source=self._spec.source,
            page=self.state.page,
            after=after,
            created_before=self._created_before,
        )
        found = await workflow.execute_activity_method(
            SourceActivities.count, ask, **policies.named(policies.READ, "count beyond the limit")
        )
        return found.model_copy(update={"count": found.count + len(buffered)})

    async def _fill(self) -> None:
        if self._spec.source == "list":
            self._fill_from_list()
            return
        ask = ReadItems(
            repository=self._repository,
            source=self._spec.source,
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
            self.state.after = int(page.items[-1].fields["number"])

    def _fill_from_list(self) -> None:
        start = self.state.after
        values = self._spec.items[start : start + _LIST_PAGE]
        seen = start
        for value in values:
            self.state.buffer.append(_listed(value, seen))
            seen += 1
        self.state.after = seen
        self.state.exhausted = seen >= len(self._spec.items)


def _listed(value: str | int | dict[str, Any], position: int) -> Item:
    """Number the items of a list, so that equal ones are still two items."""
    fields = dict(value) if isinstance(value, dict) else {"value": value}
    name = str(fields.get("key") or fields.get("value") or "")[:150]
    return Item(key=f"{position + 1}:{name}" if name else str(position + 1), fields=fields)
