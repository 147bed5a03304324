"""What an orchestration may use up, and what happens then."""

from typing import Literal, Self

from pydantic import Field, model_validator

from contracts.base import Written

KINDS = ("dispatches", "minutes", "tokens", "cost")
"""What a budget limits."""


class Budget(Written):
    """Limits over all runs of the orchestration, retries included; at least one of the four.

    Dispatches are counted before they are sent, so that there is never one more. The other three are
    known when a run has ended: what is in flight by then comes on top.
    """

    dispatches: int | None = Field(default=None, ge=1)
    minutes: float | None = Field(default=None, gt=0)
    """Of all runs together, by GitHub's clock; GitHub rounds up each job when it bills."""
    tokens: float | None = Field(default=None, gt=0)
    """As workers tell them: the metric `tokens`, else `input_tokens` and `output_tokens`."""
    cost: float | None = Field(default=None, gt=0)
    """As workers tell it: the metric `cost`, else the `ai_credits` of gh-aw."""
    on_exceeded: Literal["stop", "pause", "warn"] = "stop"
    """When another dispatch is due and the budget is used up: end once what runs has ended; wait for
    `resume`, which grants it once more; or only say so."""

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if all(getattr(self, kind) is None for kind in KINDS):
            raise ValueError(f"limits nothing: write at least one of {', '.join(KINDS)}")
        return self
