"""The state of the sandbox: plain records that a state file can hold.

Times are seconds since the epoch. Nothing here has behaviour beyond reading itself.
"""

from dataclasses import dataclass, field
from typing import Any

from sandbox.settings import Mode

FIRST_RUN_ID = 26_000_000_001


@dataclass(slots=True)
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass(slots=True)
class Reaction:
    """One account's reaction to an issue or comment."""

    id: int
    login: str
    content: str
    created_at: float


@dataclass(slots=True)
class Comment:
    """A comment on an issue."""

    id: int
    issue: int
    login: str
    body: str
    created_at: float
    updated_at: float
    association: str = "NONE"
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(slots=True)
class PullReview:
    """One person's review of a pull request."""

    id: int
    login: str
    state: str
    body: str
    submitted_at: float
    association: str = "NONE"


@dataclass(slots=True)
class PullRequest:
    """What makes an issue a pull request."""

    head: str
    base: str
    head_sha: str = ""
    base_sha: str = ""
    draft: bool = False
    merged_at: float | None = None
    mergeable: bool | None = True
    """False for conflicts, None where it is not known yet."""
    figures: dict[str, int] = field(default_factory=dict)
    """`additions`, `deletions` and `changed_files`, where no branch here has the changes."""
    reviews: list[PullReview] = field(default_factory=list)


@dataclass(slots=True)
class Issue:
    """An issue, or a pull request when `pull` is set."""

    id: int
    number: int
    title: str
    body: str | None
    login: str
    created_at: float
    updated_at: float
    state: str = "open"
    state_reason: str | None = None
    closed_at: float | None = None
    closed_by: str | None = None
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    association: str = "NONE"
    pull: PullRequest | None = None
    comments: list[int] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    edited_at: float | None = None
    """When its body was edited last; REST tells that of nothing, GraphQL does."""


@dataclass(slots=True)
class WorkflowEntry:
    """A workflow file's number, and whether it is switched off."""

    id: int
    path: str
    created_at: float
    runs: int = 0
    state: str = "active"


@dataclass(slots=True)
class Repository:
    """A repository: its folder, its issues and its workflow files' numbers."""

    id: int
    owner: str
    name: str
    folder: str
    created_at: float
    default_branch: str = "main"
    archived: bool = False
    """Read only: nothing runs there, and nothing can be uploaded."""
    fork: bool = False
    topics: list[str] = field(default_factory=list)
    branches: dict[str, str] = field(default_factory=dict)
    """Commit by name, for the branches besides the default one."""
    changes: dict[str, dict[str, str]] = field(default_factory=dict)
    """Files in base64 by branch and path, where they differ from the default branch."""
    issues: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    workflows: dict[str, WorkflowEntry] = field(default_factory=dict)
    next_number: int = 1

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"


@dataclass(slots=True)
class Step:
    """A step of a job, as far as it is known."""

    name: str
    number: int
    status: str = "in_progress"
    conclusion: str | None = None
    started_at: float | None = None
    completed_at: float | None = None


@dataclass(slots=True)
class Job:
    """One job of one attempt of a run."""

    id: int
    key: str
    name: str
    labels: list[str]
    created_at: float
    started_at: float
    status: str = "queued"
    conclusion: str | None = None
    completed_at: float | None = None
    steps: list[Step] = field(default_factory=list)


@dataclass(slots=True)
class Review:
    """An answer to a run that waited for a protected environment."""

    environment: str
    state: str
    login: str
    comment: str
    at: float


@dataclass(frozen=True, slots=True)
class RunState:
    """What the API shows of a run from `at` on; a run's history is a list of these."""

    at: float
    status: str
    conclusion: str | None
    attempt: int
    started_at: float


@dataclass(slots=True)
class Attempt:
    """What one attempt of a run leaves: who asked, its jobs, its log."""

    number: int
    login: str
    started_at: float
    jobs: list[Job] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    running_since: float | None = None
    cancelled_by: str | None = None
    failed_jobs_only: bool = False


@dataclass(slots=True)
class Run:
    """A workflow run with all its attempts."""

    id: int
    repository: str
    workflow_id: int
    workflow_path: str
    workflow_name: str
    title: str
    number: int
    event: str
    login: str
    ref: str
    branch: str
    sha: str
    inputs: dict[str, Any]
    created_at: float
    mode: Mode
    dispatch_id: str | None = None
    environments: list[str] = field(default_factory=list)
    group: str | None = None
    history: list[RunState] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    artifacts: list[int] = field(default_factory=list)
    problem: str | None = None

    @property
    def state(self) -> RunState:
        """The state now."""
        return self.history[-1]

    @property
    def attempt(self) -> Attempt:
        """The newest attempt."""
        return self.attempts[-1]

    def state_at(self, at: float) -> RunState | None:
        """The state at a time; None before the run existed."""
        return next((state for state in reversed(self.history) if state.at <= at), None)


@dataclass(slots=True)
class Artifact:
    """A published artifact; its zip lies in the artifact folder as `<id>.zip`."""

    id: int
    run_id: int
    repository: str
    name: str
    size: int
    digest: str
    created_at: float
    expires_at: float


@dataclass(slots=True)
class SarifUpload:
    """A SARIF file as it was uploaded: `content` is gzip in base64."""

    id: str
    repository: str
    commit_sha: str
    ref: str
    results: int
    errors: list[str]
    at: float
    content: str


@dataclass(slots=True)
class World:
    """Everything that survives a restart."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    artifacts: dict[int, Artifact] = field(default_factory=dict)
    sarifs: dict[str, SarifUpload] = field(default_factory=dict)
    token: str | None = None
    next_id: int = 1_000_001
    next_run_id: int = FIRST_RUN_ID

    def new_id(self) -> int:
        """A number never given before."""
        self.next_id += 1
        return self.next_id
