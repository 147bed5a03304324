"""Rounds of generator and critic, and what people say meanwhile."""

from typing import Any

from pydantic import Field, StrictFloat, StrictInt, field_validator, model_validator

from contracts.base import Clipped, Sent, clip

MAX_ROUNDS = 20
MAX_SAID = 4_000
"""Characters kept of what one person says at once."""
VALUE_ROOM = 20_000
"""Feedback with so many characters, or more, is handed on by reference."""
MAX_BRANCH = 255


class Round(Sent):
    """One draft and its review, as the report and the pull request show it."""

    iteration: int
    score: float | None = None
    """None while the draft is not scored, and where it never was."""
    scored_by: str = ""
    """Empty for the critic; else who said it."""
    best: bool = False
    """The highest score so far, the earliest of equal ones."""
    reason: Clipped = ""
    """Why it has no score."""
    summary: Clipped = ""
    """What the generator said of the draft."""
    feedback: Clipped = ""
    """What the critic asks for."""
    people: tuple[str, ...] = Field(default=(), max_length=MAX_ROUNDS)
    """What people asked for meanwhile."""
    branch: str = Field(default="", max_length=MAX_BRANCH)
    """The branch that the draft says it was pushed to."""
    drafted: bool = False
    """Whether there is a draft."""
    draft_url: str = ""
    review_url: str = ""


class Critique(Sent):
    """What the signal `critique` carries: words for the next draft, a score, or both."""

    reviewer: str = Field(min_length=1, max_length=100)
    feedback: str = ""
    score: StrictInt | StrictFloat | None = None
    """Of the newest draft; replaces the critic's."""

    @field_validator("feedback", mode="before")
    @classmethod
    def _feedback_is_bounded(cls, feedback: Any) -> Any:
        return clip(feedback.strip(), MAX_SAID) if isinstance(feedback, str) else feedback

    @model_validator(mode="after")
    def _says_something(self) -> "Critique":
        if not self.feedback and self.score is None:
            raise ValueError("say feedback, score, or both")
        return self


class Acceptance(Sent):
    """What the signals `accept` and `stop` carry."""

    reviewer: str = Field(default="", max_length=100)
