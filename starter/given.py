"""What the command line gives for an orchestration: spec file, inputs, event."""

import json
import math
import re
from pathlib import Path
from typing import Any

from contracts.problems import Problem, nearest, shown
from contracts.specs.triggers import DispatchInput
from starter.exits import CliError
from starter.plain import is_text, not_plain
from starter.spec_file import SpecFile, load_spec

MAX_EVENT_BYTES = 1024 * 1024
"""Temporal takes 2 MiB for all of an orchestration's input."""

_WHOLE = re.compile(r"-?[0-9]{1,15}")


def read_given(
    spec: Path, inputs: list[str], event: Path | None, initiator: str = ""
) -> tuple[SpecFile, dict[str, Any]]:
    """Read and check all of it.

    Args:
        spec: path of the spec file.
        inputs: as `key=value`.
        event: JSON file with the payload of a GitHub event.
        initiator: login of who starts it; empty where nobody says.

    Returns:
        The spec file, and the JSON that starts the orchestration.

    Raises:
        CliError: bad input; each problem with its place and a fix.
    """
    file = load_spec(spec)
    given = _read_inputs(file, inputs)
    payload = _read_event(event) if event else None
    _require_event(file, payload)
    started_with = file.render(given, payload)
    return file, started_with | ({"initiator": initiator} if initiator else {})


def _require_event(file: SpecFile, payload: dict[str, Any] | None) -> None:
    """Refuse a start that the spec's triggers do not allow."""
    triggers = file.spec.on
    if payload is None and triggers.needs_event:
        told = "its only trigger is an event; give its payload: --event FILE (JSON)"
        raise file.error([Problem(path=f"on.{next(iter(triggers.events))}", message=told)])
    if found := file.spec.start_problems(payload or {}):
        raise file.error(found)
    action = payload.get("action") if payload else None
    if action is None or not triggers.needs_event:
        return
    types = [one for trigger in triggers.events.values() for one in trigger.types]
    takes_any = any(not trigger.types for trigger in triggers.events.values())
    if not takes_any and action not in types:
        told = f"the event's action is {shown(action)}, and only {', '.join(types)} starts it"
        path = f"on.{next(iter(triggers.events))}.types"
        raise file.error([Problem(path=path, message=told)])


def _read_inputs(file: SpecFile, pairs: list[str]) -> dict[str, Any]:
    trigger = file.spec.on.workflow_dispatch
    declared = trigger.inputs if trigger else {}
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise CliError(f"--input {pair}: no value; write --input {pair}=VALUE")
        if name in values:
            raise CliError(f"--input {name}: given twice; give it once")
        if name not in declared:
            raise CliError(f"--input {name}: not declared in {file.path}; {_hint(name, declared)}")
        if not is_text(value):
            raise CliError(f"--input {name}: no UTF-8; write it as UTF-8")
        values[name] = _typed(name, declared[name], value)
    return values


def _hint(name: str, declared: dict[str, DispatchInput]) -> str:
    if not declared:
        return "it declares no inputs (on.workflow_dispatch.inputs)"
    return nearest(name, declared)


def _typed(name: str, declared: DispatchInput, value: str) -> Any:
    """Read text as the type that the input declares, as GitHub does."""
    if declared.type == "boolean":
        if value not in ("true", "false"):
            raise CliError(f"--input {name}={value}: a boolean; write true or false")
        return value == "true"
    if declared.type == "number":
        return _number(name, value)
    if declared.type == "choice" and value not in declared.options:
        options = ", ".join(declared.options)
        raise CliError(f"--input {name}={value}: none of its options; choose of {options}")
    return value


def _number(name: str, value: str) -> float:
    try:
        number = int(value) if _WHOLE.fullmatch(value) else float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise CliError(f"--input {name}={value}: a number; write for example 3 or 0.5")
    return number


def _read_event(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_EVENT_BYTES:
            raise CliError(f"{path}: larger than {MAX_EVENT_BYTES} bytes; keep what the spec reads")
        event = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CliError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise CliError(f"{path}: byte {error.start} is no UTF-8; write it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise CliError(f"{path}:{error.lineno}:{error.colno}: no JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # thousands of digits, or of brackets
        raise CliError(f"{path}: no event: {error}") from error
    if odd := not_plain(event):
        raise CliError(f"{path}: {odd[0]}")
    if not isinstance(event, dict):
        raise CliError(f"{path}:1: an event is a JSON object, as GitHub's webhooks send it")
    return event
