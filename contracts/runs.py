"""Records of worker runs: what is dispatched, watched, collected and concluded."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field

from contracts.base import KIB, Clipped, Sent, WorkflowId
from contracts.specs.breaker import BreakerSettings
from contracts.worker import WorkerDeclaration, WorkerError, WorkerRequest

COMPLETED = "completed"
"""The status of a run that has ended; every other status is of one that goes on."""
WAITING = "waiting"
"""The status of a run that the reviewers of a GitHub environment hold."""


class Item(Sent):
    """One thing to dispatch a worker for. `fields` is what `${{ item.* }}` reads."""

    key: str = Field(max_length=200)
    """Unique within the orchestration; part of the dispatch id."""
    fields: dict[str, Any] = Field(default_factory=dict)

    @property
    def place(self) -> tuple[str, int]:
        """Where it stands in its source: when it was created, and its number."""
        return str(self.fields.get("created_at") or ""), int(self.fields.get("number") or 0)

    @property
    def title(self) -> str:
        """A short untrusted name for tables."""
        return str(self.fields.get("title") or self.key)

    @property
    def url(self) -> str:
        """Where the item can be seen, or nothing."""
        return str(self.fields.get("url") or "")


class RunRef(Sent):
    """One worker run on GitHub."""

    repository: str
    workflow: str
    run_id: int
    dispatch_id: str
    url: str = ""
    run_attempt: int = 1
    dispatched_at: datetime
    """When Podium sent the dispatch, by the Temporal Worker's clock."""
    adopted: bool = False
    """Found on GitHub by a reconciliation, not told by the dispatch's own answer."""
    breaker: str = ""
    """Workflow id of the circuit breaker that granted it, and waits for its outcome."""
    probing: bool = False
    """Granted while the circuit was not closed: its outcome decides about the next one."""


class Waiter(Sent):
    """An orchestration that waits for runs; a re-used workflow id is another waiter."""

    workflow_id: WorkflowId
    first_execution_run_id: str


class DispatchOrder(Sent):
    """One dispatch, with all that keeps it from happening twice."""

    request: WorkerRequest
    waiter: Waiter
    original_execution_run_id: str
    """The workflow's, by its own account; the activity compares it to see a reset."""
    doubted_since: datetime | None = None
    """When an earlier run of the chain was reset, at the latest: even first attempts look first."""
    chain_started_at: datetime
    """When the first run of the chain began: nothing of it was dispatched before."""
    correlated: bool = True
    """Whether the run's title will carry the dispatch id."""
    watermark: int = 0
    """Highest run id of the workflow before this dispatch; used when not correlated."""
    expected: timedelta | None = None
    """How long this worker's runs typically take, where known."""
    shortest: timedelta | None = None
    """The shortest run of this worker so far."""
    breaker: BreakerSettings | None = None
    """None where the orchestration has no circuit breakers."""
    permit_valid_for: timedelta = timedelta(hours=1)
    """After so long without an outcome a breaker's permit is over."""


MAX_TOLD_BYTES = 8 * KIB
"""Of one result in a delivery; larger ones are read from GitHub."""


class ToldResult(Sent):
    """A result block in a comment, as GitHub delivered it when the comment was created."""

    run_id: int
    run_attempt: int = 1
    """As the block says."""
    text: str = Field(max_length=MAX_TOLD_BYTES)
    author: str
    """Login that GitHub names; the block may say what it likes."""
    is_bot: bool = False
    issue: int
    created_at: datetime
    url: str = ""


class Completion(Sent):
    """News of one run, from whoever saw it."""

    dispatch_id: str
    run_id: int
    run_attempt: int = 1
    status: str = COMPLETED
    conclusion: str | None = None
    url: str = ""
    seconds: float | None = None
    """How long it ran, by GitHub's clock."""
    surplus: tuple[int, ...] = ()
    """Other runs of the same dispatch, which were cancelled."""
    told: tuple[ToldResult, ...] = ()
    """What was delivered of its result; whether it counts is decided where it is collected."""


class RunState(Sent):
    """A run as GitHub shows it now."""

    run_id: int
    run_attempt: int = 1
    status: str
    conclusion: str | None = None
    started_at: datetime | None = None
    """When its first job began; None while it waits for a runner."""
    url: str = ""

    @property
    def completed(self) -> bool:
        """Whether it has ended."""
        return self.status == COMPLETED


class OutcomeStatus(StrEnum):
    """What became of one item."""

    SUCCESS = "success"
    PARTIAL = "partial"
    SKIPPED = "skipped"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed-out"
    INVALID_RESULT = "invalid-result"
    UNKNOWN_PROTOCOL = "unknown-protocol"
    NO_RESULT = "no-result"
    DISPATCH_FAILED = "dispatch-failed"
    DISPATCH_UNKNOWN = "dispatch_unknown"
    NOT_DISPATCHED = "not-dispatched"


GOOD = frozenset({OutcomeStatus.SUCCESS, OutcomeStatus.PARTIAL, OutcomeStatus.SKIPPED})
"""Statuses that are no failure."""

RETRIED = frozenset(
    {
        OutcomeStatus.FAILURE,
        OutcomeStatus.TIMED_OUT,
        OutcomeStatus.INVALID_RESULT,
        OutcomeStatus.NO_RESULT,
    }
)
"""Statuses that another attempt may mend; an unknown protocol or a refusal stays what it is."""


class Verdict(Sent):
    """What `collect` found out about one completed run."""

    status: OutcomeStatus
    reason: Clipped = ""
    summary: Clipped = ""
    outputs: dict[str, Any] = Field(default_factory=dict)
    errors: tuple[WorkerError, ...] = ()
    metrics: dict[str, float] = Field(default_factory=dict)
    channel: str = ""
    """Which result channel spoke."""
    meaning: str = ""
    """What became of a gh-aw run, as docs/gh-aw.md lists it; empty for other workers."""
    final: bool = False
    """Whether another attempt would end alike, so that none is made."""
    result_url: str = ""
    """The artifact, comment, issue or pull request that holds the result."""
    run_seconds: float | None = None
    """Seconds between the run's start and its end, by GitHub's clock."""


class WorkerOutcome(Sent):
    """What became of one item in the end, over all its attempts."""

    key: str
    title: str = ""
    url: str = ""
    repository: str = ""
    """Where its run was, if not in the spec's repository."""
    worker: str
    """Its file without the ending; empty for an item that no worker was asked about."""
    route: str = ""
    """Of a router: which route led the item there."""
    status: OutcomeStatus
    attempts: int = 1
    reason: Clipped = ""
    summary: Clipped = ""
    outputs: dict[str, Any] = Field(default_factory=dict)
    outputs_omitted: bool = False
    """The outputs were too large for a report row; `result_url` has them whole."""
    errors: tuple[WorkerError, ...] = ()
    metrics: dict[str, float] = Field(default_factory=dict)
    run_id: int | None = None
    run_url: str = ""
    result_url: str = ""
    seconds: float = 0
    """From the first dispatch to the outcome, retries included."""

    @property
    def good(self) -> bool:
        """Whether it is no failure, and not what a circuit breaker left undone."""
        return self.status in GOOD and not self.refused

    @property
    def refused(self) -> bool:
        """Whether a circuit breaker left it undone; a worker that says `skipped` has a run."""
        return self.status is OutcomeStatus.SKIPPED and self.run_id is None


class CollectOrder(Sent):
    """Fetch and check the result of one completed run."""

    run: RunRef
    conclusion: str | None
    channels: tuple[str, ...]
    result_schema: dict[str, Any] | None = None
    max_bytes: int
    """Largest result accepted, in bytes of its JSON."""
    comment_on: int | None = None
    """The issue whose comments may carry the result, or tell progress."""
    author: str = ""
    """Login of the bot whose comments, issues and pull requests are believed."""
    told: tuple[ToldResult, ...] = ()
    """Blocks that were delivered: one that counts saves reading the comments."""
    threat_detection: str = "enforce"
    """`enforce` or `warn`; of gh-aw runs."""


class RunProgress(Sent):
    """What a worker said while its run went on."""

    share: float | None = None
    """Done so far, from 0 to 1; None where it has said nothing yet."""
    summary: Clipped = ""


class DescribeWorker(Sent):
    """Read what a worker's workflow file declares."""

    repository: str
    workflow: str
    ref: str | None = None
    """None reads the default branch."""


class WorkerDescription(Sent):
    """A worker's declaration, and the ref that it was read at."""

    declaration: WorkerDeclaration
    ref: str


class CancelRun(Sent):
    """Ask GitHub to cancel a run; asking again, or too late, does no harm."""

    repository: str
    run_id: int
    force: bool = False
    """Bypass `always()`; only after an ordinary cancellation did not work."""


class ReadRun(Sent):
    """Read one run, and when its first job began."""

    repository: str
    run_id: int


class ReadWatermark(Sent):
    """Read the highest run id of a workflow."""

    repository: str
    workflow: str
