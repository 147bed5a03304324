"""The input of every pattern, `{"spec", "inputs"?, "event"?, "initiator"?}`, decoded without mercy."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from contracts import expressions
from contracts.events import sender_of
from contracts.fleet import OrchestrationState
from contracts.lineage import TOP, Lineage, as_lineage
from contracts.problems import MAX_PROBLEMS, Problem, nearest, problems_of, shown
from contracts.specs import PATTERNS, WORKFLOW_TYPES
from contracts.specs.common import RUN_FIELDS, Spec
from contracts.specs.hierarchical import Child, HierarchicalSpec

_KEYS = ("spec", "inputs", "event", "initiator", "carry", "lineage")
_MAX_LOGIN = 100


class BadInputError(ValueError):
    """An input that cannot be run; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems[:MAX_PROBLEMS]
        super().__init__("; ".join(str(p) for p in self.problems))


S = TypeVar("S", bound=Spec)


@dataclass(frozen=True)
class OrchestrationInput(Generic[S]):
    """A decoded input."""

    spec: S
    inputs: dict[str, Any]
    event: dict[str, Any]
    carry: OrchestrationState | None
    """What an earlier run of the same chain left, or None."""
    lineage: Lineage = TOP
    """The orchestrations above this one."""
    initiator: str = ""
    """Login of who started it: the event's sender, or who claims to; empty where nobody knows."""

    def carrying(self, state: OrchestrationState) -> dict[str, Any]:
        """Make the input of the chain's next run; `state` is all that is to go on."""
        return {
            "spec": self.spec.model_dump(mode="json", by_alias=True, exclude_unset=True),
            "inputs": self.inputs,
            "event": self.event,
            "initiator": self.initiator,
            "carry": state.model_dump(mode="json", exclude_defaults=True),
            "lineage": self.lineage.model_dump(mode="json"),
        }


def parse_spec(data: Any, lineage: Lineage = TOP) -> Spec:
    """Validate a spec of any pattern, the specs of its children included.

    Raises:
        BadInputError: each problem, with its path and a fix.
    """
    if not isinstance(data, Mapping):
        raise BadInputError([Problem(path="", message="a spec is a mapping of keys to values")])
    pattern = data.get("pattern")
    model = PATTERNS.get(pattern) if isinstance(pattern, str) else None
    if model is None:
        said = "this key is required" if pattern is None else f"{shown(pattern)} is no pattern"
        near = nearest(pattern if isinstance(pattern, str) else "", PATTERNS)
        message = f"{said}; {near}"
        raise BadInputError([Problem(path="pattern", message=message)])
    try:
        spec = model.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        raise BadInputError(problems_of(error, model)) from error
    if isinstance(spec, HierarchicalSpec) and (found := child_problems(spec, lineage)):
        raise BadInputError(found)
    return spec


def child_problems(spec: HierarchicalSpec, lineage: Lineage) -> list[Problem]:
    """Check all orchestrations below one: their specs, inputs, depth and cycles."""
    below = lineage.below(spec, spec.max_depth)
    found: list[Problem] = []
    for number, phase in enumerate(spec.phases):
        for name, child in phase.orchestrations.items():
            path = f"phases.{number}.orchestrations.{name}"
            found += _below(path, child, below)
    return found


def _below(path: str, child: Child, lineage: Lineage) -> list[Problem]:
    if isinstance(child.spec, str):
        message = f"{child.spec} is a path; `podium render` puts the spec itself here"
        return [Problem(path=f"{path}.spec", message=message)]
    try:
        spec = parse_spec(child.spec, lineage)
    except BadInputError as error:
        return [
            Problem(path=f"{path}.spec.{one.path}".rstrip("."), message=one.message)
            for one in error.problems
        ]
    if reason := lineage.problem(spec):
        return [Problem(path=f"{path}.spec", message=reason)]
    if found := spec.start_problems({}):  # children are given no event
        return [Problem(path=f"{path}.spec", message=str(one)) for one in found]
    declared = spec.on.workflow_dispatch.inputs if spec.on.workflow_dispatch else {}
    return [
        Problem(path=f"{path}.inputs.{name}", message=f"not declared; {nearest(name, declared)}")
        for name in child.inputs
        if name not in declared
    ]


def parse_input(arguments: tuple[Any, ...], model: type[S]) -> OrchestrationInput[S]:
    """Decode what a workflow was started with, however odd.

    Args:
        arguments: all inputs of the start, as they decoded.
        model: the spec of the pattern that this workflow type runs.

    Raises:
        BadInputError: not exactly one object with a valid spec of that pattern.
    """
    if len(arguments) != 1 or not isinstance(arguments[0], Mapping):
        got = f"{len(arguments)} inputs" if len(arguments) != 1 else type(arguments[0]).__name__
        raise BadInputError(
            [Problem(path="", message=f'start with one JSON object {{"spec": {{…}}}}, not {got}')]
        )
    data = arguments[0]
    _require_keys(data)
    lineage = _lineage(data.get("lineage"))
    spec = parse_spec(data.get("spec"), lineage)
    if reason := lineage.problem(spec):
        raise BadInputError([Problem(path="lineage", message=reason)])
    if not isinstance(spec, model):
        message = f"{spec.pattern} is run by another workflow type: {WORKFLOW_TYPES[spec.pattern]}"
        raise BadInputError([Problem(path="spec.pattern", message=message)])
    inputs = resolve_inputs(spec, dict(data.get("inputs") or {}))
    event = dict(data.get("event") or {})
    if found := spec.start_problems(event):
        raise BadInputError(found)
    _require_title(spec, {"inputs": inputs, "event": event})
    initiator = sender_of(event) or data.get("initiator") or ""
    carry = _carried(data.get("carry"))
    return OrchestrationInput(spec, inputs, event, carry, lineage, initiator)


def _require_keys(data: Mapping[Any, Any]) -> None:
    unknown = islice((str(key) for key in data if key not in _KEYS), MAX_PROBLEMS)
    found = [
        Problem(path=key, message=f"unknown key; {nearest(key, _KEYS[:4])}") for key in unknown
    ]
    found += [
        Problem(path=key, message="must be an object")
        for key in ("inputs", "event")
        if not isinstance(data.get(key) or {}, Mapping)
    ]
    initiator = data.get("initiator") or ""
    if not isinstance(initiator, str) or len(initiator) > _MAX_LOGIN:
        found.append(Problem(path="initiator", message="must be the login of who starts it"))
    if found:
        raise BadInputError(found)


def _require_title(spec: Spec, given: dict[str, Any]) -> None:
    """Refuse a title that reads what was not given: nothing runs without a title."""
    run = dict.fromkeys(RUN_FIELDS, "")
    try:
        expressions.render(spec.report.title, {**given, "run": run})
    except expressions.ExpressionError as error:
        raise BadInputError([Problem(path="spec.report.title", message=str(error))]) from error


def _lineage(data: Any) -> Lineage:
    try:
        return as_lineage(data)
    except ValidationError as error:
        message = "no lineage; leave it out, it is for children of an orchestration"
        raise BadInputError([Problem(path="lineage", message=message)]) from error


def _carried(carry: Any) -> OrchestrationState | None:
    try:
        return None if carry is None else OrchestrationState.model_validate(carry)
    except ValidationError as error:
        problems = problems_of(error, OrchestrationState)
        found = [
            Problem(path=f"carry.{one.path}".rstrip("."), message=one.message) for one in problems
        ]
        raise BadInputError(found) from error


def resolve_inputs(spec: Spec, given: dict[str, Any]) -> dict[str, Any]:
    """Fill in defaults, as `workflow_dispatch` does; refuse what is not declared."""
    declared = spec.on.workflow_dispatch.inputs if spec.on.workflow_dispatch else {}
    unknown = islice((str(name) for name in given if name not in declared), MAX_PROBLEMS)
    found = [
        Problem(path=f"inputs.{name}", message=f"not declared; {nearest(name, declared)}")
        for name in unknown
    ]
    values: dict[str, Any] = {}
    for name, one in declared.items():
        value = given.get(name, one.default)
        if value is None and one.required:
            found.append(Problem(path=f"inputs.{name}", message="required; give it a value"))
        if one.type == "choice" and value is not None and value not in one.options:
            message = f"{shown(value)} is none of {', '.join(one.options)}"
            found.append(Problem(path=f"inputs.{name}", message=message))
        values[name] = value
    if found:
        raise BadInputError(found)
    return values
