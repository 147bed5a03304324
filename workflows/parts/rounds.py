"""Rounds of draft and review: what is kept of them as plain data, and the rules of what follows."""

from typing import Any

from contracts import expressions
from contracts.base import clip
from contracts.pipeline import Made
from contracts.reflection import MAX_BRANCH, MAX_ROUNDS, VALUE_ROOM, Round
from contracts.rounds import ReflectionState, Step
from contracts.runs import OutcomeStatus, WorkerOutcome
from contracts.specs.reflection import ReflectionSpec

DONE = frozenset({OutcomeStatus.SUCCESS, OutcomeStatus.PARTIAL})
"""A draft or a review is there; a skipped one is none."""
_PEOPLE_ROOM = VALUE_ROOM // 2
"""Characters that people may add to one draft's feedback."""


class Rounds:
    """The rules; state and rounds are the ones that are carried on."""

    def __init__(self, spec: ReflectionSpec, state: ReflectionState, rounds: list[Round]) -> None:
        self.state, self.all = state, rounds
        self._spec = spec

    @property
    def current(self) -> Round:
        """The round that goes on, or was the last."""
        return self.all[-1]

    @property
    def newest(self) -> Round | None:
        """The newest draft that is there."""
        return next((one for one in reversed(self.all) if one.drafted), None)

    @property
    def best(self) -> Round | None:
        """The draft with the highest score, the earliest of equal ones."""
        return next((one for one in self.all if one.best), None)

    @property
    def chosen(self) -> Round | None:
        """The draft that it ends with."""
        if self.state.accepted is not None:
            return self.all[self.state.accepted - 1]
        return self.best

    @property
    def reached(self) -> bool:
        """Whether a draft has the score that is asked for."""
        best = self.best
        return best is not None and (best.score or 0) >= self._spec.threshold

    def begin(self) -> str:
        """Begin the next round; tells how its feedback is handed on."""
        state, last = self.state, self.all[-1] if self.all else None
        best, url = self.best, last.review_url if last else ""
        feedback, reference = handed(state.feedback, state.people, url)
        state.asked = {
            "iteration": len(self.all) + 1,
            "feedback": feedback,
            "feedback_url": reference,
            "score": last.score if last else None,
            "best_score": best.score if best else None,
        }
        state.people, state.draft = [], None
        self.all.append(Round(iteration=len(self.all) + 1))
        state.step = "draft"
        told = f"{len(feedback)} characters by value"
        return f"{told}, the review by reference: {reference}" if reference else told

    def drafted(self, outcome: WorkerOutcome) -> None:
        """Take a draft in, or see that none came."""
        there = outcome.status in DONE
        branch = value_of(outcome.outputs, self._branch) if there else ""
        self._change(
            drafted=there,
            draft_url=outcome.run_url,
            summary=outcome.summary,
            branch=clip(branch, MAX_BRANCH) if isinstance(branch, str) else "",
            reason="" if there else _failed("draft", outcome),
        )
        self.state.draft = Made(
            status=outcome.status,
            outputs=outcome.outputs,
            summary=outcome.summary,
            reason=outcome.reason,
            run_url=outcome.run_url,
        )
        self._next("review" if there else "ended")

    def reviewed(self, outcome: WorkerOutcome) -> None:
        """Take a review in; a person's score goes before the critic's."""
        state, there = self.state, outcome.status in DONE
        found = value_of(outcome.outputs, self._spec.feedback) if there else ""
        state.feedback = expressions.to_text(found)
        score = self._score(outcome) if there else None
        reason = "" if there else _failed("review", outcome)
        if there and score is None:
            most = f"{self._spec.max_score:g}"
            reason = f"the review's {self._spec.score} is no number from 0 to {most}"
        self._change(
            review_url=outcome.result_url or outcome.run_url,
            feedback=state.feedback,
            reason=reason,
        )
        if state.said_score is not None:
            self.rate(self.current, state.said_score, state.said_by)
        elif score is not None:
            self.rate(self.current, score, "")
        state.said_score, state.said_by = None, ""
        self._after_review()

    def rate(self, one: Round, score: float, by: str) -> None:
        """Give a draft its score, and see which is the best now."""
        self.all[one.iteration - 1] = one.model_copy(
            update={"score": score, "scored_by": by, "reason": ""}
        )
        scored = [one for one in self.all if one.score is not None]
        best = max(scored, key=lambda one: (one.score, -one.iteration))
        self.all[:] = [
            one.model_copy(update={"best": one.iteration == best.iteration}) for one in self.all
        ]

    def hear(self, words: str) -> bool:
        """Keep a person's words for the next draft; False where there is no more room."""
        state = self.state
        if words in state.people:
            return True
        said = sum(len(one) + 1 for one in state.people)
        if said + len(words) > _PEOPLE_ROOM or len(state.people) >= MAX_ROUNDS:
            return False
        state.people.append(words)
        if self.all:
            people = [*self.current.people, clip(words, 300)]
            self._change(people=tuple(people[:MAX_ROUNDS]))
        return True

    def is_score(self, score: Any) -> bool:
        """Whether something is a score; true and false are numbers in Python only."""
        if isinstance(score, bool) or not isinstance(score, int | float):
            return False
        return bool(0 <= score <= self._spec.max_score)

    def overwritten(self, one: Round) -> list[Round]:
        """Later drafts that say that they were pushed to the same branch."""
        return [r for r in self.all[one.iteration :] if r.drafted and r.branch == one.branch]

    def _score(self, outcome: WorkerOutcome) -> float | None:
        """Read the critic's score; None where it gives none that counts."""
        found = value_of(outcome.outputs, self._spec.score)
        return float(found) if self.is_score(found) else None

    def _after_review(self) -> None:
        failed = self.current.score is None
        over = len(self.all) >= self._spec.max_iterations
        self._next("ended" if failed or over or self.reached else "begin")

    def _next(self, step: Step) -> None:
        self.state.step = "ended" if self.state.ended_by else step

    def _change(self, **changes: Any) -> None:
        self.all[-1] = Round.model_validate(self.current.model_dump() | changes)

    @property
    def _branch(self) -> str:
        asked = self._spec.pull_request
        return asked.branch if asked else "outputs.branch"


def handed(review: str, people: list[str], url: str) -> tuple[str, str]:
    """Put the feedback for the next draft together.

    Args:
        review: the critic's.
        people: what people said.
        url: where the review can be read.

    Returns:
        The text, and the review's address where the text has no room for it.
    """
    whole = "\n\n".join(filter(None, [review, "\n".join(people)]))
    if len(whole) < VALUE_ROOM:
        return whole, ""
    return "\n".join(people), url


def value_of(outputs: dict[str, Any], path: str) -> Any:
    """Read an output; None where it is not there."""
    try:
        return expressions.resolve(path, {"outputs": outputs})
    except expressions.ExpressionError:
        return None


def _failed(what: str, outcome: WorkerOutcome) -> str:
    reason = f": {outcome.reason}" if outcome.reason else ""
    return f"{what}: {outcome.status.value}{reason}"
