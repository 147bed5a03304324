"""Puts a fleet together out of its parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.fleet import OrchestrationState
from contracts.runs import WorkerDescription
from contracts.specs.orchestrator_worker import OrchestratorWorkerSpec
from workflows.parts.clock import Clock
from workflows.parts.fleet import Fleet
from workflows.parts.flights import Flights
from workflows.parts.items import ItemSource
from workflows.parts.journal import Journal
from workflows.parts.patience import Patience
from workflows.parts.tally import Tally
from workflows.parts.worker_run import Assignment, WorkerRuns


@dataclass(frozen=True)
class Crew:
    """A fleet, and the parts of it that a pattern talks to."""

    fleet: Fleet
    flights: Flights
    items: ItemSource


def assemble(
    spec: OrchestratorWorkerSpec,
    state: OrchestrationState,
    described: WorkerDescription,
    *,
    context: Mapping[str, Any],
    journal: Journal,
    tally: Tally,
    clock: Clock,
) -> Crew:
    """Make a fleet of one worker over the spec's items."""
    assignment = Assignment(
        worker=spec.worker,
        repository=spec.repository,
        described=described,
        context=context,
        chain_started_at=state.started_at,
        doubted=state.doubted,
    )
    runs = WorkerRuns(assignment, state.fleet.pace)
    flights = Flights(
        runs, Patience(spec.worker, runs, journal), journal=journal, clock=clock, state=state.fleet
    )
    items = ItemSource(spec.for_each, spec.repository, state.started_at, state.fleet.source)
    fleet = Fleet(
        spec.max_parallel,
        spec.worker.retry,
        runs=runs,
        flights=flights,
        items=items,
        journal=journal,
        tally=tally,
        clock=clock,
        state=state.fleet,
    )
    return Crew(fleet, flights, items)
