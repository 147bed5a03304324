"""Spec files: read, checked with file and line, and rendered to the input that Temporal gets."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from activities import yaml12
from contracts.orchestration import BadInputError, parse_spec, resolve_inputs
from contracts.problems import Problem
from contracts.specs import WORKFLOW_TYPES
from contracts.specs.common import Spec
from starter.embedding import embed
from starter.exits import CliError
from starter.plain import not_plain
from starter.zones import zone_problem

MAX_SPEC_BYTES = 1024 * 1024


class SpecFileError(CliError):
    """A spec that cannot be used; one line per problem, each with file and line."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class SpecFile:
    """A checked spec, as data with its schemas embedded, and as a model."""

    path: Path
    data: dict[str, Any]
    spec: Spec
    text: str
    """As read, to tell on which line a key stands."""

    @property
    def workflow_type(self) -> str:
        """The Temporal workflow type that runs it."""
        return WORKFLOW_TYPES[self.spec.pattern]

    def render(self, inputs: dict[str, Any], event: dict[str, Any] | None = None) -> dict[str, Any]:
        """Make the JSON that any Temporal client can start the orchestration with.

        Args:
            inputs: what `${{ inputs.* }}` reads.
            event: what `${{ event.* }}` reads.

        Raises:
            SpecFileError: inputs that the spec does not declare, or lacks.
        """
        try:
            resolve_inputs(self.spec, inputs)
        except BadInputError as error:
            raise self.error(error.problems) from None
        return {"spec": self.data, "inputs": inputs} | ({"event": event} if event else {})

    def error(self, problems: Iterable[Problem]) -> SpecFileError:
        """Say each problem with the line that it stands on."""
        return SpecFileError([_located(self.path, self.text, problem) for problem in problems])


def load_spec(path: Path) -> SpecFile:
    """Read and check a spec file.

    Raises:
        SpecFileError: what is wrong, where, and how to mend it.
    """
    text = _read(path)
    try:
        data = yaml12.load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # the last: no such date
        raise SpecFileError([f"{_place(path, error)}: no YAML: {_say(error)}"]) from error
    try:
        data = _plain(embed(path, _plain(data), _read_child))
        spec = parse_spec(data)
        _require_zone(spec)
    except BadInputError as error:
        lines = [_located(path, text, problem) for problem in error.problems]
        raise SpecFileError(lines) from error
    except OverflowError as error:
        raise SpecFileError([f"{path}: a number or duration is too large: {error}"]) from error
    return SpecFile(path, data, spec, text)


def _require_zone(spec: Spec) -> None:
    if spec.on.schedule and (wrong := zone_problem(spec.on.schedule.timezone)):
        raise BadInputError([Problem(path="on.schedule.timezone", message=wrong)])


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_SPEC_BYTES:
            raise SpecFileError([f"{path}: larger than {MAX_SPEC_BYTES} bytes"])
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecFileError([f"{path}: cannot be read: {error.strerror or error}"]) from error
    except UnicodeDecodeError as error:
        message = f"{path}: byte {error.start} is no UTF-8; write the spec as UTF-8"
        raise SpecFileError([message]) from error


def _read_child(path: Path) -> Any:
    """Read a spec that another one names.

    Raises:
        BadInputError: it cannot be read, or is no YAML.
    """
    try:
        return yaml12.load(_read(path))
    except SpecFileError as error:
        raise BadInputError([Problem(path="", message=str(error))]) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        where = f"{_place(path, error)}: no YAML: {_say(error)}"
        raise BadInputError([Problem(path="", message=where)]) from error


def _plain(data: Any) -> Any:
    if odd := not_plain(data):
        raise BadInputError(odd)
    return data


def _located(path: Path, text: str, problem: Problem) -> str:
    # A problem that a model found over several keys begins with the path of the worst one.
    named, _, rest = problem.message.partition(": ")
    at = problem.path or (named if rest and " " not in named else "")
    if at.startswith("inputs."):  # as started; the spec declares them elsewhere
        at = f"on.workflow_dispatch.{at}"
    return f"{path}:{yaml12.line_of(text, at)}: {problem}"


def _place(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{path}:{mark.line + 1}" if mark else str(path)


def _say(error: Exception) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]
