"""In-flight state as plain data: what an orchestration carries through continue-as-new."""

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from contracts.gates import GatesState
from contracts.reflection import Round
from contracts.report import ActionItem, Decision, OrchestrationStatus, PreviewedWrite, Totals
from contracts.runs import (
    Completion,
    Item,
    RunProgress,
    RunRef,
    WorkerDescription,
    WorkerOutcome,
)


class Entry(BaseModel):
    """One item in flight: a run on GitHub, or an attempt that is still to come. Mutable."""

    model_config = ConfigDict(extra="ignore")

    item: Item
    sequence: int
    """Position among all entries, from 0."""
    worker: str = ""
    """Which worker of the crew does it."""
    part: str = ""
    """Tells several runs for one item apart, as `vote 2`; part of the dispatch id."""
    roots: dict[str, Any] = Field(default_factory=dict)
    """What expressions read besides what all entries of the fleet share."""
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
    held_since: datetime | None = None
    """When the run was first seen held by an environment's reviewers."""
    released_at: datetime | None = None
    """When it was seen to be held no longer."""
    cancelled_at: datetime | None = None
    """When GitHub was asked to cancel the run."""
    forced: bool = False
    timeout_reason: str = ""
    last_failure: WorkerOutcome | None = None
    previous: RunRef | None = None
    """The run of the attempt before: a person may have run it again on GitHub."""
    asked_at: datetime | None = None
    """When its progress was last read."""
    told: RunProgress | None = None
    """The progress that its worker told last."""


class SourceState(BaseModel):
    """How far a source of items has been read. Mutable."""

    model_config = ConfigDict(extra="ignore")

    page: int = 1
    after: tuple[str, int] = ("", 0)
    """Place of the last item read; for a list, how many were read."""
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
    advised: list[str] = Field(default_factory=list)
    """What the pattern itself recommends."""
    action_items: list[ActionItem] = Field(default_factory=list)
    highlights: list[WorkerOutcome] = Field(default_factory=list)
    rows: list[tuple[int, int, WorkerOutcome]] = Field(default_factory=list)
    """Rank, sequence, outcome: the worst first."""
    rows_bytes: int = 0
    highlights_bytes: int = 0
    omitted: int = 0
    run_seconds_total: float = 0
    run_seconds_longest: float = 0
    figures: dict[str, float] = Field(default_factory=dict)
    """What a pattern measured besides; see `Metrics`."""
    rounds: list[Round] = Field(default_factory=list)
    pull_request_url: str = ""


class JournalState(BaseModel):
    """Decisions so far. Mutable."""

    model_config = ConfigDict(extra="ignore")

    decisions: list[Decision] = Field(default_factory=list)
    bytes: int = 0
    omitted: int = 0


class FleetState(BaseModel):
    """All of a fleet. Mutable."""

    model_config = ConfigDict(extra="ignore")

    entries: list[Entry] = Field(default_factory=list)
    source: SourceState = Field(default_factory=SourceState)
    taken: int = 0
    """Entries made so far."""
    paces: dict[str, Pace] = Field(default_factory=dict)
    """By worker."""
    highest_run: int = 0
    last_news_at: datetime | None = None
    watcher_since: datetime | None = None
    """When the memory of the watcher that was last heard of begins."""
    forgotten: bool = False
    """Another watcher has spoken: it knows nothing of runs that were registered before it began."""
    silences: int = 0
    """How often the watcher was told again since there was news."""
    last_progress_at: datetime | None = None
    stalled: bool = False

    def after(self) -> "FleetState":
        """Make the state of a next fleet, which knows what this one learned."""
        learned = {"taken", "paces", "highest_run", "last_news_at", "watcher_since", "forgotten"}
        return FleetState(
            last_progress_at=self.last_progress_at, **self.model_dump(include=learned)
        )


class BudgetState(BaseModel):
    """What was used of a budget. Mutable."""

    model_config = ConfigDict(extra="ignore")

    dispatches: int = 0
    minutes: float = 0
    tokens: float = 0
    cost: float = 0
    granted: int = 1
    """How often the whole was granted: once, and once more by each `resume`."""
    told: list[str] = Field(default_factory=list)
    """What was journaled."""
    paused: bool = False
    """It made the orchestration pause."""
    closed: str = ""
    """Why nothing is dispatched any more."""


class AskedWrite(BaseModel):
    """What is still to be done to an issue that is an item."""

    model_config = ConfigDict(extra="ignore")

    number: int
    labels: tuple[str, ...] = ()
    """To be added; with none, it is to be closed."""


class Concluded(BaseModel):
    """How the work ended, while people are asked whether it may be written about."""

    model_config = ConfigDict(extra="ignore")

    status: OrchestrationStatus
    reason: str
    reductions: dict[str, Any] = Field(default_factory=dict)
    """What results were reduced to."""


class OrchestrationState(BaseModel):
    """What an orchestration carries. Mutable."""

    model_config = ConfigDict(extra="ignore")

    started_at: datetime
    deadline_at: datetime
    doubted_since: datetime | None = None
    """When a run of the chain was reset, at the latest: even first attempts look before they send."""
    paused_at: datetime | None = None
    workers: dict[str, WorkerDescription] = Field(default_factory=dict)
    """Declaration and ref of each worker, once read; by its name in the spec."""
    outputs: dict[str, int] = Field(default_factory=dict)
    """Writes so far, by kind of safe output: the budget is the chain's, not the run's."""
    asked: list[AskedWrite] = Field(default_factory=list)
    """What results asked for, and is not written yet; it is counted already."""
    outputs_approved: bool | None = None
    """What people said at the gate of `safe-outputs`; None while nobody has decided."""
    concluded: Concluded | None = None
    previews: list[PreviewedWrite] = Field(default_factory=list)
    """Of a staged run."""
    breakers: dict[str, int] = Field(default_factory=dict)
    """Circuit breakers by workflow id, and how many dispatches each refused."""
    budget: BudgetState = Field(default_factory=BudgetState)
    gates: GatesState = Field(default_factory=GatesState)
    pattern: dict[str, Any] = Field(default_factory=dict)
    """What the pattern itself keeps, besides what its fleet does."""
    fleet: FleetState = Field(default_factory=FleetState)
    tally: TallyState = Field(default_factory=TallyState)
    journal: JournalState = Field(default_factory=JournalState)

    @classmethod
    def resume(cls, carry: Any, now: datetime, deadline: timedelta) -> "OrchestrationState":
        """Take up what an earlier run carried, or begin."""
        if carry is not None:
            return cls.model_validate(carry)
        return cls(started_at=now, deadline_at=now + deadline)
