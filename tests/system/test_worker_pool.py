"""A pool against the sandbox: batches die, the chain continues as new, and each item ends once."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.system.judging import carried_states, decisions
from tests.system.stand import Stand, open_stand

REPOSITORY = "octo-org/pool"
WORKERS = 10
SUGGEST_AFTER = {"limit.historyCount.suggestContinueAsNew": "150"}
REASON = "price is out of bounds"

WORKER_FILE = """
name: batches
run-name: "batches [${{ inputs.dispatch_id }}]"
on:
  workflow_dispatch:
    inputs:
      items: {required: true}
      dispatch_id: {required: false}
jobs:
  work:
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
"""


def pool(items: int, per_worker: int) -> dict[str, Any]:
    """A spec over numbered records; losing a batch four times in a row is next to impossible."""
    return {
        "name": "pool",
        "pattern": "worker-pool",
        "repository": REPOSITORY,
        "for-each": {
            "source": "list",
            "limit": items,
            "items": [f"r{n}" for n in range(items)],
        },
        "worker": {
            "workflow": "batches.yml",
            "inputs": {"items": "${{ batch.items }}"},
            "retry": {"initial-interval": "1s", "backoff-coefficient": 1},
        },
        "pool": {"items-per-worker": per_worker, "max-workers": WORKERS, "max-attempts": 6},
        # Three lost in a row, which one in seven will do now and then, would open it.
        "breaker": "disabled",
    }


def poison(items: int) -> dict[str, str]:
    """Five in a hundred."""
    return {f"r{n}": REASON for n in range(0, items, 20)}


async def run(folder: Path, items: int, per_worker: int, seconds: float) -> None:
    """Run all items with every seventh batch lost, and judge by the sandbox's own record."""
    async with open_stand(folder, dynamic=SUGGEST_AFTER) as stand, stand.workers():
        stand.control.add_repository(
            REPOSITORY, files={".github/workflows/batches.yml": WORKER_FILE}
        )
        stand.control.timed(
            [
                {
                    "share": 1 / 7,
                    "conclusion": "failure",
                    "result": None,
                    "duration_seconds": seconds,
                },
                {"duration_seconds": seconds, "item_results": {"failing": poison(items)}},
            ]
        )
        handle = await stand.start(pool(items, per_worker))
        report = OrchestrationReport.model_validate(await handle.result())
        states = await carried_states(handle)
        judge(stand, report, items)

    assert states, "it continued as new"
    assert any(entry.run and not entry.completion for s in states for entry in s.fleet.entries)
    assert max(len(s.model_dump_json(exclude_defaults=True)) for s in states) < 500_000


def judge(stand: Stand, report: OrchestrationReport, items: int) -> None:
    """Every good item is told well by exactly one run, every poison item is named with its reason."""
    ledger = stand.control.ledger("runs", "dispatches")
    green = {run.run_id for run in ledger.runs if run.conclusion == "success"}
    lost = [sent for sent in ledger.dispatches if sent.run_id not in green]
    told = Counter(
        one["value"]
        for sent in ledger.dispatches
        if sent.run_id in green
        for one in json.loads(sent.inputs["items"])
        if one["value"] not in poison(items)
    )

    assert report.status is OrchestrationStatus.PARTIAL
    assert lost, "batches were lost"
    assert set(told) == {f"r{n}" for n in range(items)} - set(poison(items))
    assert set(told.values()) == {1}
    bad = len(poison(items))
    assert report.totals.by_status == {"success": items - bad, "failure": bad}
    named = {
        row.key.partition(":")[2]: row.reason.partition(";")[0]
        for row in report.results
        if row.reason
    }
    assert named == poison(items)
    assert {key.partition(":")[2] for key in decisions(report, "poison")} == set(poison(items))
    assert report.totals.dispatches == len(ledger.dispatches)
    assert stand.control.concurrency(workflow="batches.yml").peak == WORKERS
    figures = report.metrics.figures
    assert (figures["items_processed"], figures["poison_items"]) == (items, bad)
    assert figures["pool_size"] == WORKERS
    assert len(decisions(report, "redistributed")) == report.totals.retries >= len(lost)


@pytest.mark.covers("T8")
async def test_two_hundred_items_over_ten_workers_that_lose_batches(tmp_path: Path) -> None:
    await run(tmp_path, 200, per_worker=5, seconds=1)


@pytest.mark.soak
@pytest.mark.timeout(1_200)
async def test_a_thousand_items_over_ten_workers_that_lose_batches(tmp_path: Path) -> None:
    await run(tmp_path, 1_000, per_worker=20, seconds=3)
