"""Specs: what is accepted, what is refused and how, and how an input decodes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.base import format_duration, parse_duration
from contracts.fleet import Entry, OrchestrationState
from contracts.orchestration import BadInputError, parse_input, parse_spec
from contracts.runs import Item
from contracts.specs import OrchestratorWorkerSpec

SPEC: dict[str, Any] = {
    "name": "daily",
    "pattern": "orchestrator-worker",
    "repository": "octo-org/widgets",
    "for-each": {"source": "open-issues"},
    "worker": {"workflow": "w.yml", "inputs": {"n": "${{ item.number }}"}},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """SPEC with one key, by dotted path, set to another value."""
    *parents, last = path.split(".")
    data: dict[str, Any] = {**SPEC}
    at = data
    for step in parents:
        at[step] = {**at.get(step, {})}
        at = at[step]
    at[last] = value
    return data


def test_defaults_are_those_of_the_documentation() -> None:
    spec = OrchestratorWorkerSpec.model_validate(SPEC)

    assert spec.max_parallel == 10
    assert spec.worker.timeout_minutes == 20
    assert spec.worker.queue_timeout_minutes == 30
    assert spec.worker.retry.maximum_attempts == 3
    assert spec.deadline == timedelta(hours=6)
    assert spec.permissions == "read-all"
    assert spec.safe_outputs.create_issue is None


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("max-paralel", 3, "unknown key 'max-paralel'; did you mean max-parallel?"),
        ("max_parallel", 3, "did you mean max-parallel?"),
        ("max-parallel", "many", "max-parallel: input should be a valid integer"),
        ("max-parallel", 0, "greater than or equal to 1"),
        ("worker.timout-minutes", 3, "worker.timout-minutes: unknown key"),
        ("worker.workflow", "../../x.yml", "worker.workflow"),
        ("worker.inputs", {"n": "${{ item.nmber }}"}, "did you mean item.number?"),
        ("worker.retry", {"initial-interval": "soon"}, "is no duration"),
        ("pattern", "orchestrator", "did you mean orchestrator-worker?"),
        ("repository", "widgets", "repository: string should match"),
        ("permissions", "write-all", "permissions"),
        ("for-each", {"source": "list"}, "source: list needs items"),
        ("for-each", {"source": "open-isues"}, "for-each.source"),
        ("report.title", "${{ item.number }}", "report.title"),
        ("deadline", "400d", "at most 365d"),
        ("budget", {"on-exceeded": "warn"}, "budget: limits nothing: write at least one of"),
        ("budget", {"dispatches": 0}, "budget.dispatches: input should be greater than"),
        ("budget", {"tokens": 9, "on-exceeded": "halt"}, "budget.on-exceeded"),
        ("on", {"workflow_dispatch": True, "shedule": "daily"}, "did you mean schedule?"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_fix(path: str, value: Any, problem: str) -> None:
    with pytest.raises(BadInputError) as refused:
        parse_spec(changed(path, value))

    assert problem in str(refused.value)


def test_a_spec_without_pattern_says_so() -> None:
    with pytest.raises(BadInputError, match="pattern: this key is required"):
        parse_spec({"name": "x"})


@pytest.mark.parametrize(
    "arguments",
    [(), (1,), ("text",), ([],), ({}, {}), ({"spec": None},), ({"spec": SPEC, "input": {}},)],
)
def test_an_odd_start_is_refused_and_nothing_else(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(BadInputError):
        parse_input(arguments, OrchestratorWorkerSpec)


def test_inputs_are_those_that_the_spec_declares() -> None:
    declared = changed(
        "on",
        {"workflow_dispatch": {"inputs": {"who": {"default": "me"}, "what": {"required": True}}}},
    )

    decoded = parse_input(({"spec": declared, "inputs": {"what": 1}},), OrchestratorWorkerSpec)
    assert decoded.inputs == {"who": "me", "what": 1}

    with pytest.raises(BadInputError, match="did you mean what"):
        parse_input(({"spec": declared, "inputs": {"whta": 1}},), OrchestratorWorkerSpec)


def test_who_started_it_is_the_sender_of_the_event_or_who_claims_to() -> None:
    given = {"spec": SPEC, "initiator": "mona"}
    claimed = parse_input((given,), OrchestratorWorkerSpec)
    sent = {**given, "event": {"sender": {"login": "hubot"}}}
    state = OrchestrationState.resume(None, datetime.now(UTC), timedelta(hours=1))

    assert claimed.initiator == claimed.carrying(state)["initiator"] == "mona"
    assert parse_input((sent,), OrchestratorWorkerSpec).initiator == "hubot"
    assert parse_input(({"spec": SPEC},), OrchestratorWorkerSpec).initiator == ""
    for odd in (["mona"], "m" * 101):
        with pytest.raises(BadInputError, match="initiator: must be the login"):
            parse_input(({**given, "initiator": odd},), OrchestratorWorkerSpec)


def test_a_carried_input_decodes_to_the_same_state() -> None:
    started = parse_input(({"spec": SPEC},), OrchestratorWorkerSpec)
    now = datetime.now(UTC)
    state = OrchestrationState.resume(None, now, timedelta(hours=1))
    state.fleet.entries.append(Entry(item=Item(key="7", fields={"number": 7}), sequence=3))
    state.fleet.source.after = ("2026-01-01T00:00:00Z", 12)
    state.doubted_since = now

    carried = parse_input((started.carrying(state),), OrchestratorWorkerSpec)
    again = OrchestrationState.resume(carried.carry, now, timedelta(hours=9))

    assert carried.spec == started.spec
    assert again == state


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("20m", 1200), ("1h30m", 5400), ("2d", 172_800), ("500ms", 0.5)],
)
def test_durations_read_and_write_alike(text: str, seconds: float) -> None:
    read = parse_duration(text)

    assert read == timedelta(seconds=seconds)
    assert parse_duration(format_duration(read)) == read
