"""Whatever JSON an orchestration is started with either decodes or is refused in words.

Any other error would fail the workflow task, which Temporal tries again for ever.
"""

import copy
import json
import time
from datetime import datetime
from typing import Any

import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter

from contracts import expressions
from contracts.base import MAX_TEXT, parse_duration
from contracts.fleet import OrchestrationState
from contracts.orchestration import BadInputError, parse_input, parse_spec
from contracts.problems import MAX_PROBLEMS
from contracts.specs import OrchestratorWorkerSpec

STARTED_AT = datetime.fromisoformat("2026-11-24T04:12:00Z")

FULL: dict[str, Any] = {
    "spec": {
        "name": "daily",
        "description": "Look at things.",
        "pattern": "orchestrator-worker",
        "on": {
            "workflow_dispatch": {
                "inputs": {
                    "severity": {"type": "choice", "options": ["low", "high"], "default": "low"},
                    "share": {"type": "number", "required": False},
                }
            },
            "schedule": "daily",
        },
        "repository": "octo-org/widgets",
        "safe-outputs": {"create-issue": {"max": 1, "labels": ["report"]}},
        "for-each": {"source": "list", "items": ["alpha", 7, {"path": "README.md"}], "limit": 9},
        "worker": {
            "workflow": "w.yml",
            "ref": "main",
            "inputs": {"n": "${{ item.value }}", "s": "${{ inputs.severity }}", "flag": True},
            "result": {
                "channels": ["comment", "artifact"],
                "schema": {"type": "object"},
                "comment-on": "${{ item.number }}",
                "max-bytes": 1024,
            },
            "timeout-minutes": 1.5,
            "retry": {"initial-interval": "30s", "maximum-interval": "10m"},
        },
        "max-parallel": 2,
        "deadline": "6h",
        "stall-after": "1h30m",
        "success": {"min-success-rate": 0.5},
        "report": {
            "title": "${{ run.name }} of ${{ event.action }} for ${{ inputs.severity }}",
            "counts": ["outputs.kind"],
            "columns": {"Kind": "outputs.kind"},
            "highlights": {"field": "outputs.bad", "equals": True, "title": "Bad"},
            "recommendations": [{"field": "outputs.bad", "text": "Look."}],
        },
    },
    "inputs": {"severity": "high"},
    "event": {"action": "opened", "sender": {"login": "zoë"}},
    "carry": {"started_at": "2026-11-24T04:12:00Z", "deadline_at": "2026-11-24T10:12:00Z"},
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the path of every value of a document, the whole included."""
    below: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        below = list(value.items() if isinstance(value, dict) else enumerate(value))
    return [path, *(found for key, one in below for found in places(one, (*path, key)))]


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    at = changed
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return changed


def nested(depth: int, *, objects: bool) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value} if objects else [value]
    return value


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.from_regex(r"-?P?[0-9]{1,30}(\.[0-9]{1,9})?(ms|s|m|h|d|w|T)?", fullmatch=True),
    st.sampled_from(
        [
            "\ud83d",
            "${{ run.name.x }}",
            "${{ inputs.severity.x }}",
            "${{ event.action.x }}",
            "${{ event.nope }}",
            "${{ event.\ud83d }}",
            "${{ run }}",
            "${{",
            "P9999999999D",
            "P999999999D",
            "-P3D",
            "99999999d",
            "9" * 400 + "d",
            "2026-11-24",
        ]
    ),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, -(10**30), 10**4299, 2**63, -(2**63) - 1]),
    st.floats(allow_nan=False),
    TEXTS,
    st.dates(),
    st.datetimes(),
)
DEEP = st.builds(nested, st.sampled_from([5, 150]), objects=st.booleans())
VALUES = st.recursive(
    st.one_of(SCALARS, DEEP),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)
CHANGES = st.lists(st.tuples(st.sampled_from(places(FULL)), VALUES), min_size=1, max_size=2)


def over_the_wire(document: Any) -> Any:
    """A document as Temporal hands it to a workflow; what Temporal cannot read never arrives."""
    data = json.dumps(document, default=str).encode()
    payload = Payload(metadata={"encoding": b"json/plain"}, data=data)
    try:
        (got,) = pydantic_data_converter.payload_converter.from_payloads([payload], [Any])
    except ValidationError:
        reject()
    return got


def refusal(document: Any) -> str:
    """Why a document is refused; nothing when it decodes."""
    try:
        parse_input((document,), OrchestratorWorkerSpec)
    except BadInputError as error:
        told = str(error)
    else:
        return ""
    assert told, "a refusal says why"
    assert len(told.encode()) < 128 * 1024, "Temporal keeps a failure's text"
    return told


def began(document: Any) -> None:
    """Do with a document all that a workflow does before it can fail in order."""
    found = parse_input((document,), OrchestratorWorkerSpec)
    state = OrchestrationState.resume(found.carry, STARTED_AT, found.spec.deadline)
    run = dict.fromkeys(("name", "date", "id", "repository"), "text")
    context = {"run": run, "inputs": found.inputs, "event": found.event}
    expressions.render(found.spec.report.title, context)
    assert STARTED_AT + found.spec.stall_after >= STARTED_AT
    found.carrying(state)


@settings(max_examples=400)
@given(CHANGES)
@example([(("spec", "deadline"), "9" * 20 + "d")])
@example([(("spec", "worker", "inputs", "n"), "${{\ud800}}")])
def test_no_json_ends_in_another_error_than_a_refusal(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    document = FULL
    for path, value in changes:
        if path in places(document):
            document = replaced(document, path, value)

    refusal(document)
    arrived = over_the_wire(document)
    if not refusal(arrived):
        began(arrived)


ODD: dict[str, tuple[tuple[Any, ...], Any, str]] = {
    "a huge duration": (("spec", "deadline"), "9" * 20 + "d", "is too long a duration: from 0s"),
    "a duration of digits": (("spec", "deadline"), "9" * 900_000, "is no duration"),
    "a long deadline": (("spec", "deadline"), "366d", "at most 365d"),
    "an endless stall": (("spec", "stall-after"), "P999999999D", "waited for: from 0s to 3650d"),
    "an endless interval": (
        ("spec", "worker", "retry", "initial-interval"),
        1e13,
        "from 0s to 3650d",
    ),
    "a stall in the past": (("spec", "stall-after"), -5, "from 0s to 3650d"),
    "digits": (("spec", "max-parallel"), 10**5_000, "max-parallel"),
    "a pattern of digits": (("spec", "pattern"), 10**5_000, "too large to show is no pattern"),
    "a deep pattern": (("spec", "pattern"), nested(100_000, objects=False), "is no pattern"),
    "a deep action": (("event", "action"), nested(100_000, objects=True), "spelled as text"),
    "a choice of digits": (("inputs", "severity"), 10**5_000, "is none of low, high"),
    "no event": (("event",), None, "spec.report.title: ${{ event.action }} is not known"),
    "a title that leads too far": (("spec", "report", "title"), "${{ run.name.x }}", "run.name?"),
    "a half of a character": (("\ud83d",), 1, r"\ud83d: unknown key"),
    "a carry that is none": (("carry",), 7, "carry: "),
    "a carry without an end": (("carry", "deadline_at"), None, "carry.deadline_at: "),
}
"""What once ended in another error, or is near to it: place, value, words of the refusal."""


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_refused_in_words(name: str) -> None:
    path, value, words = ODD[name]

    assert words in refusal(replaced(FULL, path, value))


MANY = {f"key-{n}": n for n in range(150_000)}
SLOW: dict[str, tuple[tuple[Any, ...], Any]] = {
    "unknown keys at the top": ((), {**FULL, **MANY}),
    "unknown keys of a spec": (("spec",), {**FULL["spec"], **MANY}),
    "unknown inputs": (("inputs",), MANY),
    "one long key": (("spec", "y" * 1_500_000), 1),
    "beginnings of expressions": (("spec", "worker", "inputs", "n"), "${{" * 500_000),
    "beginnings after an end": (("spec", "worker", "inputs", "n"), "}}" + "${{" * 500_000),
    "one long path": (("spec", "worker", "inputs", "n"), "${{ inputs." + "x" * 1_500_000 + " }}"),
    "one long duration": (("spec", "deadline"), "1" * 1_500_000),
    "a title that reads a large event": (("event",), MANY),
}


@pytest.mark.parametrize("name", SLOW)
def test_large_input_is_refused_in_linear_time(name: str) -> None:
    """A workflow task that takes two seconds is failed, and tried again for ever.

    The bound says nothing of speed: with each key or character looked at once it is far off on
    any machine, and whatever looks at all of them for each of them takes hours.
    """
    path, value = SLOW[name]
    document = replaced(FULL, path, value)
    began_at = time.process_time()

    told = refusal(document)

    assert time.process_time() - began_at < 30
    assert 0 < len(told) < 64 * 1024


@pytest.mark.parametrize("value", ["9" * 20 + "d", "9" * 400 + "w", "1e5d", "d" * 10**6, "-1d"])
def test_a_duration_that_is_none_is_a_value_error(value: str) -> None:
    with pytest.raises(ValueError, match="duration") as refused:
        parse_duration(value)

    assert len(str(refused.value)) < MAX_TEXT


def test_no_more_problems_are_told_than_anybody_reads() -> None:
    with pytest.raises(BadInputError) as refused:
        parse_spec({**FULL["spec"], **MANY})

    assert len(refused.value.problems) == MAX_PROBLEMS


def test_the_document_that_is_changed_decodes() -> None:
    parse_input((FULL,), OrchestratorWorkerSpec)

    assert len(places(FULL)) > 60, "the fuzzing would be vacuous"
