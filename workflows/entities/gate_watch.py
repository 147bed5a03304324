"""`GateWatch`: finds the comments on a repository's approval issues that no webhook told of.

It looks every five minutes, which costs nothing while nobody comments, and tells each orchestration
where a command is. It ends when no gate is open.
"""

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from activities.gate_comments import GateCommentActivities
from activities.watch import WatchActivities
from contracts import names
from contracts.gate_watch import (
    MAX_ISSUES,
    GateComment,
    GateWatchState,
    ReleaseGate,
    SeenComment,
    SeenComments,
    SweepComments,
    SweptComments,
    WatchGates,
)
from contracts.watch import CheckWaiters
from workflows import policies
from workflows.parts.messages import decoded

_AT_ONCE = 100
"""Issues of one look; with more, they take turns."""
_SHARE = 20
"""Comments of one person on one issue that are passed on."""
_MOST = 500
"""Comments on one issue that are passed on."""
_STRAYS = 20
"""Comments on issues that no gate has, passed on to each orchestration so that it records them."""


@workflow.defn(name="GateWatch")
class GateWatch:
    """See ARCHITECTURE.md for who tells it what; it may be terminated at any time."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        self._state = decoded(GateWatchState, arguments) or GateWatchState(repository="")
        self._issues = dict(self._state.issues)
        self._told = {number: dict(told) for number, told in self._state.told.items()}
        self._strays = dict(self._state.strays)
        self._unsent: list[tuple[str, SeenComment]] = []
        self._swept_at = self._state.swept_at or workflow.now()
        self._checked_at = self._state.checked_at or workflow.now()

    @workflow.run
    async def run(self, *_: Any) -> None:
        """Look until no gate is open."""
        while self._state.repository and not workflow.info().is_continue_as_new_suggested():
            await self._send()
            if not self._issues:
                await workflow.wait_condition(workflow.all_handlers_finished)
                if not self._issues and not self._unsent:
                    return
            await self._pause()
            if workflow.now() >= self._next():
                await self._sweep()
        await self._send()
        if self._state.repository:
            workflow.continue_as_new(self._carry())

    @workflow.signal(name=names.SIGNAL_WATCH, description="Approval issues of open gates")
    def watch(self, *arguments: Any) -> None:
        """Watch issues: {"issues": [{"number", "waiter", "since"}]}."""
        asked = decoded(WatchGates, arguments)
        for issue in asked.issues if asked else ():
            if len(self._issues) < MAX_ISSUES or issue.number in self._issues:
                self._issues.setdefault(issue.number, issue)

    @workflow.signal(name=names.SIGNAL_RELEASE, description="A gate has closed")
    def release(self, *arguments: Any) -> None:
        """Forget an issue: {"number"}."""
        asked = decoded(ReleaseGate, arguments)
        if asked is not None:
            self._forget(asked.number)

    @workflow.signal(name=names.SIGNAL_COMMENTS_SEEN, description="Comments that GitHub told of")
    def comments_seen(self, *arguments: Any) -> None:
        """Take in signed deliveries: {"comments": [{"number", "comment_id", "author"?}]}."""
        seen = decoded(SeenComments, arguments)
        for comment in seen.comments if seen else ():
            self._hear(comment)

    @workflow.query(name=names.QUERY_STATUS, description="What is watched")
    def status(self) -> dict[str, Any]:
        """Tell which issues are watched, and when they were looked at."""
        return {
            "repository": self._state.repository,
            "issues": sorted(self._issues),
            "swept_at": self._swept_at.isoformat(),
        }

    def _hear(self, comment: SeenComment) -> None:
        """Pass a comment on, once; one on an issue that no gate has is for all to record."""
        issue = self._issues.get(comment.number)
        if issue is None:
            for workflow_id in sorted({i.waiter.workflow_id for i in self._issues.values()}):
                if self._strays.get(workflow_id, 0) < _STRAYS:
                    self._strays[workflow_id] = self._strays.get(workflow_id, 0) + 1
                    self._unsent.append((workflow_id, comment))
            return
        told = self._told.setdefault(comment.number, {})
        share = sum(author == comment.author for author in told.values())
        if comment.comment_id not in told and share < _SHARE and len(told) < _MOST:
            told[comment.comment_id] = comment.author[:100]
            self._unsent.append((issue.waiter.workflow_id, comment))

    def _forget(self, number: int) -> None:
        self._issues.pop(number, None)
        self._told.pop(number, None)
        waiting = {issue.waiter.workflow_id for issue in self._issues.values()}
        self._strays = {name: n for name, n in self._strays.items() if name in waiting}

    def _forget_all(self, waiters: set[str]) -> None:
        for issue in list(self._issues.values()):
            if issue.waiter.workflow_id in waiters:
                self._forget(issue.number)

    def _next(self) -> datetime:
        return self._swept_at + self._state.every

    async def _pause(self) -> None:
        """Wait for the next look; a comment that a webhook told of goes on at once."""
        try:
            await workflow.wait_condition(
                lambda: bool(self._unsent) or not self._issues,
                timeout=max(self._next() - workflow.now(), timedelta()),
                timeout_summary="next look at approval issues",
            )
        except TimeoutError:
            return

    async def _sweep(self) -> None:
        self._swept_at = workflow.now()
        await self._check_waiters()
        turn = list(self._issues.values())[:_AT_ONCE]
        for issue in turn:  # to the end of the line
            self._issues[issue.number] = self._issues.pop(issue.number)
        told = tuple(c for issue in turn for c in self._told.get(issue.number, ()))
        ask = SweepComments(repository=self._state.repository, issues=tuple(turn), told=told)
        try:
            swept: SweptComments = await workflow.execute_activity_method(
                GateCommentActivities.sweep,
                ask,
                **policies.named(
                    policies.POLL, f"look at {len(turn)} approval issues", of=ask.repository
                ),
            )
        except ActivityError as error:
            workflow.logger.warning("look failed", extra={"cause": str(error.cause)})
            return
        for number in swept.gone:
            self._forget(number)
        for comment in swept.comments:
            if comment.number in self._issues:
                self._hear(comment)

    async def _check_waiters(self) -> None:
        """Now and then ask which orchestrations have ended without a word."""
        if workflow.now() < self._checked_at + policies.GATE_WAITER_CHECK:
            return
        self._checked_at = workflow.now()
        waiters = {i.waiter.workflow_id: i.waiter for i in self._issues.values()}
        ask = CheckWaiters(waiters=tuple(waiters[name] for name in sorted(waiters)))
        try:
            gone = await workflow.execute_activity_method(
                WatchActivities.gone,
                ask,
                **policies.named(policies.LOCAL, f"are {len(waiters)} waiters still running?"),
            )
        except ActivityError as error:
            workflow.logger.warning("waiters unknown", extra={"cause": str(error.cause)})
            return
        self._forget_all({waiter.workflow_id for waiter in gone.waiters})

    async def _send(self) -> None:
        """Tell orchestrations where to look; one that has ended is forgotten."""
        while self._unsent:
            workflow_id, comment = self._unsent.pop(0)
            handle = workflow.get_external_workflow_handle(workflow_id)
            told = GateComment(number=comment.number, comment_id=comment.comment_id)
            try:
                await handle.signal(names.SIGNAL_GATE_COMMENT, told)
            except (ApplicationError, FailureError):
                self._forget_all({workflow_id})

    def _carry(self) -> GateWatchState:
        return self._state.model_copy(
            update={
                "issues": self._issues,
                "told": self._told,
                "strays": self._strays,
                "swept_at": self._swept_at,
                "checked_at": self._checked_at,
            }
        )
