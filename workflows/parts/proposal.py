"""The pull request that a reflection ends with, and its quality record."""

from typing import Any

from contracts import expressions
from contracts.branches import branch_name
from contracts.outputs import Text
from contracts.reflection import Round
from contracts.specs.reflection import PullRequestSpec, ReflectionSpec
from workflows.parts.orchestration import Orchestration
from workflows.parts.rounds import Rounds


async def propose(
    frame: Orchestration[ReflectionSpec], asked: PullRequestSpec, rounds: Rounds, draft: Round
) -> str:
    """Open the pull request of a draft.

    Returns:
        Why there is none; nothing where there is one.
    """
    try:
        branch = _branch(asked, rounds, draft)
    except ValueError as error:
        frame.journal.decide("pull-request-omitted", f"draft {draft.iteration}", str(error))
        return f"no pull request: {error}"
    text = Text(template="pull-request", values=record(frame.spec, rounds, draft))
    made = await frame.outbox.create_pull_request(
        _title(frame, asked), text, head=branch, base=asked.base
    )
    if made is None:
        said = frame.journal.state.decisions[-1]
        return f"no pull request: {said.reason}"
    frame.tally.state.pull_request_url = made.url
    return ""


def record(spec: ReflectionSpec, rounds: Rounds, draft: Round) -> dict[str, Any]:
    """Make the quality record: every round, which of them it is, and how it was chosen."""
    same = rounds.overwritten(draft)
    return {
        "spec": spec.name,
        "iteration": draft.iteration,
        "summary": draft.summary,
        "score": draft.score,
        "threshold": spec.threshold,
        "max_score": spec.max_score,
        "reached": draft.score is not None and draft.score >= spec.threshold,
        "decided": rounds.state.ended_by,
        "later": ", ".join(str(one.iteration) for one in same),
        "rounds": [
            {
                "iteration": one.iteration,
                "best": one.iteration == draft.iteration,
                "score": one.score,
                "scored_by": one.scored_by,
                "feedback": one.feedback or one.reason,
                "people": list(one.people),
                "draft_url": one.draft_url,
                "review_url": one.review_url,
            }
            for one in rounds.all
        ],
    }


def shown(score: float | None) -> str:
    """Spell a score."""
    return "" if score is None else f"{score:g}"


def _branch(asked: PullRequestSpec, rounds: Rounds, draft: Round) -> str:
    """Take the branch of a draft.

    Raises:
        ValueError: none is named, the name is none, or a worse draft was pushed there later.
    """
    try:
        branch = branch_name(draft.branch)
    except ValueError as error:
        raise ValueError(f"{asked.branch} of draft {draft.iteration}: {error}") from error
    if branch == asked.base:
        raise ValueError(f"{asked.branch} of draft {draft.iteration} is the base itself")
    worse = [
        one.iteration
        for one in rounds.overwritten(draft)
        if one.score is not None and one.score < (draft.score or 0)
    ]
    if worse:
        raise ValueError(
            f"{branch} holds draft {worse[-1]}, which is worse than draft {draft.iteration}; "
            "let the generator give each draft a branch of its own"
        )
    return branch


def _title(frame: Orchestration[ReflectionSpec], asked: PullRequestSpec) -> str:
    try:
        return expressions.render(asked.title, frame.context) or frame.title
    except expressions.ExpressionError:  # it reads what this start was not given
        return frame.title
