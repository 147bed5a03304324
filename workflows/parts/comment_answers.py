"""Answers in comments: an orchestration is told where one is, and reads it from GitHub itself.

Whoever may send signals could make a pointer up; it makes no more happen than a look at GitHub.
"""

import asyncio
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from activities.gate_comments import GateCommentActivities
from contracts import names
from contracts.base import clip
from contracts.gate_watch import (
    CommentAnswer,
    GateComment,
    GateIssue,
    ReadAnswer,
    RegisterGates,
    ReleaseGate,
)
from contracts.gates import Answered, OpenGate
from contracts.runs import Waiter
from workflows import policies
from workflows.parts.clock import Clock
from workflows.parts.flights import is_due
from workflows.parts.gate import Gates
from workflows.parts.journal import Journal

_MAX_READ = 500
"""Comments read in one run of the chain, so that nobody can fill its history."""
_MAX_REFUSED = 50
"""Refusals journaled in one run of the chain; more are only counted against the reads."""
SUBJECT = "comment"


class CommentAnswers:
    """What people comment on approval issues, counted as `verified`."""

    def __init__(self, repository: str, gates: Gates, journal: Journal, clock: Clock) -> None:
        self._repository, self._gates, self._journal = repository, gates, journal
        self._clock, self._lock = clock, asyncio.Lock()
        self._read: set[int] = set()
        self._refused = 0
        self._register_at: datetime | None = None
        self._registering: asyncio.Task[None] | None = None
        clock.call(self._on_time, lambda: self._register_at)
        workflow.set_signal_handler(names.SIGNAL_GATE_COMMENT, self._told)

    def watch(self) -> None:
        """Have the issues of open gates looked at, from now on and again now and then."""
        if self._registering is None or self._registering.done():
            self._registering = asyncio.create_task(self._register())
        self._register_at = workflow.now() + policies.GATE_REGISTER
        self._clock.rearm()

    async def settle(self) -> None:
        """Let a registration that is under way end: this run of the chain does."""
        self._register_at = None
        await self._registered()

    async def release(self, number: int) -> None:
        """Have an issue looked at no more; a watcher that is gone does so by itself."""
        await self._registered()  # else the watcher would hear of the gate after its end
        if not self._issues():
            self._register_at = None
        handle = workflow.get_external_workflow_handle(names.gate_watch_id(self._repository))
        try:
            await handle.signal(names.SIGNAL_RELEASE, ReleaseGate(number=number))
        except (ApplicationError, FailureError):
            workflow.logger.info("no watcher of approval issues", extra={"issue": number})

    async def _told(self, *arguments: Any) -> None:
        try:
            pointer = GateComment.model_validate(*arguments)
        except (ValidationError, TypeError) as error:
            self._refuse(names.SIGNAL_GATE_COMMENT, clip(str(error), 300))
            return
        async with self._lock:  # as they were told, one after the other
            if pointer.comment_id not in self._read:
                await self._answer(pointer)

    async def _answer(self, pointer: GateComment) -> None:
        where = f"{SUBJECT} {pointer.comment_id} on #{pointer.number}"
        gate = next((g for g in self._gates.shown() if g.issue_number == pointer.number), None)
        if gate is None:
            self._refuse(where, f"#{pointer.number} is the approval issue of no open gate")
            return
        if len(self._read) >= _MAX_READ:
            self._refuse(where, "too many comments")
            return
        self._read.add(pointer.comment_id)
        try:
            found: CommentAnswer = await workflow.execute_activity_method(
                GateCommentActivities.answer,
                self._ask(gate, pointer),
                **policies.named(policies.READ, f"read {where}", of=self._repository),
            )
        except ActivityError as error:
            self._read.discard(pointer.comment_id)  # it may be told again
            self._refuse(where, f"it could not be read: {error.cause}")
            return
        self._count(gate, where, found)

    def _count(self, gate: OpenGate, where: str, found: CommentAnswer) -> None:
        command, by = found.command, f"{found.author}: " if found.author else ""
        refused = found.refused
        if not refused and command and command.gate not in (None, gate.gate):
            refused = f"the issue asks about {gate.gate}, not about {command.gate}"
        if refused or command is None or found.created_at is None:
            self._refuse(where, f"{by}{refused or 'it is no command'}")
            return
        self._gates.count(
            Answered(
                gate=command.gate,
                choice=command.choice if command.verb == "choose" else command.verb,
                login=found.author,
                established="verified",
                satisfies=found.counts_as,
                comment=command.comment,
                at=found.created_at,
                source=found.url or where,
            )
        )

    def _ask(self, gate: OpenGate, pointer: GateComment) -> ReadAnswer:
        state = self._gates.state(gate.gate)
        delegates = state.approval.delegates.values() if state else ()
        return ReadAnswer(
            repository=self._repository,
            number=pointer.number,
            comment_id=pointer.comment_id,
            opened_at=gate.opened_at,
            gates=tuple(one.gate for one in self._gates.shown()),
            approvers=(*gate.approvers, *(one for named in delegates for one in named)),
        )

    def _refuse(self, where: str, reason: str) -> None:
        self._refused += 1
        if self._refused <= _MAX_REFUSED:
            last = " (more are only counted)" if self._refused == _MAX_REFUSED else ""
            self._journal.decide("answer-refused", where, reason + last)

    def _issues(self) -> tuple[GateIssue, ...]:
        info = workflow.info()
        waiter = Waiter(
            workflow_id=info.workflow_id, first_execution_run_id=info.first_execution_run_id
        )
        return tuple(
            GateIssue(number=gate.issue_number, waiter=waiter, since=gate.opened_at)
            for gate in self._gates.shown()
            if gate.issue_number is not None
        )

    async def _registered(self) -> None:
        if self._registering is not None:
            await self._registering

    def _on_time(self) -> None:
        if self._register_at is not None and is_due(self._register_at):
            self.watch()

    async def _register(self) -> None:
        issues = self._issues()
        if not issues:
            return
        ask = RegisterGates(repository=self._repository, issues=issues)
        try:
            await workflow.execute_activity_method(
                GateCommentActivities.register,
                ask,
                **policies.named(policies.LOCAL, f"have {len(issues)} approval issues watched"),
            )
        except ActivityError as error:
            workflow.logger.warning("comments unwatched", extra={"cause": str(error.cause)})
