"""Reads of the items that an orchestration is over."""

from datetime import datetime

from contracts.base import Sent
from contracts.runs import Item
from contracts.specs.sources import ForEach


class ReadItems(Sent):
    """Read the next page of a source."""

    repository: str
    for_each: ForEach
    page: int = 1
    after: tuple[str, int] = ("", 0)
    """Place of the last item taken: when it was created, and its number."""
    created_before: datetime
    """Items that are newer than the run are left for the next run."""


class ItemsPage(Sent):
    """A page of items, oldest first."""

    items: tuple[Item, ...]
    page: int
    last: bool


class CountItems(Sent):
    """Count items that lie beyond the limit."""

    repository: str
    for_each: ForEach
    page: int
    after: tuple[str, int]
    created_before: datetime


class ItemsCount(Sent):
    """How many items there are at least, and whether that is all."""

    count: int
    exact: bool
