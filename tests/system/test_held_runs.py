"""A run that a GitHub environment's reviewers hold: shown as waiting, and timed apart from all else."""

import asyncio
from typing import Any

import pytest
import requests
from temporalio.client import WorkflowHandle

from contracts import names
from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.patience import PATIENCE
from tests.system.judging import decisions
from tests.system.stand import TOKEN, WORKER_FILE, Stand, spec

PLACE = "octo-org/gated"
SECONDS = 3
"""What it may queue for, and what it may run for."""


@pytest.mark.covers("T3")
async def test_a_held_run_waits_for_longer_than_it_may_queue_or_run(stand: Stand) -> None:
    gated = WORKER_FILE.replace("    steps:", "    environment: production\n    steps:")
    stand.control.add_repository(PLACE, files={".github/workflows/analyzer.yml": gated})
    stand.control.settings(protected_environments=["production"])
    stand.control.timed([{"duration_seconds": 0.2}])
    data = spec(1, repository=PLACE)
    data["worker"] |= {
        "timeout-minutes": SECONDS / 60,
        "queue-timeout-minutes": SECONDS / 60,
        "retry": {"maximum-attempts": 1},
    }
    async with stand.workers():
        handle = await stand.start(data)
        await shown(handle, "waiting")
        await asyncio.sleep(2 * SECONDS)
        await shown(handle, "waiting")
        await asyncio.to_thread(approve, stand)
        report = OrchestrationReport.model_validate(await handle.result())

    assert report.status is OrchestrationStatus.SUCCEEDED, report.reason
    assert report.totals.dispatches == 1
    assert decisions(report, "held") == ["1:item-0"]


async def shown(handle: WorkflowHandle[Any, Any], phase: str) -> None:
    """Wait until the one run is shown so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            status = await handle.query(names.QUERY_STATUS)
            if [one["phase"] for one in status["in_flight"]] == [phase]:
                return
            assert status["status"] == "running"
            await asyncio.sleep(0.1)


def approve(stand: Stand) -> None:
    """Do what a reviewer does on the run's page."""
    (run,) = stand.control.runs()
    url = f"{stand.sandbox.api_url}/repos/{PLACE}/actions/runs/{run.run_id}/pending_deployments"
    with requests.Session() as session:
        session.headers["Authorization"] = f"token {TOKEN}"
        numbers = [one["environment"]["id"] for one in session.get(url, timeout=10).json()]
        answer = {"environment_ids": numbers, "state": "approved", "comment": "go"}
        session.post(url, json=answer, timeout=10).raise_for_status()
