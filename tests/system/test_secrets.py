"""No token or key is in a history, log, trace, metric, report or issue, whatever went wrong."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.patience import PATIENCE
from tests.sandbox.apps import APP_ID, SLUG, keys
from tests.system import leaky_worker
from tests.system.stand import REPOSITORY, ROOT, Stand, end, open_stand, spec
from tests.system.test_telemetry import Collector
from tests.webhooks.posting import SECRET, delivery
from tests.webhooks.process import delivered, receiver_process

TOKEN = "ghs_ThisIsTheTokenThatNobodyMayEverSee0"
KEY_LINE = keys()[0].splitlines()[leaky_worker.KEY_LINE]
"""Of the App's private key: escaped as JSON, only single lines are found."""
KEY = "the key of all the hidden marks, which nobody may see either"
SECRETS = (TOKEN, "ghs_", KEY, KEY_LINE, SECRET)
WORK = {"path": "^/repos/.+/(actions|issues)"}
"""Where errors come at once, not one after another: each waits twice as long as the one before."""
FAULTS = [
    # Certain to be in a history, as what comes after it succeeds; the others may be followed by looks.
    {"kind": "status", "status": 500, "method": "GET", "path": "/contents/", "times": 1},
    {"kind": "status", "status": 500, "method": "POST", "path": "/access_tokens$", "times": 1},
    WORK | {"kind": "status", "status": 502, "method": "GET", "share": 0.4, "times": 4},
    WORK | {"kind": "status", "status": 500, "method": "POST", "times": 2},
    WORK | {"kind": "status", "status": 503, "method": "POST", "when": "after", "times": 1},
    WORK | {"kind": "reset", "share": 0.3, "times": 3},
    WORK | {"kind": "rate-limit", "status": 429, "seconds": 1, "share": 0.3, "times": 2},
    WORK | {"kind": "rate-limit", "status": 403, "primary": True, "share": 0.3, "times": 1,
     "headers": {"x-ratelimit-reset": "1"}},
]  # fmt: skip


@dataclass(frozen=True)
class Mains:
    """The programs that run."""

    worker: str = "worker_main.py"
    receiver: Sequence[str] = ("-m", "starter")


LEAKY = Mains("tests/system/leaky_worker.py", ("tests/system/leaky_receiver.py",))


def as_token(stand: Stand, _: Path) -> dict[str, str]:
    """Speak as somebody with a token."""
    return {"GITHUB_TOKEN": TOKEN}


def as_app(stand: Stand, folder: Path) -> dict[str, str]:
    """Speak as an App, whose tokens GitHub makes."""
    key = folder / "key.pem"
    key.write_text(keys()[0])
    stand.control.add_app(APP_ID, SLUG, keys()[1], {"owner": "octo-org"})
    return {
        "GITHUB_TOKEN": "",
        "PODIUM_GITHUB_APP_ID": str(APP_ID),
        "PODIUM_GITHUB_APP_PRIVATE_KEY_FILE": str(key),
    }


async def everything(
    folder: Path, who: Callable[[Stand, Path], dict[str, str]], mains: Mains
) -> dict[str, bytes]:
    """Run an orchestration full of errors on a stand of its own; all that was recorded, by where."""
    async with open_stand(folder) as stand:
        with closing(Collector()) as collector:
            return await _everything(stand, collector, folder, who(stand, folder), mains)


async def _everything(
    stand: Stand, collector: Collector, folder: Path, who: dict[str, str], mains: Mains
) -> dict[str, bytes]:
    stand.control.add_token("podium-operator", TOKEN)
    stand.control.timed([{"inputs": {"item": "item-1"}, "conclusion": "failure"}, {}])
    stand.control.faults(FAULTS)
    shared = {
        "PODIUM_LOG_LEVEL": "DEBUG", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200", "OTEL_METRIC_EXPORT_INTERVAL": "500", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    logs = {name: folder / f"{name}.log" for name in ("worker", "receiver")}
    process = stand.worker_process(
        mains.worker, logs["worker"], PODIUM_MARKER_KEY=KEY, PODIUM_SETTLE_SECONDS="3", **shared, **who
    )  # fmt: skip
    asked = spec(
        4,
        success={"min-success-rate": 0},
        breaker="disabled",
        **{"safe-outputs": {"create-issue": {"max": 1}}},
    )
    asked["worker"]["retry"] = {"maximum-attempts": 2, "initial-interval": "1s"}
    hooked = stand.environment(PODIUM_WEBHOOK_SECRET=SECRET, **shared)
    receiver = receiver_process(
        stand, environment=hooked, main=mains.receiver, log=logs["receiver"]
    )
    try:
        async with receiver as (web, _):
            delivered(stand, web)
            for wrong in (delivery({}, secret="not it"), delivery(b"{"), delivery({}, "no event!")):
                await web.post("/webhooks", **wrong)
            handle = await stand.start(asked)
            report = await asyncio.wait_for(handle.result(), PATIENCE)
    finally:
        await asyncio.to_thread(end, process)
    found = {f"log of the {name}": file.read_bytes() for name, file in logs.items()}
    return found | {
        "histories": await histories(stand),
        "report": str(report).encode(),
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
async def test_no_secret_is_recorded_anywhere_and_one_that_an_error_told_would_be_found(
    tmp_path: Path,
) -> None:
    """Side by side, as errors are mostly waited for; the last one tells what it must not."""
    *good, leaky = await asyncio.gather(
        everything(tmp_path / "token", as_token, Mains()),
        everything(tmp_path / "app", as_app, Mains()),
        everything(tmp_path / "leaky", as_app, LEAKY),
    )
    for found in good:
        judge_silent(found)
    judge_leaky(leaky)


def judge_silent(found: dict[str, bytes]) -> None:
    """All was recorded, and no secret in it."""
    assert b"Server Error" in found["histories"], "errors were recorded"
    assert b"podium.github.requests" in found["traces and metrics"]
    assert b"GitHub POST" in found["traces and metrics"]
    assert b"podium:" in found["issues"], "a mark was written"
    assert b"runs_completed" in found["histories"]
    assert b"delivery" in found["log of the receiver"]
    for secret in (*SECRETS, TOKEN[4:24], KEY[:24]):
        assert [where for where, held in found.items() if secret.encode() in held] == []


def judge_leaky(found: dict[str, bytes]) -> None:
    """What was told is there to be found."""
    for secret in ("ghs_", KEY, KEY_LINE):
        assert secret.encode() in found["histories"], secret
    assert SECRET.encode() in found["log of the receiver"]
