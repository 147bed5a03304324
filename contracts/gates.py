"""Gates: what people send, what is open, and what counted so far."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.base import Clipped, Sent
from contracts.specs.gates import Approval

Established = Literal["claimed", "verified"]
"""How it is known who answered: `claimed` over Temporal, which names nobody, or `verified` by
GitHub, which says who wrote a comment."""

MAX_ITEMS = 100
"""Items that one gate is for."""


class Answer(Sent):
    """What the signals `approve` and `reject` carry."""

    approver: str = Field(min_length=1, max_length=100)
    """Login of who decides, as they say themselves."""
    gate: str | None = Field(default=None, max_length=100)
    """May be left out while exactly one gate is open."""
    comment: Clipped = ""


class Decide(Answer):
    """What the update `decide` carries."""

    choice: str = Field(default="approve", max_length=100)
    """`approve`, `reject`, or a choice of the gate."""


class Answered(Sent):
    """One answer, however it came, as a gate counts it.

    Whoever sends a signal or an update only claims a login, so `claimed` answers match approvers
    that are logins, and nothing else. A `verified` one is never built from a signal's own words:
    a signal may point at a comment, and an activity of the orchestration reads that comment from
    GitHub, with the author that GitHub names and the approvers (`satisfies`) that he or she is.
    """

    gate: str | None = None
    """Counts without only while exactly one gate is open."""
    choice: str
    """`approve`, `reject`, or a choice of the gate."""
    login: str = Field(min_length=1, max_length=100)
    established: Established
    satisfies: tuple[str, ...] = ()
    """Of a verified answer: the approvers of the gate, as the spec spells them, that the login is,
    is a member of, or has the role of. Logins and delegates need not be told."""
    comment: Clipped = ""
    at: datetime
    """When it was given: of a comment, when GitHub says it was created."""
    source: str = Field(default="", max_length=300)
    """How it came: `approve`, `decide`, or the address of the comment."""


class Ballot(BaseModel):
    """What one voice (an approver together with delegates) said in one gate. Mutable."""

    model_config = ConfigDict(extra="ignore")

    said: list[Answered] = Field(default_factory=list)
    """Different choices, in the order in which they came; a repetition is not kept."""


class OpenGate(Sent):
    """A gate that waits, as the query `gates` tells it."""

    gate: str
    what: str
    approvers: tuple[str, ...]
    """Who may answer now: logins, teams (`org/team`), roles (`role:maintain`)."""
    opened_at: datetime
    until: datetime
    """Silence until then is what `silence` says."""
    silence: Literal["rejects", "approves", "escalates"] = "rejects"
    issue_number: int | None = None
    issue_url: str = ""
    quorum: int = 1
    choices: tuple[str, ...] = ("approve", "reject")
    verified: bool = False
    """Only answers that GitHub verified count: by a comment on the issue."""
    comment_required: bool = False
    initiator: str = ""
    """Login of who started the run; empty where nobody knows."""
    items: tuple[str, ...] = ()
    """Keys of the items that it is for, where it is for a group."""
    answers: tuple[Answered, ...] = ()
    """That counted so far."""
    escalated: bool = False
    reminded: int = 0
    refused: int = 0
    """Answers that did not count."""


Decided = Literal["approved", "rejected", "timed-out", "stopped"]


class GateDecision(Sent):
    """How a gate closed."""

    how: Decided
    choice: str = ""
    """What was chosen, of one that was approved: `approve` or a choice of the gate."""
    approver: str = ""
    """Who decided; several, with commas between, where it took a quorum."""
    established: Established | Literal[""] = ""
    comment: Clipped = ""

    @property
    def granted(self) -> bool:
        """Whether the work may go on."""
        return self.how == "approved"

    @property
    def reason(self) -> str:
        """In a person's words."""
        if self.how == "timed-out":
            return "nobody answered in time"
        if self.granted and not self.approver:
            return "approved by silence, as the spec says"
        by = f" by {self.approver}" if self.approver else ""
        chose = f" ({self.choice})" if self.choice not in ("", "approve") else ""
        return f"{self.how}{by}{chose}" + (f": {self.comment}" if self.comment else "")


class GateState(BaseModel):
    """All of one gate, as it is carried through continue-as-new. Mutable."""

    model_config = ConfigDict(extra="ignore")

    gate: str
    what: str
    then: str = ""
    """What follows from an approval."""
    approval: Approval
    initiator: str = ""
    items: tuple[str, ...] = Field(default=(), max_length=MAX_ITEMS)
    opened_at: datetime
    until: datetime
    escalated: bool = False
    remind_at: datetime | None = None
    reminded: int = 0
    issue_number: int | None = None
    issue_url: str = ""
    ballots: dict[str, Ballot] = Field(default_factory=dict)
    """By voice: the login of an approver, or of whoever is one by team or role."""
    refused: int = 0
    at_once: bool = False
    """Opened by code that closed a gate at its first answer: its history has to replay."""


class GatesState(BaseModel):
    """All gates of an orchestration. Mutable."""

    model_config = ConfigDict(extra="ignore")

    open: dict[str, GateState] = Field(default_factory=dict)
    closed: dict[str, GateDecision] = Field(default_factory=dict)
    refused: int = 0
    """Answers that did not count, over all gates."""
