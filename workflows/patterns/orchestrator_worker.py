"""Orchestrator and workers: one worker over many items, each item a dispatch."""

import asyncio
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.workers import WorkerActivities
from contracts import expressions
from contracts.base import clip
from contracts.fleet import OrchestrationState
from contracts.orchestration import BadInputError, parse_input
from contracts.report import OrchestrationReport, OrchestrationStatus, Progress
from contracts.runs import DescribeWorker, WorkerDescription
from contracts.specs.orchestrator_worker import OrchestratorWorkerSpec
from workflows import policies
from workflows.parts import closing, progress
from workflows.parts.assembly import Crew, assemble
from workflows.parts.clock import Clock
from workflows.parts.console import Console
from workflows.parts.journal import Journal
from workflows.parts.outbox import Outbox
from workflows.parts.reporting import Reporting
from workflows.parts.tally import Tally
from workflows.parts.timeline import Timeline

Verdict = tuple[OrchestrationStatus, str]


@workflow.defn(name="OrchestratorWorker")
class OrchestratorWorker:
    """See docs/patterns/orchestrator-worker.md for the state machine."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        self._refused: BadInputError | None = None
        try:
            self._input = parse_input(arguments, OrchestratorWorkerSpec)
        except BadInputError as error:
            self._refused = error
            return
        self._spec = spec = self._input.spec
        self._state = state = OrchestrationState.resume(
            self._input.carry, workflow.info().workflow_start_time, spec.deadline
        )
        self._crew: Crew | None = None
        self._final: OrchestrationReport | None = None
        self._stopping = ""
        self._context = progress.run_context(spec, state) | {
            "inputs": self._input.inputs,
            "event": self._input.event,
        }
        self._title = clip(expressions.render(spec.report.title, self._context), 256)
        self._journal = Journal(state.journal)
        self._tally = Tally(state.tally, spec.report)
        self._reporting = Reporting(spec, state, self._tally, self._title)
        self._clock = Clock()
        self._timeline = Timeline(
            state,
            spec.stall_after,
            clock=self._clock,
            journal=self._journal,
            on_deadline=lambda: self._stop("the deadline was reached"),
        )
        self._console = Console(
            self._journal,
            pause=self._pause,
            resume=self._resume,
            status=self._status,
            report=self._report,
        )

    @workflow.run
    async def run(self, *_: Any) -> OrchestrationReport:
        """Dispatch, wait, collect, report. Signals and queries are the console's."""
        if self._refused is not None:
            raise closing.refuse(self._refused)
        progress.publish(self._spec, OrchestrationStatus.RUNNING)
        self._show()
        clock = asyncio.create_task(self._clock.run())
        work = asyncio.create_task(self._work())
        try:
            ended = await asyncio.shield(work)
        except asyncio.CancelledError:
            self._stop("the orchestration was cancelled")
            ended = await work
            ended = (OrchestrationStatus.CANCELLED, ended[1] if ended else "")
        self._clock.stop()
        await clock
        if ended is None:
            doubted = workflow.info().run_id != workflow.info().original_execution_run_id
            workflow.continue_as_new(args=[self._input.carrying(self._state, doubted=doubted)])
        return await self._conclude(*ended)

    async def _work(self) -> Verdict | None:
        """Run the fleet to its end; None when it is time to continue as new."""
        try:
            described = await self._describe()
        except ActivityError as error:
            return OrchestrationStatus.FAILED, clip(str(error.cause))
        self._crew = crew = assemble(
            self._spec,
            self._state,
            described,
            context=self._context,
            journal=self._journal,
            tally=self._tally,
            clock=self._clock,
        )
        crew.fleet.paused = self._timeline.paused
        self._console.connect(lambda batch: crew.flights.runs_completed(batch.completions))
        if self._stopping:
            crew.fleet.stop(self._stopping)
        while not await crew.fleet.run():
            if not crew.flights.stopping:
                return None
            crew.flights.parking = False  # stopped while parking: see the runs' ends here
        crew.fleet.end_unfinished()
        beyond = None if crew.flights.stopping else await crew.items.beyond()
        if beyond is not None:
            self._tally.change_totals(beyond_limit=beyond.count, beyond_limit_exact=beyond.exact)
        timed_out = self._timeline.timed_out
        stopped = crew.flights.stopping
        return progress.verdict(self._spec, self._tally, stopped=stopped, timed_out=timed_out)

    async def _describe(self) -> WorkerDescription:
        """Read the worker's declaration once per chain, so that the whole chain uses one."""
        if self._state.worker is None:
            worker = self._spec.worker
            ask = DescribeWorker(
                repository=self._spec.repository, workflow=worker.workflow, ref=worker.ref
            )
            self._state.worker = await workflow.execute_activity_method(
                WorkerActivities.describe,
                ask,
                **policies.named(policies.READ, f"read {worker.workflow}"),
            )
        return self._state.worker

    async def _conclude(self, status: OrchestrationStatus, reason: str) -> OrchestrationReport:
        outbox = Outbox(
            self._spec.safe_outputs,
            self._spec.repository,
            self._journal,
            doubted=self._state.doubted,
        )
        self._final = await self._reporting.write(status, reason, outbox)
        progress.publish(self._spec, status)
        self._show()
        return await closing.close(self._final)

    def _stop(self, reason: str) -> None:
        self._stopping = self._stopping or reason
        if self._crew is not None:
            self._crew.fleet.stop(reason)

    def _pause(self) -> None:
        self._timeline.pause()
        self._set_paused(paused=True)

    def _resume(self) -> None:
        self._timeline.resume()
        self._set_paused(paused=False)

    def _set_paused(self, *, paused: bool) -> None:
        if self._crew is not None:
            self._crew.fleet.paused = paused

    def _status(self) -> Progress:
        status = OrchestrationStatus.PAUSED if self._timeline.paused else None
        if self._final is not None:
            status = self._final.status
        fleet = self._crew.fleet if self._crew else None
        return progress.measure(
            status or OrchestrationStatus.RUNNING,
            self._tally,
            fleet.running if fleet else (),
            fleet.queued if fleet else 0,
        )

    def _report(self) -> OrchestrationReport:
        return self._final or self._reporting.assemble(self._status().status, self._stopping)

    def _show(self) -> None:
        progress.show(self._title, self._status(), self._final)
