"""Decisions: each one logged when it is made, and kept for the report."""

from collections.abc import Callable
from typing import Literal

from temporalio import workflow

from contracts.base import KIB, clip
from contracts.fleet import JournalState
from contracts.report import MAX_DECISIONS, Decision

_MAX_REASON = 500
_MAX_BYTES = 200 * KIB
_ROUTINE = frozenset({"dispatched", "completed"})
"""First to be left out of a long report: the history shows each of them as an activity."""


class Journal:
    """What was decided, when, about whom and why."""

    def __init__(self, state: JournalState, on_decision: Callable[[], None]) -> None:
        self.state = state
        self._on_decision = on_decision

    def decide(
        self,
        kind: str,
        subject: str = "",
        reason: str = "",
        *,
        by: str = "",
        established: Literal["", "claimed", "verified"] = "",
    ) -> None:
        """Record one decision.

        Args:
            kind: a word in the past tense, such as `retried`.
            subject: an item's key, a run, a signal.
            reason: why, in a person's words.
            by: who decided, of an answer at a gate.
            established: how that is known.
        """
        decision = Decision(
            time=workflow.now(),
            kind=kind,
            subject=clip(subject, 200),
            reason=clip(reason, _MAX_REASON),
            by=clip(by, 200),
            established=established,
        )
        workflow.logger.info(
            "decision",
            extra={
                "decision": kind,
                "subject": decision.subject,
                "reason": decision.reason,
                "by": decision.by,
                "established": decision.established,
                "decided_at": decision.time,
            },
        )
        self.state.decisions.append(decision)
        self.state.bytes += _size(decision)
        while len(self.state.decisions) > MAX_DECISIONS or self.state.bytes > _MAX_BYTES:
            self._leave_one_out()
        self._on_decision()

    def _leave_one_out(self) -> None:
        decisions = self.state.decisions
        routine = next((i for i, one in enumerate(decisions) if one.kind in _ROUTINE), None)
        left_out = decisions.pop(len(decisions) // 2 if routine is None else routine)
        self.state.bytes -= _size(left_out)
        self.state.omitted += 1


def _size(decision: Decision) -> int:
    return len(decision.model_dump_json().encode())
