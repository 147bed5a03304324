"""The report: assembled from the tally and the journal, rendered, and written once."""

from collections.abc import Callable
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.reports import ReportActivities
from contracts.fleet import OrchestrationState
from contracts.outputs import RenderReport
from contracts.report import Metrics, OrchestrationReport, OrchestrationStatus
from contracts.specs.common import Spec
from workflows import policies
from workflows.parts.breakers import Breakers
from workflows.parts.budget import Budget
from workflows.parts.escalating import Escalating
from workflows.parts.journal import Journal
from workflows.parts.outbox import Outbox
from workflows.parts.tally import Tally


class Reporting:
    """Tells what an orchestration did, so far or in the end."""

    def __init__(
        self,
        spec: Spec,
        state: OrchestrationState,
        tally: Tally,
        journal: Journal,
        title: str,
        breakers: Breakers,
        budget: Budget,
    ) -> None:
        self._spec, self._state, self._tally = spec, state, tally
        self._journal, self._title, self._breakers = journal, title, breakers
        self._budget = budget
        self.reductions: Callable[[], dict[str, Any]] = dict
        """What results were reduced to, where the pattern does that."""

    def assemble(self, status: OrchestrationStatus, reason: str = "") -> OrchestrationReport:
        """Put the report together as it stands now."""
        tally, journal = self._tally.state, self._state.journal
        return OrchestrationReport(
            spec=self._spec.name,
            pattern=self._spec.pattern,
            repository=self._spec.repository,
            workflow_id=workflow.info().workflow_id,
            title=self._title,
            status=status,
            reason=reason,
            totals=tally.totals,
            counts=self._tally.counts(),
            highlights=tuple(tally.highlights),
            results=tuple(row for _, _, row in tally.rows),
            results_omitted=tally.omitted,
            decisions=tuple(journal.decisions),
            decisions_omitted=journal.omitted,
            metrics=self._metrics(),
            breakers=self._breakers.shown(),
            recommendations=self._tally.recommendations(),
            reductions=self.reductions(),
            action_items=self._tally.action_items(),
            rounds=tuple(tally.rounds),
            pull_request_url=tally.pull_request_url,
            staged=self._spec.safe_outputs.staged,
            previews=tuple(self._state.previews),
        )

    async def write(
        self, status: OrchestrationStatus, reason: str, outbox: Outbox, *, data: bool
    ) -> OrchestrationReport:
        """Render the final report, write its issue where the spec declares one, and escalate.

        Args:
            status: how it ended.
            reason: why.
            outbox: what writes the issue.
            data: end it with a block of data, for an orchestration above to collect.
        """
        report = self.assemble(*outbox.staging.judged(status, reason))
        highlights = self._spec.report.highlights
        ask = RenderReport(
            report=report,
            columns=self._spec.report.columns,
            highlights_title=highlights.title if highlights else "",
            data=data,
        )
        markdown = await self._render(ask)
        issue = None
        if markdown and self._spec.safe_outputs.create_issue is not None:
            issue = await outbox.create_issue("report", self._title, markdown)
        told = {"markdown": markdown, "issue_url": issue.url if issue else ""}
        report = report.model_copy(update=told)
        escalating = Escalating(self._spec, self._state, self._journal)
        return report.model_copy(
            update={
                "escalation_url": await escalating.conclude(report),
                "decisions": tuple(self._state.journal.decisions),
                "previews": tuple(self._state.previews),
            }
        )

    async def _render(self, ask: RenderReport) -> str:
        try:
            return await workflow.execute_activity_method(
                ReportActivities.render, ask, **policies.named(policies.LOCAL, "render the report")
            )
        except ActivityError as error:  # the report itself is there all the same
            self._journal.decide("render-failed", reason=str(error.cause))
            return ""

    def _metrics(self) -> Metrics:
        tally = self._tally.state
        return Metrics(
            started_at=self._state.started_at,
            seconds=(workflow.now() - self._state.started_at).total_seconds(),
            success_rate=self._tally.success_rate(),
            run_seconds_total=tally.run_seconds_total,
            run_seconds_longest=tally.run_seconds_longest,
            figures={**tally.figures, **self._budget.figures()},
        )
