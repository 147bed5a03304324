"""Hierarchical: phases of child orchestrations of any pattern, whose results roll up."""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.collected import CollectedActivities
from contracts.hierarchical import HierarchicalState
from contracts.outputs import HealthIssue, ReadHealthIssue
from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.runs import GOOD
from contracts.specs.hierarchical import HierarchicalSpec, Phase
from workflows import policies
from workflows.parts.answering import Answering
from workflows.parts.children import Children
from workflows.parts.course import Verdict
from workflows.parts.orchestration import Orchestration
from workflows.parts.timeline import progressed


@workflow.defn(name="Hierarchical")
class Hierarchical(Answering):
    """See docs/patterns/hierarchical.md for the state machine."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        self._frame = Orchestration(arguments, HierarchicalSpec)
        self._state = HierarchicalState()

    @workflow.run
    async def run(self, *_: Any) -> OrchestrationReport:
        """Phase by phase. Signals and queries are the frame's."""
        return await self._frame.run(self._work)

    async def _work(self) -> Verdict | None:
        for phase in self._frame.spec.phases:
            if self._frame.stopping:
                break
            await self._run(phase)
        return self._verdict()

    async def _run(self, phase: Phase) -> None:
        frame = self._frame
        progressed(frame.state.fleet, frame.journal)
        frame.journal.decide("phase-begun", phase.name, ", ".join(phase.orchestrations))
        children = Children(frame, phase, self._state.ended)
        frame.begin(children)
        for sequence, (name, (outcome, report)) in enumerate(
            (await children.run()).items(), len(self._state.ended)
        ):
            frame.tally.taken(frame.tally.state.totals.items + 1)
            frame.tally.add(sequence, outcome, None)
            frame.journal.decide("completed", name, outcome.status.value)
            self._state.ended.append(name)
            progressed(frame.state.fleet, frame.journal)
            if outcome.status not in GOOD and phase.orchestrations[name].required:
                self._state.missed.append(name)
            if report is not None:
                await self._collect(name, report)

    async def _collect(self, name: str, report: OrchestrationReport) -> None:
        """Roll a child's action items up, as its health issue tells them where it wrote one."""
        items = report.action_items
        if self._frame.spec.collect_issues and report.issue_url:
            found = await self._read(name, report)
            if found is not None and found.action_items != items:
                reason = "it tells other action items than the child did; the child's count"
                self._frame.journal.decide("issue-altered", name, reason)
        elif self._frame.spec.collect_issues:
            self._frame.journal.decide("issue-missing", name, "the child wrote no health issue")
        self._frame.tally.act(
            item.model_copy(update={"source": name, "url": item.url or report.issue_url})
            for item in items
        )

    async def _read(self, name: str, report: OrchestrationReport) -> HealthIssue | None:
        ask = ReadHealthIssue(repository=report.repository, url=report.issue_url)
        try:
            return await workflow.execute_activity_method(
                CollectedActivities.health_issue,
                ask,
                **policies.named(policies.READ, f"collect the health issue of {name}"),
            )
        except ActivityError as error:
            self._frame.journal.decide("issue-unreadable", name, str(error.cause))
            return None

    def _verdict(self) -> Verdict:
        frame = self._frame
        if frame.stopping:
            return frame.verdict()
        if self._state.missed:
            return OrchestrationStatus.FAILED, f"failed: {', '.join(self._state.missed)}"
        if not frame.tally.flawless():
            return OrchestrationStatus.PARTIAL, "not every child succeeded"
        return OrchestrationStatus.SUCCEEDED, ""
