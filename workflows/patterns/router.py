"""Router: each item goes to the worker that a rule, or a classifying worker, names."""

import asyncio
from collections.abc import Mapping
from typing import Any

from temporalio import workflow

from contracts.events import issue_fields, subject_of
from contracts.report import OrchestrationReport
from contracts.routing import RouterState
from contracts.runs import Item
from contracts.specs.router import RouterSpec
from contracts.specs.sources import ForEach
from contracts.specs.worker import WorkerSpec
from workflows.parts.answering import Answering
from workflows.parts.assembly import FleetWork
from workflows.parts.course import Verdict
from workflows.parts.crew import Crew
from workflows.parts.desk import Desk
from workflows.parts.items import ItemSource
from workflows.parts.orchestration import Orchestration
from workflows.parts.routes import CLASSIFIER, RoutedOutcomes, RoutedSource
from workflows.parts.unsure import Unsure

_ONE = ForEach(source="open-issues", limit=1)
"""The issue of an event: known from the start, and never read."""


@workflow.defn(name="Router")
class Router(Answering):
    """See docs/patterns/router.md for the state machine."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        self._frame = Orchestration(arguments, RouterSpec)

    @workflow.run
    async def run(self, *_: Any) -> OrchestrationReport:
        """Decide, dispatch, collect, report. Signals and queries are the frame's."""
        return await self._frame.run(self._work)

    async def _work(self) -> Verdict | None:
        frame, spec, state = self._frame, self._frame.spec, self._frame.state
        crew = await self._crew()
        carried = RouterState.model_validate(state.pattern)
        desk = Desk(frame, carried, lambda: work.flights.stopping)
        items = self._items()
        source = RoutedSource(items, spec, frame.context["event"], desk)
        outcomes = RoutedOutcomes(frame.tally, spec, desk)
        unsure = Unsure(frame, desk, lambda: source.classifying)
        work = FleetWork(frame, crew, source, outcomes=outcomes, held=lambda: unsure.waits)
        frame.begin(work)
        writing = asyncio.create_task(desk.write_comments())
        asking = asyncio.create_task(unsure.run())
        done = await work.run()
        await unsure.finish(asking, work.flights.stopping)
        done = await desk.finish(writing, parking=not done) and done
        if not done:
            state.pattern = carried.model_dump(mode="json", exclude_defaults=True)
            return None
        if not work.flights.stopping:
            await frame.leave_out(items)
        frame.stopping = work.flights.stopping
        return frame.verdict()

    async def _crew(self) -> Crew:
        """Read each worker's file once, however many routes lead to it."""
        frame, spec = self._frame, self._frame.spec
        workers = {name: route.worker for name, route in spec.routes.items()}
        if spec.classifier is not None:
            workers[CLASSIFIER] = spec.classifier.worker
        first = _first_of_each_file(workers)
        await frame.crew({name: workers[name] for name in first.values()})
        for name, worker in workers.items():
            read = frame.state.workers[first[worker.workflow, worker.ref]]
            frame.state.workers[name] = read
        return await frame.crew(workers)

    def _items(self) -> ItemSource:
        frame, spec, state = self._frame, self._frame.spec, self._frame.state
        source = state.fleet.source
        subject = subject_of(frame.context["event"])
        if spec.for_each is None and subject is not None and not source.exhausted:
            item = Item(key=str(subject["number"]), fields=issue_fields(subject))
            source.buffer, source.exhausted = [item], True
        return ItemSource(spec.for_each or _ONE, spec.repository, state.started_at, source)


def _first_of_each_file(workers: Mapping[str, WorkerSpec]) -> dict[tuple[str, str | None], str]:
    first: dict[tuple[str, str | None], str] = {}
    for name, worker in workers.items():
        first.setdefault((worker.workflow, worker.ref), name)
    return first
