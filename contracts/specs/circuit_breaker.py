"""A list of tasks behind circuit breakers."""

from typing import Literal

from pydantic import Field, model_validator

from contracts.base import Written
from contracts.specs.common import Spec, check_worker
from contracts.specs.worker import WorkerName, WorkerSpec


class Task(Written):
    """One task: a worker, and what to tell people when it is left out."""

    name: WorkerName
    worker: WorkerSpec
    required: bool = False
    """Without it the whole is no success."""
    advice: str = Field(default="", max_length=500)
    """Recommended action where the task was skipped or failed."""


class CircuitBreakerSpec(Spec):
    """The spec of pattern `circuit-breaker`."""

    pattern: Literal["circuit-breaker"]
    tasks: tuple[Task, ...] = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _fits_together(self) -> "CircuitBreakerSpec":
        seen: set[str] = set()
        for position, task in enumerate(self.tasks):
            if task.name in seen:
                raise ValueError(f"tasks.{position}.name: {task.name} is there twice")
            seen.add(task.name)
            check_worker(f"tasks.{position}.worker", task.worker, self.roots())
        if not self.breaker.enabled:
            raise ValueError("breaker: this pattern is about it; leave it on")
        return self
