"""How people steer a reflection: by critique, by accepting a draft, by stopping.

Handlers take what comes, validate inside, never raise, and journal what they refuse.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from temporalio import workflow

from contracts import names
from contracts.base import clip
from contracts.reflection import Acceptance, Critique
from workflows.parts.journal import Journal
from workflows.parts.rounds import Rounds

M = TypeVar("M", bound=BaseModel)


class Steering:
    """Registers the signals `critique`, `accept` and `stop`."""

    def __init__(
        self,
        rounds: Rounds,
        journal: Journal,
        *,
        changed: Callable[[], None],
        end: Callable[[str], None],
    ) -> None:
        """Make it.

        Args:
            rounds: what people say is kept there.
            journal: of the orchestration.
            changed: called after each change, so that it outlives this run of the chain.
            end: ends what is in flight; told why.
        """
        self._rounds, self._journal = rounds, journal
        self._changed, self._end = changed, end
        workflow.set_signal_handler(names.SIGNAL_CRITIQUE, self._critique)
        workflow.set_signal_handler(names.SIGNAL_ACCEPT, self._accept)
        workflow.set_signal_handler(names.SIGNAL_STOP, self._stop)

    def _critique(self, *arguments: Any) -> None:
        critique = self._read(names.SIGNAL_CRITIQUE, Critique, arguments)
        if critique is None or self._is_over(names.SIGNAL_CRITIQUE, critique.reviewer):
            return
        if critique.feedback:
            self._hear(critique)
        if critique.score is not None:
            self._rate(critique.reviewer, critique.score)
        self._changed()

    def _hear(self, critique: Critique) -> None:
        if self._rounds.hear(critique.feedback):
            self._journal.decide("critiqued", critique.reviewer, critique.feedback)
        else:
            reason = f"{critique.reviewer}: the next draft's feedback has no more room"
            self._refuse(names.SIGNAL_CRITIQUE, reason)

    def _rate(self, reviewer: str, score: float) -> None:
        rounds, state = self._rounds, self._rounds.state
        draft = rounds.newest
        if not rounds.is_score(score):
            self._refuse(names.SIGNAL_CRITIQUE, f"{reviewer}: {score!r} is no score")
        elif draft is None:
            self._refuse(names.SIGNAL_CRITIQUE, f"{reviewer}: there is no draft to score yet")
        elif state.step == "review":
            state.said_score, state.said_by = float(score), reviewer
            self._tell(draft.iteration, reviewer, score)
        else:  # the next one is being drafted: nobody can mean that
            rounds.rate(draft, float(score), reviewer)
            self._tell(draft.iteration, reviewer, score)
            if rounds.reached:
                self._finish(f"{reviewer} scored draft {draft.iteration} with {score:g}")

    def _accept(self, *arguments: Any) -> None:
        answer = self._read(names.SIGNAL_ACCEPT, Acceptance, arguments or ({},))
        if answer is None or self._is_over(names.SIGNAL_ACCEPT, answer.reviewer):
            return
        draft = self._rounds.best or self._rounds.newest
        if draft is None:
            self._refuse(names.SIGNAL_ACCEPT, "there is no draft to accept yet")
            return
        by = f" by {answer.reviewer}" if answer.reviewer else ""
        self._rounds.state.accepted = draft.iteration
        self._journal.decide("accepted", f"draft {draft.iteration}", by.strip())
        self._finish(f"draft {draft.iteration} was accepted{by}")
        self._changed()

    def _stop(self, *arguments: Any) -> None:
        """Stop, whatever was sent with it: who wants it to stop must not be argued with."""
        try:
            by = Acceptance.model_validate(*arguments).reviewer
        except (ValidationError, TypeError):
            by = ""
        if self._is_over(names.SIGNAL_STOP, by):
            return
        self._finish(f"stopped by {by}" if by else "stopped by a person")
        self._changed()

    def _finish(self, why: str) -> None:
        self._rounds.state.ended_by = why
        self._journal.decide("ended-early", reason=why)
        self._end(why)

    def _tell(self, iteration: int, reviewer: str, score: float) -> None:
        self._journal.decide("scored", f"draft {iteration}", f"{score:g} by {reviewer}")

    def _is_over(self, signal: str, who: str) -> bool:
        """Whether it has ended or is about to; then what comes is refused."""
        state = self._rounds.state
        over = state.step == "ended" or bool(state.ended_by)
        if over:
            self._refuse(
                signal, f"{who or 'somebody'}: too late, {state.ended_by or 'it has ended'}"
            )
        return over

    def _read(self, signal: str, model: type[M], arguments: tuple[Any, ...]) -> M | None:
        try:
            return model.model_validate(*arguments)
        except (ValidationError, TypeError) as error:
            self._refuse(signal, clip(str(error), 300))
            return None

    def _refuse(self, signal: str, reason: str) -> None:
        self._journal.decide("signal-refused", signal, reason)
