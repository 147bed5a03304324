"""The page of the pattern says what the code does: statuses, messages, limits, words."""

import re
from datetime import timedelta

from contracts import names
from contracts.report import COMPLETES, GOES_ON, OrchestrationStatus
from contracts.runs import GOOD, RETRIED, OutcomeStatus
from contracts.specs.orchestrator_worker import OrchestratorWorkerSpec
from tests.docs.pages import ROOT, blocks, code_in, tables
from workflows import policies

PAGE = ROOT / "docs" / "patterns" / "orchestrator-worker.md"
PARTS = "".join(
    file.read_text()
    for folder in ("parts", "patterns")
    for file in (ROOT / "workflows" / folder).glob("*.py")
)


def test_every_outcome_is_told_and_whether_it_is_retried() -> None:
    rows = tables(PAGE, "## One item")[1:]
    retried = {OutcomeStatus(one): row[2] for row in rows for one in code_in(row[0])}

    assert set(retried) == set(OutcomeStatus)
    assert {one for one, said in retried.items() if said == "yes"} == RETRIED
    assert {one for one, said in retried.items() if not said} <= GOOD


def test_every_end_is_told_with_how_temporal_shows_it() -> None:
    rows = {code_in(row[0])[0]: row[2] for row in tables(PAGE, "## The orchestration")[1:]}
    never = GOES_ON | {OrchestrationStatus.REJECTED}

    assert set(rows) == set(OrchestrationStatus) - never
    assert {one for one, shown in rows.items() if shown == "Completed"} == COMPLETES


def test_the_messages_are_those_that_the_console_registers() -> None:
    source = (ROOT / "workflows" / "parts" / "console.py").read_text()
    told = {code_in(row[0])[0] for row in tables(PAGE, "## Messages") if code_in(row[0])}
    found = set(re.findall(r"handler\(names\.((?:SIGNAL|QUERY)_\w+)", source))

    assert told == {getattr(names, one) for one in found}


def test_the_time_limits_are_those_of_the_policies() -> None:
    limits = {row[0]: row[1] for row in tables(PAGE, "## Time limits")[1:]}

    for what, policy in (
        ("one read or collection", policies.READ),
        ("one poll of the run list", policies.POLL_ONCE),
        ("one cancellation", policies.CANCEL),
        ("one issue", policies.CONTENT),
    ):
        once, total = policy["start_to_close_timeout"], policy["schedule_to_close_timeout"]
        assert once is not None
        assert total is not None
        assert limits[what].startswith(f"{once.total_seconds():g} s")
        assert f"tried again for {_long(total)}" in limits[what]
    until = policies.dispatch(timedelta(hours=5))["schedule_to_close_timeout"]
    assert until == timedelta(hours=5)
    assert limits["one dispatch attempt"].endswith("tried again until the deadline")
    assert limits["outstanding dispatches"].startswith(f"{policies.MAX_DISPATCHING},")
    low, high = policies.POLL_MIN.total_seconds(), policies.POLL_MAX.total_seconds()
    assert limits["between two polls"].startswith(f"{low:g} s to {high:g} s")
    assert policies.CANCEL_GRACE.total_seconds() == 60, "said in the diagram and the table"
    assert policies.WAITER_CHECK.total_seconds() == 30, "said of `terminate`"
    assert timedelta(hours=3) == policies.DEADLINE_GRACE, "said of the execution timeout"
    assert timedelta(days=30) == policies.PAUSE_MAX, "said of the execution timeout"


def _long(limit: timedelta) -> str:
    minutes = limit.total_seconds() / 60
    return f"{minutes / 60:g} h" if minutes >= 60 else f"{minutes:g} min"


def test_journaled_words_and_keys_of_the_failures_are_real() -> None:
    known = {f.alias or n for n, f in OrchestratorWorkerSpec.model_fields.items()}
    known |= set(OutcomeStatus) | {"PODIUM_SETTLE_SECONDS", names.DISPATCH_ID_INPUT}
    known |= {names.ATTRIBUTE_STATUS, names.QUERY_STATUS, "waiting", "environment-timeout-minutes"}
    rows = tables(PAGE, "## When something fails")[1:]
    words = [one for row in rows for cell in row for one in code_in(cell)]

    assert len(words) > 5, "the guard would be vacuous"
    assert [one for one in words if one not in known and f'"{one}"' not in PARTS] == []


def test_the_diagrams_are_state_machines_whose_states_can_all_be_reached() -> None:
    diagrams = [block.text for block in blocks(PAGE) if block.language == "mermaid"]

    assert len(diagrams) == 2
    for text in diagrams:
        kind, *lines = text.strip().splitlines()
        assert kind == "stateDiagram-v2"
        arrows = [re.fullmatch(r" +(\S+) --> (\S+?)(: [^:;]+)?", line) for line in lines]
        assert all(arrows), lines
        steps = [(arrow[1], arrow[2]) for arrow in arrows if arrow]
        assert {a for a, _ in steps} == {b for _, b in steps}, "no state is a trap or unreachable"
