"""What an orchestration would do if it were started now."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from activities.settings import GITHUB_TOKEN, Settings
from contracts import expressions
from contracts.base import format_duration, kebab
from contracts.problems import Problem
from contracts.runs import Item
from contracts.specs.circuit_breaker import CircuitBreakerSpec
from contracts.specs.common import Spec
from contracts.specs.map_reduce import MapReduceSpec
from contracts.specs.orchestrator_worker import OrchestratorWorkerSpec
from contracts.specs.reflection import ReflectionSpec
from contracts.specs.router import RouterSpec
from contracts.specs.worker import WorkerSpec
from contracts.specs.worker_pool import WorkerPoolSpec
from starter import drafts, pools, preflight, routing
from starter.console import say, warn
from starter.exits import CliError
from starter.items import Found, Listed, OverItems, read_items
from starter.spec_file import SpecFile
from workflows.parts.sizing import largest

_MAX_PROBLEMS = 5
_NO_RESULTS: dict[str, Any] = {"references": [], "count": 0, "counts": {}}
_NO_ITEM = (Item(key="the task"),)
"""For workers that are dispatched once each, and read no item."""


async def check(
    file: SpecFile, started_with: dict[str, Any], settings: Settings, workflow_id: str
) -> str:
    """Run the preflight, the inputs of the first item included.

    Returns:
        The repository's page.

    Raises:
        CliError: what would not work, with the spec's line.
    """
    is_app = not os.environ.get(GITHUB_TOKEN)  # as the settings were made: the token comes first
    now = datetime.now(UTC)
    reads = preflight.context(file.spec, started_with, now, workflow_id)
    _require_title(file, reads)
    page = await preflight.check_repository(file, settings, is_app=is_app)
    workers = await preflight.check_workers(file, settings)
    for checked in {(one.worker.workflow, one.described.ref): one for one in workers}.values():
        ref = checked.described.ref
        say(f"worker {checked.worker.workflow} at {ref}: there, can be dispatched", style="dim")
        if lacks := preflight.uncorrelated(checked):
            warn(lacks)
    if isinstance(file.spec, OrchestratorWorkerSpec | MapReduceSpec):
        first = await read_items(file.spec, settings, now, most=1)
        placed = await _placed(file, file.spec, settings, reads, first.items)
        _require(file, [*placed, *_over_items(workers)], reads, first.items)
        _require(file, _last(workers), {**reads, "results": _NO_RESULTS}, _NO_ITEM)
    if isinstance(file.spec, WorkerPoolSpec):
        found = await read_items(file.spec, settings, now, most=file.spec.pool.items_per_worker)
        if batch := await pools.first_batch(file.spec, found, now):
            _require(file, workers, {**reads, "batch": batch}, _NO_ITEM)
    if isinstance(file.spec, CircuitBreakerSpec):
        _require(file, workers, reads, _NO_ITEM)
    if isinstance(file.spec, ReflectionSpec):
        _require_none(file, drafts.problems(workers, reads))
    if isinstance(file.spec, RouterSpec):
        first_item = await routing.plan(file.spec, reads["event"], settings, now, most=1)
        _require_none(file, first_item.problems(workers, reads))
    return page


async def dry_run(
    file: SpecFile, started_with: dict[str, Any], settings: Settings, workflow_id: str
) -> None:
    """List items, inputs and writes; dispatches, writes and sends nothing.

    Raises:
        CliError: inputs that a worker would not take, or GitHub does not answer.
    """
    spec = file.spec
    now = datetime.now(UTC)
    reads = preflight.context(spec, started_with, now, workflow_id)
    workers = await preflight.check_workers(file, settings)
    deadline = format_duration(spec.deadline)
    say(f"would start {workflow_id} ({file.workflow_type}), which ends within {deadline}")
    if isinstance(spec, OrchestratorWorkerSpec | MapReduceSpec):
        await _show_items(file, spec, settings, workers, reads, now)
    if isinstance(spec, WorkerPoolSpec):
        await _show_batches(file, spec, settings, workers, reads, now)
    if isinstance(spec, CircuitBreakerSpec):
        _show_tasks(file, spec, workers, reads)
    if isinstance(spec, ReflectionSpec):
        _require_none(file, drafts.problems(workers, reads))
        for line in drafts.lines(spec, reads):
            say(line)
    if isinstance(spec, RouterSpec):
        workers = await _show_routes(file, spec, settings, workers, reads, now)
    for checked in workers:
        say(_dispatches(checked.worker, spec))
    for line in _writes(spec, reads):
        say(line)
    say("Nothing was dispatched, written or sent.")


async def _show_items(
    file: SpecFile,
    spec: OrchestratorWorkerSpec | MapReduceSpec,
    settings: Settings,
    workers: Sequence[preflight.Checked],
    reads: dict[str, Any],
    now: datetime,
) -> None:
    found = await read_items(spec, settings, now, most=spec.for_each.limit)
    for item in found.items:
        say(f"  {item.key}: {item.title}")
        inputs = _shown(spec.worker, reads, item)
        say(f"      {inputs}", style="dim")
    say(_counted(spec, found))
    if isinstance(spec, MapReduceSpec):
        kinds = ", ".join(f"{name} ({one.reducer})" for name, one in spec.reduce.items())
        say(f"would reduce the results to {kinds}")
    placed = await _placed(file, spec, settings, reads, found.items)
    if placed:
        say(f"{_dispatches(spec.worker, spec)}; in {spec.worker.repository}")
    _require(file, [*placed, *_over_items(workers)], reads, found.items)
    _require(file, _last(workers), {**reads, "results": _NO_RESULTS}, _NO_ITEM)


async def _placed(
    file: SpecFile,
    spec: OrchestratorWorkerSpec | MapReduceSpec,
    settings: Settings,
    reads: dict[str, Any],
    items: Sequence[Item],
) -> list[preflight.Checked]:
    """Check a worker that runs in its items' repositories."""
    return await preflight.check_places(file, spec.worker, spec.for_each, settings, reads, items)


def _over_items(workers: Sequence[preflight.Checked]) -> list[preflight.Checked]:
    return [one for one in workers if one.path == "worker"]


def _last(workers: Sequence[preflight.Checked]) -> list[preflight.Checked]:
    """Workers among reducers: what they will read is not known before the others have ended."""
    return [one for one in workers if one.path.startswith("reduce.")]


async def _show_batches(
    file: SpecFile,
    spec: WorkerPoolSpec,
    settings: Settings,
    workers: Sequence[preflight.Checked],
    reads: dict[str, Any],
    now: datetime,
) -> None:
    found = await read_items(spec, settings, now, most=spec.for_each.limit)
    for item in found.items:
        say(f"  {item.key}: {item.title}")
    say(_counted(spec, found))
    batch = await pools.first_batch(spec, found, now)
    say(pools.told(spec, len(found.items), batch))
    if batch:
        _require(file, workers, {**reads, "batch": batch}, _NO_ITEM)


def _counted(spec: OverItems, found: Found) -> str:
    more = "" if found.beyond.exact else "at least "
    beyond = f", {more}{found.beyond.count} beyond the limit" if found.beyond.count else ""
    return f"{len(found.items)} items ({spec.for_each.source}){beyond}"


async def _show_routes(
    file: SpecFile,
    spec: RouterSpec,
    settings: Settings,
    workers: list[preflight.Checked],
    reads: dict[str, Any],
    now: datetime,
) -> list[preflight.Checked]:
    """Tell where items go, and return the workers that are known to be dispatched."""
    most = spec.for_each.limit if spec.for_each else 1
    plan = await routing.plan(spec, reads["event"], settings, now, most=most)
    for line in plan.lines(spec):
        say(line)
    if spec.for_each is not None:
        say(_counted(Listed(spec.for_each, spec.repository), plan.found))
    _require_none(file, plan.problems(workers, reads))
    return plan.workers(workers, spec)


def _show_tasks(
    file: SpecFile,
    spec: CircuitBreakerSpec,
    workers: Sequence[preflight.Checked],
    reads: dict[str, Any],
) -> None:
    for task in spec.tasks:
        say(f"  {task.name}: {task.worker.workflow}{' (required)' if task.required else ''}")
        if inputs := _shown(task.worker, reads, *_NO_ITEM):
            say(f"      {inputs}", style="dim")
    say(f"{len(spec.tasks)} tasks; what has an open circuit is skipped then")
    _require(file, workers, reads, _NO_ITEM)


def _shown(worker: WorkerSpec, reads: dict[str, Any], item: Item) -> str:
    try:
        inputs = preflight.rendered_inputs(worker, reads, item)
    except expressions.ExpressionError as error:
        return str(error)
    return " ".join(f"{name}={value}" for name, value in inputs.items())


def _require(
    file: SpecFile,
    workers: Sequence[preflight.Checked],
    reads: dict[str, Any],
    items: Sequence[Item],
) -> None:
    """Raise for inputs that a worker does not take; a few examples tell enough."""
    found = [
        problem
        for checked in workers
        for item in items
        for problem in preflight.input_problems(checked, reads, item)
    ]
    _require_none(file, found)


def _require_none(file: SpecFile, found: Sequence[Problem]) -> None:
    if found:
        told = list({str(problem): problem for problem in found}.values())
        raise CliError(str(file.error(told[:_MAX_PROBLEMS])))


def _require_title(file: SpecFile, reads: dict[str, Any]) -> None:
    """Raise for a title that reads what this start does not give."""
    try:
        expressions.render(file.spec.report.title, reads)
    except expressions.ExpressionError as error:
        raise file.error([Problem(path="report.title", message=str(error))]) from error


def _dispatches(worker: WorkerSpec, spec: Spec) -> str:
    most, attempts, each = spec.max_parallel, worker.retry.maximum_attempts, "each"
    if isinstance(spec, WorkerPoolSpec):
        most, attempts, each = largest(spec), spec.pool.max_attempts, "for each item"
    if isinstance(spec, ReflectionSpec):
        most = 1
    votes = spec.voting if isinstance(spec, OrchestratorWorkerSpec) else None
    voted = f"{votes.votes} votes on each item, {votes.quorum} decide, " if votes else ""
    return (
        f"would dispatch {worker.workflow}: {voted}at most {most} at once, up to "
        f"{attempts} attempts {each}, {worker.timeout_minutes:g} minutes each"
    )


def _writes(spec: Spec, reads: dict[str, Any]) -> list[str]:
    title = expressions.render(spec.report.title, reads)
    lines = []
    for name in type(spec.safe_outputs).model_fields:
        output = getattr(spec.safe_outputs, name)
        if isinstance(output, BaseModel):
            every = output.model_dump(mode="json", by_alias=True).items()
            limits = {key: one for key, one in every if one not in ("", [], None)}
            said = ", ".join(f"{key} {expressions.to_text(one)}" for key, one in limits.items())
            verb = "show" if spec.safe_outputs.staged else "write"
            lines.append(f"would {verb} {kebab(name)}: {said}")
    if spec.safe_outputs.create_issue:
        lines.append(f"would report in an issue: {title}")
    return lines or ["would write nothing (no safe-outputs)"]
