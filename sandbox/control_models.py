"""What the control endpoints give and take, for both ends."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Health(BaseModel):
    """The sandbox as a whole. `in_progress` counts runs of both modes."""

    ok: bool
    pid: int
    api_url: str
    blob_url: str
    runs: int
    in_progress: int
    held: bool


class Hook(BaseModel):
    """Where deliveries go, and what goes wrong with them; shares are from 0 to 1."""

    model_config = ConfigDict(extra="forbid")

    url: str
    secret: str
    events: list[str] = ["workflow_run", "issues", "issue_comment"]
    silent: list[str] = []
    """Repositories whose deliveries are all lost: nobody set the webhook there, or it broke."""
    lost: float = Field(default=0, ge=0, le=1)
    twice: float = Field(default=0, ge=0, le=1)
    late_seconds: float = Field(default=0, ge=0, le=3_600)
    """Each is held back for a random time of up to so long: they overtake each other."""
    early: float = Field(default=0, ge=0, le=1)
    """Share of runs whose end is told, without a conclusion, when they have only begun."""


class Posted(BaseModel):
    """What became of the deliveries so far."""

    posted: int = 0
    lost: int = 0
    twice: int = 0
    early: int = 0
    """Said `completed` of a run that was not."""
    overtaken: int = 0
    """Came after one that was told later, of the same run or issue."""
    refused: dict[int, int] = Field(default_factory=dict)
    """Answers other than 2xx, by status; 0 where there was none."""


class RequestRecord(BaseModel):
    """One request that arrived; `at` in seconds since the epoch."""

    at: float
    method: str
    route: str
    path: str
    query: str
    status: int
    """0 when the connection was reset."""
    login: str | None
    counted: bool
    """Whether GitHub would count it against the primary rate limit."""
    fault: str | None = None


class DispatchRecord(BaseModel):
    """One dispatch that made a run."""

    at: float
    repository: str
    workflow: str
    run_id: int
    login: str
    dispatch_id: str | None
    inputs: dict[str, Any]


class RunRecord(BaseModel):
    """The life of one attempt of a run; times in seconds since the epoch."""

    run_id: int
    attempt: int
    repository: str
    workflow: str
    title: str
    event: str
    login: str
    dispatch_id: str | None
    queued_at: float
    started_at: float | None
    completed_at: float | None
    status: str
    conclusion: str | None
    cancelled_by: str | None


class CallCount(BaseModel):
    """Requests of one login to one endpoint with one status."""

    login: str
    method: str
    route: str
    status: int
    counted: bool
    calls: int


class LedgerView(BaseModel):
    """What happened; parts that were not asked for are empty."""

    requests: list[RequestRecord] = Field(default_factory=list)
    dispatches: list[DispatchRecord] = Field(default_factory=list)
    runs: list[RunRecord] = Field(default_factory=list)
    calls: list[CallCount] = Field(default_factory=list)


class Concurrency(BaseModel):
    """How many runs were in progress at once.

    `average` is weighted by time, between the first start and the last start; when all
    started at one moment it is the peak.
    """

    peak: int
    average: float
    runs: int


class ForeignRuns(BaseModel):
    """Runs to put into a repository as if somebody else had started them."""

    repository: str
    workflow: str
    count: int = Field(default=1, ge=1, le=10_000)
    login: str = "somebody-else"
    event: str = "push"
    conclusion: str | None = "success"
    """None leaves them in progress for ever."""
    age_seconds: float = Field(default=0.0, ge=0)
    inputs: dict[str, str] = Field(default_factory=dict)
    title: str | None = None


class NewInstallation(BaseModel):
    """An App's installation; one for the same owner keeps its number and its tokens."""

    model_config = ConfigDict(extra="forbid")

    owner: str
    id: int | None = None
    """None gives a number."""
    kind: Literal["Organization", "User"] = "Organization"
    repositories: list[str] | None = None
    """Names, without the owner; None is all that the owner has."""
    permissions: dict[str, Literal["read", "write"]] = {
        "actions": "write",
        "contents": "read",
        "issues": "write",
        "pull_requests": "write",
    }
    suspended: bool = False


class NewApp(BaseModel):
    """A GitHub App; one of the same number is replaced."""

    model_config = ConfigDict(extra="forbid")

    app_id: int
    slug: str
    public_key: str
    """In PEM; what the App's private key signs is checked with it."""
    installations: list[NewInstallation] = Field(default_factory=list)


class NewRepository(BaseModel):
    """A repository to serve: from a folder, or from file texts by path."""

    repository: str
    folder: str | None = None
    files: dict[str, str] | None = None
    branches: list[str] = Field(default_factory=list)
    archived: bool = False
    fork: bool = False
    topics: list[str] = Field(default_factory=list)


class SarifRecord(BaseModel):
    """A SARIF upload; `document` is what the file holds, None when it is not JSON."""

    id: str
    repository: str
    commit_sha: str
    ref: str
    results: int
    errors: list[str]
    document: dict[str, Any] | None


class SeededIssues(BaseModel):
    """Issues in the shape in which GitHub lists them."""

    repository: str
    issues: list[dict[str, Any]]


def concurrency_of(runs: list[RunRecord], now: float) -> Concurrency:
    """Peak and average of simultaneous runs; a run that has not ended lasts until `now`."""
    spans = [(r.started_at, r.completed_at or now) for r in runs if r.started_at is not None]
    if not spans:
        return Concurrency(peak=0, average=0.0, runs=0)
    # Ends sort before starts of the same moment: a slot that is handed over is one slot.
    events = sorted([(a, 1) for a, _ in spans] + [(b, -1) for _, b in spans])
    first, last = min(a for a, _ in spans), max(a for a, _ in spans)
    level = peak = 0
    area, before = 0.0, first
    for at, change in events:
        area += level * max(0.0, min(at, last) - before)
        before = min(max(before, at), last)
        level += change
        peak = max(peak, level)
    average = area / (last - first) if last > first else float(peak)
    return Concurrency(peak=peak, average=average, runs=len(spans))
