"""The page of the hierarchy says what the code does: ends of children, words, limits."""

import re
from datetime import timedelta

from contracts import errors, names
from contracts.report import COMPLETES, GOES_ON, OrchestrationStatus
from contracts.runs import GOOD, OutcomeStatus
from contracts.specs.hierarchical import MAX_DEPTH, Child, HierarchicalSpec, Phase
from tests.docs.machines import machines
from tests.docs.pages import ROOT, code_in, tables
from workflows import policies
from workflows.parts.children import _STATUSES

PAGE = ROOT / "docs" / "patterns" / "hierarchical.md"
SOURCES = [ROOT / "workflows" / one for one in ("patterns/hierarchical.py", "parts/children.py")]
ENDS = set(OrchestrationStatus) - GOES_ON


def test_every_end_is_told_with_how_temporal_shows_it() -> None:
    rows = {code_in(row[0])[0]: row[2] for row in tables(PAGE, "## The orchestration")[1:]}

    assert set(rows) == ENDS - {OrchestrationStatus.REJECTED}
    assert {one for one, shown in rows.items() if shown == "Completed"} == COMPLETES


def test_every_end_of_a_child_is_told_with_its_row() -> None:
    rows = tables(PAGE, "## How a child ended")[1:]
    told = {one: code_in(row[1])[0] for row in rows for one in code_in(row[0])}
    failures = {code_in(row[1])[0]: row[2] for row in rows}

    assert told == {one: _STATUSES.get(one, OutcomeStatus.FAILURE) for one in ENDS}
    assert {one for one, said in failures.items() if said == "no"} == GOOD & set(failures)
    assert failures["not-dispatched"] == "yes"


def test_the_diagram_is_a_state_machine() -> None:
    (whole,) = machines(PAGE)

    assert ("Rolled", "Phase") in whole


def test_the_messages_are_those_that_console_and_gates_register() -> None:
    sources = [ROOT / "workflows" / "parts" / name for name in ("console.py", "answering.py")]
    told = {one for row in tables(PAGE, "## Messages") for one in code_in(row[0])}
    found = {
        getattr(names, one)
        for source in sources
        for one in re.findall(
            r"(?:handler\(|name=)names\.((?:SIGNAL|QUERY)_\w+)", source.read_text()
        )
    }

    assert told == found


def test_words_of_the_failures_are_keys_or_journaled() -> None:
    models = (HierarchicalSpec, Phase, Child)
    known = {field.alias or n for m in models for n, field in m.model_fields.items()}
    known |= set(OutcomeStatus) | set(OrchestrationStatus) | {errors.BAD_INPUT}
    rows = tables(PAGE, "## When something fails")[1:]
    words = [one.partition(":")[0] for row in rows for cell in row for one in code_in(cell)]
    journaled = {
        one for source in SOURCES for one in re.findall(r'decide\("([\w-]+)"', source.read_text())
    }

    assert set(words) <= known | journaled
    assert journaled <= {one for row in tables(PAGE, "## Messages") + rows
                         for cell in row for one in code_in(cell)}  # fmt: skip


def test_the_limits_are_those_of_spec_and_policies() -> None:
    limits = {row[0]: row[1] for row in tables(PAGE, "## Time limits")[1:]}
    once, total = (policies.READ[f"{n}_timeout"] for n in ("start_to_close", "schedule_to_close"))  # type: ignore[literal-required]

    assert limits["phases"] == _most(HierarchicalSpec, "phases")
    assert limits["children of a phase"] == _most(Phase, "orchestrations")
    assert limits["levels"] == _most(HierarchicalSpec, "max_depth")
    assert f"{MAX_DEPTH} where it is left out" in PAGE.read_text()
    waits = list(policies.older_child_waits())
    assert limits["waiting for an older child to close"] == (
        f"{sum(waits, timedelta()).total_seconds() / 3600:g} h; tried after "
        f"{waits[0].total_seconds():g} s, then ever more rarely, at least every "
        f"{max(waits).total_seconds() / 60:g} min"
    )
    assert limits["reading a health issue"] == (
        f"{once.total_seconds():g} s; tried again for {total.total_seconds() / 3600:g} h"
    )


def _most(model: type[HierarchicalSpec | Phase], field: str) -> str:
    for one in model.model_fields[field].metadata:
        most = getattr(one, "max_length", None) or getattr(one, "le", None)
        if most:
            return str(most)
    raise AssertionError(field)
