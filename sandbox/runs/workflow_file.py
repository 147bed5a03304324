"""Reading a workflow file: its trigger, inputs, jobs, permissions and what it uses."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

_NO_YAML_11_BOOLEANS = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_BOOLEAN_TAG = "tag:yaml.org,2002:bool"
READ_ONLY = {"contents": "read", "packages": "read", "metadata": "read"}


class WorkflowFileError(ValueError):
    """The file is not a workflow."""


class _Loader(yaml.SafeLoader):
    """YAML 1.2 booleans: `on`, `off`, `yes` and `no` are plain text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN_TAG]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOLEAN_TAG, _NO_YAML_11_BOOLEANS, list("tTfF"))


@dataclass(frozen=True, slots=True)
class WorkflowInput:
    """One declared input of `workflow_dispatch`."""

    name: str
    type: str = "string"
    required: bool = False
    default: Any = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkflowJob:
    """One job of a workflow file."""

    key: str
    name: str
    labels: tuple[str, ...]
    steps: tuple[Mapping[str, Any], ...]
    environment: str | None = None
    timeout_minutes: float = 360.0
    has_matrix: bool = False


@dataclass(frozen=True, slots=True)
class WorkflowFile:
    """What the sandbox needs to know of a workflow file."""

    path: str
    name: str
    run_name: str | None
    dispatchable: bool
    inputs: dict[str, WorkflowInput]
    jobs: dict[str, WorkflowJob]
    permissions: dict[str, str]
    concurrency: Mapping[str, Any] | None = None
    problem: str | None = None
    """Why no run of this file can start, as far as a look at its jobs tells."""
    uses: frozenset[str] = field(default_factory=frozenset)


def load_yaml(text: str) -> Any:
    """Read YAML with YAML 1.2 booleans.

    Raises:
        WorkflowFileError: the text is not YAML.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
    except (yaml.YAMLError, ValueError) as error:
        raise WorkflowFileError(str(error)) from error


def parse_workflow(path: str, text: str) -> WorkflowFile:
    """Read a workflow file.

    Broken jobs are no error here: on GitHub such a run ends as `startup_failure`, and so
    the file is given back with `problem` set.

    Raises:
        WorkflowFileError: the file is not YAML, or not a mapping with `on`.
    """
    document = load_yaml(text)
    if not isinstance(document, dict) or "on" not in document:
        raise WorkflowFileError("No event triggers defined in `on`")
    jobs = document.get("jobs")
    problem = None
    if (
        not isinstance(jobs, dict)
        or not jobs
        or not all(isinstance(j, dict) for j in jobs.values())
    ):
        jobs, problem = {}, "'jobs' is missing or is not a mapping of jobs"
    dispatchable, inputs = _trigger(document["on"])
    return WorkflowFile(
        path=path,
        name=str(document.get("name") or path),
        run_name=document.get("run-name"),
        dispatchable=dispatchable,
        inputs=inputs,
        jobs={str(key): _job(str(key), job) for key, job in jobs.items()},
        permissions=_permissions(document.get("permissions"), jobs.values()),
        concurrency=_concurrency(document.get("concurrency")),
        problem=problem,
        uses=frozenset(_uses(jobs.values())),
    )


def _trigger(on: Any) -> tuple[bool, dict[str, WorkflowInput]]:
    if isinstance(on, str):
        return on == "workflow_dispatch", {}
    if isinstance(on, list):
        return "workflow_dispatch" in on, {}
    if not isinstance(on, dict) or "workflow_dispatch" not in on:
        return False, {}
    declared = (on["workflow_dispatch"] or {}).get("inputs") or {}
    return True, {str(name): _input(str(name), spec or {}) for name, spec in declared.items()}


def _input(name: str, spec: Mapping[str, Any]) -> WorkflowInput:
    return WorkflowInput(
        name=name,
        type=str(spec.get("type", "string")),
        required=spec.get("required") is True,
        default=spec.get("default"),
        options=tuple(str(option) for option in spec.get("options") or ()),
    )


def _job(key: str, job: Mapping[str, Any]) -> WorkflowJob:
    environment = job.get("environment")
    if isinstance(environment, dict):
        environment = environment.get("name")
    timeout = job.get("timeout-minutes", 360)
    return WorkflowJob(
        key=key,
        name=str(job.get("name") or key),
        labels=tuple(_labels(job)),
        steps=tuple(step for step in job.get("steps") or () if isinstance(step, dict)),
        environment=None if environment is None else str(environment),
        timeout_minutes=float(timeout) if isinstance(timeout, int | float) else 360.0,
        has_matrix=bool((job.get("strategy") or {}).get("matrix")),
    )


def _labels(job: Mapping[str, Any]) -> Iterator[str]:
    wanted = job.get("runs-on") or []
    if isinstance(wanted, dict):
        wanted = wanted.get("labels") or []
    for label in [wanted] if isinstance(wanted, str) else wanted:
        if "${{" not in str(label):
            yield str(label)
    matrix = (job.get("strategy") or {}).get("matrix")
    if "${{" in str(wanted) and isinstance(matrix, dict):
        for values in matrix.values():
            yield from (
                (str(v) for v in values if isinstance(v, str)) if isinstance(values, list) else ()
            )


def _permissions(top: Any, jobs: Any) -> dict[str, str]:
    """The union over the jobs: all jobs of a run share one token here."""
    granted: dict[str, str] = {}
    for job in jobs:
        for scope, level in _grants(job.get("permissions", top)).items():
            if granted.get(scope) != "write":
                granted[scope] = level
    return granted


def _grants(declared: Any) -> dict[str, str]:
    if declared is None:
        return dict(READ_ONLY)
    if declared in ("write-all", "read-all"):
        return {"*": str(declared).removesuffix("-all")}
    if isinstance(declared, dict):
        return {"metadata": "read"} | {str(k): str(v) for k, v in declared.items()}
    return {}


def _concurrency(declared: Any) -> Mapping[str, Any] | None:
    if isinstance(declared, str):
        return {"group": declared}
    return declared if isinstance(declared, dict) and declared.get("group") else None


def _uses(jobs: Any) -> Iterator[str]:
    for job in jobs:
        for step in job.get("steps") or ():
            if isinstance(step, dict) and isinstance(step.get("uses"), str):
                yield step["uses"]
