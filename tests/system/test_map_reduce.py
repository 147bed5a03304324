"""MapReduce on a real server: a chain of runs loses and doubles nothing; every source is read."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from contracts.report import OrchestrationReport, OrchestrationStatus
from scripts.map_reduce_paths import answer, prepare, reduced, repository
from tests.system.judging import carried_states
from tests.system.stand import REPOSITORY, Stand, open_stand, spec

ITEMS = 24
SUGGEST_AFTER = {"limit.historyCount.suggestContinueAsNew": "60"}


async def test_a_chain_of_runs_reduces_each_result_once_and_uploads_it_once(tmp_path: Path) -> None:
    """Continue-as-new with runs in flight, between uploads, and with a last worker to come."""
    async with open_stand(tmp_path, dynamic=SUGGEST_AFTER) as stand, stand.workers():
        prepare(stand.control, ITEMS, duration_seconds=2)
        handle = await stand.start(reduced(ITEMS, **{"max-parallel": 12}))
        report = OrchestrationReport.model_validate(await handle.result())
        carried = await carried_states(handle)
        uploads = stand.control.sarifs()

    told = report.reductions
    phases = {state.pattern.get("phase", "map") for state in carried}
    assert report.status is OrchestrationStatus.SUCCEEDED, report.reason
    assert {"map", "sarif"} <= phases, phases
    assert told["rules"]["values"] == {"r1": ITEMS}
    assert told["numbers"]["items"] == list(range(ITEMS))
    assert [row[0] for row in told["table"]["rows"]] == list(reversed(range(ITEMS)))
    assert told["summary"]["outputs"] == {"read": str(ITEMS)}
    assert told["alerts"]["by_severity"]["critical"] == ITEMS
    own = sorted(one.repository for one in uploads if one.repository != REPOSITORY)
    assert own == sorted(repository(f"item-{n}") for n in range(ITEMS))
    home = [one.document or {} for one in uploads if one.repository == REPOSITORY]
    ids = [run["automationDetails"]["id"] for one in home for run in one["runs"]]
    assert len(home) == 2, "20 runs, and the rest"
    assert ids == [f"{repository(f'item-{n}')}/lint/" for n in range(ITEMS)]
    assert not [one for one in uploads if one.errors]


SOURCES: list[tuple[dict[str, Any], str, list[str]]] = [
    (
        {"source": "files", "pattern": "src/**/*.py"},
        "${{ item.path }}",
        ["src/a.py", "src/deep/er/b.py"],
    ),
    (
        {"source": "matrix", "matrix": {"os": ["linux", "mac"], "version": [3, 4]}},
        "${{ item.os }}-${{ item.version }}",
        ["linux-3", "linux-4", "mac-3", "mac-4"],
    ),
    (
        {"source": "list", "items": ["x", {"key": "y", "value": "why"}]},
        "${{ item.value }}",
        ["x", "why"],
    ),
    ({"source": "open-issues"}, "${{ item.number }}: ${{ item.title }}", ["1: One", "2: Two"]),
    (
        {"source": "organization-repositories", "organization": "some-org", "topics": ["live"]},
        "${{ item.full_name }}",
        ["some-org/b", "some-org/a"],
    ),
]


async def items_of(stand: Stand, source: dict[str, Any], template: str) -> list[str]:
    reduce = {"seen": {"reducer": "concat", "field": "outputs.item"}}
    worker = {"workflow": "analyzer.yml", "inputs": {"item": template}}
    changes = {"pattern": "map-reduce", "for-each": source, "worker": worker, "reduce": reduce}
    handle = await stand.start(spec(1, **changes))
    report = OrchestrationReport.model_validate(await handle.result())
    return list(report.reductions["seen"]["items"])


@pytest.mark.timeout(200)
async def test_every_source_is_read_in_its_order(tmp_path: Path) -> None:
    folder = tmp_path / "served"
    async with open_stand(tmp_path) as stand, stand.workers():
        control = stand.control
        for path in ("src/a.py", "src/deep/er/b.py", "src/c.txt", "other/d.py"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text("x\n")
        workers = ".github/workflows"
        shutil.copytree(tmp_path / "repository" / workers, folder / workers)
        control.add_repository(REPOSITORY, folder=folder)
        issue: dict[str, Any] = {
            "state": "open",
            "user": {"login": "x"},
            "created_at": "2026-01-01T00:00:00Z",
        }
        titles = ("One", "Two")
        listed = [issue | {"number": n, "title": title} for n, title in enumerate(titles, 1)]
        control.seed_issues(REPOSITORY, listed)
        for name, topics in (("b", ["live"]), ("a", ["live", "x"]), ("c", [])):
            control.add_repository(f"some-org/{name}", files={"README.md": "x"}, topics=topics)
        control.add_repository("some-org/old", files={"x": "x"}, topics=["live"], archived=True)
        control.timed([{"duration_seconds": 0.2, "result": answer(item="{inputs.item}")}])
        reading = [items_of(stand, source, template) for source, template, _ in SOURCES]
        found = await asyncio.gather(*reading)

    assert found == [wanted for _, _, wanted in SOURCES]
