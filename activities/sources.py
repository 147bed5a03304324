"""Where items come from: lists on GitHub, read page by page."""

from datetime import datetime
from typing import Any

from temporalio import activity

from activities.github import GitHub
from activities.github.errors import told_to_temporal
from activities.markers import Markers
from contracts.base import clip
from contracts.runs import CountItems, Item, ItemsCount, ItemsPage, ReadItems

_MAX_COUNT_PAGES = 50
"""Counting what lies beyond the limit stops after 5,000 items."""
_MAX_TITLE = 256
_MAX_LABELS = 20


class SourceActivities:
    """`github.items.page` and `github.items.count`."""

    def __init__(self, github: GitHub, markers: Markers) -> None:
        self._github = github
        self._markers = markers

    @activity.defn(name="github.items.page")
    async def page(self, ask: ReadItems) -> ItemsPage:
        """Read the next open issues, oldest first; pull requests and Podium's own left out."""
        with told_to_temporal():
            return await self._github.call(self._next, ask)

    @activity.defn(name="github.items.count")
    async def count(self, ask: CountItems) -> ItemsCount:
        """Count the items that are left, up to a bound."""
        with told_to_temporal():
            return await self._github.call(self._count, ask)

    def _next(self, ask: ReadItems) -> ItemsPage:
        """Issues that close while we read move the others to earlier pages.

        So the page that was read last is read again, and earlier ones while they still start
        beyond what was taken: nothing is skipped, and numbers tell what was taken.
        """
        page, last = ask.page, False
        issues: list[dict[str, Any]] = []
        while True:
            answer = self._github.issues.open_page(ask.repository, page)
            issues, last = answer.data, not answer.has_next
            if page == 1 or not issues or issues[0]["number"] <= ask.after:
                break
            page -= 1
        while not last and not self._items(issues, ask.after, ask.created_before):
            page += 1
            answer = self._github.issues.open_page(ask.repository, page)
            issues, last = answer.data, not answer.has_next
        found = self._items(issues, ask.after, ask.created_before)
        return ItemsPage(items=found, page=page, last=last)

    def _count(self, ask: CountItems) -> ItemsCount:
        count = 0
        for page in range(max(ask.page, 1), ask.page + _MAX_COUNT_PAGES):
            answer = self._github.issues.open_page(ask.repository, page)
            count += len(self._items(answer.data, ask.after, ask.created_before))
            if not answer.has_next:
                return ItemsCount(count=count, exact=True)
        return ItemsCount(count=count, exact=False)

    def _items(
        self, issues: list[dict[str, Any]], after: int, created_before: datetime
    ) -> tuple[Item, ...]:
        return tuple(
            _item(issue)
            for issue in issues
            if issue["number"] > after
            and "pull_request" not in issue
            and datetime.fromisoformat(issue["created_at"]) <= created_before
            and not self._is_ours(issue)
        )

    def _is_ours(self, issue: dict[str, Any]) -> bool:
        return bool(self._markers.write_ids(issue.get("body") or ""))


def _item(issue: dict[str, Any]) -> Item:
    labels = [str(label.get("name") or "") for label in issue.get("labels") or ()]
    return Item(
        key=str(issue["number"]),
        fields={
            "number": issue["number"],
            "title": clip(issue.get("title") or "", _MAX_TITLE),
            "url": issue.get("html_url") or "",
            "author": (issue.get("user") or {}).get("login") or "",
            "labels": labels[:_MAX_LABELS],
            "created_at": issue["created_at"],
            "updated_at": issue.get("updated_at") or "",
        },
    )
