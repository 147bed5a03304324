"""The pages of decisions give the numbers of the code."""

import re

from contracts.base import format_duration
from contracts.orchestration import parse_spec
from contracts.watch import RunWatchState
from starter.starting import execution_timeout
from tests.docs.pages import ROOT
from tests.system.stand import spec
from workflows import policies
from workflows.entities import run_watch
from workflows.parts import finished

FOLDER = ROOT / "docs" / "adr"


def page(number: int) -> str:
    (found,) = FOLDER.glob(f"{number:04}-*.md")
    return " ".join(found.read_text().split())


def test_pages_are_numbered_without_gaps_and_say_where_they_stand() -> None:
    pages = sorted(FOLDER.glob("*.md"))

    assert [int(one.name[:4]) for one in pages] == list(range(1, len(pages) + 1))
    for number, one in enumerate(pages, start=1):
        assert re.match(rf"# {number}\. ", one.read_text()), one.name
        assert "**Status:**" in one.read_text()


def test_the_execution_timeout_is_the_sum_that_is_told() -> None:
    one = parse_spec(spec(1, deadline="2h"))
    told = page(3)

    assert execution_timeout(one) == one.deadline + policies.PAUSE_MAX + policies.DEADLINE_GRACE
    assert f"`PAUSE_MAX` ({policies.PAUSE_MAX.days} days)" in told
    hours = policies.DEADLINE_GRACE.total_seconds() / 3600
    assert f"`DEADLINE_GRACE` ({hours:g} hours)" in told


def test_the_memory_of_a_watcher_is_as_large_as_told() -> None:
    told = page(4)

    assert f"`ended`, the latest {finished.RING}" in told
    assert format_duration(finished._UNWANTED_LIFE) == "2m"
    assert run_watch._CANCELS == 10, "said in words"
    for word in ("ended", "unwanted", "handled", "since"):
        assert f"`{word}`" in told
        assert word in RunWatchState.model_fields
