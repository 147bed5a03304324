"""Approvals: what people send, and what is open."""

from datetime import datetime

from pydantic import Field

from contracts.base import Clipped, Sent


class Answer(Sent):
    """What the signals `approve` and `reject` carry."""

    approver: str = Field(min_length=1, max_length=100)
    """Login of who decides, as they say themselves."""
    gate: str | None = Field(default=None, max_length=100)
    """May be left out while exactly one gate is open."""
    comment: Clipped = ""


class OpenGate(Sent):
    """A gate that waits, as the query `gates` tells it."""

    gate: str
    what: str
    approvers: tuple[str, ...]
    opened_at: datetime
    until: datetime
    """Silence until then rejects."""
    issue_url: str = ""
