"""What a reflection would begin with: its first draft, and a review of what is not there yet."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts import expressions
from contracts.problems import Problem
from contracts.runs import Item
from contracts.specs.reflection import REFLECTION_FIELDS, ReflectionSpec
from contracts.worker import WorkerInput
from starter import preflight

_FIRST: dict[str, Any] = dict.fromkeys(REFLECTION_FIELDS, "") | {"iteration": 1}
_ROUND = Item(key="the first round")
_EXAMPLES = {"boolean": "true", "number": "1"}


def problems(workers: Sequence[preflight.Checked], reads: Mapping[str, Any]) -> list[Problem]:
    """List why a worker would not take its inputs in the first round."""
    known = {**reads, "reflection": _FIRST}
    return [
        problem
        for checked in workers
        for problem in preflight.input_problems(_without_draft(checked), known, _ROUND)
    ]


def lines(spec: ReflectionSpec, reads: Mapping[str, Any]) -> list[str]:
    """Tell of the first draft, and when it ends."""
    known = {**reads, "reflection": _FIRST}
    inputs = preflight.rendered_inputs(spec.generator, known, _ROUND)
    shown = " ".join(f"{name}={value}" for name, value in inputs.items())
    enough = f"until one has {spec.threshold:g} of {spec.max_score:g}"
    told = [
        f"  draft 1: {spec.generator.workflow}",
        f"      {shown}",
        f"at most {spec.max_iterations} drafts, each reviewed by {spec.critic.workflow}, {enough}",
    ]
    if asked := spec.pull_request:
        into = asked.base or "the default branch"
        when = "the best of them" if asked.below_threshold else "one that has it"
        told.append(f"would offer {when} as a pull request into {into}: {_title(spec, reads)}")
    return told


def _title(spec: ReflectionSpec, reads: Mapping[str, Any]) -> str:
    title = spec.pull_request.title if spec.pull_request else ""
    try:
        return expressions.render(title, reads)
    except expressions.ExpressionError as error:
        return f"{expressions.render(spec.report.title, reads)} ({error})"


def _without_draft(checked: preflight.Checked) -> preflight.Checked:
    """Put examples in place of what would be read of a draft."""
    declared = checked.described.declaration.inputs
    inputs = {
        name: _example(declared.get(name)) if _reads_draft(value) else value
        for name, value in checked.worker.inputs.items()
    }
    worker = checked.worker.model_copy(update={"inputs": inputs})
    return preflight.Checked(checked.path, worker, checked.described)


def _reads_draft(value: Any) -> bool:
    paths = expressions.paths(value) if isinstance(value, str) else ()
    return any(path.partition(".")[0] == "draft" for path in paths)


def _example(declared: WorkerInput | None) -> str:
    if declared is None:
        return "x"
    return declared.options[0] if declared.options else _EXAMPLES.get(declared.type, "x")
