"""Where a router's items would go, decided now as a run that started now would decide."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from activities.routing import RouteActivities
from activities.settings import Settings
from contracts.events import issue_fields, subject_of
from contracts.problems import Problem
from contracts.routing import MAX_ITEMS, Decided
from contracts.runs import (
    Item,
)
from contracts.sources import ItemsCount
from contracts.specs.router import RouterSpec
from starter.items import Found, Listed, read_items
from starter.preflight import Checked, input_problems
from starter.reading import told_to_people
from workflows.parts.routes import question, ruled

_WORKER = "classifier.worker"


@dataclass(frozen=True)
class Plan:
    """Items, and where the rules send them; a classifier decides only when it runs."""

    found: Found
    decided: list[Decided]

    def workers(self, workers: list[Checked], spec: RouterSpec) -> list[Checked]:
        """Those that would be dispatched: a worker's file once, or the classifier's."""
        if spec.classifier is not None:
            return [one for one in workers if one.path == _WORKER]
        taken = {route for one in self.decided for route in one.routes}
        chosen = [one for one in workers if one.path.split(".")[1] in taken]
        return list({one.worker.workflow: one for one in chosen}.values())

    def lines(self, spec: RouterSpec) -> Iterator[str]:
        """Tell each item and where it goes."""
        for item in self.found.items if spec.classifier else ():
            yield f"  {item.key}: {item.title}"
        for one in self.decided:
            yield f"  {one.item.key}: {one.item.title}"
            for route, reason in one.routes.items():
                yield f"      to {route} ({spec.routes[route].worker.workflow}): {reason}"
            if not one.routes:
                yield f"      skipped: {one.reason}"
        if spec.classifier is not None:
            names = ", ".join(spec.routes)
            yield f"the classifier's verdict on each, then one of: {names}"

    def problems(self, workers: list[Checked], reads: dict[str, Any]) -> list[Problem]:
        """List why workers would not take their inputs."""
        at = {one.path: one for one in workers}
        found = []
        for one in self.decided:
            for route, reason in one.routes.items():
                known = {**reads, "route": {"name": route, "reason": reason}}
                found += input_problems(at[f"routes.{route}.worker"], known, one.item)
        if _WORKER in at:
            for item in self.found.items:
                found += input_problems(at[_WORKER], reads, item)
        return found


async def plan(
    spec: RouterSpec, event: dict[str, Any], settings: Settings, now: datetime, *, most: int
) -> Plan:
    """Read items, and ask the rules about them.

    Raises:
        CliError: GitHub did not answer, or refused.
    """
    if spec.for_each is not None:
        listed = Listed(spec.for_each, spec.repository)
        found = await read_items(listed, settings, now, most=min(most, spec.for_each.limit))
    else:
        subject = subject_of(event) or {}
        item = Item(key=str(subject["number"]), fields=issue_fields(subject))
        found = Found([item], ItemsCount(count=0, exact=True))
    decided: list[Decided] = []
    if spec.classifier is None:
        routes = RouteActivities(settings.github)
        for start in range(0, len(found.items), MAX_ITEMS):
            items = found.items[start : start + MAX_ITEMS]
            with told_to_people("the issues that rules look at"):
                answers = await routes.route(question(spec, items, event))
            decided += map(ruled, items, answers, [spec.default] * len(items))
    return Plan(found, decided)
