"""Gates: the orchestration waits, holding nothing, until people decide or the time is up."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from contracts import names
from contracts.base import clip
from contracts.errors import ANSWER_REFUSED
from contracts.gates import (
    Answer,
    Answered,
    Decide,
    GateDecision,
    GatesState,
    GateState,
    OpenGate,
)
from contracts.specs.gates import NO, YES
from workflows import policies
from workflows.parts import ballot
from workflows.parts.clock import Clock
from workflows.parts.journal import Journal

MAX_REFUSALS = 50
"""Answers that did not count, in the journal; beyond, they are only counted."""
_ESTABLISHED = {"claimed": "claimed over Temporal", "verified": "verified by GitHub"}
_SIGNALS = {names.SIGNAL_APPROVE: YES, names.SIGNAL_REJECT: NO}


class Gates:
    """All gates of an orchestration; only answers that come while one is open count.

    Answers are kept, and decided about when all of a workflow task are in: by whoever waits, for
    conditions are looked at after the handlers of signals and updates, and before timers.
    """

    def __init__(
        self,
        state: GatesState,
        journal: Journal,
        clock: Clock,
        *,
        paused: bool,
        parks: Callable[[], bool | None],
    ) -> None:
        """Take up what is open.

        Args:
            state: what is carried.
            journal: where answers and ends are told.
            clock: what tells that time is up.
            paused: whether their time stands still.
            parks: whether the work beside them is about to be carried on; None while there is none.
        """
        self._state, self._journal, self._clock = state, journal, clock
        self._paused, self._parks = paused, parks
        self._ended = self._parking = False
        self._due: dict[str, Literal["reminded", "escalated"]] = {}
        self._unheard: dict[str, GateState] = {}
        clock.call(self._on_time, self._next_time)

    @property
    def waiting_for(self) -> str:
        """The gates that are open, by name."""
        return ", ".join(self._state.open)

    def shown(self) -> list[OpenGate]:
        """Answer the query `gates`."""
        return [ballot.shown(gate) for gate in self._state.open.values()]

    def state(self, name: str) -> GateState | None:
        """Find a gate that is open."""
        return self._state.open.get(name)

    def unheard(self, name: str) -> GateState | None:
        """Take out a gate that was stopped when nobody waited for it any more."""
        return self._unheard.pop(name, None)

    def take_unheard(self) -> list[tuple[GateState, GateDecision]]:
        """Take out all of those."""
        gates, self._unheard = self._unheard, {}
        return [(gate, self._state.closed[name]) for name, gate in gates.items()]

    def open(self, gate: GateState) -> None:
        """Let answers count from now on."""
        gate.at_once = not workflow.patched("ballots")
        self._state.open[gate.gate] = gate
        approvers = ", ".join(ballot.approvers(gate))
        self._journal.decide("gate-opened", gate.gate, f"for {approvers} until {gate.until:%c} UTC")
        self._clock.rearm()

    async def run(self) -> None:
        """Close each gate when enough was said, whether anybody waits for it just then or not."""
        await workflow.wait_condition(lambda: self._settle() or self._ended)

    def end(self) -> None:
        """Let `run` end."""
        self._ended = True

    async def news(self, name: str) -> GateDecision | Literal["reminded", "escalated"] | None:
        """Wait until a gate is closed, or people are to be told of it first.

        None when it is time to continue as new: the gate goes on, with all that was said.
        """
        await workflow.wait_condition(
            lambda: self._settled(name) or name in self._due or self._should_park(name)
        )
        if name in self._state.closed:
            return self._state.closed[name]
        due = self._due.pop(name, None)
        self._parking = self._parking or due is None  # nobody here hears of its end any more
        return due

    def count(self, answered: Answered) -> str | None:
        """Take an answer, however it came; say why it does not count, or None where it does.

        Both are journaled. Synchronous, so that nothing comes between a check and the count.
        """
        if open_until_now := self._meant(answered.gate):
            self._pass(open_until_now)
        gate = self._meant(answered.gate)
        if reason := self._refusal(answered, gate):
            self._refuse(answered.source, f"{answered.login}: {reason}", gate)
            return reason
        if gate is not None and ballot.record(gate, answered):
            how = _ESTABLISHED[answered.established]
            said = f": {answered.comment}" if answered.comment else ""
            self._journal.decide(
                "answered",
                gate.gate,
                f"{answered.choice} by {answered.login} ({how}, {answered.at:%F %T} UTC){said}",
                by=answered.login,
                established=answered.established,
            )
            if gate.at_once:
                self._settled(gate.gate)
        return None

    def stop(self, reason: str) -> None:
        """Close all: the orchestration ends."""
        for name, gate in list(self._state.open.items()):
            if self._parking:
                self._unheard[name] = gate
            self._close(name, GateDecision(how="stopped", comment=reason))

    def pause(self) -> None:
        """Let no time run out for now."""
        self._paused = True

    def resume(self, lasted: timedelta) -> None:
        """Go on; times move by as long as the pause was."""
        self._paused = False
        for gate in self._state.open.values():
            ballot.delay(gate, lasted)
        self._clock.rearm()

    def signal(self, signal: str, arguments: tuple[Any, ...]) -> None:
        """Take the signal `approve` or `reject`, whatever it carries."""
        try:
            answer = Answer.model_validate(*arguments)
        except (ValidationError, TypeError) as error:
            self._refuse(signal, str(error), None)
            return
        self.count(_claimed(answer, _SIGNALS[signal], signal))

    def decide(self, arguments: tuple[Any, ...]) -> dict[str, Any]:
        """Take the update `decide`; one that does not count is refused, and journaled."""
        answered = _asked(arguments)
        gate = self._meant(answered.gate)
        if reason := self.count(answered):
            raise _refused(reason)
        return ballot.shown(gate).model_dump(mode="json") if gate else {}

    def check(self, arguments: tuple[Any, ...]) -> None:
        """Refuse what is no answer: Temporal keeps nothing of it."""
        _asked(arguments)

    def _refusal(self, answered: Answered, gate: GateState | None) -> str:
        if gate is not None:
            return ballot.refusal(gate, answered, workflow.now(), paused=self._paused)
        closed = self._state.closed.get(answered.gate or "")
        if closed is not None:
            return f"too late, {answered.gate} is closed: {closed.reason}"
        return f"name the gate (open: {self.waiting_for or 'none'})"

    def _meant(self, name: str | None) -> GateState | None:
        if name is not None:
            return self._state.open.get(name)
        return next(iter(self._state.open.values())) if len(self._state.open) == 1 else None

    def _should_park(self, name: str) -> bool:
        """Whether what was said, and reminded of, has filled the history."""
        gate, info = self._state.open.get(name), workflow.info()
        if gate is None or gate.at_once:
            return False
        if (beside := self._parks()) is not None:
            return beside
        length = info.get_current_history_length()
        return length > policies.MAX_GATE_EVENTS or info.is_continue_as_new_suggested()

    def _settle(self) -> bool:
        for name in list(self._state.open):
            self._settled(name)
        return False

    def _settled(self, name: str) -> bool:
        """Whether a gate is closed; it is closed now where what was said is enough."""
        gate = self._state.open.get(name)
        if gate is not None and not self._parking and (decision := ballot.outcome(gate)):
            self._close(name, decision)
        return name in self._state.closed

    def _pass(self, gate: GateState) -> None:
        """Let time pass for a gate: an answer may come with the timer, and be looked at first."""
        frozen = self._paused or self._parking
        while not frozen and (due := ballot.advance(gate, workflow.now())):
            if due != "escalated":
                self._close(gate.gate, due)
                return
            self._due[gate.gate] = "escalated"
            named = ", ".join(ballot.approvers(gate))
            self._journal.decide(
                "gate-escalated", gate.gate, f"to {named} until {gate.until:%c} UTC"
            )

    def _close(self, name: str, decision: GateDecision) -> None:
        del self._state.open[name]
        self._state.closed[name] = decision
        self._journal.decide(
            f"gate-{decision.how}",
            name,
            decision.reason,
            by=decision.approver,
            established=decision.established,
        )

    def _refuse(self, source: str, reason: str, gate: GateState | None) -> None:
        self._state.refused += 1
        if gate is not None:
            gate.refused += 1
        if self._state.refused > MAX_REFUSALS:
            return
        kind = "signal-refused" if source in _SIGNALS else "answer-refused"
        last = " (more are only counted)" if self._state.refused == MAX_REFUSALS else ""
        self._journal.decide(kind, source, clip(reason, 300) + last)

    def _next_time(self) -> datetime | None:
        if self._paused:
            return None
        return min((ballot.next_time(gate) for gate in self._state.open.values()), default=None)

    def _on_time(self) -> None:
        if self._paused:
            return
        for gate in list(self._state.open.values()):
            self._pass(gate)
            if gate.gate in self._state.open and ballot.remind(gate, workflow.now()):
                self._due.setdefault(gate.gate, "reminded")


def _claimed(answer: Answer, choice: str, source: str) -> Answered:
    """Take what somebody says over Temporal: the login is a claim, whatever else is said."""
    return Answered(
        gate=answer.gate,
        choice=choice,
        login=answer.approver,
        established="claimed",
        comment=answer.comment,
        at=workflow.now(),
        source=source,
    )


def _asked(arguments: tuple[Any, ...]) -> Answered:
    try:
        asked = Decide.model_validate(*arguments)
    except (ValidationError, TypeError) as error:
        raise _refused(clip(str(error), 300)) from error
    return _claimed(asked, asked.choice, names.UPDATE_DECIDE)


def _refused(reason: str) -> ApplicationError:
    return ApplicationError(reason, type=ANSWER_REFUSED, non_retryable=True)
