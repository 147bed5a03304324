"""The two-way contract with a worker: `WorkerRequest` out, `WorkerResult` back.

A worker is known only by this: the inputs that its workflow file declares, and the result that
it publishes. Both carry a protocol version; a version that is not known is refused by name.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, FiniteFloat, model_validator

from contracts.base import MAX_TEXT, Sent, clip
from contracts.names import AW_CONTEXT_INPUT, DISPATCH_ID_INPUT

PROTOCOL = "podium/v1"
KNOWN_PROTOCOLS = (PROTOCOL,)

MAX_INPUTS = 25
"""GitHub's limit on the inputs of one dispatch."""
MAX_INPUT_CHARACTERS = 65_535
"""GitHub's limit on the whole of the inputs of one dispatch."""
MAX_ERRORS = 20
"""Errors kept of one result; the worker's own list may be longer."""
MAX_NAME, MAX_CODE = 200, 100
"""Characters kept of a worker's name and of an error's code."""


class UnknownProtocolError(ValueError):
    """A message of a protocol version that this Podium does not know."""

    def __init__(self, protocol: object) -> None:
        known = ", ".join(KNOWN_PROTOCOLS)
        super().__init__(f"protocol {protocol!r} is not known; known: {known}")


class WorkerInput(Sent):
    """One declared input of a `workflow_dispatch` trigger."""

    type: Literal["string", "choice", "boolean", "number", "environment"] = "string"
    required: bool = False
    default: str | None = None
    options: tuple[str, ...] = ()


class WorkerDeclaration(Sent):
    """What a worker's workflow file says about itself."""

    workflow: str
    """File name under `.github/workflows/`."""
    name: str = ""
    dispatchable: bool = True
    """Whether the file has a `workflow_dispatch` trigger."""
    inputs: dict[str, WorkerInput] = Field(default_factory=dict)
    run_name: str = ""
    writes: str = "not known"
    """Why a run may write somewhere, as far as its file tells; empty where it cannot."""
    agentic: bool = False
    """Whether an agent reads its inputs: what comes from outside is quoted there."""

    @property
    def correlated(self) -> bool:
        """Whether its runs can be told apart by title: the id is declared and in `run-name`."""
        return DISPATCH_ID_INPUT in self.inputs and DISPATCH_ID_INPUT in self.run_name


class WorkerRequest(Sent):
    """One dispatch, exactly as it is sent. v1."""

    protocol: Literal["podium/v1"] = "podium/v1"
    repository: str
    """`owner/name`."""
    workflow: str
    ref: str
    """Branch or tag, never a SHA."""
    inputs: dict[str, str] = Field(default_factory=dict, max_length=MAX_INPUTS)
    dispatch_id: str


class RequestError(ValueError):
    """Inputs that the worker does not take; the message says each problem."""


def build_request(
    declaration: WorkerDeclaration,
    inputs: dict[str, str],
    *,
    repository: str,
    ref: str,
    dispatch_id: str,
    aw_context: str = "",
) -> WorkerRequest:
    """Check inputs against what the worker declares, and add the ids that it declares.

    Args:
        declaration: read from the worker's file at `ref`.
        inputs: as rendered from the spec; none of Podium's own.
        repository: `owner/name`.
        ref: branch or tag to run on.
        dispatch_id: sent as the input `dispatch_id` where that is declared.
        aw_context: flat JSON, sent as the input `aw_context` where that is declared.

    Raises:
        RequestError: undeclared, missing, mistyped or oversized inputs.
    """
    own = {DISPATCH_ID_INPUT: dispatch_id, AW_CONTEXT_INPUT: aw_context}
    sent = inputs | {k: v for k, v in own.items() if k in declaration.inputs and v}
    if found := request_problems(declaration, sent):
        raise RequestError(f"{declaration.workflow} does not take these inputs: {'; '.join(found)}")
    return WorkerRequest(
        repository=repository,
        workflow=declaration.workflow,
        ref=ref,
        inputs=sent,
        dispatch_id=dispatch_id,
    )


def request_problems(declaration: WorkerDeclaration, inputs: dict[str, str]) -> list[str]:
    """List what GitHub would answer 422 to, and what its own checks let through."""
    known = ", ".join(sorted(declaration.inputs)) or "none"
    found = [] if declaration.dispatchable else ["it has no workflow_dispatch trigger"]
    found += [
        f"{name} is not declared (declared: {known})"
        for name in inputs
        if name not in declaration.inputs
    ]
    for name, declared in declaration.inputs.items():
        found += _input_problems(name, declared, inputs.get(name))
    if len(inputs) > MAX_INPUTS:
        found.append(f"{len(inputs)} inputs, GitHub takes {MAX_INPUTS}")
    size = sum(len(k) + len(v) for k, v in inputs.items())
    if size > MAX_INPUT_CHARACTERS:
        found.append(f"{size} characters of input, GitHub takes {MAX_INPUT_CHARACTERS}")
    return found


def _input_problems(name: str, declared: WorkerInput, value: str | None) -> list[str]:
    if value is None or value == "":
        wanted = declared.required and not declared.default
        return [f"{name} is required and has no value"] if wanted else []
    if declared.type == "choice" and value not in declared.options:
        return [f"{name} is {value[:80]!r}, its options are {', '.join(declared.options)}"]
    if declared.type == "boolean" and value not in ("true", "false"):
        return [f"{name} is {value[:80]!r}, it takes true or false"]
    if declared.type == "number" and not _is_number(value):
        return [f"{name} is {value[:80]!r}, it takes a number"]
    return []


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


class WorkerStatus(StrEnum):
    """How a worker itself says it went."""

    SUCCESS = "success"
    FAILURE = "failure"
    PARTIAL = "partial"
    SKIPPED = "skipped"


def _cut(limit: int) -> BeforeValidator:
    """Cut what a worker says at length: its work is not lost over it."""

    def cut(value: Any) -> Any:
        if isinstance(value, str):
            return clip(value, limit)
        return value[:limit] if isinstance(value, (list, tuple)) else value

    return BeforeValidator(cut)


class WorkerError(Sent):
    """One error that a worker reports."""

    message: Annotated[str, _cut(MAX_TEXT)] = Field(max_length=MAX_TEXT)
    code: Annotated[str, _cut(MAX_CODE)] = Field(default="", max_length=MAX_CODE)


class WorkerResult(Sent):
    """What a worker publishes when it ends. v1."""

    protocol: Literal["podium/v1"]
    dispatch_id: str = ""
    """As received; empty where the worker was started by hand."""
    worker: Annotated[str, _cut(MAX_NAME)] = Field(max_length=MAX_NAME)
    run_id: int
    run_attempt: int = Field(default=1, ge=1)
    status: WorkerStatus
    summary: Annotated[str, _cut(MAX_TEXT)] = Field(default="", max_length=MAX_TEXT)
    outputs: dict[str, Any] = Field(default_factory=dict)
    errors: Annotated[tuple[WorkerError, ...], _cut(MAX_ERRORS)] = Field(
        default=(), max_length=MAX_ERRORS
    )
    metrics: dict[str, FiniteFloat] = Field(default_factory=dict)
    """Figures by name; the unit is part of the name, as in `duration_seconds`."""
    progress: FiniteFloat | None = Field(default=None, ge=0, le=1)
    """Share done, for a result that is published before the end."""

    @model_validator(mode="before")
    @classmethod
    def _known_protocol(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("protocol") not in KNOWN_PROTOCOLS:
            raise UnknownProtocolError(data.get("protocol"))
        return data
