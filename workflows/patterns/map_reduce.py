"""Map and reduce: one worker per input, the results reduced to figures, tables and files."""

from typing import Any

from temporalio import workflow

from contracts.reductions import MapReduceState, SarifState
from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.runs import GOOD
from contracts.specs.map_reduce import MapReduceSpec, SarifReducer
from workflows.parts.answering import Answering
from workflows.parts.assembly import FleetWork
from workflows.parts.belonging import Belonging
from workflows.parts.course import Verdict
from workflows.parts.items import FixedSource, ItemSource
from workflows.parts.last_workers import LastOutcomes, entries_for, last_workers
from workflows.parts.orchestration import Orchestration
from workflows.parts.reduced import Reduced
from workflows.parts.sarif import SarifWork


@workflow.defn(name="MapReduce")
class MapReduce(Answering):
    """See docs/patterns/map-reduce.md for the state machine."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        self._frame = Orchestration(arguments, MapReduceSpec)

    @workflow.run
    async def run(self, *_: Any) -> OrchestrationReport:
        """Map, reduce, report. Signals and queries are the frame's."""
        return await self._frame.run(self._work)

    async def _work(self) -> Verdict | None:
        frame = self._frame
        self._state = MapReduceState.model_validate(frame.state.pattern)
        self._reduced = Reduced(frame.tally, frame.spec, self._state)
        frame.tell_reductions(self._reduced.told)
        for phase in (self._map, self._sarif, self._last):
            if not await phase():
                frame.state.pattern = self._state.model_dump(mode="json", exclude_defaults=True)
                return None
        return self._verdict()

    async def _map(self) -> bool:
        frame, spec, state = self._frame, self._frame.spec, self._state
        crew = await frame.crew({"": spec.worker}, over=spec.for_each)
        await frame.crew(last_workers(spec))  # one that is not there is refused before all else
        if state.phase != "map":
            return True
        fleet = frame.state.fleet
        items = ItemSource(spec.for_each, spec.repository, frame.state.started_at, fleet.source)
        source = Belonging(items, spec, frame.context, state)
        work = FleetWork(frame, crew, source, outcomes=self._reduced)
        frame.begin(work)
        if not await work.run():
            return False
        if work.flights.stopping:
            frame.stopping = work.flights.stopping
        else:
            await frame.leave_out(items)
        state.phase = "sarif"
        return True

    async def _sarif(self) -> bool:
        """Read and upload findings, unless it was stopped: then nothing more is written."""
        if self._state.phase != "sarif":
            return True
        for name, reducer in self._frame.spec.reduce.items():
            if isinstance(reducer, SarifReducer):
                state = self._state.sarif.setdefault(name, SarifState())
                work = SarifWork(name, reducer, state, self._frame)
                self._frame.begin(work)
                if not await work.run():
                    return False
        self._state.phase = "workers"
        self._frame.state.fleet = self._frame.state.fleet.after()
        return True

    async def _last(self) -> bool:
        """Dispatch the last workers; they get references, never results."""
        frame = self._frame
        workers = last_workers(frame.spec)
        if not workers or frame.stopping:
            return True
        crew = await frame.crew(workers)
        entries = entries_for(frame.spec, self._reduced.results())
        source = FixedSource(entries, frame.state.fleet.source)
        outcomes = LastOutcomes(frame.tally, self._state)
        work = FleetWork(frame, crew, source, outcomes=outcomes)
        frame.begin(work)
        return await work.run()

    def _verdict(self) -> Verdict:
        """Judge the items; a reduction that is not whole makes a success partial at most."""
        status, reason = self._frame.verdict()
        failed = [
            f"{name} ended {told.get('status')}"
            for name, told in self._state.workers.items()
            if told.get("status") not in GOOD
        ]
        flawed = [name for name, one in self._state.sarif.items() if one.problems_total]
        if status in (OrchestrationStatus.SUCCEEDED, OrchestrationStatus.PARTIAL) and failed:
            return OrchestrationStatus.FAILED, "; ".join(filter(None, [reason, *failed]))
        if status is OrchestrationStatus.SUCCEEDED and flawed:
            return OrchestrationStatus.PARTIAL, f"{', '.join(flawed)}: not all could be reduced"
        return status, reason
