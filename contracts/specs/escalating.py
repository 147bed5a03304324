"""When a failure that persists is told to people, and how."""

from pydantic import Field

from contracts.base import Written
from contracts.specs.safe_outputs import MAX_LABELS, Label


class Escalation(Written):
    """One issue per cause, kept current while it lasts and closed when the spec succeeds again."""

    after: int = Field(default=3, ge=1, le=20)
    """Runs of the spec that end with the same cause, one after the other."""
    labels: tuple[Label, ...] = Field(default=(), max_length=MAX_LABELS)
