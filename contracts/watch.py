"""Messages of `RunWatch`, the one watcher of a repository's runs."""

from datetime import datetime, timedelta

from pydantic import Field

from contracts.base import Sent, WorkflowId
from contracts.runs import Completion, RunRef, ToldResult, Waiter

MAX_BATCH = 500
"""Runs in one message to or from a watcher."""

MAX_PAGES = 3
"""Pages of a look at a list; older runs are read one by one."""


class Intent(Sent):
    """A dispatch that is about to be sent: announced first, so that no run goes unclaimed."""

    dispatch_id: str
    waiter: Waiter
    workflow: str
    announced_at: datetime
    expected: timedelta | None = None
    shortest: timedelta | None = None


class WatchedRun(Sent):
    """A run that somebody waits for."""

    run: RunRef
    waiter: Waiter
    expected: timedelta | None = None
    """How long its worker typically takes, where known."""
    shortest: timedelta | None = None
    """It is not looked for before it can be done."""


class WatchRuns(Sent):
    """Register runs; doing so again changes nothing."""

    runs: tuple[WatchedRun, ...] = Field(max_length=MAX_BATCH)


class RegisterRuns(Sent):
    """A fleet tells watchers again what it waits for, in case they forgot."""

    repository: str
    """The fleet's; each run is told to the watcher of its own."""
    runs: tuple[WatchedRun, ...]


class Release(Sent):
    """Nobody waits for these any more."""

    dispatch_ids: tuple[str, ...]


class Hush(Sent):
    """An orchestration is about to continue as new: nothing is to overtake that."""

    workflow_id: WorkflowId


class Claim(Sent):
    """One run, one dispatch: the first to claim a run has it."""

    run_id: int
    dispatch_id: str


class LookupRun(Sent):
    """Ask a watcher about one dispatch, and which of some runs nobody has claimed."""

    dispatch_id: str
    candidates: tuple[int, ...] = ()


class Lookup(Sent):
    """What a watcher knows of one dispatch."""

    run: RunRef | None = None
    announced: bool = False
    since: datetime | None = None
    """When the watcher's memory begins; None where no watcher is running."""
    free: tuple[int, ...] = ()
    """Those of the candidates that belong to no other dispatch."""


class CompletedRuns(Sent):
    """What the signal `runs_completed` carries."""

    completions: tuple[Completion, ...] = Field(max_length=MAX_BATCH)
    since: datetime | None = None
    """When the sending watcher's memory begins; another time than before is another watcher."""


class RunRow(Sent):
    """One run of a poll, as little of it as matching needs."""

    run_id: int
    run_attempt: int = 1
    status: str
    conclusion: str | None = None
    dispatch_id: str | None = None
    """As its title says; None for runs that no dispatch started."""
    workflow: str = ""
    """Its file under `.github/workflows/`; empty where that is not known."""
    url: str = ""
    seconds: float | None = None
    """How long it ran, by GitHub's clock; None before it has ended."""


class SeenRuns(Sent):
    """Runs and results that GitHub itself told of, by signed deliveries."""

    rows: tuple[RunRow, ...] = Field(default=(), max_length=MAX_BATCH)
    results: tuple[ToldResult, ...] = Field(default=(), max_length=MAX_BATCH)


class PageMark(Sent):
    """What is remembered of one page of the list."""

    etag: str
    floor: int
    """Lowest run id on the page; 0 on the last page, which reaches everything."""


class PollRuns(Sent):
    """Read the newest runs of a repository once."""

    repository: str
    oldest: int = 0
    """Page back to this run id, as far as the pages of a poll go."""
    marks: tuple[PageMark, ...] = ()
    """One per page read the last time; empty reads everything again."""
    watched: tuple[int, ...] = ()
    """Runs whose completion is wanted."""
    held: tuple[int, ...] = ()
    """Those of them that an environment's reviewers held when they were last seen."""
    known: tuple[int, ...] = ()
    """Other runs that need not be told again."""
    pages: tuple[int, ...] = tuple(range(1, MAX_PAGES + 1))
    """Read in this order, until `oldest` is reached."""
    by_id: tuple[int, ...] = ()
    """Runs too old for the pages, each read by itself."""


class Poll(Sent):
    """What a poll saw: completed watched runs, and runs that are not known yet."""

    rows: tuple[RunRow, ...] = ()
    marks: tuple[PageMark, ...] = ()
    requests: int = 0


class CheckWaiters(Sent):
    """Ask Temporal which waiters are still running."""

    waiters: tuple[Waiter, ...]


class GoneWaiters(Sent):
    """Those that are not."""

    waiters: tuple[Waiter, ...]


class RunWatchState(Sent):
    """What `RunWatch` carries through continue-as-new."""

    repository: str
    since: datetime | None = None
    watched: dict[str, WatchedRun] = Field(default_factory=dict)
    held: tuple[int, ...] = ()
    """Watched runs that an environment's reviewers hold."""
    intents: dict[str, Intent] = Field(default_factory=dict)
    claims: dict[int, str] = Field(default_factory=dict)
    snapshot: tuple[RunRow, ...] = ()
    handled: tuple[RunRow, ...] = ()
    """Done with: delivered, surplus or abandoned."""
    ended: dict[str, WatchedRun] = Field(default_factory=dict)
    """Dispatches whose run has ended, the latest ones."""
    unwanted: dict[str, datetime] = Field(default_factory=dict)
    """Announced dispatches whose waiter is gone; a run that shows yet is cancelled."""
    marks: tuple[PageMark, ...] = ()
    told: tuple[ToldResult, ...] = ()
    """Results of runs that have not been seen to end."""
    unsent: dict[str, tuple[Completion, ...]] = Field(default_factory=dict)
    """By the waiter's workflow id."""
    cancelling: tuple[int, ...] = ()
    """Runs that GitHub is still to be asked to cancel."""
    orphans: tuple[Waiter, ...] = ()
    """Waiters that have ended, and whose runs are still to be cancelled."""
    polled_at: datetime | None = None
    heard_at: datetime | None = None
    """When a delivery last told of an end that no poll had seen; None while polls are the first."""
    checked_at: datetime | None = None
    """When it was last asked which waiters are still running."""
