"""What the compose file starts, started without containers and with its very environment."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contracts import names
from contracts.report import OrchestrationReport
from starter.children import free_ports
from tests.conftest import binary
from tests.deploy.composed import SECRETS, environment_of
from tests.system.judging import until
from tests.system.stand import ROOT, Stand, end, open_stand, spec
from tests.webhooks.process import delivered, receiver
from workflows.plugin import podium_plugin

NAMESPACE = ROOT / "deploy" / "namespace.sh"


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """A server with the namespace that the compose file's own script makes."""
    async with open_stand(tmp_path) as opened:
        for _ in range(2):  # a container that is started again must not fail
            await asyncio.to_thread(_make_namespace, opened)
        client = await opened.client.connect(
            opened.address, namespace="podium", plugins=[podium_plugin()]
        )
        yield Stand(client, opened.sandbox, opened.address)


def _make_namespace(stand: Stand) -> None:
    environment = {
        "PATH": f"{Path(binary('temporal')).parent}:{os.environ['PATH']}",
        "TEMPORAL_ADDRESS": stand.address,
        "TEMPORAL_NAMESPACE": "podium",
        "PODIUM_RETENTION": "720h",
    }
    subprocess.run(["sh", str(NAMESPACE)], env=environment, timeout=60, check=True)


def environment(stand: Stand, service: str) -> dict[str, str]:
    """A service's own; only what containers have by name is put in."""
    here = {
        "TEMPORAL_ADDRESS": stand.address,
        "GITHUB_API_URL": stand.sandbox.api_url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": "",
    }
    return environment_of(service) | here


@contextmanager
def worker(stand: Stand, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "worker_main.py"],
        cwd=ROOT,
        env=environment(stand, "worker") | more,
        stdin=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        end(process)


async def test_two_workers_and_the_receiver_run_an_orchestration(stand: Stand) -> None:
    """One worker of the two is told to stop in the middle; nothing is done twice."""
    stand.control.timed([{"duration_seconds": 3, "result": None}])
    asked = spec(
        6, worker={"workflow": "analyzer.yml", "inputs": {"item": "${{ item.value }}"},
                   "result": {"channels": ["conclusion"]}},
    )  # fmt: skip
    metrics = f"127.0.0.1:{free_ports(1)[0]}"
    with worker(stand) as first, worker(stand, PODIUM_PROMETHEUS_ADDRESS=metrics):
        async with receiver(stand, environment=environment(stand, "webhooks")) as web:
            delivered(stand, web, secret=SECRETS["PODIUM_WEBHOOK_SECRET"])
            handle = await stand.client.start_workflow(
                "OrchestratorWorker", {"spec": asked}, id="podium/test/deployed",
                task_queue=names.TASK_QUEUE,
            )  # fmt: skip
            await until(stand.control, lambda runs: len(runs) >= 2)
            first.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(first.wait, 30) == 0, "it stops within its grace"
            report = OrchestrationReport.model_validate(await handle.result())
            measured = (await web.get(f"http://{metrics}/metrics")).text

    assert report.totals.by_status == {"success": 6}
    ledger = stand.control.ledger("runs", "dispatches")
    assert len(ledger.runs) == len(ledger.dispatches) == 6
    assert len({sent.dispatch_id for sent in ledger.dispatches}) == 6
    assert re.search(r'podium_worker_runs_total{[^}]*outcome="success"[^}]*} [1-6]', measured)
    sent = (
        'method="POST",[^}]*route="/repos/\\*/actions/workflows/\\*/dispatches",[^}]*status="200"'
    )
    assert re.search(f"podium_github_requests_total{{{sent}[^}}]*}} [1-6]", measured)
