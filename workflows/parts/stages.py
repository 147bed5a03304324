"""The workers of a pipeline's stages, and what is kept of what they make."""

from contracts.pipeline import Made, PipelineState
from contracts.runs import WorkerOutcome
from contracts.specs.pipeline import PipelineSpec
from contracts.specs.worker import WorkerSpec
from workflows.parts.tally import Tally


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
