"""What an orchestration carries of votes that are not all in."""

from pydantic import BaseModel, ConfigDict, Field


class Ballot(BaseModel):
    """The votes on one item. Mutable."""

    model_config = ConfigDict(extra="ignore")

    out: int
    """Votes that have no outcome yet."""
    answers: dict[str, int] = Field(default_factory=dict)
    silent: dict[str, int] = Field(default_factory=dict)
    """Votes without an answer, by the status of their run."""
    decided: bool = False


class VotingState(BaseModel):
    """Ballots of items that have votes out. Mutable."""

    model_config = ConfigDict(extra="ignore")

    ballots: dict[str, Ballot] = Field(default_factory=dict)
