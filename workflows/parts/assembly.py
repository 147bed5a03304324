"""Puts a fleet together out of its parts, as a pattern's work."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

from contracts import names
from contracts.fleet import Entry
from contracts.watch import CompletedRuns, Hush
from workflows import policies
from workflows.parts.budget import Leave
from workflows.parts.crew import Crew
from workflows.parts.fleet import Fleet
from workflows.parts.flights import Flights
from workflows.parts.interim import Interim
from workflows.parts.items import Source
from workflows.parts.orchestration import Orchestration
from workflows.parts.outcomes import Outcomes
from workflows.parts.patience import Patience
from workflows.parts.work import Work

_HUSHED = "hushed-watchers"
_AWAITS = "awaits-hush-answers"


class FleetWork(Work):
    """Workers over the entries of one source, at most `max-parallel` at once."""

    def __init__(
        self,
        frame: Orchestration[Any],
        crew: Crew,
        source: Source,
        *,
        outcomes: Outcomes | None = None,
        max_parallel: int | None = None,
        at_any_cost: bool = False,
        held: Callable[[], bool] = lambda: False,
    ) -> None:
        """Make it of the frame's state, so that it goes on where the chain's last run was.

        Args:
            frame: the orchestration.
            crew: who does the entries.
            source: where entries come from.
            outcomes: who is told what becomes of them; the frame's tally by default.
            max_parallel: runs at once; the spec's by default.
            at_any_cost: whether the budget holds nothing back.
            held: whether entries are still to come that the source does not have yet.
        """
        state, clock, journal = frame.state.fleet, frame.clock, frame.journal
        patience = Patience(crew, journal)
        self.flights = Flights(
            crew, patience, journal=journal, clock=clock, state=state, breakers=frame.breakers
        )
        self._leave = Leave(max_parallel or frame.spec.max_parallel, frame.budget, at_any_cost)
        self.fleet = Fleet(
            self._leave,
            crew=crew,
            flights=self.flights,
            source=source,
            journal=journal,
            outcomes=outcomes or frame.tally,
            clock=clock,
            state=state,
        )
        self.fleet.held = held
        self._breakers, self._crew = frame.breakers, crew
        self._under_way = self._parked = False
        self._hushed = False
        """Whether the watcher has said that nothing follows."""
        self._interim = Interim(crew, self.fleet, clock=clock, journal=journal)

    async def run(self) -> bool:
        """Work until every item has an outcome; False when it is time to continue as new."""
        self._under_way = True
        ended = await self._to_the_end()
        self._under_way = self._parked = not ended
        await self._interim.settle()  # not in a `finally`: nothing is awaited while evicted
        return ended

    async def _to_the_end(self) -> bool:
        while not await self.fleet.run():
            if workflow.patched(_HUSHED):
                await self._hush()
            if not self.flights.stopping:
                return False
            self.flights.parking = False  # stopped while parking: see the runs' ends here
        self.fleet.end_unfinished()
        return True

    async def _hush(self) -> None:
        """Have nothing be under way that could overtake the last task; watchers of many are quiet."""
        await self._interim.settle()
        await self._breakers.settle()
        if self._crew.scattered:
            return
        watcher = workflow.get_external_workflow_handle(names.run_watch_id(self._crew.repository))
        asked = Hush(workflow_id=workflow.info().workflow_id)
        self._hushed = False
        with contextlib.suppress(ApplicationError, FailureError):  # it has ended: quiet as well
            await watcher.signal(names.SIGNAL_HUSH, asked)
            await self._answer()

    async def _answer(self) -> None:
        """Wait for the watcher's answer; an older Temporal Worker only waited for a while."""
        summary = "the watcher hushes"
        if not workflow.patched(_AWAITS):
            await workflow.sleep(policies.HUSHED_AFTER, summary=summary)
            return
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._hushed, timeout=policies.HUSHED_AFTER, timeout_summary=summary
            )

    def resize(self, max_parallel: int) -> None:
        """Have more or fewer runs at once from now on; runs in flight go on."""
        self._leave.max_parallel = max_parallel

    def stop(self, reason: str) -> None:
        """Dispatch nothing more, cancel what runs."""
        self.fleet.stop(reason)

    def pause(self, *, paused: bool) -> None:
        """Launch nothing for now, or go on."""
        self.fleet.paused = paused

    def runs_completed(self, batch: CompletedRuns) -> None:
        """Take news of worker runs in; news of nothing is a watcher's answer."""
        self._hushed = self._hushed or not batch.completions
        self.flights.runs_completed(batch)

    @property
    def parks(self) -> bool | None:
        """Whether runs are about to be carried on."""
        return self.flights.parking if self._under_way else None

    @property
    def parked(self) -> bool:
        """Whether all runs wait for the chain's next run."""
        return self._parked

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
