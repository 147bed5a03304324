"""How far a pipeline is: plain data, and the rules of what follows."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.gates import GateDecision
from contracts.runs import GOOD, OutcomeStatus, WorkerOutcome
from contracts.specs.pipeline import APPROVAL, PipelineSpec, Stage, stage_paths
from contracts.specs.worker import WorkerSpec
from workflows.parts.tally import Tally

Step = Literal["approval", "workers", "checks", "told", "rollback", "ended"]


class Made(BaseModel):
    """What a worker of a stage made; what later stages read."""

    model_config = ConfigDict(extra="ignore")

    status: OutcomeStatus
    outputs: dict[str, Any] = Field(default_factory=dict)
    summary: str = ""
    reason: str = ""
    run_url: str = ""
    refused: bool = False
    """A circuit breaker left it undone."""

    @property
    def good(self) -> bool:
        """Whether it is no failure, and was done."""
        return self.status in GOOD and not self.refused


class PipelineState(BaseModel):
    """Where a pipeline stands. Mutable."""

    model_config = ConfigDict(extra="ignore")

    stage: int = 0
    step: Step = "approval"
    made: dict[str, dict[str, Made]] = Field(default_factory=dict)
    failure: str = ""
    chosen: dict[str, Made] = Field(default_factory=dict)
    """By stage: the answer at its gate, where that has choices."""
    rejection: str = ""
    rollbacks: list[str] = Field(default_factory=list)
    """Stages that are still to be undone, in order."""
    undone: str = ""
    """The last of them, once all are."""
    issue: int | None = None
    """Where progress is told: the issue that the spec names, or the approval issue."""

    def fail(self, spec: PipelineSpec, reason: str) -> None:
        """Stop here; the stage is undone, and the earlier ones that it names, latest first."""
        stage = spec.stages[self.stage]
        self.failure = reason
        if spec.safe_outputs.staged:  # nothing is there to be undone, nor to be told
            self.step = "ended"
            return
        named = [s.name for s in spec.stages[: self.stage] if s.name in stage.roll_back]
        own = [stage.name] if stage.rollback and self.made.get(stage.name) else []
        self.rollbacks = own + named[::-1]
        self.step = "told"

    def told(self, stage: Stage) -> dict[str, Any]:
        """Say what is told of a stage now, or of the last one that was undone."""
        name, status = stage.name, "failed" if self.failure else "succeeded"
        if self.undone:
            name, status = self.undone, "rolled back"
        rows = [row for row in self.evidence() if row["stage"] == name]
        return {"stage": name, "status": status, "results": rows}

    def after_told(self, spec: PipelineSpec) -> None:
        """Go on after a stage was told of."""
        if self.failure:
            self.step = "rollback" if self.rollbacks else "ended"
            return
        self.stage += 1
        self.step = "approval" if self.stage < len(spec.stages) else "ended"

    def answered(self, stage: Stage, decision: GateDecision, *, stopping: bool) -> None:
        """Go on after a gate; what was chosen at it can be read by the stage, and those after it."""
        self.step = "workers"
        if decision.granted and stage.approval and stage.approval.choices:
            chosen = {"choice": decision.choice, "approver": decision.approver}
            self.chosen[stage.name] = Made(status=OutcomeStatus.SUCCESS, outputs=chosen)
        if not decision.granted and not stopping:
            self.rejection = f"stage {stage.name} was {decision.reason}"
            self.step = "ended"

    def failures(self, stage: Stage, workers: dict[str, Any]) -> list[str]:
        """Name the workers of a step whose failure fails the stage."""
        made = self.made.get(stage.name, {})
        bad = (name for name in workers if not made[name].good)
        return [
            f"{name}: {made[name].status.value}"
            for name in bad
            if not workers[name].continue_on_error
        ]

    def readable(self, rollback: WorkerSpec | None) -> dict[str, Any]:
        """What `${{ stages.* }}` reads; a rollback reads nothing where a worker left nothing."""
        made: dict[str, Any] = {
            stage: {worker: one.model_dump(mode="json") for worker, one in done.items()}
            for stage, done in self.made.items()
        }
        for stage, answer in self.chosen.items():
            made.setdefault(stage, {})[APPROVAL] = answer.model_dump(mode="json")
        templates = rollback.inputs.values() if rollback else ()
        for steps in (path for template in templates for path in stage_paths(str(template))):
            at = made
            for step in steps[1:-1]:
                at = at.setdefault(step, {})
            at.setdefault(steps[-1], None)
        return made

    def evidence(self) -> list[dict[str, Any]]:
        """Rows of all that was made so far."""
        return [
            {
                "stage": stage,
                "worker": worker,
                "status": made.status.value,
                "summary": made.summary,
                "reason": made.reason,
                "url": made.run_url,
            }
            for stage, workers in self.made.items()
            for worker, made in workers.items()
        ]


class Collected:
    """Keeps what the workers of one stage make, besides tallying it."""

    def __init__(self, tally: Tally, state: PipelineState, stage: str) -> None:
        self._tally, self._state, self._stage = tally, state, stage
        self._before = tally.state.totals.items

    def taken(self, _: int) -> None:
        """Items are counted as they end: each stage has a source of its own."""

    def dispatched(self) -> None:
        """Count a dispatch."""
        self._tally.dispatched()

    def retried(self) -> None:
        """Count a retry."""
        self._tally.retried()

    def add(self, sequence: int, outcome: WorkerOutcome, run_seconds: float | None) -> None:
        """Take what a worker made."""
        self._tally.taken(self._tally.state.totals.items + 1)
        self._tally.add(sequence, outcome, run_seconds)
        made = Made(
            status=outcome.status,
            outputs=outcome.outputs,
            summary=outcome.summary,
            reason=outcome.reason,
            run_url=outcome.run_url,
            refused=outcome.refused,
        )
        worker = outcome.key.partition("/")[2]
        self._state.made.setdefault(self._stage, {})[worker] = made


ROLLBACK = "rollback"


def all_workers(spec: PipelineSpec) -> dict[str, WorkerSpec]:
    """Every worker of a pipeline, as `<stage>/<worker>`."""
    found: dict[str, WorkerSpec] = {}
    for stage in spec.stages:
        for name, worker in {**stage.workers, **stage.checks}.items():
            found[f"{stage.name}/{name}"] = worker
        if stage.rollback:
            found[f"{stage.name}/{ROLLBACK}"] = stage.rollback
    return found
