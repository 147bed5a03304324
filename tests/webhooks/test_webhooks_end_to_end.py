"""`podium webhooks` as a process: real deliveries wake orchestrations, and start them once."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from activities.markers import Markers
from contracts.report import OrchestrationReport
from starter.children import free_ports
from tests.patience import PATIENCE
from tests.system.stand import REPOSITORY, ROOT, Stand, open_stand, spec
from tests.webhooks.commenting import (
    EARLY,
    TRICKS,
    Liar,
    collected,
    commented,
    serve_commenter,
    untrue,
)
from tests.webhooks.posting import completed, delivery
from tests.webhooks.process import delivered, receiver

ROUTED = """
name: welcome
pattern: orchestrator-worker
on: {issues: {types: [opened]}}
repository: octo-org/widgets
for-each: {source: list, items: [hello]}
worker: {workflow: analyzer.yml, inputs: {item: "${{ event.issue.number }}"}}
"""


def issue(number: int, body: str = "It broke.", **more: Any) -> dict[str, Any]:
    return {
        "action": "opened",
        "issue": {"number": number, "title": "Broken", "body": body, "labels": []},
        "repository": {"full_name": REPOSITORY},
        "sender": {"login": "mona", "type": "User"},
        **more,
    }


def specs(folder: Path, **texts: str) -> Path:
    """Write specs into a new folder, by name."""
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.yml").write_text(text)
    return folder


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Stand]:
    async with open_stand(tmp_path) as opened:
        yield opened


async def test_ends_and_results_are_delivered_and_what_goes_wrong_costs_only_requests(
    house: Stand, tmp_path: Path
) -> None:
    """Side by side, because each waits for its runs."""
    async with asyncio.TaskGroup() as scenes:
        scenes.create_task(ends_are_delivered(house, tmp_path / "ends"))
        scenes.create_task(results_are_delivered(house, tmp_path / "results"))
        scenes.create_task(deliveries_go_wrong(house, tmp_path / "faults"))


async def ends_are_delivered(house: Stand, folder: Path) -> None:
    """Hardly anything is polled."""
    async with house.beside(folder) as stand, stand.workers(), receiver(stand) as web:
        stand.control.timed([{"duration_seconds": 4}])
        delivered(stand, web, twice=0.5)
        handle = await stand.start(spec(30, **{"max-parallel": 10}))
        report = await asyncio.wait_for(handle.result(), PATIENCE)
        posted = stand.control.posted()
        calls = stand.control.api_calls()
        runs = stand.control.runs()

    assert report["totals"]["by_status"] == {"success": 30}
    assert len(runs) == 30
    assert posted.posted > 30
    assert not posted.refused
    looks = sum(count for route, count in calls.items() if route.endswith("/actions/runs"))
    assert looks <= 10, calls


async def results_are_delivered(house: Stand, folder: Path) -> None:
    """A run costs its dispatch, and little else; what others claim, edit or foretell is not believed."""
    async with house.beside(folder) as stand, stand.workers(), receiver(stand) as web:
        publish_after = serve_commenter(stand, 30)
        delivered(stand, web)
        handle = await stand.start(commented(30))
        running = asyncio.ensure_future(handle.result())
        lies = await asyncio.wait_for(Liar(stand, publish_after).lie_until(running), PATIENCE)
        report = OrchestrationReport.model_validate(running.result())
        verdicts = await collected(stand, handle.id)
        calls = stand.control.api_calls("podium-operator")

    assert report.totals.by_status == {"success": 30}
    assert (len(verdicts), untrue(verdicts)) == (30, {})
    assert lies["by a stranger"] >= 20
    assert [trick for trick in TRICKS if lies[trick] < 3] == []
    read = sum(count for route, count in calls.items() if "/comments" in route)
    assert read <= 15, "only a comment that is told after its run's end is read, not each of 30"


async def deliveries_go_wrong(house: Stand, folder: Path) -> None:
    """In every way: each run is still sent once, and its own result is what counts."""
    async with house.beside(folder) as stand, stand.workers(), receiver(stand) as web:
        publish_after = serve_commenter(stand, 24)
        delivered(stand, web, lost=0.4, twice=0.3, late_seconds=3, early=0.5)
        handle = await stand.start(commented(24))
        running = asyncio.ensure_future(handle.result())
        # Where the true result's delivery is lost, what the bot itself told before it would stand.
        liar = Liar(stand, publish_after, [trick for trick in TRICKS if trick != EARLY])
        await asyncio.wait_for(liar.lie_until(running), PATIENCE)
        report = OrchestrationReport.model_validate(running.result())
        verdicts = await collected(stand, handle.id)
        posted = stand.control.posted()
        dispatches = stand.control.dispatches()

    assert report.totals.by_status == {"success": 24}
    assert (len(verdicts), untrue(verdicts)) == (24, {})
    assert len(dispatches) == 24
    assert posted.lost > 10


async def test_events_start_once_what_the_specs_say_as_they_are(
    house: Stand, tmp_path: Path
) -> None:
    async with asyncio.TaskGroup() as scenes:
        issues = specs(tmp_path / "issues", welcome=ROUTED)
        events = "on: {issue_comment: {types: [created]}, pull_request: {}}"
        text = ROUTED.replace("on: {issues: {types: [opened]}}", events)
        text = text.replace("event.issue.number", "event.action")
        comments = specs(tmp_path / "comments", welcome=text)
        none = specs(tmp_path / "none", worker="name: not a spec\non: push\n")
        scenes.create_task(an_issue_starts_once(house, issues))
        scenes.create_task(comments_and_pulls_start(house, comments))
        scenes.create_task(specs_are_read_again(house, none))


async def an_issue_starts_once(house: Stand, folder: Path) -> None:
    """Whoever receives it."""
    options = ("--specs", str(folder))
    key = "a key that the Temporal Worker has too"
    mark = Markers.from_text(key).mark("report", "0" * 24)
    async with (
        house.beside(folder) as stand,
        stand.workers(),
        receiver(stand, *options, PODIUM_MARKER_KEY=key) as web,
        receiver(stand, *options, PODIUM_MARKER_KEY=key) as other,
    ):
        stand.control.timed([{"duration_seconds": 0}])
        told = delivery(issue(5), "issues", delivery_id="d-5")
        first = [await one.post("/webhooks", **told) for one in (web, other, web)]
        own = await web.post("/webhooks", **delivery(issue(6, mark), "issues"))
        forged = mark[:-10] + "0" * 6 + " -->"
        posing = delivery(issue(7, forged), "issues", delivery_id="d-7")
        let_in = await web.post("/webhooks", **posing)
        closed = delivery(issue(8, action="closed"), "issues")
        elsewhere = delivery(issue(9, repository={"full_name": "octo-org/other"}), "issues")
        others = [await web.post("/webhooks", **one) for one in (closed, elsewhere)]
        reports = [
            await stand.client.get_workflow_handle(f"podium/welcome/{name}").result()
            for name in ("d-5", "d-7")
        ]
        again = await other.post("/webhooks", **told)
        runs = stand.control.runs()

    assert [one.status_code for one in first] == [202, 202, 200]
    assert "started by it before" in first[1].json()["said"]
    assert own.json()["said"] == "written by Podium itself"
    assert let_in.json()["said"] == "welcome is started", "a forged mark keeps nobody out"
    assert [one.json()["said"] for one in others] == ["no spec is started by it"] * 2
    assert [one["status"] for one in reports] == ["succeeded"] * 2
    assert again.is_success
    assert len(runs) == 2


async def comments_and_pulls_start(house: Stand, folder: Path) -> None:
    """What names them; what a worker writes starts nothing."""
    key = "a key that the Temporal Worker has too"
    mark = Markers.from_text(key).mark("report", "0" * 24)
    comment = issue(5, action="created", comment={"body": "please look"})
    bot = {"login": "github-actions[bot]", "type": "Bot"}
    pull = {"number": 9, "title": "Mend it", "body": None}
    sent = [
        ("issue_comment", comment, "welcome is started"),
        ("issue_comment", comment | {"action": "edited"}, "no spec is started by it"),
        ("issue_comment", comment | {"sender": bot}, "which starts nothing"),
        ("issue_comment", comment | {"comment": {"body": mark}}, "written by Podium itself"),
        ("pull_request", issue(9, pull_request=pull), "welcome is started"),
        ("issues", issue(5), "no spec is started by it"),
    ]
    async with (
        house.beside(folder) as stand,
        receiver(stand, "--specs", str(folder), PODIUM_MARKER_KEY=key) as web,
    ):
        answers = [
            (await web.post("/webhooks", **delivery(payload, event))).json()["said"]
            for event, payload, _ in sent
        ]

    wanted = [words for _, _, words in sent]
    assert [words in said for words, said in zip(wanted, answers, strict=True)] == [True] * len(
        sent
    ), answers


async def specs_are_read_again(house: Stand, folder: Path) -> None:
    """When they change; a broken one stays as it was."""
    async with house.beside(folder) as stand, receiver(stand, "--specs", str(folder)) as web:
        nothing = await web.post("/webhooks", **delivery(issue(1), "issues"))
        (folder / "welcome.yml").write_text(ROUTED)
        await asyncio.sleep(1.2)
        started = await web.post("/webhooks", **delivery(issue(2), "issues"))
        (folder / "welcome.yml").write_text(ROUTED + "unknown-key: 1\n")
        await asyncio.sleep(1.2)
        still = await web.post("/webhooks", **delivery(issue(3), "issues"))

    assert nothing.json()["said"] == "no spec is started by it"
    assert started.json()["said"] == still.json()["said"] == "welcome is started"


async def test_while_temporal_is_away_deliveries_are_told_as_failed(tmp_path: Path) -> None:
    run = {"id": 1, "event": "workflow_dispatch", "status": "completed", "conclusion": "success"}
    run["created_at"] = "2026-01-01T00:00:00Z"
    told = delivery(completed(run, REPOSITORY))
    stands = open_stand(tmp_path)
    stand = await stands.__aenter__()
    async with receiver(stand) as web:
        await stands.__aexit__(None, None, None)
        failed = await web.post("/webhooks", **told)
        ready = await web.get("/readyz")
        alive = await web.get("/healthz")

    assert (failed.status_code, ready.status_code, alive.status_code) == (503, 503, 200)


@pytest.mark.parametrize("secret", ["", "short"])
def test_it_does_not_start_without_a_secret(secret: str) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "starter", "webhooks", "--port", str(free_ports(1)[0])],
        cwd=ROOT, env=os.environ | {"PODIUM_WEBHOOK_SECRET": secret},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert said.returncode == 2
    assert "PODIUM_WEBHOOK_SECRET" in said.stderr
