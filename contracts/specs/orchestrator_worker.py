"""One worker over many items: each item a dispatch."""

from typing import Literal

from pydantic import Field, model_validator

from contracts.base import Written
from contracts.specs.common import Spec, check_worker
from contracts.specs.placing import check_place
from contracts.specs.reporting import OutputPath
from contracts.specs.sources import ForEach
from contracts.specs.worker import PlacedWorkerSpec


class Voting(Written):
    """The same item to several runs of the worker; agreement decides."""

    votes: int = Field(default=3, ge=2, le=9)
    quorum: int = Field(default=2, ge=1, le=9)
    """Equal answers that decide."""
    on: OutputPath
    """The answer."""

    @model_validator(mode="after")
    def _one_answer_can_win(self) -> "Voting":
        if not self.votes / 2 < self.quorum <= self.votes:
            raise ValueError(f"quorum: more than half of {self.votes} votes, and no more than all")
        return self


class OrchestratorWorkerSpec(Spec):
    """The spec of pattern `orchestrator-worker`."""

    pattern: Literal["orchestrator-worker"]
    for_each: ForEach
    worker: PlacedWorkerSpec
    voting: Voting | None = None

    @model_validator(mode="after")
    def _expressions_are_known(self) -> "OrchestratorWorkerSpec":
        roots = self.roots(item=self.for_each.fields)
        check_worker("worker", self.worker, roots)
        check_place("worker", self.worker, self.for_each, roots)
        return self

    @model_validator(mode="after")
    def _votes_have_answers(self) -> "OrchestratorWorkerSpec":
        if self.voting and set(self.worker.result.channels) == {"conclusion"}:
            raise ValueError(
                "worker.result.channels: a conclusion is no answer to vote with; add artifact"
            )
        return self
