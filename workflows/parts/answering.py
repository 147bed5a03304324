"""The handlers by which people answer at gates, with what the Temporal UI's dialogs say of them."""

from typing import Any

from temporalio import workflow

from contracts import names
from workflows.parts.gate import Gates
from workflows.parts.orchestration import Orchestration


class Answering:
    """What a pattern is besides: a place to answer.

    A base class, and no part: Temporal shows descriptions of decorated methods only.
    """

    @property
    def _gates(self) -> Gates | None:
        """Those of the pattern's frame; None where its input did not decode."""
        frame: Orchestration[Any] = vars(self)["_frame"]
        return frame.gates if frame.refused is None else None

    @workflow.signal(
        name=names.SIGNAL_APPROVE,
        description='Approve what waits: {"approver": "your login", "gate"?: "…", "comment"?: "…"}. '
        "Leave the gate out while one is open.",
    )
    def approve(self, *arguments: Any) -> None:
        """Answer yes."""
        if self._gates is not None:
            self._gates.signal(names.SIGNAL_APPROVE, arguments)

    @workflow.signal(
        name=names.SIGNAL_REJECT,
        description='Reject what waits: {"approver": "your login", "gate"?: "…", "comment"?: "why"}. '
        "It is never taken back.",
    )
    def reject(self, *arguments: Any) -> None:
        """Answer no."""
        if self._gates is not None:
            self._gates.signal(names.SIGNAL_REJECT, arguments)

    @workflow.update(
        name=names.UPDATE_DECIDE,
        description="Answer, and hear whether it counts: "
        '{"approver": "your login", "choice": "approve", "gate"?: "…", "comment"?: "…"}.',
    )
    def decide(self, *arguments: Any) -> dict[str, Any]:
        """Answer; the gate as it stands then."""
        return self._gates.decide(arguments) if self._gates is not None else {}

    @decide.validator
    def _may_be_decided(self, *arguments: Any) -> None:
        if self._gates is not None:
            self._gates.check(arguments)
