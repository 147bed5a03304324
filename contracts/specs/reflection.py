"""Generator and critic in turns, until the score or the limit of iterations."""

from typing import Literal

from pydantic import Field, model_validator

from contracts import expressions
from contracts.base import Written
from contracts.branches import branch_name
from contracts.reflection import MAX_ROUNDS
from contracts.specs.common import Spec, check, check_trusted, check_worker
from contracts.specs.reporting import OutputPath
from contracts.specs.worker import WorkerSpec

REFLECTION_FIELDS = ("iteration", "feedback", "feedback_url", "score", "best_score")
"""What both workers read of the rounds so far; but for `iteration` it is empty in the first."""
DRAFT_FIELDS = ("status", "summary", "run_url")
"""What the critic reads of the draft, besides `outputs.<name>`."""


class PullRequestSpec(Written):
    """The pull request at the end, from the branch that the generator pushed."""

    branch: OutputPath = "outputs.branch"
    base: str | None = None
    """The default branch where left out."""
    title: str = Field(default="${{ run.name }} - ${{ run.date }}", max_length=256)
    below_threshold: bool = False
    """Open it too when the threshold was never reached."""

    @model_validator(mode="after")
    def _base_is_a_branch(self) -> "PullRequestSpec":
        if self.base is not None and branch_name(self.base) != self.base:
            raise ValueError(f"base: write {branch_name(self.base)}")
        return self


class ReflectionSpec(Spec):
    """The spec of pattern `reflection`."""

    pattern: Literal["reflection"]
    generator: WorkerSpec
    critic: WorkerSpec
    score: OutputPath = "outputs.score"
    """A number from 0 to `max-score`, among the critic's outputs."""
    max_score: float = Field(default=10, gt=0, le=1_000)
    feedback: OutputPath = "outputs.feedback"
    """What the next draft should do better, among the critic's outputs."""
    threshold: float = Field(default=8, ge=0)
    max_iterations: int = Field(default=3, ge=1, le=MAX_ROUNDS)
    pull_request: PullRequestSpec | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> "ReflectionSpec":
        if self.threshold > self.max_score:
            raise ValueError(f"threshold: at most max-score, which is {self.max_score:g}")
        roots = self.roots(reflection=REFLECTION_FIELDS)
        check_worker("generator", self.generator, roots)
        check_worker("critic", self.critic, {**roots, "draft": None})
        _check_draft(self.critic)
        check_trusted("generator", self.generator, "the critic gets the result as inputs")
        check_trusted("critic", self.critic, "the score decides, and the generator gets the rest")
        if _tells_nothing(self.critic):
            raise ValueError("critic.result.channels: a conclusion is no score; add artifact")
        if self.pull_request:
            check("pull-request.title", self.pull_request.title, self.roots())
            if self.safe_outputs.create_pull_request is None:
                raise ValueError("pull-request: declare create-pull-request in safe-outputs")
            if _tells_nothing(self.generator):
                raise ValueError(
                    "generator.result.channels: a conclusion names no branch for the pull request; "
                    "add artifact"
                )
        return self


def _tells_nothing(worker: WorkerSpec) -> bool:
    return set(worker.result.channels) == {"conclusion"}


def _check_draft(critic: WorkerSpec) -> None:
    """Only what a draft has can be read of it."""
    for name, template in critic.inputs.items():
        for path in expressions.paths(str(template)):
            root, _, rest = path.partition(".")
            if root == "draft" and rest not in DRAFT_FIELDS and not rest.startswith("outputs."):
                known = ", ".join(f"draft.{one}" for one in ("outputs.<name>", *DRAFT_FIELDS))
                raise ValueError(f"critic.inputs.{name}: ${{{{ {path} }}}}: write {known}")
