"""Where items go: what rules are asked, what they answer, and what was decided."""

import hashlib
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.base import Sent
from contracts.outputs import MATTER
from contracts.runs import Item
from contracts.specs.router import When

MAX_ITEMS = 20
"""Items of one question; each may take a second of computing."""


class Rule(Sent):
    """One rule, and the route that it leads to."""

    route: str
    when: When


class RouteItems(Sent):
    """Ask which rules hold for some items."""

    repository: str
    rules: tuple[Rule, ...]
    """In the order of the spec."""
    match: Literal["first", "all"] = "first"
    items: tuple[Item, ...] = Field(max_length=MAX_ITEMS)
    on_github: bool
    """Whether the items are issues or pull requests of the repository."""
    event: dict[str, Any] = Field(default_factory=dict)
    """What the orchestration was started with."""
    from_event: bool = False
    """The one item is what the event is about, and the event tells all of it."""


class Match(Sent):
    """A rule that holds."""

    route: str
    conditions: tuple[str, ...]
    """Kinds of conditions, never words of the item: `title`, `labels`."""


class Matches(Sent):
    """All rules that hold for one item, or why that cannot be told."""

    found: tuple[Match, ...] = ()
    problem: str = ""
    gone: bool = False
    """There is no such issue any more."""


class Decided(BaseModel):
    """Where one item goes."""

    model_config = ConfigDict(extra="ignore")

    item: Item
    routes: dict[str, str] = Field(default_factory=dict)
    """Each route, and why; the reason quotes nothing of the item. None where it is skipped."""
    reason: str = ""
    """Why it goes nowhere."""

    @classmethod
    def by_default(cls, item: Item, reason: str, default: str | None) -> "Decided":
        """Send an item to the default route, or nowhere where there is none."""
        if default is None:
            return cls(item=item, reason=f"{reason}, and there is no default route")
        return cls(item=item, routes={default: f"{reason}: the default route"})


class Doubt(BaseModel):
    """An item of whose route its classifier is not sure enough: people are asked."""

    model_config = ConfigDict(extra="ignore")

    item: Item
    route: str
    """Which the classifier would take."""
    reason: str
    """How sure it is."""
    confidence: float
    run_url: str = ""
    """The classifier's run."""


class RouteComment(BaseModel):
    """A comment that is still to be written."""

    model_config = ConfigDict(extra="ignore")

    number: int
    routes: list[str]
    reason: str


class RouterState(BaseModel):
    """What a router carries besides its fleet. Mutable."""

    model_config = ConfigDict(extra="ignore")

    undecided: list[Item] = Field(default_factory=list)
    decided: list[Decided] = Field(default_factory=list)
    comments: list[RouteComment] = Field(default_factory=list)
    unsure: list[Doubt] = Field(default_factory=list)
    """Those that no gate is open for yet."""
    asked: list[Doubt] = Field(default_factory=list)
    """Those that the last gate is for, until it is decided."""
    gates: int = 0
    extra: int = 0
    """Entries beyond one per item: of items that went to several routes."""
    unwritten: bool = False
    """Whether it was told that no comment is left."""


def decision_id(repository: str, number: int, spec: str, routes: Iterable[str]) -> str:
    """Name what a comment says of where an issue goes: its matter is the issue, for one spec.

    The reason is no part of it: a classifier is as sure as before only by chance.
    """
    matter = _digest(repository.lower(), str(number), spec)
    return matter + _digest(*sorted(routes))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:MATTER]
