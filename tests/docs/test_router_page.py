"""The page of the router says what the code does: conditions, decisions, limits, states."""

import re

from activities import matching, routing
from contracts import routing as contract
from contracts.base import kebab
from contracts.report import OrchestrationStatus
from contracts.runs import OutcomeStatus
from contracts.specs.router import When
from tests.docs.machines import machines
from tests.docs.pages import ROOT, code_in, tables

PAGE = ROOT / "docs" / "patterns" / "router.md"
CODE = "".join(
    (ROOT / "workflows" / "parts" / name).read_text()
    for name in ("desk.py", "routes.py", "outbox.py")
)


def test_every_condition_is_told() -> None:
    told = {one for row in tables(PAGE, "## Rules")[1:] for one in code_in(row[0])}

    assert told == {kebab(name) for name in When.model_fields}
    assert {kebab(name) for name in matching._HOLD} == told


def test_every_decision_that_a_router_makes_is_told() -> None:
    told = {code_in(row[0])[0] for row in tables(PAGE, "## One item")[1:]}
    made = set(re.findall(r'decide\("([a-z-]+)"', (ROOT / "workflows/parts/desk.py").read_text()))

    assert made < told
    assert [one for one in told if f'"{one}"' not in CODE] == []


def test_the_limits_are_those_of_the_code() -> None:
    text = " ".join(PAGE.read_text().split())

    assert f"first {routing.MAX_TEXT:,} characters" in text
    assert f"gets {matching.SECONDS:g} s of computing" in text
    assert f"up to {contract.MAX_ITEMS} items at once" in text


def test_the_diagrams_can_be_walked_and_outcomes_are_outcomes() -> None:
    item, whole = machines(PAGE)
    words = {
        one
        for row in tables(PAGE, "## When something fails")[1:]
        for one in code_in(row[1])
        if f'"{one}"' not in CODE
    }

    assert {a for a, b in item if b == "[*]"} == {"Skipped", "Left", "Ended"}
    assert {a for a, b in whole if b == "Stopping"} == {"Routing", "Paused"}
    assert words <= set(OutcomeStatus) | set(OrchestrationStatus)
