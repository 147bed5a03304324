"""The window: full, never exceeded, carried through continue-as-new, found among strangers."""

import asyncio
from pathlib import Path

import pytest

from contracts.fleet import OrchestrationState
from contracts.report import OrchestrationReport, OrchestrationStatus
from sandbox.control import Concurrency
from tests.system.judging import carried_states, successes, survivors, until
from tests.system.stand import REPOSITORY, Stand, open_stand, spec

WIDTH = 10
RUN_SECONDS = 20
"""Twenty times the shortest interval between two polls."""
SUGGEST_AFTER = {"limit.historyCount.suggestContinueAsNew": "200"}


def in_flight(state: OrchestrationState) -> int:
    """Runs that went on while the chain changed to its next run."""
    return sum(entry.run is not None and entry.completion is None for entry in state.fleet.entries)


async def run_items(
    stand: Stand, items: int, run_seconds: float = RUN_SECONDS
) -> tuple[OrchestrationReport, list[int]]:
    """Run all items, and meanwhile 300 of somebody else; tell what each new run was handed."""
    stand.control.timed([{"duration_seconds": run_seconds}])
    handle = await stand.start(spec(items, **{"max-parallel": WIDTH}))
    await until(stand.control, lambda runs: len(runs) >= 2 * WIDTH)
    await asyncio.to_thread(stand.control.inject_runs, REPOSITORY, "nameless.yml", count=300)
    report = OrchestrationReport.model_validate(await handle.result())
    return report, [in_flight(state) for state in await carried_states(handle)]


def judge(stand: Stand, items: int, report: OrchestrationReport) -> Concurrency:
    """All items done, each by one run of its own; tell how full the window was."""
    ledger = stand.control.ledger("runs", "dispatches")
    done = successes(ledger, "analyzer.yml")

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert report.totals.by_status == {"success": items}
    assert set(done) == {f"item-{n}" for n in range(items)}
    assert {len(runs) for runs in done.values()} == {1}
    assert set(survivors(ledger).values()) == {1}
    assert len(ledger.dispatches) == items
    return stand.control.concurrency(workflow="analyzer.yml")


async def stays_full(folder: Path) -> None:
    """Sixty runs, each twenty times as long as the time between two polls."""
    async with open_stand(folder, dynamic=SUGGEST_AFTER) as stand, stand.workers():
        report, carried = await run_items(stand, 60)
        level = judge(stand, 60, report)

    assert level.peak == WIDTH
    assert level.average >= WIDTH - 1
    assert carried


async def is_carried(folder: Path) -> None:
    """Many short runs, so that the chain continues as new again and again with most of them out."""
    async with open_stand(folder, dynamic=SUGGEST_AFTER) as stand, stand.workers():
        report, carried = await run_items(stand, 130, run_seconds=3)
        level = judge(stand, 130, report)

    assert level.peak == WIDTH
    assert len(carried) >= 4
    assert sum(count >= WIDTH - 2 for count in carried) >= 4


async def test_the_window_is_full_and_carried_through_continue_as_new(
    tmp_path: Path,
) -> None:
    """Side by side, as both wait more than they work."""
    async with asyncio.TaskGroup() as both:
        for number, scenario in enumerate((stays_full, is_carried)):
            folder = tmp_path / str(number)
            folder.mkdir()
            both.create_task(scenario(folder))


@pytest.mark.soak
@pytest.mark.timeout(1_200)
async def test_the_window_stays_full_over_three_hundred_items(tmp_path: Path) -> None:
    async with open_stand(tmp_path, dynamic=SUGGEST_AFTER) as stand, stand.workers():
        report, carried = await run_items(stand, 300)
        level = judge(stand, 300, report)

    assert level.peak == WIDTH
    assert level.average >= WIDTH - 1
    assert len(carried) >= 4
    assert min(carried) >= WIDTH - 2
