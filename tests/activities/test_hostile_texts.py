"""Every text that Podium writes, filled with hostile strings from end to end."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count, cycle
from typing import Any, get_args

import pytest

from activities.channels import result_blocks
from activities.markers import Markers
from activities.reports import render
from activities.texts import FOLDER, rendered
from contracts.names import RESULT_BLOCK
from contracts.outputs import HealthIssue, RenderReport, Text
from contracts.reflection import Round
from contracts.report import (
    ActionItem,
    Count,
    Decision,
    Metrics,
    OrchestrationReport,
    OrchestrationStatus,
)
from contracts.runs import OutcomeStatus, WorkerOutcome
from tests.gfm import alive
from tests.hostile import many

APPROVER = "octo-org/release"
TEMPLATES = get_args(Text.model_fields["template"].annotation)
STRINGS = 10_000


class Hostile(str):
    """Whatever a template asks of it, it answers with the next hostile string."""

    source: Iterator[str]
    __slots__ = ()

    @classmethod
    def next(cls) -> "Hostile":
        return cls(next(cls.source))

    def __getattr__(self, name: str) -> "Hostile":
        if name.startswith("_"):
            raise AttributeError(name)
        return Hostile.next()

    def __getitem__(self, _: Any) -> "Hostile":
        return Hostile.next()

    def __iter__(self) -> Iterator["Hostile"]:
        return iter([Hostile.next() for _ in range(12)])

    def __float__(self) -> float:
        return 7.5


class Values(dict[str, Any]):
    """The values of a text: those that nobody set are hostile."""

    def __missing__(self, _: str) -> Hostile:
        return Hostile.next()

    def __contains__(self, _: object) -> bool:
        return True


def test_every_template_is_filled_here() -> None:
    files = {path.name.removesuffix(".md.j2") for path in FOLDER.glob("*.j2")}

    assert set(TEMPLATES) | {"report", "breakers", "reductions"} == files


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_text_brings_anything_to_life_but_the_approvers(template: str) -> None:
    used = count()
    Hostile.source = (text for text in cycle(many(1_000, 4)) if next(used) >= 0)
    values: dict[str, Any] = {"approvers": [APPROVER]}
    names = set(re.findall(r"[a-z_]+", (FOLDER / f"{template}.md.j2").read_text()))

    while next(used) < 1_000:
        filled = {name: Hostile.next() for name in names} | values
        text = rendered(Text.model_construct(template=template, values=filled))  # type: ignore[arg-type]
        assert alive(text, ours=(f"@{APPROVER}",)) == []
        nothing_is_believed(text)


def nothing_is_believed(text: str) -> None:
    assert list(result_blocks(text)) == []
    assert Markers(b"key").write_ids(text) == set()


def test_a_report_of_ten_thousand_strings_brings_nothing_to_life() -> None:
    texts = cycle(many(STRINGS, 5))
    used = 0
    while used < STRINGS:
        shown = render(RenderReport(report=report(texts), columns={next(texts)[:99]: "outputs.a"},
                                    highlights_title=next(texts)))  # fmt: skip
        used += 600
        assert alive(shown) == []
        nothing_is_believed(shown)


def test_the_data_of_a_report_is_podiums_own_and_ends_where_it_ends() -> None:
    # Nothing with half a character in it gets here: no message could carry it.
    texts = cycle(text.encode(errors="ignore").decode() for text in many(400, 6))
    for _ in range(10):
        shown = render(RenderReport(report=report(texts), data=True))
        (data,) = result_blocks(shown)
        assert HealthIssue.model_validate_json(data).protocol == "podium/v1"
        assert alive(shown.replace(f"```{RESULT_BLOCK}", "```")) == []


def row(texts: Iterator[str], status: OutcomeStatus) -> WorkerOutcome:
    cells: list[Any] = [next(texts) for _ in range(8)]
    return WorkerOutcome(
        key=cells[0], title=cells[1], url=cells[2], worker=cells[3], status=status, reason=cells[4],
        summary=cells[5], route=cells[6], result_url=next(texts), run_url=next(texts), run_id=1,
        outputs={"a": [cells[7], {"b": next(texts)}]},
    )  # fmt: skip


def report(texts: Iterator[str]) -> OrchestrationReport:
    def several(made: Any, number: int = 10) -> Any:
        return tuple(made() for _ in range(number))

    now = datetime.now(UTC)
    return OrchestrationReport(
        spec=next(texts), pattern="map-reduce", repository="o/r", workflow_id=next(texts),
        status=OrchestrationStatus.PARTIAL, reason=next(texts),
        counts=several(lambda: Count(field=next(texts), values={next(texts): 1}), 3),
        results=(*several(lambda: row(texts, OutcomeStatus.SUCCESS), 20),
                 *several(lambda: row(texts, OutcomeStatus.FAILURE), 20)),
        highlights=several(lambda: row(texts, OutcomeStatus.SUCCESS), 3),
        decisions=several(lambda: Decision(
            time=now, kind=next(texts), subject=next(texts), reason=next(texts))),
        metrics=Metrics(started_at=now, figures={next(texts): 1.5}),
        recommendations=several(lambda: next(texts)),
        action_items=several(lambda: ActionItem(
            text=next(texts), source=next(texts), url=next(texts))),
        rounds=several(lambda: Round(
            iteration=1, score=7, scored_by=next(texts), feedback=next(texts), draft_url=next(texts),
            review_url=next(texts), people=(next(texts), next(texts)))),
        pull_request_url=next(texts),
        reductions={
            next(texts)[:90]: {"reducer": "table", "columns": several(lambda: next(texts), 2),
                               "rows": [several(lambda: next(texts), 2)], "omitted": 0},
            next(texts)[:91]: {"reducer": "concat", "items": several(lambda: next(texts)), "omitted": 0},
            next(texts)[:92]: {"reducer": "counts", "values": {next(texts): 1}, "other": 0},
        },
    )  # fmt: skip
