"""Two orchestrations share a worker that fails: one breaker for both, on a real server.

Judged by the sandbox's record of what was dispatched and when it ran.
"""

import asyncio
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts import names
from contracts.circuit import BreakerView, CircuitState
from contracts.report import OrchestrationReport, OrchestrationStatus
from sandbox.control import RunRecord, TimedRule
from tests.system.judging import decisions
from tests.system.stand import REPOSITORY, Stand, spec

TASKS = 6
WIDTH = 2
THRESHOLD = 3
NUMBERS = {
    "failure-threshold": THRESHOLD,
    "cool-down": "4s",
    "cool-down-coefficient": 2,
    "max-cool-down": "1m",
    "success-threshold": 3,
}
BREAKER = f"breaker/{REPOSITORY.split('/')[0]}/analyzer.yml"
_MAX_ROUNDS = 10


def shared(**changes: Any) -> dict[str, Any]:
    """What both orchestrations have."""
    return {
        "max-parallel": WIDTH,
        "breaker": NUMBERS,
        "success": {"min-success-rate": 0},
        **changes,
    }


def worker(item: str) -> dict[str, Any]:
    once = {"maximum-attempts": 1}
    return {"workflow": "analyzer.yml", "inputs": {"item": item}, "retry": once}


def guarded() -> dict[str, Any]:
    tasks = [
        {"name": f"task-{n}", "worker": worker(f"task-{n}"), "advice": f"see to task-{n}"}
        for n in range(TASKS)
    ]
    base = {"name": "guarded", "pattern": "circuit-breaker", "repository": REPOSITORY}
    return base | shared(tasks=tasks)


def listed() -> dict[str, Any]:
    return spec(TASKS, **shared(worker=worker("${{ item.value }}")))


async def both(stand: Stand) -> list[OrchestrationReport]:
    """Run one of each pattern at the same time."""
    started = [await stand.start(data) for data in (guarded(), listed())]
    results = await asyncio.gather(*(handle.result() for handle in started))
    return [OrchestrationReport.model_validate(result) for result in results]


async def state(stand: Stand) -> BreakerView:
    view: BreakerView = await stand.client.get_workflow_handle(BREAKER).query(
        names.QUERY_STATE, result_type=BreakerView
    )
    return view


async def cooled_down(stand: Stand) -> BreakerView:
    """Wait until a probe may run."""
    view = await state(stand)
    if view.retry_at is not None:
        left = (view.retry_at - datetime.now(UTC)).total_seconds()
        await asyncio.sleep(max(left, 0) + 0.2)
    return view


def overlaps(runs: Sequence[RunRecord]) -> list[tuple[int, int]]:
    """Name pairs of runs that were there at the same time."""
    ordered = sorted(runs, key=lambda run: run.queued_at)
    return [
        (one.run_id, other.run_id)
        for one, other in itertools.pairwise(ordered)
        if one.completed_at is None or other.queued_at < one.completed_at
    ]


def assert_told(reports: Sequence[OrchestrationReport]) -> None:
    """Each report says what was skipped, and why."""
    for report in reports:
        skipped = [row for row in report.results if row.status == "skipped"]
        assert len(report.results) == TASKS
        assert sorted(decisions(report, "circuit-open")) == sorted(row.key for row in skipped)
        assert all(row.reason.startswith("circuit ") for row in skipped)
        assert report.breakers["analyzer.yml"]["refused"] == len(skipped)
        assert report.breakers["analyzer.yml"]["id"] == BREAKER


def ledger(stand: Stand) -> list[RunRecord]:
    return stand.control.ledger("runs").runs


@pytest.mark.covers("E1", "T7")
@pytest.mark.timeout(240)
async def test_two_orchestrations_share_a_breaker_that_opens_probes_and_heals(stand: Stand) -> None:
    async with stand.workers():
        stand.control.timed([TimedRule(duration_seconds=1, conclusion="failure")])
        failing = await both(stand)
        opened, until_open = await state(stand), len(ledger(stand))

        await cooled_down(stand)
        probing = await both(stand)
        reopened, until_probed = await state(stand), len(ledger(stand))

        stand.control.timed([TimedRule(duration_seconds=1)])
        healing: list[OrchestrationReport] = []
        before = 0
        for _ in range(_MAX_ROUNDS):
            if (await cooled_down(stand)).state is CircuitState.CLOSED:
                break
            before = len(ledger(stand))
            healing += await both(stand)
        healed = await state(stand)
        fine = await both(stand)

    runs = sorted(ledger(stand), key=lambda run: run.queued_at)
    assert THRESHOLD <= until_open <= THRESHOLD - 1 + 2 * WIDTH
    assert opened.state is CircuitState.OPEN
    assert_told(failing)
    assert all(report.breakers["analyzer.yml"]["state"] == "open" for report in failing)
    advised = failing[0].recommendations
    assert sorted(text.split(" ")[0] for text in advised) == [f"task-{n}" for n in range(TASKS)]
    assert any("(skipped): see to task-" in text for text in advised)

    assert until_probed == until_open + 1, "one probe for both"
    assert reopened.cool_down_seconds == 8, "its failure has doubled the cool-down"
    assert_told(probing)

    assert healed.state is CircuitState.CLOSED
    assert [change.state.value for change in healed.changes] == [
        "open", "open", "half-open", "closed",
    ]  # fmt: skip
    alone = runs[until_open : before + 1]  # the third success may close it within a round
    assert len(alone) >= 2
    assert overlaps(alone) == [], "one at a time while it is not closed"
    assert_told(healing)
    assert [report.status for report in fine] == [OrchestrationStatus.SUCCEEDED] * 2
