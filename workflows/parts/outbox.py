"""Safe outputs: what an orchestration may write, each write once in effect."""

from collections.abc import Awaitable, Mapping
from typing import Any, Literal

from temporalio import workflow
from temporalio.exceptions import ActivityError
from temporalio.workflow import ActivityConfig

from activities.outputs import OutputActivities
from contracts.base import clip
from contracts.fleet import OrchestrationState
from contracts.markdown import fit
from contracts.outputs import (
    MAX_BODY,
    MAX_TITLE,
    AddLabels,
    ClosedIssue,
    CloseIssue,
    CreateComment,
    CreateIssue,
    CreatePullRequest,
    EditIssue,
    IssueRef,
    Text,
    write_id,
)
from contracts.specs.common import Spec
from contracts.specs.safe_outputs import CreateIssueOutput
from workflows import policies
from workflows.parts.journal import Journal
from workflows.parts.staging import Staging

_OWN_ISSUES = frozenset({"approval"})
"""A gate declares its own issue and comments, outside `safe-outputs`."""
_VERBS = {
    ("create-issue", "new"): "issue-created",
    ("create-pull-request", "new"): "pull-request-created",
    ("create-pull-request", "updated"): "pull-request-updated",
    ("create-pull-request", "kept"): "pull-request-kept",
    ("create-comment", "new"): "commented",
    ("create-comment", "kept"): "already-commented",
}
"""What the journal says of a write, by output and by whether it was there before."""


class Outbox:
    """Writes what `safe-outputs` declares; the rest is refused and journaled."""

    def __init__(
        self, spec: Spec, context: Mapping[str, Any], state: OrchestrationState, journal: Journal
    ) -> None:
        self._allowed, self._repository, self._context = (
            spec.safe_outputs,
            spec.repository,
            context,
        )
        self._state, self._journal = state, journal
        self.staging = Staging(state, journal, active=self._allowed.staged)

    @property
    def staged(self) -> bool:
        """Whether all writes are previewed, and none is made."""
        return self.staging.active

    @property
    def approved(self) -> bool | None:
        """Whether people let it write; None while they are to be asked, and have not decided."""
        if self._allowed.approval is None or self.staged:
            return True
        return self._state.outputs_approved

    async def create_issue(self, kind: str, title: str, body: str | Text) -> IssueRef | None:
        """Create an issue within the leave given; None where it was refused or failed."""
        leave, own = self._allowed.create_issue, kind in _OWN_ISSUES
        place = self._repository if own or leave is None else self._target(leave)
        if not place or not (own or self.allows("create-issue", leave, kind)):
            return None
        prefix = "" if own or leave is None else leave.title_prefix
        title = clip(prefix + title, MAX_TITLE)
        if await self.staging.shows("create-issue", place, body, title=title):
            return None
        ask = CreateIssue(
            **self._write("create-issue", kind, body) | {"repository": place},
            title=title,
            labels=leave.labels if leave else (),
        )
        made = workflow.execute_activity_method(
            OutputActivities.create_issue,
            ask,
            **self._policy(f"{kind} issue: {clip(title, 100)}"),
        )
        written = await self._written("create-issue", kind, made)
        if written is not None and kind in _OWN_ISSUES:
            self._state.outputs[f"{kind} #{written.number}"] = self._state.outputs[
                f"create-issue {kind}"
            ]
        return written

    async def revise(
        self,
        kind: str,
        issue: IssueRef,
        body: Text,
        state: Literal["open", "closed"] = "open",
    ) -> bool:
        """Set text and state of an issue of a gate; False where that failed, which fails nothing."""
        number = self._state.outputs.get(f"{kind} #{issue.number}")
        if number is None:  # created by code that did not remember
            return False
        info = workflow.info()
        ask = EditIssue(
            repository=self._repository,
            body=body,
            write_id=write_id(info.first_execution_run_id, "create-issue", kind, number),
            kind=kind,
            original_execution_run_id=info.original_execution_run_id,
            number=issue.number,
            state=state,
        )
        try:
            await workflow.execute_activity_method(
                OutputActivities.edit_issue,
                ask,
                **self._policy(f"{kind} issue #{issue.number} as it stands"),
            )
        except ActivityError as error:
            self._journal.decide("output-failed", "edit-issue", str(error.cause))
            return False
        return True

    async def comment(
        self, kind: str, number: int, body: str | Text, says: str = ""
    ) -> IssueRef | None:
        """Comment within the leave given; None where it was refused or failed.

        The leave is taken also where it turns out that an earlier run said the same.
        """
        leave = self._allowed.create_comment
        if kind not in _OWN_ISSUES and not self.allows("create-comment", leave, kind):
            return None
        if await self.staging.shows("create-comment", f"{self._repository}#{number}", body):
            return None
        write = self._write("create-comment", kind, body)
        ask = CreateComment(**write, number=number, says=says)
        made = workflow.execute_activity_method(
            OutputActivities.comment,
            ask,
            **self._policy(f"{kind} comment on #{number}"),
        )
        return await self._written("create-comment", kind, made)

    async def create_pull_request(
        self, title: str, body: str | Text, *, head: str, base: str | None
    ) -> IssueRef | None:
        """Open a pull request within the leave given; None where it was refused or failed."""
        leave = self._allowed.create_pull_request
        if leave is None or not self.allows("create-pull-request", leave, "pull-request"):
            return None
        title = clip(leave.title_prefix + title, MAX_TITLE)
        place = f"{self._repository}, branch {head}"
        if await self.staging.shows("create-pull-request", place, body, title=title):
            return None
        ask = CreatePullRequest(
            **self._write("create-pull-request", "pull-request", body),
            title=title,
            head=head,
            base=base,
            draft=leave.draft,
            labels=leave.labels,
        )
        made = workflow.execute_activity_method(
            OutputActivities.create_pull_request,
            ask,
            **self._policy(f"pull request from {clip(head, 100)}"),
        )
        return await self._written("create-pull-request", "pull-request", made)

    async def add_labels(self, number: int, labels: tuple[str, ...]) -> None:
        """Label an item that has its leave; nothing fails where that fails."""
        if not self._is_approved("add-labels", f"#{number}"):
            return
        if await self.staging.shows(
            "add-labels", f"{self._repository}#{number}", ", ".join(labels)
        ):
            return
        ask = AddLabels(repository=self._repository, number=number, labels=labels)
        made = workflow.execute_activity_method(
            OutputActivities.add_labels, ask, **self._policy(f"label #{number}")
        )
        try:
            await made
        except ActivityError as error:
            self._journal.decide("output-failed", "add-labels", f"#{number}: {error.cause}")
            return
        self._journal.decide("labelled", f"#{number}", ", ".join(labels))

    async def close_item(self, number: int) -> None:
        """Close an item that has its leave, if it is as `close-issue` requires."""
        leave = self._allowed.close_issue
        if not self._is_approved("close-issue", f"#{number}"):
            return
        if leave is None or await self.staging.shows(
            "close-issue", f"{self._repository}#{number}", leave.state_reason
        ):
            return
        ask = CloseIssue(
            repository=self._repository,
            number=number,
            state_reason=leave.state_reason,
            required_labels=leave.required_labels,
            required_title_prefix=leave.required_title_prefix,
        )
        if (why := await self._close(ask)) is None:
            return
        kind, reason = ("left-open", why) if why else ("issue-closed", leave.state_reason)
        self._journal.decide(kind, f"#{number}", reason)

    async def close_issue(self, issue: IssueRef) -> None:
        """Close an issue that this orchestration wrote; one that stays open fails nothing."""
        await self._close(CloseIssue(repository=self._repository, number=issue.number))

    async def _close(self, ask: CloseIssue) -> str | None:
        """Close one; tells why it was kept open, or None where that failed."""
        try:
            closed: ClosedIssue | None = await workflow.execute_activity_method(
                OutputActivities.close_issue,
                ask,
                **self._policy(f"close #{ask.number}"),
            )
        except ActivityError as error:
            self._journal.decide("output-failed", "close-issue", f"#{ask.number}: {error.cause}")
            return None
        return closed.kept_open if closed else ""  # as before it told

    def allows(self, output: str, leave: Any, kind: str) -> bool:
        """Whether one more is written now; counts it, or journals the refusal."""
        approved = leave is None or self._is_approved(output, kind)
        return approved and self.counts(output, leave, kind)

    def counts(self, output: str, leave: Any, kind: str) -> bool:
        """Whether the spec leaves room for one more; counts it, or journals the refusal."""
        used = self._state.outputs.get(output, 0)
        if leave is None or used >= leave.max:
            limit = "not declared" if leave is None else f"over max {leave.max}"
            self.refuse(output, f"{kind}: {limit}")
            return False
        self._state.outputs[output] = used + 1
        return True

    def refuse(self, output: str, reason: str) -> None:
        """Journal that something is not written."""
        self._journal.decide("output-refused", output, reason)

    def _is_approved(self, output: str, what: str) -> bool:
        """Whether people let it write; the first refusal of each output is journaled."""
        if not self.approved and not self._state.outputs.get(told := f"{output} not approved"):
            self._state.outputs[told] = 1
            self.refuse(output, f"{what}: not approved")
        return bool(self.approved)

    def give_back(self, output: str) -> None:
        """Count one less: what was allowed turned out to be nothing to write."""
        self._state.outputs[output] = max(self._state.outputs.get(output, 0) - 1, 0)

    def _target(self, leave: CreateIssueOutput) -> str:
        """Say in which repository an issue is created; nothing where it may not be."""
        try:
            return leave.place(self._repository, self._context)
        except ValueError as error:
            self.refuse("create-issue", str(error))
            return ""

    def _policy(self, summary: str) -> ActivityConfig:
        return policies.named(policies.CONTENT, summary, of=self._repository)

    def _write(self, output: str, kind: str, body: str | Text) -> dict[str, Any]:
        """What all writes have; the number makes each one's id its own, for the whole chain."""
        number = self._state.outputs.get(f"{output} {kind}", 0) + 1
        self._state.outputs[f"{output} {kind}"] = number
        info = workflow.info()
        whole = f"(The text was cut here. The whole is in the run `{info.workflow_id}`.)"
        return {
            "repository": self._repository,
            "body": fit(body, MAX_BODY, whole) if isinstance(body, str) else body,
            "write_id": write_id(info.first_execution_run_id, output, kind, number),
            "kind": kind,
            "original_execution_run_id": info.original_execution_run_id,
            "doubted_since": self._state.doubted_since,
        }

    async def _written(self, output: str, kind: str, made: Awaitable[IssueRef]) -> IssueRef | None:
        try:
            written = await made
        except ActivityError as error:
            self._journal.decide("output-failed", output, str(error.cause))
            return None
        self._journal.decide(_VERBS[output, written.made], f"#{written.number}", kind)
        return written
