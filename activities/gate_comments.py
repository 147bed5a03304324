"""Answers in comments: what was written, by whom, and what that person may do; GitHub's word only.

What an issue's comments are is read by the same conditional request for looks and for answers, so that
one that nobody wrote on since costs nothing.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from activities.executions import RPC_TIMEOUT
from activities.github import GitHub, NotFoundError
from activities.github.errors import told_to_temporal
from contracts import names
from contracts.gate_watch import (
    CommentAnswer,
    GateIssue,
    GateWatchState,
    ReadAnswer,
    RegisterGates,
    SeenComment,
    SweepComments,
    SweptComments,
    WatchGates,
    command_of,
    is_command,
)
from contracts.specs.gates import ROLE, ROLES, is_login, login

_AT_ONCE = 10
"""Issues looked at together."""
LEAST = "write"
"""What an approver who is named by login needs in the repository besides."""
_GIVEN = 500
"""Comments that one look tells."""


class GateCommentActivities:
    """`github.gates.sweep`, `github.gates.answer` and `podium.gates.register`."""

    def __init__(self, github: GitHub, client: Client) -> None:
        self._github, self._client = github, client

    @activity.defn(name="github.gates.sweep")
    async def sweep(self, ask: SweepComments) -> SweptComments:
        """Look at approval issues once; those without a new comment cost nothing.

        Raises:
            ApplicationError: `GitHubRateLimited` or `GitHubUnavailable`, retried by policy.
        """
        slots, told = asyncio.Semaphore(_AT_ONCE), set(ask.told)

        async def one(issue: GateIssue) -> list[SeenComment] | None:
            async with slots:
                try:
                    listed = await self._listed(ask.repository, issue.number, issue.since)
                except NotFoundError:
                    return None
            new = [c for c in listed if c["id"] not in told and is_command(c.get("body"))]
            return [
                SeenComment(number=issue.number, comment_id=c["id"], author=_login(c)) for c in new
            ]

        with told_to_temporal():
            found = await asyncio.gather(*(one(issue) for issue in ask.issues))
        seen = [comment for comments in found for comment in comments or ()]
        gone = [i.number for i, comments in zip(ask.issues, found, strict=True) if comments is None]
        return SweptComments(comments=tuple(seen[:_GIVEN]), gone=tuple(gone))

    @activity.defn(name="github.gates.answer")
    async def answer(self, ask: ReadAnswer) -> CommentAnswer:
        """Read one comment, and what its author may do now; say why it does not count.

        Raises:
            ApplicationError: what GitHub's answers mean, but for things that are not there.
        """
        with told_to_temporal():
            comment = await self._comment(ask)
            if comment is None:
                return CommentAnswer(refused="the comment was deleted")
            answer = CommentAnswer(
                author=_login(comment),
                created_at=comment["created_at"],
                url=str(comment.get("html_url") or ""),
                command=command_of(comment.get("body"), ask.gates),
            )
            refused = _refusal(comment, ask)
            if refused or answer.command is None:
                return answer.model_copy(update={"refused": refused or "it is no command"})
            counts_as = await self._counts_as(ask, answer.author)
        if not counts_as:
            refused = f"{answer.author} is none of the approvers, or may not do enough here"
        return answer.model_copy(update={"counts_as": counts_as, "refused": refused})

    @activity.defn(name="podium.gates.register")
    async def register(self, ask: RegisterGates) -> None:
        """Tell the watcher of approval issues what is open; starts it if need be."""
        await self._client.start_workflow(
            "GateWatch",
            GateWatchState(repository=ask.repository),
            id=names.gate_watch_id(ask.repository),
            task_queue=names.TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal=names.SIGNAL_WATCH,
            start_signal_args=[WatchGates(issues=ask.issues)],
            static_summary=f"Watches the approval issues of {ask.repository}",
            rpc_timeout=RPC_TIMEOUT,
        )

    async def _listed(self, repository: str, number: int, since: datetime) -> list[dict[str, Any]]:
        issues = self._github.issues
        return await self._github.call(issues.reread_comments, repository, number, since=since)

    async def _comment(self, ask: ReadAnswer) -> dict[str, Any] | None:
        """Find it where looks find it, for nothing as a rule; else read it by itself."""
        try:
            for one in await self._listed(ask.repository, ask.number, ask.opened_at):
                if one["id"] == ask.comment_id:
                    return one
            issues = self._github.issues
            return await self._github.call(issues.read_comment, ask.repository, ask.comment_id)
        except NotFoundError:
            return None

    async def _counts_as(self, ask: ReadAnswer, author: str) -> tuple[str, ...]:
        """Name the approvers of the spec that somebody is now; asks as little as it can."""
        by_role = [one for one in ask.approvers if is_role(one) or _is(one, author)]
        role = await self._role(ask.repository, author) if by_role else ""
        counts = [one for one in by_role if _rank(role) >= _rank(_needed(one))]
        for team in (one for one in ask.approvers if "/" in one):
            if await self._is_member(team, author):
                counts.append(team)  # noqa: PERF401 - no async comprehension: one is asked after the other
        return tuple(counts)

    async def _role(self, repository: str, login: str) -> str:
        try:
            return await self._github.call(self._github.repositories.role_of, repository, login)
        except NotFoundError:
            return "none"

    async def _is_member(self, team: str, author: str) -> bool:
        owner, _, slug = login(team).partition("/")
        return await self._github.call(self._github.repositories.is_member, owner, slug, author)


def is_role(approver: str) -> bool:
    """Whether an approver is whoever has a role in the repository."""
    return approver.startswith(ROLE)


def _is(approver: str, author: str) -> bool:
    return is_login(approver) and login(approver) == login(author)


def _needed(approver: str) -> str:
    """The least role that an answer of this approver needs: who lost access answers no more."""
    return approver.removeprefix(ROLE) if is_role(approver) else LEAST


def _rank(role: str) -> int:
    return ROLES.index(role) if role in ROLES else -1


def _refusal(comment: dict[str, Any], ask: ReadAnswer) -> str:
    """Say what is wrong with a comment itself, whoever wrote it; empty for nothing."""
    user = comment.get("user") or {}
    if str(comment.get("issue_url", "")).rsplit("/", 1)[-1] != str(ask.number):
        return f"the comment is not on #{ask.number}"
    if user.get("type") != "User" or comment.get("performed_via_github_app"):
        return f"{_login(comment) or 'nobody'} is no person"
    if comment["created_at"] != comment["updated_at"]:
        return "the comment was edited"
    # GitHub's times are whole seconds.
    if datetime.fromisoformat(comment["created_at"]) <= ask.opened_at - timedelta(seconds=1):
        return "the comment is older than the gate"
    return ""


def _login(comment: dict[str, Any]) -> str:
    return str((comment.get("user") or {}).get("login") or "")
