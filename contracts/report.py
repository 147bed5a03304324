"""What an orchestration tells: its decisions, and in the end its report."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from contracts.base import Clipped, Sent
from contracts.reflection import MAX_ROUNDS, Round
from contracts.runs import WorkerOutcome
from contracts.specs.reporting import PRIORITIES, Priority

MAX_ROWS = 200
"""Results kept in a report: failures first, then highlights, then the rest in order."""
_BRIEF_ROWS = 10
MAX_DECISIONS = 500
"""Decisions kept in a report; the histories of the run's chain hold all of them."""


class OrchestrationStatus(StrEnum):
    """How an orchestration ended; `running`, `paused` and `stalled` only while it goes on."""

    RUNNING = "running"
    PAUSED = "paused"
    STALLED = "stalled"
    """Nothing has ended or begun for as long as `stall-after`."""
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    REJECTED = "rejected"
    TIMED_OUT = "timed-out"
    CANCELLED = "cancelled"


GOES_ON = frozenset(
    {OrchestrationStatus.RUNNING, OrchestrationStatus.PAUSED, OrchestrationStatus.STALLED}
)
"""Statuses of what has not ended."""

COMPLETES = frozenset({OrchestrationStatus.SUCCEEDED, OrchestrationStatus.PARTIAL})
"""Statuses that close the Workflow Execution as Completed."""


class Decision(Sent):
    """One decision: when, what, about whom, why."""

    time: datetime
    kind: str
    """A word such as `dispatched`, `retried`, `timed-out`, `surplus-cancelled`, `signal-refused`."""
    subject: str = ""
    reason: Clipped = ""
    by: str = ""
    """Of an answer at a gate, and of the gate's end: who decided."""
    established: Literal["", "claimed", "verified"] = ""
    """How that is known: claimed over Temporal, or verified by GitHub."""


MAX_PREVIEWS = 100
"""Writes of a staged run that are shown; further ones are journaled."""


class PreviewedWrite(Sent):
    """What a staged run would write."""

    output: str
    """The kind, as `safe-outputs` names it."""
    place: str
    """Where: repository, issue or branch."""
    title: str = ""
    text: str = ""
    """The beginning of it."""


class Totals(Sent):
    """Counts over all items of a run."""

    items: int = 0
    """Taken from the source, within the limit."""
    beyond_limit: int = 0
    """Seen but left out because of `limit`."""
    beyond_limit_exact: bool = True
    """False where counting stopped early, so that there are more."""
    by_status: dict[str, int] = Field(default_factory=dict)
    dispatches: int = 0
    retries: int = 0


class Count(Sent):
    """How often each value of one output occurred."""

    field: str
    values: dict[str, int]


class Metrics(Sent):
    """Measured times, in seconds."""

    started_at: datetime
    seconds: float = 0
    success_rate: float | None = None
    """Share of items, skipped ones left out, that succeeded; None without any."""
    run_seconds_total: float = 0
    run_seconds_longest: float = 0
    figures: dict[str, float] = Field(default_factory=dict)
    """What the pattern itself measured, by a name that has the unit in it."""


class ActionItem(Sent):
    """Something that people should do."""

    priority: Priority = "medium"
    text: Clipped
    source: str = ""
    """Which orchestration or worker says so."""
    url: str = ""


MAX_ACTION_ITEMS = 100


class OrchestrationReport(Sent):
    """The result of every orchestration. v1."""

    protocol: str = "podium/v1"
    spec: str
    pattern: str
    repository: str
    workflow_id: str
    title: str = ""
    status: OrchestrationStatus
    reason: Clipped = ""
    totals: Totals = Totals()
    counts: tuple[Count, ...] = ()
    highlights: tuple[WorkerOutcome, ...] = ()
    results: tuple[WorkerOutcome, ...] = Field(default=(), max_length=MAX_ROWS)
    results_omitted: int = 0
    decisions: tuple[Decision, ...] = Field(default=(), max_length=MAX_DECISIONS)
    decisions_omitted: int = 0
    metrics: Metrics
    breakers: dict[str, Any] = Field(default_factory=dict)
    recommendations: tuple[str, ...] = ()
    reductions: dict[str, Any] = Field(default_factory=dict)
    """By the name of a reducer: what the results were reduced to."""
    action_items: tuple[ActionItem, ...] = Field(default=(), max_length=MAX_ACTION_ITEMS)
    """The most urgent first."""
    rounds: tuple[Round, ...] = Field(default=(), max_length=MAX_ROUNDS)
    """Of a reflection."""
    pull_request_url: str = ""
    """The pull request, where one was opened."""
    staged: bool = False
    """Nothing was written, and only what cannot write was dispatched."""
    previews: tuple[PreviewedWrite, ...] = Field(default=(), max_length=MAX_PREVIEWS)
    """What a staged run would have written."""
    escalation_url: str = ""
    """The issue that tells people of a failure that persists."""
    markdown: str = ""
    issue_url: str = ""
    """The report issue, where one was written."""

    def brief(self) -> "OrchestrationReport":
        """What a parent gets: its history holds the reports of all its children."""
        rows = self.results[:_BRIEF_ROWS]
        return self.model_copy(
            update={
                "results": rows,
                "results_omitted": self.results_omitted + len(self.results) - len(rows),
                "highlights": self.highlights[:_BRIEF_ROWS],
                "decisions": (),
                "previews": (),
                "decisions_omitted": self.decisions_omitted + len(self.decisions),
                "markdown": "",
            }
        )


class Progress(Sent):
    """What the query `status` answers."""

    status: OrchestrationStatus
    items: int = 0
    queued: int = 0
    running: int = 0
    finished: int = 0
    by_status: dict[str, int] = Field(default_factory=dict)
    in_flight: tuple[dict[str, Any], ...] = ()
    """Key, attempt, phase and link of running workers, the oldest 50; `progress` (from 0 to 1) and
    `summary` of those that told some."""
    waiting_for: str = ""
    iteration: int = 0
    """Of a reflection: the round that goes on; 0 for other patterns."""
    best_score: float | None = None


def by_urgency(items: Iterable[ActionItem]) -> tuple[ActionItem, ...]:
    """Order action items by priority, and keep as many as a report shows."""
    ordered = sorted(items, key=lambda item: PRIORITIES.index(item.priority))
    return tuple(ordered[:MAX_ACTION_ITEMS])
