"""Ordered stages of parallel workers, with checks, rollback and approval gates."""

from typing import Literal

from pydantic import Field, model_validator

from contracts import expressions
from contracts.base import Written
from contracts.specs.common import Roots, Spec, check, check_trusted, check_worker
from contracts.specs.gates import Approval
from contracts.specs.safe_outputs import GATE
from contracts.specs.worker import WorkerName, WorkerSpec

_STEPS = 4
"""Of the shortest path to something that a stage made."""


APPROVAL = "approval"
"""As which worker the answer at a gate with choices is read: `stages.<stage>.approval.outputs.choice`."""


class StageWorker(WorkerSpec):
    """A worker of a stage."""

    continue_on_error: bool = False
    """Its failure is reported, and does not fail the stage."""


class Stage(Written):
    """One stage: approval, then workers in parallel, then checks in parallel."""

    name: WorkerName
    approval: Approval | None = None
    workers: dict[WorkerName, StageWorker] = Field(min_length=1, max_length=20)
    checks: dict[WorkerName, StageWorker] = Field(default_factory=dict, max_length=20)
    """Begin when all workers of the stage have succeeded; they may read their outputs."""
    rollback: WorkerSpec | None = None
    """Undoes the stage, when a worker or check of it fails, or a later stage asks."""
    roll_back: tuple[WorkerName, ...] = ()
    """Earlier stages that are undone too when this one fails, the latest first."""


class ProgressSpec(Written):
    """Where progress is commented, one comment per stage within `safe-outputs`."""

    issue: str
    """Number of an issue, such as `${{ inputs.issue_number }}`."""


class PipelineSpec(Spec):
    """The spec of pattern `pipeline`."""

    pattern: Literal["pipeline"]
    stages: tuple[Stage, ...] = Field(min_length=1, max_length=20)
    progress: ProgressSpec | None = None
    """Without it, progress is told on the approval issue, where there is one."""

    @model_validator(mode="after")
    def _stages_fit_together(self) -> "PipelineSpec":
        made: dict[str, set[str]] = {}
        for position, stage in enumerate(self.stages):
            path = f"stages.{position}"
            if stage.name in made:
                raise ValueError(f"{path}.name: {stage.name} is the name of an earlier stage too")
            both = set(stage.workers) & set(stage.checks)
            if both:
                raise ValueError(f"{path}.checks.{min(both)}: a worker of the stage has that name")
            if stage.name == GATE and stage.approval and self.safe_outputs.approval:
                raise ValueError(f"{path}.name: the gate of safe-outputs is named {GATE} too")
            answer = _answer(path, stage)
            made[stage.name] = answer
            _check_stage(self, path, stage, made)
            made[stage.name] = {*stage.workers, *stage.checks, *answer}
            for name in stage.roll_back:
                earlier = [s.name for s in self.stages[:position] if s.rollback]
                if name not in earlier:
                    known = ", ".join(earlier) or "none"
                    raise ValueError(
                        f"{path}.roll-back: {name} is no earlier stage with a rollback ({known})"
                    )
        if self.progress:
            check("progress.issue", self.progress.issue, self.roots())
        return self


def _check_stage(spec: PipelineSpec, path: str, stage: Stage, made: dict[str, set[str]]) -> None:
    steps = {f"workers.{name}": worker for name, worker in stage.workers.items()}
    steps |= {f"checks.{name}": worker for name, worker in stage.checks.items()}
    for name, worker in steps.items():
        check_trusted(f"{path}.{name}", worker, "what follows in a pipeline depends on the result")
    for name, worker in stage.workers.items():
        _check_outputs(f"{path}.workers.{name}", worker, spec, made)
    answer = made[stage.name]
    made = {**made, stage.name: {*stage.workers, *answer}}
    for name, worker in stage.checks.items():
        _check_outputs(f"{path}.checks.{name}", worker, spec, made)
    if stage.rollback:
        made = {**made, stage.name: {*stage.workers, *stage.checks, *answer}}
        _check_outputs(f"{path}.rollback", stage.rollback, spec, made)


def _answer(path: str, stage: Stage) -> set[str]:
    """Name the answer of a stage's gate among what can be read, where it has choices."""
    if stage.approval is None or not stage.approval.choices:
        return set()
    if APPROVAL in {*stage.workers, *stage.checks}:
        raise ValueError(f"{path}: {APPROVAL} names the answer at the gate; rename the worker")
    return {APPROVAL}


def _check_outputs(
    path: str, worker: WorkerSpec, spec: PipelineSpec, made: dict[str, set[str]]
) -> None:
    """Only what earlier stages make can be read: `stages.<stage>.<worker>.outputs.<name>`."""
    roots: Roots = spec.roots(stages=None)
    check_worker(path, worker, roots)
    for name, template in worker.inputs.items():
        for found in stage_paths(str(template)):
            _check_made(f"{path}.inputs.{name}", found, made)


def stage_paths(template: str) -> list[list[str]]:
    """Find the paths of a text that read what stages made, each as its steps."""
    steps = (path.split(".") for path in expressions.paths(template))
    return [path for path in steps if path[0] == "stages"]


def _check_made(path: str, steps: list[str], made: dict[str, set[str]]) -> None:
    shown = ".".join(steps)
    known = ", ".join(f"{stage}.{worker}" for stage in made for worker in sorted(made[stage]))
    if len(steps) < _STEPS or steps[3] not in ("outputs", "status", "summary", "run_url"):
        raise ValueError(
            f"{path}: ${{{{ {shown} }}}}: write stages.<stage>.<worker>.outputs.<name>, or .status"
        )
    if steps[2] not in made.get(steps[1], ()):
        raise ValueError(
            f"{path}: ${{{{ {shown} }}}}: no stage before this makes {steps[1]}.{steps[2]} "
            f"(made before: {known or 'nothing'})"
        )
