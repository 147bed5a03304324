"""Safe outputs: what an orchestration may write, each write once in effect."""

import hashlib
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.outputs import OutputActivities
from contracts.base import clip
from contracts.outputs import MAX_BODY, MAX_TITLE, CreateIssue, IssueRef
from contracts.specs.safe_outputs import SafeOutputs
from workflows import policies
from workflows.parts.journal import Journal


class Outbox:
    """Writes what `safe-outputs` declares; the rest is refused and journaled."""

    def __init__(
        self,
        allowed: SafeOutputs,
        repository: str,
        journal: Journal,
        *,
        doubted_since: datetime | None,
    ) -> None:
        self._allowed, self._repository = allowed, repository
        self._journal, self._doubted_since = journal, doubted_since
        self._issues = 0

    async def create_issue(self, kind: str, title: str, body: str) -> IssueRef | None:
        """Create an issue within the leave given; None where it was refused or failed."""
        leave = self._allowed.create_issue
        if leave is None or self._issues >= leave.max:
            limit = "not declared" if leave is None else f"over max {leave.max}"
            self._journal.decide("output-refused", "create-issue", f"{kind}: {limit}")
            return None
        self._issues += 1
        info = workflow.info()
        ask = CreateIssue(
            repository=self._repository,
            title=clip(title, MAX_TITLE),
            body=body[:MAX_BODY],
            labels=leave.labels,
            write_id=_write_id(info.first_execution_run_id, kind, self._issues),
            kind=kind,
            original_execution_run_id=info.original_execution_run_id,
            doubted_since=self._doubted_since,
        )
        try:
            written = await workflow.execute_activity_method(
                OutputActivities.create_issue,
                ask,
                **policies.named(policies.CONTENT, f"{kind} issue: {clip(title, 100)}"),
            )
        except ActivityError as error:
            self._journal.decide("output-failed", "create-issue", str(error.cause))
            return None
        self._journal.decide("issue-created", f"#{written.number}", kind)
        return written


def _write_id(first_execution_run_id: str, kind: str, number: int) -> str:
    text = "\x1f".join((first_execution_run_id, kind, str(number)))
    return hashlib.sha256(text.encode()).hexdigest()[:24]
