"""Puts a fleet together out of its parts, as a pattern's work."""

from collections.abc import Sequence

from contracts.fleet import Entry
from contracts.runs import WorkerDescription
from contracts.specs.orchestrator_worker import OrchestratorWorkerSpec
from contracts.watch import CompletedRuns
from workflows.parts.fleet import Fleet
from workflows.parts.flights import Flights
from workflows.parts.items import ItemSource
from workflows.parts.orchestration import Orchestration, Work
from workflows.parts.patience import Patience
from workflows.parts.worker_run import Assignment, WorkerRuns


class FleetWork(Work):
    """One worker over the items of one source."""

    def __init__(
        self, frame: Orchestration[OrchestratorWorkerSpec], described: WorkerDescription
    ) -> None:
        spec, state, clock, journal = frame.spec, frame.state, frame.clock, frame.journal
        assignment = Assignment(
            worker=spec.worker,
            repository=spec.repository,
            described=described,
            context=frame.context,
            chain_started_at=state.started_at,
            doubted_since=state.doubted_since,
        )
        runs = WorkerRuns(assignment, state.fleet.pace)
        patience = Patience(spec.worker, runs, journal)
        self.items = ItemSource(
            spec.for_each, spec.repository, state.started_at, state.fleet.source
        )
        self.flights = Flights(runs, patience, journal=journal, clock=clock, state=state.fleet)
        self.fleet = Fleet(
            spec.max_parallel,
            spec.worker.retry,
            runs=runs,
            flights=self.flights,
            items=self.items,
            journal=journal,
            tally=frame.tally,
            clock=clock,
            state=state.fleet,
        )

    async def run(self) -> bool:
        """Work until every item has an outcome; False when it is time to continue as new."""
        while not await self.fleet.run():
            if not self.flights.stopping:
                return False
            self.flights.parking = False  # stopped while parking: see the runs' ends here
        self.fleet.end_unfinished()
        return True

    def stop(self, reason: str) -> None:
        """Dispatch nothing more, cancel what runs."""
        self.fleet.stop(reason)

    def pause(self, *, paused: bool) -> None:
        """Launch nothing for now, or go on."""
        self.fleet.paused = paused

    def runs_completed(self, batch: CompletedRuns) -> None:
        """Take news of worker runs in."""
        self.flights.runs_completed(batch)

    @property
    def running(self) -> Sequence[Entry]:
        """Worker runs in flight."""
        return self.fleet.running

    @property
    def in_flight(self) -> int:
        """How many worker runs are in flight."""
        return self.fleet.in_flight

    @property
    def queued(self) -> int:
        """Items that are known and not in flight."""
        return self.fleet.queued
