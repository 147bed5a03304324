"""The circuit breaker of a worker: its numbers, and what it counts as a failure."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from contracts.base import Duration, Written

Failing = Literal["failure", "timeout", "invalid-result", "infrastructure"]


class BreakerSpec(Written):
    """When a worker is left alone because it keeps failing, and how it is trusted again."""

    enabled: bool = True
    """`breaker: disabled` in a spec is short for false."""
    failure_threshold: int = Field(default=3, ge=1, le=100)
    """Failures in a row that open it."""
    cool_down: Duration = Field(default=timedelta(minutes=5), gt=timedelta())
    """How long it stays open before one probe may run."""
    cool_down_coefficient: float = Field(default=2, ge=1, le=10)
    """Each time that it opens again without having closed, the cool-down grows so much."""
    max_cool_down: Duration = timedelta(hours=1)
    success_threshold: int = Field(default=3, ge=1, le=100)
    """Successes in a row, the probe's included, that close it."""
    half_open_permits: int = Field(default=1, ge=1, le=100)
    """Runs at once while it is half-open."""
    scope: Literal["worker", "repository"] = "worker"
    """One for the worker in all repositories together, or one in each repository."""
    counts: tuple[Failing, ...] = Field(
        default=("failure", "timeout", "invalid-result", "infrastructure"), min_length=1
    )

    @model_validator(mode="after")
    def _cool_downs_are_in_order(self) -> "BreakerSpec":
        if self.max_cool_down < self.cool_down:
            raise ValueError("max-cool-down: must not be shorter than cool-down")
        return self


class BreakerSettings(BreakerSpec):
    """A breaker's numbers as they are sent: newer writers may add keys."""

    model_config = ConfigDict(extra="ignore")


def _disabled(value: Any) -> Any:
    return {"enabled": False} if value in ("disabled", False) else value


Breaker = Annotated[BreakerSpec, BeforeValidator(_disabled, json_schema_input_type=Any)]
