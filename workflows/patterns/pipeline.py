"""Pipeline: ordered stages of parallel workers, with checks, approval gates and rollback."""

from collections.abc import Mapping
from typing import Any

from temporalio import workflow

from contracts import expressions
from contracts.fleet import Entry
from contracts.outputs import Text
from contracts.pipeline import PipelineState
from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.runs import Item
from contracts.specs.pipeline import PipelineSpec, Stage
from contracts.specs.worker import WorkerSpec
from workflows.parts import approval
from workflows.parts.answering import Answering
from workflows.parts.assembly import FleetWork
from workflows.parts.course import Verdict
from workflows.parts.items import FixedSource
from workflows.parts.orchestration import Orchestration
from workflows.parts.stages import ROLLBACK, Collected, all_workers


@workflow.defn(name="Pipeline")
class Pipeline(Answering):
    """See docs/patterns/pipeline.md for the state machine."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        self._frame = Orchestration(arguments, PipelineSpec)
        self._state = PipelineState()

    @workflow.run
    async def run(self, *_: Any) -> OrchestrationReport:
        """Stage by stage. Signals and queries are the frame's."""
        return await self._frame.run(self._work)

    async def _work(self) -> Verdict | None:
        frame, spec = self._frame, self._frame.spec
        self._state = state = PipelineState.model_validate(frame.state.pattern)
        await frame.crew(all_workers(spec))
        while state.step != "ended" and not frame.stopping:
            if not await self._advance(spec.stages[state.stage]):
                frame.state.pattern = state.model_dump(mode="json")
                return None
        return self._verdict()

    async def _advance(self, stage: Stage) -> bool:
        """Do the step that is next; False when it is time to continue as new."""
        state = self._state
        if state.step == "approval":
            return await self._approve(stage)
        if state.step == "workers":
            return await self._do(stage, stage.workers, then="checks")
        if state.step == "checks":
            return await self._do(stage, stage.checks, then="told")
        if state.step == "rollback":
            return await self._undo(state.rollbacks[0])
        if not await self._tell(stage):
            return False
        state.after_told(self._frame.spec)
        return True

    async def _approve(self, stage: Stage) -> bool:
        state = self._state
        if stage.approval is None or self._frame.outbox.staging.skips(stage.name):
            state.step = "workers"
            return True
        decision, issue = await approval.ask(
            self._frame, stage.name, stage.approval, state.evidence()
        )
        if issue is not None:
            state.issue = state.issue or issue.number
        if decision is None:
            return False
        state.answered(stage, decision, stopping=bool(self._frame.stopping))
        return True

    async def _do(self, stage: Stage, workers: Mapping[str, Any], *, then: str) -> bool:
        state = self._state
        if workers and not await self._run(stage.name, workers):
            return False
        if self._frame.stopping:
            return True
        if failed := state.failures(stage, dict(workers)):
            state.fail(self._frame.spec, f"stage {stage.name}: {', '.join(failed)}")
        else:
            state.step = "checks" if then == "checks" else "told"
        return True

    async def _undo(self, name: str) -> bool:
        stage = next(one for one in self._frame.spec.stages if one.name == name)
        if stage.rollback is not None:
            if not await self._run(name, {ROLLBACK: stage.rollback}):
                return False
            self._frame.journal.decide(
                "rolled-back", name, self._state.made[name][ROLLBACK].status.value
            )
        self._state.rollbacks.pop(0)
        if not self._state.rollbacks:
            self._state.undone, self._state.step = name, "told"
            return await self._advance(stage)
        return True

    async def _run(self, stage: str, workers: Mapping[str, WorkerSpec]) -> bool:
        frame, state = self._frame, self._state
        made = state.readable(workers.get(ROLLBACK))
        named = {f"{stage}/{n}": w for n, w in workers.items()}
        # A deployer that keeps failing is left alone; undoing what it did is not left undone.
        undoes = ROLLBACK in workers
        crew = await frame.crew(named, guarded=not undoes, stages=made)
        entries = [Entry(item=Item(key=key), sequence=0, worker=key) for key in named]
        source = FixedSource(entries, frame.state.fleet.source)
        outcomes = Collected(frame.tally, state, stage)
        work = FleetWork(frame, crew, source, outcomes=outcomes, at_any_cost=undoes)
        frame.begin(work)
        if not await work.run():
            return False
        frame.state.fleet = frame.state.fleet.after()
        return True

    async def _tell(self, stage: Stage) -> bool:
        """Comment on the stage, where there is a place to; False when it is time to continue as new."""
        frame, state = self._frame, self._state
        number = state.issue
        if frame.spec.progress:
            rendered = expressions.render(frame.spec.progress.issue, frame.context)
            number = int(rendered) if rendered.isdecimal() else None
        if number is None or frame.spec.safe_outputs.create_comment is None:
            return True
        if frame.outbox.approved is None and state.rollbacks:
            return True  # what failed is undone first, and told of then
        if not await frame.consent.settled():
            return False
        values = {"title": frame.title, **state.told(stage)}
        await frame.outbox.comment("progress", number, Text(template="progress", values=values))
        return True

    def _verdict(self) -> Verdict:
        frame, state = self._frame, self._state
        if frame.stopping:
            return frame.verdict(whole=True)
        if state.rejection:
            return OrchestrationStatus.REJECTED, state.rejection
        if state.failure:
            return OrchestrationStatus.FAILED, state.failure
        fine = all(one.good for made in state.made.values() for one in made.values())
        return (OrchestrationStatus.SUCCEEDED if fine else OrchestrationStatus.PARTIAL), ""
