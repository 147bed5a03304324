"""Where items come from: lists on GitHub, read page by page."""

from datetime import datetime
from typing import Any

from temporalio import activity

from activities.github import GitHub
from activities.github.client import Answer
from activities.github.errors import told_to_temporal
from activities.items import Listing, listing_of, place
from activities.markers import Markers
from contracts.runs import (
    Item,
)
from contracts.sources import CountItems, ItemsCount, ItemsPage, ReadItems

_MAX_COUNT_PAGES = 20
"""Counting what lies beyond the limit stops after 2,000 items."""


class SourceActivities:
    """`github.items.page` and `github.items.count`."""

    def __init__(self, github: GitHub, markers: Markers) -> None:
        self._github = github
        self._markers = markers

    @activity.defn(name="github.items.page")
    async def page(self, ask: ReadItems) -> ItemsPage:
        """Read the next items, oldest first; what Podium wrote itself is left out."""
        with told_to_temporal():
            return await self._github.call(self._next, ask)

    @activity.defn(name="github.items.count")
    async def count(self, ask: CountItems) -> ItemsCount:
        """Count the items that are left, up to a bound."""
        with told_to_temporal():
            return await self._github.call(self._count, ask)

    def _next(self, ask: ReadItems) -> ItemsPage:
        """Items that vanish while we read move the others to earlier pages.

        So the page that was read last is read again, and earlier ones while they still start
        beyond what was taken: nothing is skipped, and numbers tell what was taken.
        """
        listing = listing_of(ask.for_each, ask.repository, self._github)
        page = ask.page
        answer = listing.page(page)
        while page > 1 and (not answer.data or place(listing, answer.data[0]) > ask.after):
            page -= 1
            answer = listing.page(page)
        while answer.has_next and not self._items(listing, answer, ask.after, ask.created_before):
            page += 1
            answer = listing.page(page)
        found = self._items(listing, answer, ask.after, ask.created_before)
        return ItemsPage(items=found, page=page, last=not answer.has_next)

    def _count(self, ask: CountItems) -> ItemsCount:
        listing = listing_of(ask.for_each, ask.repository, self._github)
        count = 0
        for page in range(max(ask.page, 1), ask.page + _MAX_COUNT_PAGES):
            answer = listing.page(page)
            count += len(self._items(listing, answer, ask.after, ask.created_before))
            if not answer.has_next:
                return ItemsCount(count=count, exact=True)
        return ItemsCount(count=count, exact=False)

    def _items(
        self, listing: Listing, answer: Answer, after: tuple[str, int], created_before: datetime
    ) -> tuple[Item, ...]:
        return tuple(
            listing.item(one)
            for one in answer.data
            if place(listing, one) > after
            and listing.wanted(one)
            and _created(one) <= created_before
            and not self._markers.write_ids(one.get("body") or "")
        )


def _created(one: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(one.get("created_at") or "1970-01-01T00:00:00Z")
