"""The items of a spec, read now, as a run that started now would read them."""

from dataclasses import dataclass
from datetime import datetime

from activities.settings import Settings
from activities.sources import SourceActivities
from contracts.fleet import SourceState
from contracts.runs import (
    Item,
)
from contracts.sources import CountItems, ItemsCount, ReadItems
from contracts.specs.map_reduce import MapReduceSpec
from contracts.specs.orchestrator_worker import OrchestratorWorkerSpec
from contracts.specs.sources import ForEach
from contracts.specs.worker_pool import WorkerPoolSpec
from starter.reading import told_to_people
from workflows.parts.items import ItemSource


@dataclass(frozen=True)
class Listed:
    """A source alone, of a spec that can do without."""

    for_each: ForEach
    repository: str


OverItems = OrchestratorWorkerSpec | MapReduceSpec | WorkerPoolSpec | Listed
"""Specs whose work is a list of items."""


@dataclass(frozen=True)
class Found:
    """Items within the limit, and how many lie beyond it."""

    items: list[Item]
    beyond: ItemsCount


async def read_items(
    spec: OverItems | MapReduceSpec, settings: Settings, now: datetime, *, most: int
) -> Found:
    """Read at most `most` items, and count the rest only where the spec's limit is reached.

    Raises:
        CliError: GitHub did not answer, or refused.
    """
    if spec.for_each.source in ("list", "matrix"):
        return await from_spec(spec, now, most)
    sources = SourceActivities(settings.github, settings.markers)
    items: list[Item] = []
    page, last = 1, False
    with told_to_people(f"for-each {spec.for_each.source} of {spec.repository}"):
        while not last and len(items) < most:
            ask = ReadItems(
                repository=spec.repository,
                for_each=spec.for_each,
                page=page,
                after=items[-1].place if items else ("", 0),
                created_before=now,
            )
            answer = await sources.page(ask)
            items += answer.items
            page, last = answer.page, answer.last
        beyond = max(0, len(items) - most)
        if last or most < spec.for_each.limit:
            return Found(items[:most], ItemsCount(count=beyond, exact=last))
        more = await sources.count(
            CountItems(
                repository=spec.repository,
                for_each=spec.for_each,
                page=page,
                after=items[-1].place if items else ("", 0),
                created_before=now,
            )
        )
    return Found(items[:most], more.model_copy(update={"count": more.count + beyond}))


async def from_spec(spec: OverItems | MapReduceSpec, now: datetime, most: int) -> Found:
    """Take items that the spec itself holds."""
    source = ItemSource(spec.for_each, spec.repository, now, SourceState())
    items: list[Item] = []
    while len(items) < most and (item := await source.take()):
        items.append(item)
    return Found(items, await source.beyond())
