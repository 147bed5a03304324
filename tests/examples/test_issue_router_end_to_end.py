"""X4 end to end: each event to the worker that its manifest names, and one comment that says why."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from contracts import names
from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.examples.stages import PIECES, seed_events
from tests.examples.theatre import Theatre, ended, open_theatre
from tests.system.stand import ROOT, TOKEN

PIECE = next(piece for piece in PIECES if piece.label == "X4")
EXAMPLE = ROOT / "examples" / PIECE.folder
EVENTS = {path.stem: json.loads(path.read_text()) for path in (EXAMPLE / "events").glob("*.json")}
EXPECTED = json.loads((EXAMPLE / "expected.json").read_text())
BY_RULES = ("bug-complete", "security-details", "documentation-typo", "question", "hostile")
BY_CLASS = ("security-labelled", "feature-large", "japanese")


async def route(
    theatre: Theatre, spec: str, events: Sequence[str]
) -> dict[str, OrchestrationReport]:
    """Start a run for each event at once, and wait for all."""
    runs = {
        name: await theatre.start(
            theatre.rendered(spec) | {"event": EVENTS[name]}, f"{spec}-{name}"
        )
        for name in events
    }
    return {name: await ended(handle) for name, handle in runs.items()}


def comments(theatre: Theatre, name: str) -> list[str]:
    number = EVENTS[name]["issue"]["number"]
    answer = requests.get(
        f"{theatre.stand.sandbox.api_url}/repos/{PIECE.repository}/issues/{number}/comments",
        headers={"Authorization": f"token {TOKEN}"},
        timeout=10,
    )
    answer.raise_for_status()
    return [comment["body"] for comment in answer.json()]


def reason(report: OrchestrationReport) -> str:
    (said,) = [d.reason for d in report.decisions if d.kind == "routed"]
    return said


@pytest.mark.covers("X4", "T4")
@pytest.mark.timeout(280)
async def test_each_issue_goes_to_its_worker_and_is_told_why_once(tmp_path: Path) -> None:
    async with open_theatre(tmp_path, PIECE.folder, PIECE.repository) as theatre:
        seed_events(theatre, tmp_path)

        ruled = await route(theatre, "orchestration.yml", BY_RULES)

        for name, report in ruled.items():
            expected = EXPECTED[name]
            check(report, expected["route"], expected["worker"])
            check_comment(theatre, name, expected["route"])
        await redeliver(theatre)
        await next_day(theatre)

        classified = await route(theatre, "classified.yml", BY_CLASS)

        for name, report in classified.items():
            worker = EXPECTED[name]["worker"]
            check(report, EXPECTED[name]["class"] or "general", worker, dispatches=2)
            check_comment(theatre, name, EXPECTED[name]["class"] or "general")
        assert "below 0.6: the default route" in reason(classified["japanese"])
        assert sorted(theatre.files()) == sorted(
            [EXPECTED[name]["worker"] for name in (*BY_RULES, *["bug-vague"] * 2, *BY_CLASS)]
            + ["issue-classifier.yml"] * len(BY_CLASS)
        )


def check(report: OrchestrationReport, route: str, worker: str, *, dispatches: int = 1) -> None:
    assert report.status is OrchestrationStatus.SUCCEEDED, report.reason
    (row,) = report.results
    assert (row.route, f"{row.worker}.yml") == (route, worker)
    assert report.totals.dispatches == dispatches
    assert [count.values for count in report.counts] == [{route: 1}]


def check_comment(theatre: Theatre, name: str, route: str) -> None:
    """One comment, which names the route and quotes nothing of the issue."""
    (body,) = comments(theatre, name)
    issue: dict[str, Any] = EVENTS[name]["issue"]
    assert body.startswith(f"Routed to **{route}**: ")
    assert issue["title"] not in body
    words = {word for word in (issue["body"] or "").split() if len(word) > 12}
    assert not [word for word in words if word in body]


async def next_day(theatre: Theatre) -> None:
    """Another run on the same issue finds it told already: by its last comment, signed by Podium."""
    started_with = theatre.rendered() | {"event": EVENTS["bug-vague"]}
    report = await ended(await theatre.start(started_with, "day-2"))

    check(report, EXPECTED["bug-vague"]["route"], EXPECTED["bug-vague"]["worker"])
    check_comment(theatre, "bug-vague", EXPECTED["bug-vague"]["route"])


async def redeliver(theatre: Theatre) -> None:
    """The same delivery again, while its run goes on or later, starts and writes nothing."""
    started_with = theatre.rendered() | {"event": EVENTS["bug-vague"]}
    before = len(theatre.dispatched())
    first = await theatre.start(started_with, "delivery-1")
    with pytest.raises(WorkflowAlreadyStartedError):
        await theatre.start(started_with, "delivery-1")
    await ended(first)
    with pytest.raises(WorkflowAlreadyStartedError):
        await theatre.stand.client.start_workflow(
            "Router",
            started_with,
            id=first.id,
            task_queue=names.TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,  # as for deliveries
        )

    assert len(theatre.dispatched()) == before + 1
    assert len(comments(theatre, "bug-vague")) == 1
