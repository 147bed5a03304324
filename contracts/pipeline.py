"""What a pipeline carries: how far it is, and the rules of what follows."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.gates import GateDecision
from contracts.runs import GOOD, OutcomeStatus
from contracts.specs.pipeline import APPROVAL, PipelineSpec, Stage, stage_paths
from contracts.specs.worker import WorkerSpec

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
