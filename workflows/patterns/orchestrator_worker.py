"""Orchestrator and workers: one worker over many items, each item a dispatch, or a vote of several."""

from typing import Any

from temporalio import workflow

from contracts.report import OrchestrationReport
from contracts.specs.orchestrator_worker import OrchestratorWorkerSpec
from workflows.parts.answering import Answering
from workflows.parts.assembly import FleetWork
from workflows.parts.course import Verdict
from workflows.parts.items import ItemSource
from workflows.parts.orchestration import Orchestration
from workflows.parts.voting import VotedSource, Votes


@workflow.defn(name="OrchestratorWorker")
class OrchestratorWorker(Answering):
    """See docs/patterns/orchestrator-worker.md for the state machine."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        self._frame = Orchestration(arguments, OrchestratorWorkerSpec)

    @workflow.run
    async def run(self, *_: Any) -> OrchestrationReport:
        """Dispatch, wait, collect, report. Signals and queries are the frame's."""
        return await self._frame.run(self._work)

    async def _work(self) -> Verdict | None:
        frame, spec = self._frame, self._frame.spec
        crew = await frame.crew({"": spec.worker}, over=spec.for_each)
        state = frame.state
        items = ItemSource(spec.for_each, spec.repository, state.started_at, state.fleet.source)
        votes = None
        if spec.voting is not None:
            votes = Votes(spec.voting, frame.tally, frame.journal, state.pattern)
        source = items if spec.voting is None else VotedSource(items, spec.voting.votes)
        work = FleetWork(frame, crew, source, outcomes=votes)
        frame.begin(work)
        if not await work.run():
            state.pattern = votes.carry() if votes else {}
            return None
        if not work.flights.stopping:
            await frame.leave_out(items)
        frame.stopping = work.flights.stopping
        return frame.verdict()
