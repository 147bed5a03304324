"""Phases of child orchestrations of any pattern, whose results roll up."""

from typing import Any, Literal

from pydantic import Field, model_validator

from contracts.base import Written
from contracts.specs.common import Spec, check
from contracts.specs.worker import WorkerName

MAX_DEPTH = 3
"""Levels of orchestrations, the top one included, unless a spec asks for fewer or more."""


class Child(Written):
    """One child orchestration."""

    spec: str | dict[str, Any]
    """A path beside this spec, embedded when rendered, or the child's spec itself."""
    inputs: dict[str, str | int | float | bool] = Field(default_factory=dict, max_length=25)
    required: bool = True
    """Whether its failure makes the whole fail, or only partial."""


class Phase(Written):
    """Children that run side by side."""

    name: WorkerName
    orchestrations: dict[WorkerName, Child] = Field(min_length=1, max_length=20)


class HierarchicalSpec(Spec):
    """The spec of pattern `hierarchical`."""

    pattern: Literal["hierarchical"]
    max_depth: int = Field(default=MAX_DEPTH, ge=1, le=6)
    phases: tuple[Phase, ...] = Field(min_length=1, max_length=10)
    collect_issues: bool = True
    """Read the health issues that children wrote, and say where one is missing or altered."""

    @model_validator(mode="after")
    def _children_have_budgets(self) -> "HierarchicalSpec":
        if self.budget is not None:
            raise ValueError("budget: nothing is dispatched here; give each child its own")
        return self

    @model_validator(mode="after")
    def _fits_together(self) -> "HierarchicalSpec":
        seen: set[str] = set()
        for number, phase in enumerate(self.phases):
            for name, child in phase.orchestrations.items():
                path = f"phases.{number}.orchestrations.{name}"
                if name in seen:
                    raise ValueError(f"{path}: another phase has a child of that name")
                seen.add(name)
                for key, template in child.inputs.items():
                    if isinstance(template, str):
                        check(f"{path}.inputs.{key}", template, self.roots())
        return self
