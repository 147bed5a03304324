"""What a reflection carries, besides its rounds."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.pipeline import Made

Step = Literal["begin", "draft", "review", "ended"]


class ReflectionState(BaseModel):
    """Where a reflection stands, besides its rounds, which the tally keeps. Mutable."""

    model_config = ConfigDict(extra="ignore")

    step: Step = "begin"
    asked: dict[str, Any] = Field(default_factory=dict)
    """What `${{ reflection.* }}` reads in this round; the same for each attempt."""
    draft: Made | None = None
    """What `${{ draft.* }}` reads."""
    feedback: str = ""
    """The last review's."""
    people: list[str] = Field(default_factory=list)
    """What people said since the last draft was asked for."""
    said_score: float | None = None
    """A person's, for the draft that is under review."""
    said_by: str = ""
    ended_by: str = ""
    """Who or what ended it before the limit, in a person's words."""
    accepted: int | None = None
    """The draft that a person accepted."""
