"""A router against the sandbox: a batch, by rules and by verdicts, through continue-as-new."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.routing import RouterState
from scripts.map_reduce_paths import answer
from scripts.router_paths import through_a_gate
from tests.system.judging import carried_states, decisions, survivors
from tests.system.stand import REPOSITORY, Stand, open_stand

ISSUES = 36
WIDTH = 9
SECONDS = 2
SUGGEST_AFTER = {"limit.historyCount.suggestContinueAsNew": "100"}
KINDS = ("security", "bug", "general")
BODIES = {"security": "there is a VULNERABILITY", "bug": "steps to reproduce", "general": None}


def kind(number: int) -> str:
    """What an issue is about."""
    return KINDS[number % 3]


def issues() -> list[dict[str, Any]]:
    return [
        {
            "number": number,
            "title": f"Issue {number}",
            "body": BODIES[kind(number)],
            "user": {"login": "reporter"},
            "created_at": f"2026-01-01T00:{number:02}:00Z",
        }
        for number in range(1, ISSUES + 1)
    ]


def seeds(folder: Path) -> Path:
    """Write the issues into a new folder."""
    folder.mkdir()
    file = folder / "issues.json"
    file.write_text(json.dumps(issues()))
    return file


def worker(name: str) -> dict[str, Any]:
    return {"workflow": "analyzer.yml", "inputs": {"item": f"{name} ${{{{ item.number }}}}"}}


def spec(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": "routes",
        "pattern": "router",
        "repository": REPOSITORY,
        "for-each": {"source": "open-issues"},
        "safe-outputs": {"create-comment": {"max": ISSUES}},
        "routes": {
            "security": {"when": {"body": "vulnerab"}, "worker": worker("security")},
            "bug": {"when": {"body": "^steps"}, "worker": worker("bug")},
            "general": {"worker": worker("general")},
        },
        "default": "general",
        "max-parallel": WIDTH,
    }
    return base | changes


def classified() -> dict[str, Any]:
    """A classifier is sure of all but general issues."""
    routes = {name: {"worker": worker(name)} for name in KINDS}
    return spec(routes=routes, classifier={"worker": worker("classify"), "threshold": 0.5})


def verdicts() -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = [
        {
            "inputs": {"item": f"classify {number}"},
            "duration_seconds": SECONDS,
            "result": answer(route=kind(number), confidence=(number % 3 != 2) * 0.9),
        }
        for number in range(1, ISSUES + 1)
    ]
    return [*rules, {"duration_seconds": SECONDS}]


@pytest.mark.covers("T4")
async def test_batches_are_routed_once_through_continue_as_new_and_a_gate_is_carried(
    tmp_path: Path,
) -> None:
    """By rules, by verdicts, and by people, side by side, because each waits for its runs."""
    async with open_stand(tmp_path, dynamic=SUGGEST_AFTER) as stand, asyncio.TaskGroup() as scenes:
        scenes.create_task(routed(stand, tmp_path / "rules", spec()))
        scenes.create_task(routed(stand, tmp_path / "classifier", classified()))
        scenes.create_task(asked_about(stand))


async def routed(house: Stand, folder: Path, data: dict[str, Any]) -> None:
    """A batch, each item once, by what decides in its spec."""
    async with house.beside(folder, issues=seeds(folder)) as stand, stand.workers():
        stand.control.timed(verdicts())
        handle = await stand.start(data)
        report = OrchestrationReport.model_validate(await handle.result())
        states = await carried_states(handle)
        judge(stand, report, with_classifier="classifier" in data)

    assert len(states) >= 3
    in_flight = [sum(e.run is not None for e in state.fleet.entries) for state in states]
    assert max(in_flight) == WIDTH
    assert all(RouterState.model_validate(state.pattern) for state in states)


def judge(stand: Stand, report: OrchestrationReport, *, with_classifier: bool) -> None:
    """Each item once to its route, in one window, and one comment on each."""
    ledger = stand.control.ledger("runs", "dispatches", "requests")
    sent = Counter(one.inputs["item"] for one in ledger.dispatches)
    steps = [f"{kind(number)} {number}" for number in range(1, ISSUES + 1)]
    if with_classifier:
        steps += [f"classify {number}" for number in range(1, ISSUES + 1)]

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert report.totals.items == ISSUES
    assert report.totals.by_status == {"success": ISSUES}
    assert sent == Counter(steps)
    assert set(survivors(ledger).values()) == {1}
    assert stand.control.concurrency(workflow="analyzer.yml").peak == WIDTH
    assert report.counts[0].values == dict.fromkeys(sorted(KINDS), ISSUES // 3)
    assert {row.key: row.route for row in report.results} == {
        str(number): kind(number) for number in range(1, ISSUES + 1)
    }
    assert sorted(decisions(report, "commented")) == sorted(f"#{n}" for n in range(1, ISSUES + 1))
    told = Counter(
        one.path.split("/")[-2]
        for one in ledger.requests
        if one.method == "POST" and one.path.endswith("/comments")
    )
    assert told == dict.fromkeys(map(str, range(1, ISSUES + 1)), 1)


async def asked_about(stand: Stand) -> None:
    """A group that people are asked about is carried with its gate."""
    async with stand.workers():
        handle = await through_a_gate(stand, "podium/routes/unsure")
        report = OrchestrationReport.model_validate(await handle.result())
        states = await carried_states(handle)
        ledger = stand.control.ledger("runs", "dispatches", "issues")

    carried = RouterState.model_validate(states[-1].pattern)
    assert sorted(one.route for one in carried.asked) == ["bug", "bug"]
    assert list(states[-1].gates.open) == ["routing-1"]
    assert report.status is OrchestrationStatus.SUCCEEDED
    sent = sorted(one.inputs["item"] for one in ledger.dispatches)
    assert sent == ["bug 1", "classify 1", "classify 2", "classify 3", "rest 2", "rest 3"]
    told = [one.reason for one in report.decisions if one.kind == "routed"]
    assert len([one for one in told if one.endswith("for bug; chosen by boss")]) == 2
