"""One worker in a spec: its file, inputs, result, and the patience that it gets."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from contracts.base import KIB, Duration, Written
from contracts.names import is_agentic

Channel = Literal["artifact", "comment", "issue", "pull-request", "conclusion", "gh-aw"]
"""Where a result may be: artifact `podium-result`, the block in a comment, in an issue or in a
pull request, the conclusion alone, or what a compiled gh-aw workflow leaves."""

FORGEABLE = ("comment", "issue", "pull-request")
"""Channels in which any job of the repository that may write there can speak for another's run."""

RESULT_BYTES = 64 * KIB
"""Largest result accepted, unless a spec asks for less."""

Owner = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}$")]
"""A person or an organization on GitHub."""

_MOST_OFTEN = timedelta(seconds=30)

WorkerName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""A name within a spec, as expressions and reports use it."""


class Retry(Written):
    """Another attempt at a worker that failed, after a durable exponential backoff."""

    maximum_attempts: int = Field(default=3, ge=1, le=20)
    initial_interval: Duration = timedelta(seconds=30)
    backoff_coefficient: float = Field(default=2, ge=1, le=10)
    maximum_interval: Duration = timedelta(minutes=10)

    def backoff(self, attempt: int) -> timedelta:
        """Wait this long after the failure of `attempt` (1 is the first)."""
        most = self.maximum_interval.total_seconds()
        seconds = self.initial_interval.total_seconds() * self.backoff_coefficient ** (attempt - 1)
        return timedelta(seconds=min(seconds, most))


class ResultSpec(Written):
    """Where a worker's result is, and what it must look like."""

    channels: tuple[Channel, ...] = Field(default=("artifact",), min_length=1)
    """Tried in this order."""
    schema_: str | dict[str, Any] | None = Field(default=None, alias="schema")
    """JSON Schema of the result's `outputs`: a path beside the spec, embedded when rendered."""
    max_bytes: int = Field(default=RESULT_BYTES, ge=256, le=RESULT_BYTES)
    comment_on: str = "${{ item.number }}"
    """Number of the issue whose comments may carry the result, or tell progress."""
    author: str = "github-actions[bot]"
    """Login of the bot that the worker comments as, or opens issues and pull requests."""
    threat_detection: Literal["enforce", "warn"] = "enforce"
    """Of the channel gh-aw: whether a threat found, or no verdict, makes a run a failure."""
    progress_every: Annotated[Duration, Field(ge=_MOST_OFTEN)] | None = None
    """How often comments are read for the progress that a running worker tells; never by default."""

    @property
    def reads_comments(self) -> bool:
        """Whether comments are read: for the result, or for progress."""
        return "comment" in self.channels or self.progress_every is not None


class WorkerSpec(Written):
    """One worker: its file, inputs, result, and the patience that it gets."""

    workflow: str = Field(pattern=r"^[\w.-]+\.(yml|yaml|md)$")
    """File under `.github/workflows/`; of a gh-aw workflow the `.md`, whose `.lock.yml` runs."""
    ref: str | None = None
    """Branch or tag; the default branch where left out."""
    inputs: dict[str, str | int | float | bool] = Field(default_factory=dict, max_length=25)
    result: ResultSpec = ResultSpec()
    timeout_minutes: float = Field(default=20, gt=0, le=50_400)
    """Longest that one run may be in progress."""
    queue_timeout_minutes: float = Field(default=30, gt=0, le=50_400)
    """Longest that one run may wait for a runner."""
    environment_timeout_minutes: float = Field(default=43_200, gt=0, le=50_400)
    """Longest that the reviewers of a GitHub environment may hold one run; GitHub waits 30 days."""
    retry: Retry = Retry()

    @property
    def scattered(self) -> bool:
        """Whether each item says in which repository it runs."""
        return False

    @model_validator(mode="before")
    @classmethod
    def _agents_answer_by_their_artifacts(cls, data: Any) -> Any:
        """A gh-aw worker publishes no `podium-result`, unless its author says so."""
        if not isinstance(data, dict) or not is_agentic(str(data.get("workflow"))):
            return data
        result = data.get("result", {})
        if not isinstance(result, dict) or "channels" in result:
            return data
        return {**data, "result": {**result, "channels": ["gh-aw"]}}


class PlacedWorkerSpec(WorkerSpec):
    """A worker over items, which may run in a repository that its item names."""

    repository: str = Field(default="", max_length=300)
    """Where it runs, as `${{ item.full_name }}`; in the spec's repository where left out."""
    owners: tuple[Owner, ...] = Field(default=(), max_length=20)
    """Whose repositories these may be; needed unless GitHub itself listed them."""

    @property
    def scattered(self) -> bool:
        """Whether each item says in which repository it runs."""
        return bool(self.repository)
