"""No token or key is in a history, log, trace, metric, report or issue, whatever went wrong."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.patience import PATIENCE
from tests.system.stand import REPOSITORY, ROOT, Stand, end, spec
from tests.system.test_telemetry import Collector

TOKEN = "ghs_ThisIsTheTokenThatNobodyMayEverSee0"
KEY = "the key of all the hidden marks, which nobody may see either"
FAULTS = [
    {"kind": "status", "status": 502, "method": "GET", "share": 0.4, "times": 8},
    {"kind": "status", "status": 500, "method": "POST", "times": 2},
    {"kind": "status", "status": 503, "method": "POST", "when": "after", "times": 1},
    {"kind": "reset", "share": 0.3, "times": 5},
    {"kind": "rate-limit", "status": 429, "seconds": 1, "share": 0.3, "times": 3},
    {"kind": "rate-limit", "status": 403, "primary": True, "share": 0.3, "times": 1,
     "headers": {"x-ratelimit-reset": "1"}},
]  # fmt: skip


@pytest.fixture
def collector() -> Iterator[Collector]:
    opened = Collector()
    yield opened
    opened.close()


async def everything(stand: Stand, collector: Collector, main: str, log: Path) -> dict[str, bytes]:
    """Run an orchestration full of errors; all that was recorded of it, by where."""
    stand.control.add_token("podium-operator", TOKEN)
    stand.control.timed([{"inputs": {"item": "item-1"}, "conclusion": "failure"}, {}])
    stand.control.faults(FAULTS)
    process = stand.worker_process(
        main, log, GITHUB_TOKEN=TOKEN, PODIUM_MARKER_KEY=KEY, PODIUM_LOG_LEVEL="DEBUG",
        PODIUM_SETTLE_SECONDS="3", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="200", OTEL_METRIC_EXPORT_INTERVAL="500", PYTHONPATH=str(ROOT),
    )  # fmt: skip
    asked = spec(
        4,
        success={"min-success-rate": 0},
        breaker="disabled",
        **{"safe-outputs": {"create-issue": {"max": 1}}},
    )
    asked["worker"]["retry"] = {"maximum-attempts": 2, "initial-interval": "1s"}
    try:
        handle = await stand.start(asked)
        report = await asyncio.wait_for(handle.result(), PATIENCE)
    finally:
        await asyncio.to_thread(end, process)
    return {
        "histories": await histories(stand),
        "report": str(report).encode(),
        "log": await asyncio.to_thread(log.read_bytes),
        "traces and metrics": b"".join(collector.bodies),
        "issues": await asyncio.to_thread(_issues, stand),
    }


async def histories(stand: Stand) -> bytes:
    """Payloads are as they were sent: nothing is encoded once more."""
    found = b""
    async for one in stand.client.list_workflows():
        handle = stand.client.get_workflow_handle(one.id, run_id=one.run_id)
        async for event in handle.fetch_history_events():
            found += event.SerializeToString()
    return found


def _issues(stand: Stand) -> bytes:
    url = f"{stand.sandbox.api_url}/repos/{REPOSITORY}/issues?state=all"
    return requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30).content


@pytest.mark.covers("C2")
async def test_no_secret_is_recorded_anywhere(
    stand: Stand, collector: Collector, tmp_path: Path
) -> None:
    found = await everything(stand, collector, "worker_main.py", tmp_path / "log")

    assert b"Server Error" in found["histories"], "errors were recorded"
    assert b"podium.github.requests" in found["traces and metrics"]
    assert b"GitHub POST" in found["traces and metrics"]
    assert b"podium:" in found["issues"], "a mark was written"
    for secret in (TOKEN, KEY, TOKEN[4:24], KEY[:24]):
        assert [where for where, held in found.items() if secret.encode() in held] == []


async def test_a_secret_that_an_error_told_would_be_found(
    stand: Stand, collector: Collector, tmp_path: Path
) -> None:
    found = await everything(stand, collector, "tests/system/leaky_worker.py", tmp_path / "log")

    assert TOKEN.encode() in found["histories"]
