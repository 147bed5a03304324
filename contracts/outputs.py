"""Writes to GitHub that an orchestration asks for."""

import hashlib
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from contracts.base import Sent
from contracts.report import MAX_ACTION_ITEMS, ActionItem, OrchestrationReport

MAX_BODY = 65_536
"""GitHub's limit on an issue's body, in characters."""
MAX_TITLE = 256
MATTER = 12
"""Characters of `says` that name the matter; the others name what is said of it."""


class RenderReport(Sent):
    """Render a report as markdown."""

    report: OrchestrationReport
    columns: dict[str, str] = Field(default_factory=dict)
    """Heading of a column, and the output field that it shows."""
    highlights_title: str = ""
    data: bool = False
    """Whether a block of data ends it, for an orchestration above to collect."""


class Text(Sent):
    """Text for people: a template of ours, and values from anywhere, made safe as they are set."""

    template: Literal[
        "approval",
        "decided",
        "escalation",
        "healed",
        "progress",
        "pull-request",
        "reminder",
        "route",
    ]
    values: dict[str, Any] = Field(default_factory=dict)


class Write(Sent):
    """A write to GitHub, once in effect."""

    repository: str
    body: str | Text
    """Markdown as it stands, or what the activity renders it from."""
    write_id: str
    """Same for every repetition of this write, other for every other write."""
    kind: str = Field(pattern=r"^[a-z-]{1,40}$")
    """What it is, as the marker says it: `report`."""
    original_execution_run_id: str
    doubted_since: datetime | None = None
    """When an earlier run of the chain was reset, at the latest."""


def write_id(first_execution_run_id: str, output: str, kind: str, number: int) -> str:
    """Name one write of a chain of runs: the same however often it is tried."""
    text = "\x1f".join((first_execution_run_id, output, kind, str(number)))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class CreateIssue(Write):
    """Create one issue."""

    title: str = Field(max_length=MAX_TITLE)
    labels: tuple[str, ...] = ()


class CreateComment(Write):
    """Comment on an issue or pull request."""

    number: int
    says: str = Field(default="", pattern=r"^([0-9a-f]{24})?$")
    """The same for all runs that say the same: where the newest comment on the matter does, none is written."""


class CreatePullRequest(Write):
    """Open a pull request from a branch that is there."""

    title: str = Field(max_length=MAX_TITLE)
    head: str
    base: str | None = None
    """The default branch where left out."""
    draft: bool = False
    labels: tuple[str, ...] = ()


class EditIssue(Write):
    """Set the text and the state of an issue that this orchestration wrote.

    Its `write_id` and `kind` are those of the write that created it, so that its mark stays.
    """

    number: int
    state: Literal["open", "closed"] = "open"


class CloseIssue(Sent):
    """Close an issue; doing so again changes nothing."""

    repository: str
    number: int
    state_reason: str = "completed"
    required_labels: tuple[str, ...] = ()
    required_title_prefix: str = ""


class ClosedIssue(Sent):
    """What became of it."""

    kept_open: str = ""
    """Why it was left as it is."""
    url: str = ""
    """Its page; empty in older histories."""


class AddLabels(Sent):
    """Add labels to an issue or pull request; those that it has already stay."""

    repository: str
    number: int
    labels: tuple[str, ...]


class IssueRef(Sent):
    """An issue, pull request or comment that Podium wrote."""

    number: int
    """Of the issue or pull request; a comment's is that of its issue."""
    url: str
    made: Literal["new", "updated", "kept"] = "new"
    """Whether it was there before: then it got a new text, or stays as it is."""


class ReadHealthIssue(Sent):
    """Read back the issue that a child orchestration wrote."""

    repository: str
    url: str
    """Its page."""


class HealthIssue(Sent):
    """The data in a child's report issue."""

    protocol: Literal["podium/v1"]
    spec: str
    status: str
    action_items: tuple[ActionItem, ...] = Field(default=(), max_length=MAX_ACTION_ITEMS)


class Preview(Sent):
    """Preview a text that a staged run would write."""

    text: Text
