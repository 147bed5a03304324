"""What can be known before a start: the worker's file, its inputs, and what the token may do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from activities.settings import Settings
from activities.workers import WorkerActivities
from contracts import errors, expressions
from contracts.base import kebab
from contracts.names import AW_CONTEXT_INPUT, DISPATCH_ID_INPUT
from contracts.orchestration import resolve_inputs
from contracts.problems import MAX_PROBLEMS, Problem
from contracts.runs import DescribeWorker, Item, WorkerDescription
from contracts.specs.common import Spec
from contracts.specs.placing import PlacingError, owners_of, place_of
from contracts.specs.sources import ForEach
from contracts.specs.worker import PlacedWorkerSpec, WorkerSpec
from contracts.worker import request_problems
from starter.reading import ReadingError, told_to_people
from starter.spec_file import SpecFile

_MADE_AT_DISPATCH = {DISPATCH_ID_INPUT: f"pd-{'0' * 24}", AW_CONTEXT_INPUT: "{}"}


@dataclass(frozen=True)
class Checked:
    """One worker that is there and can be dispatched."""

    path: str
    """Where the spec names it, such as `worker`."""
    worker: WorkerSpec
    described: WorkerDescription


async def check_repository(file: SpecFile, settings: Settings, *, is_app: bool) -> str:
    """Check that the repository is there and that this token may dispatch in it.

    Returns:
        The repository's page.

    Raises:
        CliError: with the spec's line.
    """
    spec, github = file.spec, settings.github
    where = "repository"
    try:
        with told_to_people(spec.repository):
            found = await github.call(github.repositories.get, spec.repository)
    except ReadingError as error:
        raise _at(file, where, error) from error
    if found.get("archived"):
        raise file.error(
            [Problem(path=where, message="archived: nothing runs there; unarchive it")]
        )
    # What GitHub says of an App's installation is its permissions, not those of a person.
    permissions = found.get("permissions") or {}
    if not is_app and permissions.get("push") is False:
        message = f"this token may not dispatch in {spec.repository}: it needs `actions: write`"
        raise file.error([Problem(path=where, message=message)])
    return str(found.get("html_url") or "")


async def check_workers(file: SpecFile, settings: Settings) -> list[Checked]:
    """Read each worker's file, and ask GitHub whether it can be dispatched.

    Raises:
        CliError: no such file (the nearest name is told), no trigger, disabled.
    """
    home = file.spec.repository
    return [
        await _check_worker(file, settings, path, worker, home)
        for path, worker in _workers(file.spec, "")
        if not worker.scattered
    ]


async def check_places(
    file: SpecFile,
    worker: PlacedWorkerSpec,
    over: ForEach,
    settings: Settings,
    reads: dict[str, Any],
    items: Sequence[Item],
) -> list[Checked]:
    """Check where items have their worker run, and read its file in the first of these places.

    Raises:
        CliError: as `check_workers` does; an item whose worker may not run where it says.
    """
    if not worker.scattered:
        return []
    owners = owners_of(worker, over, file.spec.repository)
    places, found = [], []
    for item in items:
        try:
            places.append(place_of("worker", worker, owners, {**reads, "item": item.fields}))
        except (PlacingError, expressions.ExpressionError) as error:
            message = f"item {item.key}: {str(error).removeprefix('worker.repository: ')}"
            found.append(Problem(path="worker.repository", message=message))
    if found:
        raise file.error(found[:MAX_PROBLEMS])
    return [await _check_worker(file, settings, "worker", worker, one) for one in places[:1]]


async def _check_worker(
    file: SpecFile, settings: Settings, path: str, worker: WorkerSpec, repository: str
) -> Checked:
    github = settings.github
    where = f"{path}.workflow"
    ask = DescribeWorker(repository=repository, workflow=worker.workflow, ref=worker.ref)
    try:
        with told_to_people(worker.workflow):
            described = await WorkerActivities(github).describe(ask)
            known = await github.call(
                github.client.get,
                f"/repos/{repository}/actions/workflows/{described.declaration.workflow}",
            )
    except ReadingError as error:
        raise _at(file, where, error) from error
    problem = ""
    if not described.declaration.dispatchable:
        problem = f"{worker.workflow} has no workflow_dispatch trigger; add one under `on:`"
    elif (state := str(known.data.get("state"))) != "active":
        problem = f"{worker.workflow} is {state}; gh workflow enable {worker.workflow}"
    if problem:
        raise file.error([Problem(path=where, message=problem)])
    return Checked(path, worker, described)


def uncorrelated(checked: Checked) -> str:
    """Say what keeps a worker's runs from being told apart; nothing when they can be."""
    declaration = checked.described.declaration
    if declaration.correlated or AW_CONTEXT_INPUT in declaration.inputs:
        return ""
    lacks = "declares no input dispatch_id"
    if DISPATCH_ID_INPUT in declaration.inputs:
        lacks = "has dispatch_id, but not in its run-name"
    return (
        f"{declaration.workflow} {lacks}: its dispatches go one by one, and one in doubt waits for "
        'a person. Declare it, with run-name: "… [${{ inputs.dispatch_id }}]"'
    )


def context(
    spec: Spec, started_with: dict[str, Any], now: datetime, workflow_id: str
) -> dict[str, Any]:
    """Make what expressions read, besides `item`."""
    return {
        "inputs": resolve_inputs(spec, started_with["inputs"]),
        "event": started_with.get("event") or {},
        "run": {
            "name": spec.name,
            "date": now.strftime("%Y-%m-%d"),
            "id": workflow_id,
            "repository": spec.repository,
        },
    }


def rendered_inputs(worker: WorkerSpec, reads: dict[str, Any], item: Item) -> dict[str, str]:
    """Render the inputs of one item.

    Raises:
        ExpressionError: a path that this item, or this event, does not have.
    """
    known = {**reads, "item": item.fields}
    return {
        name: expressions.render(expressions.to_text(value), known)
        for name, value in worker.inputs.items()
    }


def input_problems(checked: Checked, reads: dict[str, Any], item: Item) -> list[Problem]:
    """List why the worker would not take the inputs of one item."""
    where = f"{checked.path}.inputs"
    try:
        inputs = rendered_inputs(checked.worker, reads, item)
    except expressions.ExpressionError as error:
        return [Problem(path=where, message=f"item {item.key}: {error}")]
    declaration = checked.described.declaration
    own = {k: v for k, v in _MADE_AT_DISPATCH.items() if k in declaration.inputs}
    found = request_problems(declaration, inputs | own)
    return [Problem(path=_path(where, text, inputs), message=text) for text in found]


def _path(where: str, problem: str, inputs: dict[str, str]) -> str:
    name = problem.split(" ", 1)[0]
    return f"{where}.{name}" if name in inputs else where


def _workers(value: Any, path: str) -> Iterator[tuple[str, WorkerSpec]]:
    """Find the workers that a spec of any pattern names."""
    if isinstance(value, WorkerSpec):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _workers(getattr(value, name), _below(path, kebab(name)))
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _workers(one, _below(path, str(name)))
    elif isinstance(value, list | tuple):
        for position, one in enumerate(value):
            yield from _workers(one, _below(path, str(position)))


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _at(file: SpecFile, path: str, error: ReadingError) -> Exception:
    """Blame the spec's line for a name that is wrong, and nothing else."""
    if error.kind not in (errors.BAD_SPEC, errors.GITHUB_NOT_FOUND):
        return error
    message = str(error)
    if error.kind == errors.BAD_SPEC:  # these messages begin with the path already
        message = message.partition(f"{path}: ")[2] or message
    return file.error([Problem(path=path, message=message)])
