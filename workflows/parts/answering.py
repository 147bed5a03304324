"""The handlers by which people answer at gates, with what the Temporal UI's dialogs say of them."""

from typing import Any

from temporalio import workflow

from contracts import names
from workflows.parts.gate import Gates
from workflows.parts.orchestration import Orchestration

_MORE = 'You may add "comment", and "gate", which is needed while several are open.'


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
        description="Let what waits at a gate go on. Input, with your GitHub login: "
        f'{{"approver": "octocat"}}. {_MORE}',
    )
    def approve(self, *arguments: Any) -> None:
        """Answer yes."""
        if self._gates is not None:
            self._gates.signal(names.SIGNAL_APPROVE, arguments)

    @workflow.signal(
        name=names.SIGNAL_REJECT,
        description="Stop what waits at a gate; it is never taken back. Input, with your GitHub login: "
        f'{{"approver": "octocat"}}. {_MORE}',
    )
    def reject(self, *arguments: Any) -> None:
        """Answer no."""
        if self._gates is not None:
            self._gates.signal(names.SIGNAL_REJECT, arguments)

    @workflow.update(
        name=names.UPDATE_DECIDE,
        description="Answer at a gate, and hear at once whether it counts. Input, with your GitHub "
        'login: {"approver": "octocat", "choice": "approve"}; "reject" is a choice too. '
        f"{_MORE}",
    )
    def decide(self, *arguments: Any) -> dict[str, Any]:
        """Answer; the gate as it stands then."""
        return self._gates.decide(arguments) if self._gates is not None else {}

    @decide.validator
    def _may_be_decided(self, *arguments: Any) -> None:
        if self._gates is not None:
            self._gates.check(arguments)
