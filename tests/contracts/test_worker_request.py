"""What a worker declares is what it gets."""

from typing import Any

import pytest
from pydantic import ValidationError

from contracts.worker import (
    KNOWN_PROTOCOLS,
    RequestError,
    UnknownProtocolError,
    WorkerDeclaration,
    WorkerInput,
    WorkerRequest,
    WorkerResult,
    build_request,
)

DECLARED = WorkerDeclaration(
    workflow="w.yml",
    inputs={
        "item": WorkerInput(required=True),
        "mode": WorkerInput(type="choice", options=("fast", "full")),
        "dry": WorkerInput(type="boolean"),
        "count": WorkerInput(type="number"),
        "dispatch_id": WorkerInput(),
    },
)


def request(declared: WorkerDeclaration = DECLARED, **inputs: str) -> WorkerRequest:
    return build_request(
        declared, inputs, repository="o/r", ref="main", dispatch_id="pd-1", aw_context="{}"
    )


def test_ids_travel_only_where_they_are_declared() -> None:
    assert request(item="1").inputs == {"item": "1", "dispatch_id": "pd-1"}

    bare = WorkerDeclaration(workflow="w.yml", inputs={"item": WorkerInput()})
    assert request(bare, item="1").inputs == {"item": "1"}

    agentic = WorkerDeclaration(workflow="w.lock.yml", inputs={"aw_context": WorkerInput()})
    assert request(agentic).inputs == {"aw_context": "{}"}


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({}, "item is required"),
        ({"item": ""}, "item is required"),
        ({"item": "1", "other": "x"}, "other is not declared"),
        ({"item": "1", "mode": "slow"}, "its options are fast, full"),
        ({"item": "1", "dry": "yes"}, "true or false"),
        ({"item": "1", "count": "many"}, "takes a number"),
        ({"item": "x" * 65_536}, "GitHub takes 65535"),
    ],
)
def test_what_github_would_refuse_is_refused_before(inputs: dict[str, str], problem: str) -> None:
    with pytest.raises(RequestError, match=problem):
        request(DECLARED, **inputs)


def test_a_worker_without_the_trigger_is_refused() -> None:
    with pytest.raises(RequestError, match="no workflow_dispatch trigger"):
        request(DECLARED.model_copy(update={"dispatchable": False}), item="1")


def test_twenty_five_inputs_are_the_limit() -> None:
    names = [f"i{n}" for n in range(26)]
    declared = WorkerDeclaration(workflow="w.yml", inputs={n: WorkerInput() for n in names})

    with pytest.raises(RequestError, match="26 inputs, GitHub takes 25"):
        request(declared, **dict.fromkeys(names, "x"))


def test_runs_are_correlated_only_when_the_title_shows_the_id() -> None:
    shown = DECLARED.model_copy(update={"run_name": "w [${{ inputs.dispatch_id }}]"})

    assert shown.correlated
    assert not DECLARED.correlated
    assert not WorkerDeclaration(workflow="w.yml", run_name="dispatch_id").correlated


RESULT: dict[str, Any] = {
    "protocol": "podium/v1",
    "worker": "w",
    "run_id": 1,
    "status": "success",
}


def test_newer_writers_are_tolerated() -> None:
    assert WorkerResult.model_validate(RESULT | {"later": 1}).run_id == 1


@pytest.mark.parametrize("protocol", ["podium/v2", "podium/v0", None, 1])
def test_an_unknown_version_is_refused_with_the_known_ones(protocol: object) -> None:
    with pytest.raises(UnknownProtocolError, match=KNOWN_PROTOCOLS[0]):
        raise_plain(RESULT | {"protocol": protocol})


def raise_plain(data: dict[str, Any]) -> None:
    """Pydantic wraps a validator's error; its cause says which one it was."""
    try:
        WorkerResult.model_validate(data)
    except ValidationError as error:
        context = error.errors()[0].get("ctx", {})
        raise context["error"] from error
