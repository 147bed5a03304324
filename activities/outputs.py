"""Writes to GitHub beyond dispatches, each once in effect."""

from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.client import Client

from activities import sanitize
from activities.counting import Counted, Counting
from activities.github import GitHub
from activities.github.errors import RefusedError, told_to_temporal
from activities.markers import Markers
from activities.once import SETTLE_MAX, Origin, Write, in_time, send_once
from activities.writes import CommentWrite, IssueWrite, Marking, PullRequestWrite
from contracts.content import ContentLimits
from contracts.outputs import (
    AddLabels,
    ClosedIssue,
    CloseIssue,
    CreateComment,
    CreateIssue,
    CreatePullRequest,
    EditIssue,
    IssueRef,
)
from contracts.outputs import Write as Asked


class OutputActivities:
    """`github.issue.create`, `.comment`, `.edit`, `.label`, `.close` and `github.pull-request.create`."""

    def __init__(
        self,
        github: GitHub,
        markers: Markers,
        client: Client,
        limits: ContentLimits,
        settle: timedelta = SETTLE_MAX,
    ) -> None:
        self._github = github
        self._marking = Marking(github, markers)
        self._client = client
        self._counting = Counting(client, github, limits)
        self._settle = settle

    @activity.defn(name="github.issue.create")
    async def create_issue(self, ask: CreateIssue) -> IssueRef:
        """Create the issue, or find it created.

        Raises:
            ApplicationError: as `send_once` says, and what GitHub's answers mean.
        """
        return await self._once(ask, IssueWrite(ask, self._marking))

    @activity.defn(name="github.issue.comment")
    async def comment(self, ask: CreateComment) -> IssueRef:
        """Comment, or find the comment written, or what it says; raises as `create_issue` does.

        Two runs that say the same in the same moment may both be heard.
        """
        write = CommentWrite(ask, self._marking)
        if ask.says:
            with told_to_temporal():
                said = await write.said()
            if said is not None:
                return said
        return await self._once(ask, write)

    @activity.defn(name="github.pull-request.create")
    async def create_pull_request(self, ask: CreatePullRequest) -> IssueRef:
        """Open the pull request, or find it open, and label it; raises as `create_issue` does.

        One that others opened from the same branch stays as it is.
        """
        opened = await self._once(ask, PullRequestWrite(ask, self._marking))
        if ask.labels and opened.made != "kept":
            await self._label(ask, opened)
        return opened

    @activity.defn(name="github.issue.edit")
    async def edit_issue(self, ask: EditIssue) -> IssueRef | None:
        """Set an issue's text and state; doing so again changes nothing.

        Returns:
            The issue; None is what older histories have.
        """
        body = self._marking.body(ask)
        with told_to_temporal():
            edit = in_time(self._github.issues.edit)
            await self._github.call(edit, ask.repository, ask.number, body=body, state=ask.state)
        return IssueRef(number=ask.number, url=self._github.page(ask.repository, ask.number))

    @activity.defn(name="github.issue.label")
    async def add_labels(self, ask: AddLabels) -> IssueRef | None:
        """Add labels; those that are there stay, so doing so again changes nothing.

        Returns:
            The issue; None is what older histories have.
        """
        with told_to_temporal():
            label = in_time(self._github.issues.label)
            safe = tuple(map(sanitize.label, ask.labels))
            await self._github.call(label, ask.repository, ask.number, safe)
        return IssueRef(number=ask.number, url=self._github.page(ask.repository, ask.number))

    @activity.defn(name="github.issue.close")
    async def close_issue(self, ask: CloseIssue) -> ClosedIssue:
        """Close an issue, if it is as required; a closed one stays closed."""
        issues = self._github.issues
        with told_to_temporal():
            if ask.required_labels or ask.required_title_prefix:
                found = await self._github.call(issues.read, ask.repository, ask.number)
                if why := _lacks(found, ask):
                    return ClosedIssue(
                        kept_open=why, url=self._github.page(ask.repository, ask.number)
                    )
            close = in_time(issues.close)
            await self._github.call(close, ask.repository, ask.number, ask.state_reason)
        return ClosedIssue(url=self._github.page(ask.repository, ask.number))

    async def _label(self, ask: CreatePullRequest, opened: IssueRef) -> None:
        """Label it; doing so again changes nothing, and a refusal does not undo what is open."""
        label, number = self._github.issues.label, opened.number
        with told_to_temporal():
            try:
                labels = tuple(map(sanitize.label, ask.labels))
                await self._github.call(label, ask.repository, number, labels)
            except RefusedError as error:
                activity.logger.warning("labels refused", extra={"reason": str(error)})

    async def _once(self, ask: Asked, write: Write[IssueRef]) -> IssueRef:
        origin = Origin(ask.original_execution_run_id, ask.doubted_since)
        counted = Counted(write, ask.repository, ask.write_id, self._counting)
        with told_to_temporal():
            return await send_once(counted, origin, self._client, self._settle)


def _lacks(issue: dict[str, Any], ask: CloseIssue) -> str:
    """Say what an issue lacks of what it must have to be closed, or nothing."""
    labels = {str(one.get("name")).lower() for one in issue.get("labels") or ()}
    lacking = [one for one in ask.required_labels if one.lower() not in labels]
    if lacking:
        return f"it lacks the label {lacking[0]}"
    if not str(issue.get("title") or "").startswith(ask.required_title_prefix):
        return f"its title does not begin with {ask.required_title_prefix}"
    return ""
