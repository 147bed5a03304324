"""Gates: the orchestration waits, holding nothing, until people decide or the time is up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import ValidationError
from temporalio import workflow

from contracts import names
from contracts.base import clip
from contracts.gates import Answer, OpenGate
from workflows.parts.clock import Clock
from workflows.parts.flights import is_due
from workflows.parts.journal import Journal

Decided = Literal["approved", "rejected", "timed-out", "stopped"]


@dataclass(frozen=True)
class Decision:
    """How a gate closed."""

    how: Decided
    approver: str = ""
    comment: str = ""

    @property
    def granted(self) -> bool:
        """Whether the work may go on."""
        return self.how == "approved"

    @property
    def reason(self) -> str:
        """In a person's words."""
        if self.how == "timed-out":
            return "nobody answered in time"
        by = f" by {self.approver}" if self.approver else ""
        return f"{self.how}{by}" + (f": {self.comment}" if self.comment else "")


class Gates:
    """All gates of an orchestration; only answers that come while one is open count."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal, self._clock = journal, clock
        self._open: dict[str, OpenGate] = {}
        self._decisions: dict[str, Decision] = {}
        self._paused = False
        clock.call(self._on_time, self._next_time)
        workflow.set_signal_handler(names.SIGNAL_APPROVE, self._approve)
        workflow.set_signal_handler(names.SIGNAL_REJECT, self._reject)

    @property
    def waiting_for(self) -> str:
        """The gates that are open, by name."""
        return ", ".join(self._open)

    def shown(self) -> list[OpenGate]:
        """Answer the query `gates`."""
        return list(self._open.values())

    def open(self, gate: OpenGate) -> None:
        """Let answers count from now on."""
        self._open[gate.gate] = gate
        approvers = ", ".join(gate.approvers)
        self._journal.decide("gate-opened", gate.gate, f"for {approvers} until {gate.until:%c} UTC")
        self._clock.rearm()

    def show_issue(self, name: str, url: str) -> None:
        """Say where people find the approval issue."""
        if name in self._open:
            self._open[name] = self._open[name].model_copy(update={"issue_url": url})

    async def decided(self, name: str) -> Decision:
        """Wait until a gate has its answer, or its time is up."""
        await workflow.wait_condition(lambda: name in self._decisions)
        return self._decisions[name]

    def stop(self, reason: str) -> None:
        """Close all: the orchestration ends."""
        for name in list(self._open):
            self._close(name, Decision("stopped", comment=reason))

    def pause(self) -> None:
        """Let no time run out for now."""
        self._paused = True

    def resume(self, lasted: timedelta) -> None:
        """Go on; times move by as long as the pause was."""
        self._paused = False
        for name, gate in self._open.items():
            self._open[name] = gate.model_copy(update={"until": gate.until + lasted})
        self._clock.rearm()

    def _approve(self, *arguments: Any) -> None:
        self._answer(names.SIGNAL_APPROVE, "approved", arguments)

    def _reject(self, *arguments: Any) -> None:
        self._answer(names.SIGNAL_REJECT, "rejected", arguments)

    def _answer(self, signal: str, how: Decided, arguments: tuple[Any, ...]) -> None:
        try:
            answer = Answer.model_validate(*arguments)
        except (ValidationError, TypeError) as error:
            self._refuse(signal, clip(str(error), 300))
            return
        gate = self._meant(answer)
        if gate is None:
            known = self.waiting_for or "none"
            self._refuse(signal, f"{answer.approver}: name the gate (open: {known})")
        elif answer.approver.removeprefix("@").lower() not in _logins(gate):
            self._refuse(signal, f"{answer.approver} is no approver of {gate.gate}")
        elif is_due(gate.until) and not self._paused:
            self._refuse(signal, f"{answer.approver} came after the time of {gate.gate} was up")
        else:
            self._close(gate.gate, Decision(how, answer.approver, answer.comment))

    def _meant(self, answer: Answer) -> OpenGate | None:
        if answer.gate is not None:
            return self._open.get(answer.gate)
        return next(iter(self._open.values())) if len(self._open) == 1 else None

    def _close(self, name: str, decision: Decision) -> None:
        del self._open[name]
        self._decisions[name] = decision
        self._journal.decide(f"gate-{decision.how}", name, decision.reason)

    def _refuse(self, signal: str, reason: str) -> None:
        self._journal.decide("signal-refused", signal, reason)

    def _next_time(self) -> datetime | None:
        if self._paused:
            return None
        return min((gate.until for gate in self._open.values()), default=None)

    def _on_time(self) -> None:
        if self._paused:
            return
        for name in [name for name, gate in self._open.items() if is_due(gate.until)]:
            self._close(name, Decision("timed-out"))


def _logins(gate: OpenGate) -> frozenset[str]:
    return frozenset(one.removeprefix("@").lower() for one in gate.approvers)
