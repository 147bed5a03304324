"""Traces and logs of a Temporal Worker process: off unless asked for, and telling the story."""

import asyncio
import json
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.patience import PATIENCE
from tests.system.stand import Stand, end, spec


class Collector:
    """An OTLP receiver on loopback that keeps the spans it gets."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.bodies: list[bytes] = []
        """All that was sent, metrics included."""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.bodies.append(body)
                if self.path == "/v1/traces":
                    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                        for scope in resource.scope_spans:
                            collector.spans += scope.spans
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                """Stay quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    opened = Collector()
    yield opened
    opened.close()


async def run_once(stand: Stand, log: Path, **more: str) -> int:
    """One small orchestration on a Worker process of its own; the process's exit code."""
    process = stand.worker_process(log=log, **more)
    try:
        handle = await stand.start(spec(2))
        await asyncio.wait_for(handle.result(), PATIENCE)
        process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(process.wait, 30)
    finally:
        end(process)


@pytest.mark.covers("M1")
async def test_a_trace_leads_from_workflow_to_github_call(
    stand: Stand, collector: Collector, tmp_path: Path
) -> None:
    code = await run_once(
        stand,
        tmp_path / "log",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="200",
    )

    assert code == 0
    names = {span.name for span in collector.spans}
    assert "RunWorkflow:OrchestratorWorker" in names
    assert "RunActivity:github.run.dispatch" in names
    parents = {span.span_id: span for span in collector.spans}
    post = next(s for s in collector.spans if s.name == "GitHub POST")
    above = []
    while post.parent_span_id in parents:
        post = parents[post.parent_span_id]
        above.append(post.name)
    assert "RunActivity:github.run.dispatch" in above
    assert "RunWorkflow:OrchestratorWorker" in above


async def test_each_decision_is_one_line_of_structured_log_and_no_token_is_logged(
    stand: Stand, collector: Collector, tmp_path: Path
) -> None:
    log = tmp_path / "log"

    assert await run_once(stand, log) == 0

    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    decisions = [
        line["decision"] for line in lines if line.get("message", "").startswith("decision")
    ]
    assert decisions.count("dispatched") == 2
    assert decisions.count("completed") == 2
    assert stand.environment()["GITHUB_TOKEN"] not in log.read_text()
    assert collector.spans == [], "no exporter is set"
