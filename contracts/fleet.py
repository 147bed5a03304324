"""In-flight state as plain data: what an orchestration carries through continue-as-new."""

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from contracts.report import Decision, Totals
from contracts.runs import Completion, Item, RunRef, WorkerDescription, WorkerOutcome


class Entry(BaseModel):
    """One item in flight: a run on GitHub, or an attempt that is still to come. Mutable."""

    model_config = ConfigDict(extra="ignore")

    item: Item
    sequence: int
    """Position in the source, from 0."""
    attempt: int = 1
    dispatch_id: str = ""
    first_dispatched_at: datetime | None = None
    run: RunRef | None = None
    """None before a dispatch succeeded."""
    completion: Completion | None = None
    """Arrived and not collected yet."""
    check_at: datetime | None = None
    """When the run is read once, because it should have ended by then."""
    retry_at: datetime | None = None
    """When the next attempt may be dispatched."""
    cancelled_at: datetime | None = None
    """When GitHub was asked to cancel the run."""
    forced: bool = False
    timeout_reason: str = ""
    last_failure: WorkerOutcome | None = None


class SourceState(BaseModel):
    """How far a source of items has been read. Mutable."""

    model_config = ConfigDict(extra="ignore")

    page: int = 1
    after: int = 0
    """Number of the last item read; for a list, how many were taken."""
    exhausted: bool = False
    taken: int = 0
    buffer: list[Item] = Field(default_factory=list)


class Pace(BaseModel):
    """How long a worker's runs take, learned as they end. Mutable."""

    model_config = ConfigDict(extra="ignore")

    typical: timedelta | None = None
    """A moving average."""
    shortest: timedelta | None = None


class TallyState(BaseModel):
    """Aggregates over all outcomes so far; every part of it is associative. Mutable."""

    model_config = ConfigDict(extra="ignore")

    totals: Totals = Totals()
    counts: dict[str, dict[str, int]] = Field(default_factory=dict)
    advice: dict[int, list[str]] = Field(default_factory=dict)
    """By position of the recommendation: the first keys that met it, and how many did."""
    advice_counts: dict[int, int] = Field(default_factory=dict)
    highlights: list[WorkerOutcome] = Field(default_factory=list)
    rows: list[tuple[int, int, WorkerOutcome]] = Field(default_factory=list)
    """Rank, sequence, outcome: the worst first."""
    omitted: int = 0
    run_seconds_total: float = 0
    run_seconds_longest: float = 0


class JournalState(BaseModel):
    """Decisions so far. Mutable."""

    model_config = ConfigDict(extra="ignore")

    decisions: list[Decision] = Field(default_factory=list)
    omitted: int = 0


class FleetState(BaseModel):
    """All of a fleet. Mutable."""

    model_config = ConfigDict(extra="ignore")

    entries: list[Entry] = Field(default_factory=list)
    source: SourceState = Field(default_factory=SourceState)
    pace: Pace = Field(default_factory=Pace)
    highest_run: int = 0
    last_news_at: datetime | None = None
    watcher_since: datetime | None = None
    """When the memory of the watcher that was last heard of begins."""
    forgotten: bool = False
    """Another watcher has spoken: it knows nothing of runs that were registered before it began."""
    last_progress_at: datetime | None = None
    stalled: bool = False


class OrchestrationState(BaseModel):
    """What a pattern over one fleet carries. Mutable."""

    model_config = ConfigDict(extra="ignore")

    started_at: datetime
    deadline_at: datetime
    doubted_since: datetime | None = None
    """When a run of the chain was reset, at the latest: even first attempts look before they send."""
    paused_at: datetime | None = None
    worker: WorkerDescription | None = None
    """The worker's declaration and ref, once read."""
    fleet: FleetState = Field(default_factory=FleetState)
    tally: TallyState = Field(default_factory=TallyState)
    journal: JournalState = Field(default_factory=JournalState)

    @classmethod
    def resume(cls, carry: Any, now: datetime, deadline: timedelta) -> "OrchestrationState":
        """Take up what an earlier run carried, or begin."""
        if carry is not None:
            return cls.model_validate(carry)
        return cls(started_at=now, deadline_at=now + deadline)
