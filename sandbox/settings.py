"""What can be changed while the sandbox runs."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["act", "timed"]


class Settings(BaseModel):
    """The behaviour of this GitHub; `POST /_sandbox/settings` changes any of it."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode = "act"
    workflow_modes: dict[str, Mode] = Field(default_factory=dict)
    """Mode of single workflow files, by file name, where it differs from `mode`."""
    runners: int = Field(default=10, ge=1, le=64)
    """Most `act` processes at once; further runs stay queued."""
    timed_runners: int | None = Field(default=None, ge=1)
    """Most timed runs in progress at once; None does not limit them."""
    minute_seconds: float = Field(default=60.0, gt=0)
    """Seconds that a minute of `timeout-minutes` lasts."""

    return_run_details: bool = True
    """False answers dispatches as GitHub Enterprise Server does: 204, and the key is refused."""
    always_204: bool = False
    """True ignores `return_run_details` and answers 204."""
    max_inputs: int = Field(default=25, ge=1)
    action_required: bool = False
    """True ends new runs at once as `action_required`, as for first-time contributors."""
    protected_environments: list[str] = Field(default_factory=list)
    """A run with a job in one of these waits for `pending_deployments` to be answered."""
    reviewers: list[str] = Field(default_factory=list)
    """Logins shown as reviewers of protected environments."""
    disabled_workflows: list[str] = Field(default_factory=list)
    """File names of workflows that are `disabled_manually`."""
    issues_enabled: bool = True
    collaborators: dict[str, str] = Field(default_factory=dict)
    """Permission (admin, maintain, write, triage, read) by login; token owners are admin."""
    teams: dict[str, list[str]] = Field(default_factory=dict)
    """Logins by team, as `organization/slug`."""
    local_actions: dict[str, str] = Field(default_factory=dict)
    """Folders that stand in for actions: `owner/name` to a folder with an `action.yml`."""

    sarif_seconds: float = Field(default=0.0, ge=0)
    """How long an uploaded SARIF file is `pending`."""
    artifact_link_seconds: float = Field(default=60.0, gt=0)
    artifact_seconds: float = Field(default=0.0, ge=0)
    """How long after its publication an artifact is not listed yet."""
    rate_limit: int = Field(default=5_000, ge=0)
    """Requests per window and token or installation; run tokens have 1,000 as on GitHub."""
    installation_token_seconds: float = Field(default=3_600.0, ge=1)
    """How long a new token of an App's installation lives."""
    rate_window_seconds: float = Field(default=3_600.0, gt=0)
    seed: int = 0
    """Seed of every random share: faults and timed rules."""

    def changed(self, patch: dict[str, Any]) -> "Settings":
        """These settings with some replaced.

        Raises:
            ValidationError: an unknown name or a value out of range.
        """
        return Settings.model_validate(self.model_dump() | patch)

    def mode_of(self, path: str) -> Mode:
        """The mode in which a workflow file's runs are executed."""
        return self.workflow_modes.get(path.rsplit("/", 1)[-1], self.mode)


class ItemResults(BaseModel):
    """An answer for each item of a batch, computed from the run's own input."""

    model_config = ConfigDict(extra="forbid")

    input: str = "items"
    """The input that holds the batch: a JSON list of texts, or of objects with `key`."""
    output: str = "items"
    """The output that holds the answers: an object, `success` or a reason by key."""
    failing: dict[str, str] = Field(default_factory=dict)
    """Items that fail, and their reasons: by key, or by the text after a key's `number:`."""


class TimedRule(BaseModel):
    """How a timed run ends. The first rule that matches a run applies."""

    model_config = ConfigDict(extra="forbid")

    workflow: str | None = None
    """File name, such as `analyze.yml`; None matches every file."""
    repository: str | None = None
    inputs: dict[str, str] = Field(default_factory=dict)
    """Inputs that must have exactly these values (compared as text)."""
    times: int | None = Field(default=None, ge=1)
    """Apply to this many matching runs (re-runs count), then fall through to later rules."""
    per_input: str | None = None
    """Count `times` separately for each value of this input."""
    share: float = Field(default=1.0, ge=0, le=1)
    """Apply to this random share of the matching runs."""

    duration_seconds: float = Field(default=1.0, ge=0)
    cleanup_seconds: float = Field(default=0.0, ge=0)
    """How long of its duration a run goes on after it has published its result."""
    queue_seconds: float = Field(default=0.0, ge=0)
    hang: bool = False
    """Stay in progress until cancelled."""
    ignore_cancel: bool = False
    """Let only `force-cancel` end the run."""
    conclusion: str = "success"

    result: dict[str, Any] | Literal["default"] | None = "default"
    """What `result.json` holds; text in it may name `{dispatch_id}`, `{run_id}`,
    `{run_attempt}` and `{inputs.x}`. None publishes nothing."""
    item_results: ItemResults | None = None
    """Add answers per item to the result's outputs; status `partial` where one fails."""
    raw_result: str | None = None
    """Text of `result.json` as it stands, for results that are not valid."""
    artifact: bool = True
    artifact_name: str = "podium-result"
    comment: bool = False
    """Also post the result on issue `inputs.issue_number`."""
    artifacts: dict[str, dict[str, str]] = Field(default_factory=dict)
    """More artifacts: name to file path to text."""
    jobs: dict[str, str] = Field(default_factory=dict)
    """Job name to conclusion; empty lists the workflow file's jobs with the run's."""
