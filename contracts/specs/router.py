"""Rules, or the verdict of a classifying worker, choose among different workers."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from contracts import patterns
from contracts.base import Written
from contracts.events import subject_of
from contracts.problems import Problem
from contracts.specs.common import Spec, check, check_trusted, check_worker
from contracts.specs.gates import Approval
from contracts.specs.reporting import OutputPath
from contracts.specs.safe_outputs import MAX_LABELS, Label
from contracts.specs.sources import ISSUE_FIELDS, ForEach
from contracts.specs.worker import WorkerName, WorkerSpec

Glob = Annotated[str, Field(min_length=1, max_length=200)]


class When(Written):
    """A rule: all that is given must hold. Patterns are searched for, whatever the case."""

    labels: tuple[str, ...] = Field(default=(), max_length=20)
    """One of these labels."""
    title: str = Field(default="", max_length=500)
    """A regular expression."""
    body: str = Field(default="", max_length=500)
    author_association: tuple[str, ...] = Field(default=(), max_length=10)
    """GitHub's words, such as `FIRST_TIME_CONTRIBUTOR`."""
    paths: tuple[Glob, ...] = Field(default=(), max_length=20)
    """Globs, one of which a changed file of the pull request must match."""
    fields: dict[str, Any] = Field(default_factory=dict, max_length=10)
    """Any field by its dotted path, as `event.issue.state_reason`, and the value it must have."""

    @model_validator(mode="after")
    def _patterns_are_patterns(self) -> "When":
        for name in ("title", "body"):
            if said := patterns.problem(getattr(self, name)):
                raise ValueError(f"{name}: {said}")
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("a rule needs at least one condition; make the route the default")
        return self


class Route(Written):
    """Where something may go."""

    when: When | None = None
    worker: WorkerSpec
    labels: tuple[Label, ...] = Field(default=(), max_length=MAX_LABELS)
    """Added to what goes here, within `safe-outputs`."""


class Classifier(Written):
    """A worker that names the route."""

    worker: WorkerSpec
    route: OutputPath = "outputs.route"
    confidence: OutputPath = "outputs.confidence"
    """A number from 0 to 1."""
    threshold: float = Field(default=0.7, ge=0, le=1)
    """Below it, the default route is taken, or people are asked."""
    approval: Approval | None = None
    """Asks people about items below the threshold, a group at a time. Approved, each goes where the
    classifier would send it; a choice, which names a route, sends all of the group there; rejected or
    without an answer, they take the default route."""


class RouterSpec(Spec):
    """The spec of pattern `router`."""

    pattern: Literal["router"]
    for_each: ForEach | None = None
    """A batch; without it, the issue of the event that the run is started with is the one item."""
    match: Literal["first", "all"] = "first"
    routes: dict[WorkerName, Route] = Field(min_length=1, max_length=50)
    default: WorkerName | None = None
    """The route of what no rule matches; without it, that is skipped."""
    classifier: Classifier | None = None

    @model_validator(mode="after")
    def _routes_fit_together(self) -> "RouterSpec":
        roots = self.roots(item=self.for_each.fields if self.for_each else ISSUE_FIELDS)
        routed = {**roots, "route": ("name", "reason")}
        for name, route in self.routes.items():
            check_worker(f"routes.{name}.worker", route.worker, routed)
            if route.when is None and self.classifier is None and name != self.default:
                raise ValueError(f"routes.{name}.when: add a rule, or make it the default")
            if route.when is not None and self.classifier is not None:
                raise ValueError(f"routes.{name}.when: the classifier decides; leave the rule out")
            for path in route.when.fields if route.when else ():
                known = {"event": None, "item": roots["item"]}
                check(f"routes.{name}.when.fields", f"${{{{ {path} }}}}", known)
        if self.default is not None and self.default not in self.routes:
            names = ", ".join(self.routes)
            raise ValueError(f"default: {self.default} is none of the routes ({names})")
        if self.classifier:
            check_worker("classifier.worker", self.classifier.worker, roots)
            why = "the result chooses the next worker"
            check_trusted("classifier.worker", self.classifier.worker, why)
            self._check_choices(self.classifier.approval)
        return self

    def _check_choices(self, approval: Approval | None) -> None:
        strange = [one for one in approval.choices if one not in self.routes] if approval else []
        if strange:
            path, names = "classifier.approval.choices", ", ".join(self.routes)
            raise ValueError(f"{path}: {strange[0]} is none of the routes ({names})")

    @model_validator(mode="after")
    def _labels_may_be_added(self) -> "RouterSpec":
        for name, route in self.routes.items():
            if route.labels and self.safe_outputs.add_labels is None:
                raise ValueError(f"routes.{name}.labels: declare add-labels in safe-outputs")
            if route.labels and not self.items_on_github:
                raise ValueError(f"routes.{name}.labels: the items are no issues")
        return self

    @property
    def items_on_github(self) -> bool:
        """Whether the items are issues or pull requests; that of an event is one."""
        return self.for_each is None or super().items_on_github

    def start_problems(self, event: Mapping[str, Any], /) -> list[Problem]:
        """Refuse a start without an event where only an event can start it."""
        if not event and (self.on.needs_event or self.for_each is None):
            message = "missing: the spec routes the issue of an event; podium start --event FILE"
            return [Problem(path="event", message=message)]
        if self.for_each is None and subject_of(event) is None:
            message = "holds no issue or pull request with a number; give a payload of GitHub"
            return [Problem(path="event", message=message)]
        place = event.get("repository")
        named = place.get("full_name") if isinstance(place, Mapping) else None
        if isinstance(named, str) and named.lower() != self.repository.lower():
            message = f"is of {named}, and the spec of {self.repository}"
            return [Problem(path="event.repository", message=message)]
        return []
