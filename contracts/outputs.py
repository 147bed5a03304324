"""Writes to GitHub that an orchestration asks for."""

from datetime import datetime

from pydantic import Field

from contracts.base import Sent
from contracts.report import OrchestrationReport

MAX_BODY = 65_536
"""GitHub's limit on an issue's body, in characters."""
MAX_TITLE = 256


class RenderReport(Sent):
    """Render a report as markdown."""

    report: OrchestrationReport
    columns: dict[str, str] = Field(default_factory=dict)
    """Heading of a column, and the output field that it shows."""
    highlights_title: str = ""


class CreateIssue(Sent):
    """Create one issue, once in effect."""

    repository: str
    title: str = Field(max_length=MAX_TITLE)
    body: str = Field(max_length=MAX_BODY)
    labels: tuple[str, ...] = ()
    write_id: str
    """Same for every repetition of this write, other for every other write."""
    kind: str
    """What it is, as the marker says it: `report`."""
    original_execution_run_id: str
    doubted_since: datetime | None = None
    """When an earlier run of the chain was reset, at the latest."""


class IssueRef(Sent):
    """An issue that Podium wrote."""

    number: int
    url: str
