"""The page of reflection says what the code does: states, messages, words, limits."""

import re
from typing import get_args

from contracts import names
from contracts.reflection import MAX_ROUNDS, MAX_SAID, VALUE_ROOM, Acceptance, Critique
from contracts.report import COMPLETES, GOES_ON, OrchestrationStatus
from contracts.rounds import Step
from contracts.specs.reflection import DRAFT_FIELDS, REFLECTION_FIELDS, ReflectionSpec
from tests.docs.machines import machines
from tests.docs.pages import ROOT, code_in, tables
from workflows.parts.rounds import _PEOPLE_ROOM

PAGE = ROOT / "docs" / "patterns" / "reflection.md"
PARTS = ROOT / "workflows" / "parts"
CODE = "".join(
    file.read_text()
    for file in (
        *(PARTS / f"{name}.py" for name in ("rounds", "steering", "proposal", "outbox", "gate")),
        ROOT / "workflows" / "patterns" / "reflection.py",
    )
)


def test_every_end_is_told_with_how_temporal_shows_it() -> None:
    rows = {code_in(row[0])[0]: row[2] for row in tables(PAGE, "## The orchestration")[1:]}

    assert set(rows) == set(OrchestrationStatus) - GOES_ON - {OrchestrationStatus.REJECTED}
    assert {one for one, shown in rows.items() if shown == "Completed"} == COMPLETES


def test_the_diagram_has_the_steps_of_the_code() -> None:
    (whole,) = machines(PAGE)

    assert {step.title() for step in get_args(Step)} <= {state for state, _ in whole}
    assert {a for a, b in whole if b == "Stopping"} == {"Draft", "Review"}


def test_what_workers_read_is_what_they_may() -> None:
    text = PAGE.read_text()

    assert {one for one in REFLECTION_FIELDS if f"`reflection.{one}`" in text} == set(
        REFLECTION_FIELDS
    )
    assert all(f"`draft.{one}`" in text for one in DRAFT_FIELDS)


def test_the_messages_are_those_that_are_registered() -> None:
    rows = [row for row in tables(PAGE, "## Messages") if code_in(row[0])]
    told = {code_in(row[0])[0] for row in rows}
    sources = [PARTS / f"{name}.py" for name in ("console", "answering", "steering")]
    found = {
        getattr(names, one)
        for source in sources
        for one in re.findall(
            r"(?:handler\(|name=)names\.((?:SIGNAL|QUERY)_\w+)", source.read_text()
        )
    }
    payloads = {code_in(row[0])[0]: row[2] for row in rows if len(row) > 2}

    assert told == found
    for signal, model in ((names.SIGNAL_CRITIQUE, Critique), (names.SIGNAL_ACCEPT, Acceptance)):
        fields = re.findall(r'"(\w+)"(\??):', payloads[signal])
        assert {name for name, _ in fields} == set(model.model_fields)
        required = {name for name, field in model.model_fields.items() if field.is_required()}
        assert {name for name, optional in fields if not optional} == required


def test_words_of_the_failures_are_journaled_or_known() -> None:
    said = {
        one
        for head in ("## When something fails", "## Messages")
        for row in tables(PAGE, head)
        for cell in row
        for one in code_in(cell)
        if "-" in one and " " not in one
    }
    journaled = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', CODE))

    assert said >= {"pull-request-omitted", "signal-refused", "ended-early"}
    assert said <= journaled | {"safe-outputs"}


def test_the_limits_are_those_of_the_code() -> None:
    text = PAGE.read_text()
    default = ReflectionSpec.model_fields["max_iterations"].default

    assert f"| rounds | {MAX_ROUNDS}, and {default} where `max-iterations` is left out |" in text
    assert f"fewer than {VALUE_ROOM:,} characters" in text
    assert f"Of each critique {MAX_SAID:,} characters are kept, of all" in text
    assert f"one draft {_PEOPLE_ROOM:,};" in text
    (most,) = [
        one.le for one in ReflectionSpec.model_fields["max_score"].metadata if hasattr(one, "le")
    ]
    assert f"| `max-score` | {most:,} |" in text
