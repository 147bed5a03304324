"""What every pattern's spec has.

Keys follow gh-aw's front matter, and GitHub's and Temporal's words where they mean the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from contracts import expressions
from contracts.base import Duration, Written, kebab
from contracts.problems import Problem
from contracts.specs.breaker import Breaker, BreakerSpec
from contracts.specs.budget import Budget
from contracts.specs.escalating import Escalation
from contracts.specs.reporting import ReportSpec, SuccessCriteria
from contracts.specs.safe_outputs import SafeOutputs
from contracts.specs.triggers import DispatchTrigger, Triggers
from contracts.specs.worker import FORGEABLE, WorkerSpec

Repository = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$")]
"""`owner/name`."""

RUN_FIELDS = ("name", "date", "id", "repository")
"""What `${{ run.* }}` knows; `date` is the UTC date of the start."""

Roots = Mapping[str, Iterable[str] | None]
"""First names of expressions; each with the second names it has, or None for any."""


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
    budget: Budget | None = None
    success: SuccessCriteria = SuccessCriteria()
    breaker: Breaker = BreakerSpec()
    report: ReportSpec = ReportSpec()
    escalation: Escalation | None = None
    """Writes issues of its own, outside `safe-outputs`."""

    @model_validator(mode="after")
    def _deadline_is_bounded(self) -> "Spec":
        if self.deadline > timedelta(days=365):
            raise ValueError("deadline: at most 365d, so that nothing waits for ever")
        return self

    @model_validator(mode="after")
    def _title_is_known(self) -> "Spec":
        check("report.title", self.report.title, self.roots())
        return self

    @model_validator(mode="after")
    def _outputs_fit_together(self) -> "Spec":
        outputs = self.safe_outputs
        if outputs.create_issue and outputs.create_issue.target_repo:
            path = "safe-outputs.create-issue.target-repo"
            check(path, outputs.create_issue.target_repo, self.roots())
        labels = outputs.add_labels
        if labels and labels.from_ and not labels.allowed:
            raise ValueError("safe-outputs.add-labels.allowed: say what workers may name")
        asking = {"add-labels": bool(labels and labels.from_), "close-issue": outputs.close_issue}
        for name in (name for name, asks in asking.items() if asks):
            if not self.items_on_github:
                why = "for issues and pull requests, and the items of this spec are none"
                raise ValueError(f"safe-outputs.{name}: {why}")
            for place, worker in workers_in(self):
                check_trusted(place, worker, f"{name} follows from the result")
        return self

    @property
    def items_on_github(self) -> bool:
        """Whether the items are issues or pull requests of the spec's repository."""
        source = getattr(getattr(self, "for_each", None), "source", None)
        return source in ("open-issues", "open-pull-requests")

    def start_problems(self, _: Mapping[str, Any], /) -> list[Problem]:
        """Say what is wrong with the event that a run would be started with."""
        return []

    def roots(self, **more: Iterable[str] | None) -> Roots:
        """Say what expressions may read everywhere in this spec, and `more` in one place."""
        trigger = self.on.workflow_dispatch
        return {
            "inputs": trigger.inputs if trigger else (),
            "event": None,
            "run": RUN_FIELDS,
            **more,
        }


def workers_in(part: Any, path: str = "") -> Iterator[tuple[str, WorkerSpec]]:
    """Find all workers of a spec, each with the path at which it stands."""
    if isinstance(part, WorkerSpec):
        yield path, part
        return
    named: Iterable[tuple[str, Any]] = ()
    if isinstance(part, BaseModel):
        named = ((kebab(name), getattr(part, name)) for name in type(part).model_fields)
    elif isinstance(part, Mapping):
        named = part.items()
    elif isinstance(part, tuple):
        named = ((str(number), one) for number, one in enumerate(part))
    for name, one in named:
        yield from workers_in(one, f"{path}.{name}".lstrip("."))


def check(path: str, template: str, roots: Roots) -> None:
    """Check the expressions of one text.

    Raises:
        ValueError: which one at `path` is wrong, and what was probably meant.
    """
    try:
        expressions.check(template, roots)
    except expressions.ExpressionError as error:
        raise ValueError(f"{path}: {error}") from error


def check_worker(path: str, worker: WorkerSpec, roots: Roots) -> None:
    """Check all expressions of a worker.

    Raises:
        ValueError: as `check` does.
    """
    for name, template in worker.inputs.items():
        if isinstance(template, str):
            check(f"{path}.inputs.{name}", template, roots)
    if worker.result.reads_comments:
        check(f"{path}.result.comment-on", worker.result.comment_on, roots)


def check_trusted(path: str, worker: WorkerSpec, why: str) -> None:
    """Refuse channels that others can forge, where more than a report follows from the result.

    The order does not matter: a forged block would speak for every run that is green and says
    nothing in an earlier channel.

    Raises:
        ValueError: which channel, and what to do instead.
    """
    forgeable = [channel for channel in worker.result.channels if channel in FORGEABLE]
    if not forgeable:
        return
    kept = "" if "artifact" in worker.result.channels else ", and publish an artifact"
    raise ValueError(
        f"{path}.result.channels: {why}, and any job of the repository that may write there can "
        f"forge it; leave out {' and '.join(forgeable)}{kept}"
    )
