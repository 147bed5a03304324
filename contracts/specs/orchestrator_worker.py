"""One worker over many items: each item a dispatch."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from contracts import expressions
from contracts.base import Written
from contracts.specs.common import Spec, WorkerSpec

ISSUE_FIELDS = ("number", "title", "url", "author", "labels", "created_at", "updated_at")
"""What `${{ item.* }}` knows of an issue."""

RUN_FIELDS = ("name", "date", "id", "repository")
"""What `${{ run.* }}` knows; `date` is the UTC date of the start."""


class ForEach(Written):
    """Where items come from."""

    source: Literal["open-issues", "list"]
    limit: int = Field(default=500, ge=1, le=10_000)
    """What lies beyond is counted in the report."""
    items: tuple[str | int | dict[str, Any], ...] = Field(default=(), max_length=1_000)
    """For `list`: texts and numbers are read as `${{ item.value }}`, objects by their keys."""

    @model_validator(mode="after")
    def _items_belong_to_a_list(self) -> "ForEach":
        if self.source == "list" and not self.items:
            raise ValueError("source: list needs items")
        if self.source != "list" and self.items:
            raise ValueError(f"items belong to source: list, not to {self.source}")
        return self


class OrchestratorWorkerSpec(Spec):
    """The spec of pattern `orchestrator-worker`."""

    pattern: Literal["orchestrator-worker"]
    for_each: ForEach
    worker: WorkerSpec

    @model_validator(mode="after")
    def _expressions_are_known(self) -> "OrchestratorWorkerSpec":
        item = ISSUE_FIELDS if self.for_each.source == "open-issues" else None
        run: Mapping[str, Iterable[str] | None] = {
            "inputs": self.on.workflow_dispatch.inputs if self.on.workflow_dispatch else (),
            "event": None,
            "run": RUN_FIELDS,
        }
        for name, template in self.worker.inputs.items():
            if isinstance(template, str):
                _check(f"worker.inputs.{name}", template, {**run, "item": item})
        if "comment" in self.worker.result.channels:
            _check("worker.result.comment-on", self.worker.result.comment_on, {**run, "item": item})
        _check("report.title", self.report.title, run)
        return self


def _check(path: str, template: str, roots: Mapping[str, Iterable[str] | None]) -> None:
    try:
        expressions.check(template, roots)
    except expressions.ExpressionError as error:
        raise ValueError(f"{path}: {error}") from error
