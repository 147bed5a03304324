"""Messages and state of `Breaker`, the one circuit breaker of a worker."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from contracts.base import Clipped, Duration, Sent
from contracts.runs import OutcomeStatus
from contracts.specs.breaker import BreakerSettings, Failing

MAX_BATCH = 500
"""Permits asked for, or outcomes told, in one message."""
MAX_HELD = 2_000
"""Permits outstanding; of more, the oldest are forgotten, and their outcomes count for nothing."""
MAX_CHANGES = 20
"""Changes of state that a breaker remembers."""
LONGEST_PERMIT = timedelta(days=36)
"""A little more than a run can take on GitHub."""


class CircuitState(StrEnum):
    """Whether a worker may be dispatched: always, hardly, or a little."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class AskPermits(Sent):
    """May these dispatches be sent? Asking again for one that holds a permit changes nothing."""

    dispatch_ids: tuple[str, ...] = Field(min_length=1, max_length=MAX_BATCH)
    settings: BreakerSettings = BreakerSettings()
    """Those of whoever asked last hold for the circuit; what counts is kept with each permit."""
    valid_for: timedelta = Field(gt=timedelta(), le=LONGEST_PERMIT)
    """After so long a permit whose outcome was never told has none."""


class Permit(Sent):
    """The answer for one dispatch."""

    granted: bool
    state: CircuitState = CircuitState.CLOSED
    reason: Clipped = ""
    retry_at: datetime | None = None
    """When it may be granted at the earliest; None where that depends on other runs."""


class Permits(Sent):
    """The answers, by dispatch id."""

    permits: dict[str, Permit] = Field(default_factory=dict)


class ToldOutcome(Sent):
    """How one attempt ended."""

    dispatch_id: str
    status: OutcomeStatus


class RecordOutcomes(Sent):
    """Outcomes of attempts that hold permits; others are ignored."""

    outcomes: tuple[ToldOutcome, ...] = Field(max_length=MAX_BATCH)


class ForceOpen(Sent):
    """A person has a worker left alone, until they say otherwise or a time has passed."""

    for_: Duration | None = Field(default=None, validation_alias=AliasChoices("for", "for_"))
    """After it, one probe may run as usual; without it nothing runs until it is closed by hand."""
    reason: Clipped = ""


class Held(BaseModel):
    """A permit whose outcome is not known yet."""

    model_config = ConfigDict(extra="ignore")

    expires_at: datetime
    counts: tuple[Failing, ...]


class Change(Sent):
    """One change of a circuit's state."""

    time: datetime
    state: CircuitState
    reason: Clipped = ""


class CircuitData(BaseModel):
    """A circuit as plain data. Mutable."""

    model_config = ConfigDict(extra="ignore")

    state: CircuitState = CircuitState.CLOSED
    failures: int = 0
    """In a row, while closed."""
    successes: int = 0
    """In a row, since the probe."""
    cool_down: timedelta | None = None
    """The present one; None before it was ever open."""
    retry_at: datetime | None = None
    """When a probe may run; None while closed, and while it is held open by hand."""
    held: dict[str, Held] = Field(default_factory=dict)
    settings: BreakerSettings = BreakerSettings()
    changes: list[Change] = Field(default_factory=list)


class BreakerState(Sent):
    """What `Breaker` is started with, and carries through continue-as-new."""

    worker: str
    """For people: whose breaker it is."""
    circuit: CircuitData = Field(default_factory=CircuitData)


class BreakerView(Sent):
    """The answer of the query `state`."""

    worker: str
    state: CircuitState
    failures: int = 0
    successes: int = 0
    retry_at: datetime | None = None
    forced: bool = False
    """Held open by hand, until `force-close` or `reset`."""
    cool_down_seconds: float = 0
    outstanding: int = 0
    """Permits whose outcome is not known yet."""
    settings: dict[str, Any] = Field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    """The latest ones."""


class ReadBreakers(Sent):
    """Ask breakers for their states."""

    breakers: tuple[str, ...]
    """Workflow ids."""


class BreakerViews(Sent):
    """The states of those that answered, by workflow id."""

    views: dict[str, BreakerView] = Field(default_factory=dict)


COUNTED_AS: dict[OutcomeStatus, Failing] = {
    OutcomeStatus.FAILURE: "failure",
    OutcomeStatus.TIMED_OUT: "timeout",
    OutcomeStatus.INVALID_RESULT: "invalid-result",
    OutcomeStatus.NO_RESULT: "invalid-result",
    OutcomeStatus.UNKNOWN_PROTOCOL: "invalid-result",
    OutcomeStatus.DISPATCH_FAILED: "infrastructure",
}
"""What a breaker calls the outcomes that may count as failures."""

WORKED = frozenset({OutcomeStatus.SUCCESS, OutcomeStatus.PARTIAL, OutcomeStatus.SKIPPED})
"""Outcomes of a worker that does its job, whatever it found; all others are no outcome."""
