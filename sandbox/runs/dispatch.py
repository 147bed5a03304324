"""`workflow_dispatch`: GitHub's validation, in GitHub's words, and the run that comes of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.hub import Hub
from sandbox.ledger import DispatchEntry
from sandbox.model import Repository, Run, WorkflowEntry
from sandbox.runs.expressions import ExpressionError, as_text, interpolate
from sandbox.runs.workflow_file import WorkflowFile, WorkflowInput
from sandbox.settings import Settings
from sandbox.wire import ApiError, now

MAX_INPUT_CHARACTERS = 65_535


@dataclass(frozen=True, slots=True)
class Origin:
    """Who started a run, and from which commit."""

    login: str
    branch: str
    sha: str
    event: str = "workflow_dispatch"


def dispatch(
    hub: Hub, repository: Repository, key: str, login: str, body: dict[str, Any]
) -> tuple[Run, WorkflowFile]:
    """Check a dispatch and make its run; the caller submits the run to the engine.

    Raises:
        ApiError: 404 for an unknown workflow; 422, with GitHub's message, for the rest.
    """
    _check_keys(hub.settings, body)
    entry = hub.workflow(repository, key)
    resolved = hub.resolve_ref(repository, body["ref"])
    if resolved is None:
        raise ApiError(422, f"No ref found for: {body['ref']}")
    file = hub.workflow_file(repository, entry.path)
    if not file.dispatchable:
        raise ApiError(422, "Workflow does not have 'workflow_dispatch' trigger")
    if entry.state != "active":
        raise ApiError(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    inputs = _check_inputs(hub.settings, file, body.get("inputs") or {})
    origin = Origin(login, *resolved)
    run = create_run(hub, repository, entry, file, inputs, origin)
    hub.ledger.dispatches.append(
        DispatchEntry(
            run.created_at, run.repository, entry.path, run.id, login, run.dispatch_id, inputs
        )
    )
    return run, file


def create_run(
    hub: Hub,
    repository: Repository,
    entry: WorkflowEntry,
    file: WorkflowFile,
    inputs: dict[str, Any],
    origin: Origin,
) -> Run:
    """A new run, not yet submitted.

    Raises:
        ApiError: 422 when an expression of the file cannot be evaluated.
    """
    contexts = _contexts(repository, file, inputs, origin)
    entry.runs += 1
    run = Run(
        id=hub.world.next_run_id,
        repository=repository.full_name,
        workflow_id=entry.id,
        workflow_path=entry.path,
        workflow_name=file.name,
        title=file.name,
        number=entry.runs,
        event=origin.event,
        login=origin.login,
        ref=f"refs/heads/{origin.branch}",
        branch=origin.branch,
        sha=origin.sha,
        inputs=inputs,
        created_at=now(),
        mode=hub.settings.mode_of(entry.path),
        dispatch_id=dispatch_id_of(inputs),
        environments=_environments(file, contexts),
    )
    contexts["github"] |= {"run_id": str(run.id), "run_number": str(run.number)}
    if file.run_name:
        run.title = _evaluated(file.run_name, contexts).strip() or file.name
    if file.concurrency:
        run.group = _evaluated(str(file.concurrency["group"]), contexts)
    hub.world.next_run_id += 1
    hub.world.runs[run.id] = run
    return run


def dispatch_id_of(inputs: dict[str, Any]) -> str | None:
    """The correlation id a caller put in `dispatch_id`, or in `aw_context` as JSON."""
    if inputs.get("dispatch_id"):
        return str(inputs["dispatch_id"])
    try:
        context = json.loads(inputs.get("aw_context") or "null")
    except ValueError:
        return None
    found = context.get("dispatch_id") if isinstance(context, dict) else None
    return str(found) if found else None


def _check_keys(settings: Settings, body: dict[str, Any]) -> None:
    permitted = {"ref", "inputs"} | (
        {"return_run_details"} if settings.return_run_details else set()
    )
    for key in body:
        if key not in permitted:
            raise ApiError(422, f'Invalid request.\n\n"{key}" is not a permitted key.')
    if not isinstance(body.get("ref"), str):
        raise ApiError(422, 'Invalid request.\n\n"ref" wasn\'t supplied.')
    if not isinstance(body.get("inputs") or {}, dict):
        given = json.dumps(body["inputs"])
        raise ApiError(
            422, f"Invalid request.\n\nFor 'properties/inputs', {given} is not an object."
        )


def _check_inputs(settings: Settings, file: WorkflowFile, given: dict[str, Any]) -> dict[str, Any]:
    if len(given) > settings.max_inputs:
        limit = f"No more than {settings.max_inputs} properties are allowed"
        raise ApiError(422, f"Invalid request.\n\n{limit}; {len(given)} were supplied.")
    texts = {name: _text(name, value) for name, value in given.items()}
    if sum(len(name) + len(value) for name, value in texts.items()) > MAX_INPUT_CHARACTERS:
        raise ApiError(422, "inputs are too large.")
    unexpected = [name for name in texts if name not in file.inputs]
    if unexpected:
        raise ApiError(422, f"Unexpected inputs provided: {json.dumps(unexpected)}")
    return {name: _value(spec, texts.get(name)) for name, spec in file.inputs.items()}


def _text(name: str, value: Any) -> str:
    if isinstance(value, dict | list):
        shown = json.dumps(value)
        raise ApiError(422, f"Invalid request.\n\nFor 'inputs/{name}', {shown} is not a string.")
    return as_text(value)


def _value(spec: WorkflowInput, given: str | None) -> str:
    """An input's text; GitHub fills what was left out from the default."""
    if given is None or (given == "" and spec.required):
        if spec.required and spec.default is None:
            raise ApiError(422, f"Required input '{spec.name}' not provided")
        if given is None:
            given = _implied(spec)
    check = _CHECKS.get(spec.type)
    if check and given and not check(spec, given):
        allowed = (
            "not in the list of allowed values" if spec.type == "choice" else f"not a {spec.type}"
        )
        raise ApiError(422, f"Provided value '{given}' for input '{spec.name}' {allowed}")
    return given


def _implied(spec: WorkflowInput) -> str:
    if spec.default is not None:
        return as_text(spec.default)
    if spec.type == "boolean":
        return "false"
    return spec.options[0] if spec.type == "choice" and spec.options else ""


def _is_number(_: WorkflowInput, text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


_CHECKS: dict[str, Callable[[WorkflowInput, str], bool]] = {
    "boolean": lambda _, text: text in {"true", "false"},
    "number": _is_number,
    "choice": lambda spec, text: text in spec.options,
}


def _contexts(
    repository: Repository, file: WorkflowFile, inputs: dict[str, Any], origin: Origin
) -> dict[str, Any]:
    github = {
        "actor": origin.login,
        "triggering_actor": origin.login,
        "event_name": origin.event,
        "repository": repository.full_name,
        "repository_owner": repository.owner,
        "ref": f"refs/heads/{origin.branch}",
        "ref_name": origin.branch,
        "sha": origin.sha,
        "workflow": file.name,
        "run_attempt": "1",
        "event": {"inputs": dict(inputs)},
    }
    return {"github": github, "inputs": _typed(file, inputs)}


def _typed(file: WorkflowFile, inputs: dict[str, Any]) -> dict[str, Any]:
    """In the `inputs` context booleans and numbers keep their type."""
    typed: dict[str, Any] = dict(inputs)
    for name, spec in file.inputs.items():
        if spec.type == "boolean":
            typed[name] = inputs.get(name) == "true"
        elif spec.type == "number" and inputs.get(name):
            typed[name] = float(inputs[name])
    return typed


def _environments(file: WorkflowFile, contexts: dict[str, Any]) -> list[str]:
    names = [_evaluated(job.environment, contexts) for job in file.jobs.values() if job.environment]
    return list(dict.fromkeys(names))


def _evaluated(template: str, contexts: dict[str, Any]) -> str:
    try:
        return interpolate(str(template), contexts)
    except ExpressionError as error:
        raise ApiError(422, f"Failed to parse workflow: {error}") from error
