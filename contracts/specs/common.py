"""Parts that every pattern's spec shares.

Keys follow gh-aw's front matter, and GitHub's and Temporal's words where they mean the same.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from contracts.base import KIB, Duration, Written

Repository = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$")]
"""`owner/name`."""

Channel = Literal["artifact", "comment", "conclusion"]
"""Where a result may be: artifact `podium-result`, a comment's block, or the conclusion alone."""

RESULT_BYTES = 64 * KIB
"""Largest result accepted, unless a spec asks for less."""


class DispatchInput(Written):
    """An input of the orchestration itself, declared as GitHub declares inputs."""

    description: str = ""
    required: bool = False
    default: str | int | float | bool | None = None
    type: Literal["string", "choice", "boolean", "number"] = "string"
    options: tuple[str, ...] = ()


class DispatchTrigger(Written):
    """Started by hand; `inputs` are what `${{ inputs.* }}` reads."""

    inputs: dict[str, DispatchInput] = Field(default_factory=dict)


def _switch(value: Any) -> Any:
    """`workflow_dispatch: true`, or with nothing behind it, is a trigger without inputs."""
    return {} if value is True or value is None else value


class Triggers(Written):
    """What starts the orchestration. Event names are GitHub's, and keep their underscores."""

    workflow_dispatch: Annotated[DispatchTrigger | None, BeforeValidator(_switch)] = Field(
        default=None, alias="workflow_dispatch"
    )
    schedule: str | None = None
    """`hourly`, `daily`, `weekly`, or five cron fields, in UTC."""


class CreateIssueOutput(Written):
    """Leave to create issues."""

    max: int = Field(default=1, ge=0, le=100)
    labels: tuple[str, ...] = Field(default=(), max_length=10)


class SafeOutputs(Written):
    """All that an orchestration may write; what is not declared is refused."""

    create_issue: CreateIssueOutput | None = None


class Retry(Written):
    """Another attempt at a worker that failed, after a durable exponential backoff."""

    maximum_attempts: int = Field(default=3, ge=1, le=20)
    initial_interval: Duration = timedelta(seconds=30)
    backoff_coefficient: float = Field(default=2, ge=1, le=10)
    maximum_interval: Duration = timedelta(minutes=10)

    def backoff(self, attempt: int) -> timedelta:
        """Wait this long after the failure of `attempt` (1 is the first)."""
        factor = self.backoff_coefficient ** (attempt - 1)
        return min(self.initial_interval * factor, self.maximum_interval)


class ResultSpec(Written):
    """Where a worker's result is, and what it must look like."""

    channels: tuple[Channel, ...] = Field(default=("artifact",), min_length=1)
    """Tried in this order."""
    schema_: str | dict[str, Any] | None = Field(default=None, alias="schema")
    """JSON Schema of the result's `outputs`: a path beside the spec, embedded when rendered."""
    max_bytes: int = Field(default=RESULT_BYTES, ge=256, le=RESULT_BYTES)
    comment_on: str = "${{ item.number }}"
    """Number of the issue whose comments may carry the result."""
    author: str = "github-actions[bot]"
    """Login of the bot that the worker comments as."""


class WorkerSpec(Written):
    """One worker: its file, inputs, result, and the patience that it gets."""

    workflow: str = Field(pattern=r"^[\w.-]+\.(yml|yaml)$")
    """File under `.github/workflows/`."""
    ref: str | None = None
    """Branch or tag; the default branch where left out."""
    inputs: dict[str, str | int | float | bool] = Field(default_factory=dict, max_length=25)
    result: ResultSpec = ResultSpec()
    timeout_minutes: float = Field(default=20, gt=0, le=50_400)
    """Longest that one run may be in progress."""
    queue_timeout_minutes: float = Field(default=30, gt=0, le=50_400)
    """Longest that one run may wait for a runner."""
    retry: Retry = Retry()


class SuccessCriteria(Written):
    """When the whole is a success."""

    min_success_rate: float = Field(default=0.9, ge=0, le=1)
    """Share of items, skipped ones left out, that must succeed."""


class Condition(Written):
    """Holds where an output field of a result has a value."""

    field: str = Field(pattern=r"^outputs(\.[\w-]+)+$")
    equals: str | int | float | bool = True


class Highlights(Condition):
    """Results shown first, in a section of their own."""

    title: str = "Highlights"


class Recommendation(Condition):
    """Advice given where at least one result meets the condition."""

    text: str = Field(max_length=500)


class ReportSpec(Written):
    """What the report shows, besides what every report shows."""

    title: str = Field(default="${{ run.name }} - ${{ run.date }}", max_length=256)
    counts: tuple[Annotated[str, Field(pattern=r"^outputs(\.[\w-]+)+$")], ...] = Field(
        default=(), max_length=10
    )
    """Output fields whose values are counted."""
    columns: dict[str, Annotated[str, Field(pattern=r"^outputs(\.[\w-]+)+$")]] = Field(
        default_factory=dict, max_length=6
    )
    """Columns of the table of results: heading and output field."""
    highlights: Highlights | None = None
    recommendations: tuple[Recommendation, ...] = Field(default=(), max_length=20)


class Spec(Written):
    """What every pattern's spec has."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    description: str = Field(default="", max_length=1_000)
    owner: str = Field(default="", max_length=200)
    pattern: str
    on: Triggers = Triggers(workflow_dispatch=DispatchTrigger())
    repository: Repository
    permissions: Literal["read-all"] = "read-all"
    """Podium's own leave in the repository; all that it writes is in `safe-outputs`."""
    safe_outputs: SafeOutputs = SafeOutputs()
    max_parallel: int = Field(default=10, ge=1, le=500)
    deadline: Duration = Field(default=timedelta(hours=6), ge=timedelta(seconds=1))
    stall_after: Duration = timedelta(hours=1)
    success: SuccessCriteria = SuccessCriteria()
    report: ReportSpec = ReportSpec()

    @model_validator(mode="after")
    def _deadline_is_bounded(self) -> "Spec":
        if self.deadline > timedelta(days=365):
            raise ValueError("deadline: at most 365d, so that nothing waits for ever")
        return self
