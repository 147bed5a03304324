"""The page of the pipeline says what the code does: states, messages, words, limits."""

import re
from typing import get_args

from contracts import names
from contracts.base import format_duration
from contracts.gates import Answer, Decided
from contracts.pipeline import Step
from contracts.report import COMPLETES, GOES_ON, OrchestrationStatus
from contracts.runs import OutcomeStatus
from contracts.specs.common import Spec
from contracts.specs.gates import Approval
from contracts.specs.pipeline import PipelineSpec, Stage, StageWorker
from contracts.specs.reporting import SuccessCriteria
from tests.docs.machines import machines
from tests.docs.pages import ROOT, code_in, tables

PAGE = ROOT / "docs" / "patterns" / "pipeline.md"
CODE = "".join(
    file.read_text()
    for folder in ("parts", "patterns")
    for file in (ROOT / "workflows" / folder).glob("*.py")
)


def test_every_end_is_told_with_how_temporal_shows_it() -> None:
    rows = {code_in(row[0])[0]: row[2] for row in tables(PAGE, "## The orchestration")[1:]}

    assert set(rows) == set(OrchestrationStatus) - GOES_ON
    assert {one for one, shown in rows.items() if shown == "Completed"} == COMPLETES
    assert {one for one, shown in rows.items() if shown.startswith("Cancelled")} == {"cancelled"}


def test_the_diagrams_have_the_steps_and_the_answers_of_the_code() -> None:
    whole, gate = machines(PAGE)
    steps = {step.title() for step in get_args(Step)} - {"Ended"}
    answers = {answer.title().replace("-", "") for answer in get_args(Decided)}

    assert steps <= {state for state, _ in whole}
    assert {"Approval", "Workers", "Checks", "Rollback"} == {a for a, b in whole if b == "Stopping"}
    assert {b for a, b in gate if a == "Open"} == {"Open", *answers}


def test_the_messages_are_those_that_console_and_gates_register() -> None:
    sources = [ROOT / "workflows" / "parts" / name for name in ("console.py", "answering.py")]
    told = {code_in(row[0])[0] for row in tables(PAGE, "## Messages") if code_in(row[0])}
    found = {
        getattr(names, one)
        for source in sources
        for one in re.findall(
            r"(?:handler\(|name=)names\.((?:SIGNAL|QUERY|UPDATE)_\w+)", source.read_text()
        )
    }
    payload = next(row[2] for row in tables(PAGE, "## Messages") if "`approve`" in row[0])

    assert told == found
    assert set(re.findall(r'"(\w+)"\??:', payload)) == set(Answer.model_fields)
    assert set(re.findall(r'"(\w+)":', payload)) == {
        name for name, field in Answer.model_fields.items() if field.is_required()
    }
    assert names.ATTRIBUTE_WAITING_FOR in PAGE.read_text()


def test_words_of_the_failures_are_keys_signals_or_journaled() -> None:
    models = (PipelineSpec, Stage, StageWorker, Approval, SuccessCriteria)
    known = {field.alias or n for m in models for n, field in m.model_fields.items()}
    known |= set(OutcomeStatus) | set(OrchestrationStatus) | {names.QUERY_GATES, names.QUERY_STATUS}
    known |= {f"gate-{answer}" for answer in get_args(Decided)} | {names.ATTRIBUTE_STATUS}
    rows = tables(PAGE, "## When something fails")[1:]
    words = [one for row in rows for cell in row for one in code_in(cell)]

    assert len(words) > 8, "the guard would be vacuous"
    assert [one for one in words if one not in known and f'"{one}"' not in CODE] == []


def test_the_limits_are_those_of_the_spec() -> None:
    limits = {row[0]: row[1] for row in tables(PAGE, "## Time limits")[1:]}

    assert format_duration(Approval.model_fields["timeout"].default) == "1d"
    assert format_duration(Spec.model_fields["deadline"].default) == "6h"
    assert "a day" in limits["a gate"]
    assert limits["stages"] == (
        f"{_most(PipelineSpec, 'stages')}, with {_most(Stage, 'workers')} workers "
        f"and {_most(Stage, 'checks')} checks each"
    )
    assert limits["approvers of a gate"] == f"{_most(Approval, 'approvers')}"


def _most(model: type[PipelineSpec | Stage | Approval], field: str) -> int:
    return next(
        int(one.max_length)
        for one in model.model_fields[field].metadata
        if getattr(one, "max_length", None)
    )
