"""Escalation: a failure that persists becomes one issue per cause, until the spec succeeds again."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.escalation import EscalationActivities
from activities.outputs import OutputActivities
from contracts.base import clip, plain
from contracts.escalation import (
    KIND,
    MAX_OPEN,
    MAX_RUNS,
    MEMO_CAUSE,
    EndedRun,
    FindEscalations,
    OpenEscalation,
    ReadStreak,
    cause_mark,
    write_id,
)
from contracts.fleet import OrchestrationState
from contracts.outputs import (
    MAX_TITLE,
    CloseIssue,
    CreateComment,
    CreateIssue,
    EditIssue,
    IssueRef,
    Text,
)
from contracts.report import COMPLETES, OrchestrationReport, OrchestrationStatus
from contracts.specs.common import Spec
from workflows import policies
from workflows.parts.journal import Journal

_FAILURES = frozenset({OrchestrationStatus.FAILED, OrchestrationStatus.TIMED_OUT})
"""People who reject or cancel know of it: that is nothing to tell them."""
_ROUTINE = frozenset({"dispatched", "completed"})
_SHOWN_RUNS, _SHOWN_ROWS, _SHOWN_DECISIONS = 10, 10, 40
_NUMBERS = re.compile(r"\d+")


class Escalating:
    """Tells people of a failure that persists. What fails here is journaled, and fails nothing."""

    def __init__(self, spec: Spec, state: OrchestrationState, journal: Journal) -> None:
        self._spec, self._state, self._journal = spec, state, journal

    async def conclude(self, report: OrchestrationReport) -> str:
        """Open, update or close issues, by how this run ended; tells the page of an open one."""
        if self._spec.escalation is None or self._spec.safe_outputs.staged:
            return ""
        try:
            if report.status in _FAILURES:
                return await self._escalate(report, cause_of(report))
            if report.status in COMPLETES:
                await self._heal(report)
        except ActivityError as error:
            self._journal.decide("output-failed", "escalation", str(error.cause))
        return ""

    async def _escalate(self, report: OrchestrationReport, cause: str) -> str:
        spec, settings = self._spec, self._spec.escalation
        workflow.upsert_memo({MEMO_CAUSE: cause})
        streak = await workflow.execute_activity_method(
            EscalationActivities.streak,
            ReadStreak(spec=spec.name, repository=spec.repository, cause=cause),
            **policies.named(policies.LOCAL, "how long it has failed"),
        )
        this = EndedRun(workflow_id=workflow.info().workflow_id, ended_at=workflow.now())
        runs = (this, *streak.runs)[:MAX_RUNS]
        if settings is None or len(runs) < settings.after:
            return ""
        found = await self._find()
        mark = cause_mark(spec.repository, spec.name, cause)
        same = [one for one in found if one.write_id.startswith(mark)]
        text = _text(report, cause, runs)
        if same:
            await self._update(same, text)
            self._journal.decide("escalated-again", f"#{same[0].number}", cause)
            return same[0].url
        if len(found) >= MAX_OPEN:
            reason = f"{cause}: {len(found)} causes have open issues already"
            self._journal.decide("output-refused", "escalation", reason)
            return ""
        issue = await self._open(cause, text, settings.labels)
        self._journal.decide("escalated", f"#{issue.number}", cause)
        return issue.url

    async def _heal(self, report: OrchestrationReport) -> None:
        for one in await self._find():
            values = {"workflow_id": report.workflow_id, "report_url": report.issue_url}
            comment = CreateComment(
                **self._common(_healed_id(one)),
                body=Text(template="healed", values=values),
                number=one.number,
            )
            await workflow.execute_activity_method(
                OutputActivities.comment, comment, **self._policy(f"healed: #{one.number}")
            )
            await self._close(one, "completed")
            self._journal.decide("healed", f"#{one.number}")

    async def _find(self) -> Sequence[OpenEscalation]:
        ask = FindEscalations(repository=self._spec.repository, spec=self._spec.name)
        found = await workflow.execute_activity_method(
            EscalationActivities.find,
            ask,
            **policies.named(policies.READ, "open escalation issues"),
        )
        return found.issues

    async def _open(self, cause: str, text: Text, labels: tuple[str, ...]) -> IssueRef:
        spec, first = self._spec, workflow.info().first_execution_run_id
        ask = CreateIssue(
            **self._common(write_id(spec.repository, spec.name, cause, first)),
            body=text,
            title=clip(f"{spec.name} keeps failing: {cause}", MAX_TITLE),
            labels=labels,
        )
        return await workflow.execute_activity_method(
            OutputActivities.create_issue, ask, **self._policy(f"escalate: {clip(cause, 100)}")
        )

    async def _update(self, same: Sequence[OpenEscalation], text: Text) -> None:
        """Bring the oldest up to date; two runs that failed at once may have opened one each."""
        kept, *surplus = same
        ask = EditIssue(**self._common(kept.write_id), body=text, number=kept.number)
        await workflow.execute_activity_method(
            OutputActivities.edit_issue, ask, **self._policy(f"escalate again: #{kept.number}")
        )
        for one in surplus:
            await self._close(one, "duplicate")

    async def _close(self, one: OpenEscalation, state_reason: str) -> None:
        ask = CloseIssue(
            repository=self._spec.repository, number=one.number, state_reason=state_reason
        )
        await workflow.execute_activity_method(
            OutputActivities.close_issue, ask, **self._policy(f"close #{one.number}")
        )

    def _common(self, of: str) -> dict[str, Any]:
        return {
            "repository": self._spec.repository,
            "write_id": of,
            "kind": KIND,
            "original_execution_run_id": workflow.info().original_execution_run_id,
            "doubted_since": self._state.doubted_since,
        }

    def _policy(self, summary: str) -> workflow.ActivityConfig:
        return policies.named(policies.CONTENT, summary, of=self._spec.repository)


def cause_of(report: OrchestrationReport) -> str:
    """Say why a run ended badly, in words that are the same each time.

    What most items failed of; where none did, the reason without its numbers.
    """
    failed = Counter(f"{row.worker}: {row.status.value}" for row in report.results if not row.good)
    if failed:
        return min(failed, key=lambda one: (-failed[one], one))
    reason = plain(_NUMBERS.sub("N", report.reason), 100)
    return f"{report.status.value}: {reason}" if reason else report.status.value


def _text(report: OrchestrationReport, cause: str, runs: Sequence[EndedRun]) -> Text:
    told = [one for one in report.decisions if one.kind not in _ROUTINE][-_SHOWN_DECISIONS:]
    values = {
        "spec": report.spec,
        "status": report.status.value,
        "reason": report.reason,
        "cause": cause,
        "count": len(runs),
        "more": len(runs) == MAX_RUNS,
        "workflow_id": report.workflow_id,
        "report_url": report.issue_url,
        "runs": [
            {"id": one.workflow_id, "at": f"{one.ended_at:%Y-%m-%d %H:%M} UTC"}
            for one in runs[:_SHOWN_RUNS]
        ],
        "failures": [
            {"item": row.key, "status": row.status.value, "reason": row.reason, "url": row.run_url}
            for row in [one for one in report.results if not one.good][:_SHOWN_ROWS]
        ],
        "decisions": [
            {
                "at": f"{one.time:%Y-%m-%d %H:%M:%S}",
                "kind": one.kind,
                "subject": one.subject,
                "reason": one.reason,
            }
            for one in told
        ],
    }
    return Text(template="escalation", values=values)


def _healed_id(one: OpenEscalation) -> str:
    """Id of the comment that says so, once for each issue."""
    return hashlib.sha256(f"healed\x1f{one.write_id}".encode()).hexdigest()[:24]
