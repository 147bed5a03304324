"""Orchestrator and workers: one worker over many items, each item a dispatch."""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.workers import WorkerActivities
from contracts.base import clip
from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.runs import DescribeWorker, WorkerDescription
from contracts.specs.orchestrator_worker import OrchestratorWorkerSpec
from workflows import policies
from workflows.parts.assembly import FleetWork
from workflows.parts.orchestration import Orchestration, Verdict


@workflow.defn(name="OrchestratorWorker")
class OrchestratorWorker:
    """See docs/patterns/orchestrator-worker.md for the state machine."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        self._frame = Orchestration(arguments, OrchestratorWorkerSpec)

    @workflow.run
    async def run(self, *_: Any) -> OrchestrationReport:
        """Dispatch, wait, collect, report. Signals and queries are the frame's."""
        return await self._frame.run(self._work)

    async def _work(self) -> Verdict | None:
        try:
            described = await self._describe()
        except ActivityError as error:
            return OrchestrationStatus.FAILED, clip(str(error.cause))
        work = FleetWork(self._frame, described)
        self._frame.begin(work)
        if not await work.run():
            return None
        if not work.flights.stopping:
            beyond = await work.items.beyond()
            self._frame.tally.change_totals(
                beyond_limit=beyond.count, beyond_limit_exact=beyond.exact
            )
        self._frame.stopping = work.flights.stopping
        return self._frame.verdict()

    async def _describe(self) -> WorkerDescription:
        """Read the worker's declaration once per chain, so that the whole chain uses one."""
        state, spec = self._frame.state, self._frame.spec
        if state.worker is None:
            ask = DescribeWorker(
                repository=spec.repository, workflow=spec.worker.workflow, ref=spec.worker.ref
            )
            state.worker = await workflow.execute_activity_method(
                WorkerActivities.describe,
                ask,
                **policies.named(policies.READ, f"read {spec.worker.workflow}"),
            )
        return state.worker
