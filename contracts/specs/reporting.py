"""When the whole is a success, and what its report shows."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Written

OutputPath = Annotated[str, Field(pattern=r"^outputs(\.[\w-]+)+$")]
"""A field of a worker's outputs, such as `outputs.status`."""

Priority = Literal["critical", "high", "medium", "low"]
PRIORITIES: tuple[Priority, ...] = ("critical", "high", "medium", "low")
"""Of action items, the most urgent first."""


class SuccessCriteria(Written):
    """When the whole is a success."""

    min_success_rate: float = Field(default=0.9, ge=0, le=1)
    """Share of items, skipped ones left out, that must succeed."""


class Condition(Written):
    """Holds where an output field of a result has a value."""

    field: OutputPath
    equals: str | int | float | bool = True


class Highlights(Condition):
    """Results shown first, in a section of their own."""

    title: str = "Highlights"


class Recommendation(Condition):
    """Advice given where at least one result meets the condition."""

    text: str = Field(max_length=500)
    priority: Priority = "medium"
    """Of the action item that an orchestration above this one makes of it."""


class ReportSpec(Written):
    """What the report shows, besides what every report shows."""

    title: str = Field(default="${{ run.name }} - ${{ run.date }}", max_length=256)
    counts: tuple[OutputPath, ...] = Field(default=(), max_length=10)
    """Output fields whose values are counted."""
    columns: dict[str, OutputPath] = Field(default_factory=dict, max_length=6)
    """Columns of the table of results: heading and output field."""
    highlights: Highlights | None = None
    recommendations: tuple[Recommendation, ...] = Field(default=(), max_length=20)
    action_items: OutputPath | None = None
    """An output field with a list of `{priority, text}`: what people should do."""
