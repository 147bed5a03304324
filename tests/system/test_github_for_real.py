"""Everything that goes wrong with GitHub, alone and together: each item once, and all of it told.

A real Temporal server, a real receiver of webhooks, and a sandbox that fails on demand, whose own
record is what Podium is judged by.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from temporalio.client import WorkflowHandle

from contracts import errors, names
from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.runs import COMPLETED
from sandbox.control import LedgerView
from sandbox.control_models import Posted
from tests.system.drafts import told
from tests.system.judging import decisions, overcome, successes, survivors, until
from tests.system.stand import REPOSITORY, TOKEN, WORKER_FILE, Stand, open_stand, spec
from tests.system.troubles import (
    FULL,
    GATED,
    SHORT,
    Spans,
    Trouble,
    hurried,
    judge_deliveries,
    troubles,
)
from tests.webhooks.process import delivered, receiver

BROKEN = "octo-org/broken"
ROUTED = "octo-org/routed"
ISSUES = 2
THRESHOLD = 2
TASKS = 4
REPORT = "Report of all items"


def listed(items: int) -> dict[str, Any]:
    """Many items, and one report issue."""
    more = {"max-parallel": 20, "safe-outputs": {"create-issue": {}}, "report": {"title": REPORT}}
    return spec(items, name="listed", **more)


def worker(item: str) -> dict[str, Any]:
    return {"workflow": "analyzer.yml", "inputs": {"item": item}}


def gated() -> dict[str, Any]:
    """A stage, and one that people must allow."""
    release = {"name": "release", "workers": {"release": worker("release")}}
    return {
        "name": "gated",
        "pattern": "pipeline",
        "repository": GATED,
        "stages": [
            {"name": "build", "workers": {"build": worker("build")}},
            release | {"approval": {"approvers": ["mona"]}},
        ],
    }


def routed() -> dict[str, Any]:
    """Issues that are told of, labelled and closed."""
    result = {"channels": ["artifact"]}
    return {
        "name": "routed",
        "pattern": "router",
        "repository": ROUTED,
        "for-each": {"source": "open-issues"},
        "safe-outputs": {
            "add-comment": {"max": ISSUES},
            "add-labels": {},
            "close-issue": {"max": ISSUES, "when": {"field": "outputs.done"}},
        },
        "routes": {
            "all": {
                "worker": {**worker("${{ item.number }}"), "workflow": "routed.yml"}
                | {"result": result},
                "labels": ["seen"],
            }
        },
        "default": "all",
    }


def broken() -> dict[str, Any]:
    """Tasks whose worker always fails, so that its breaker opens and stays open."""
    once = worker("x") | {"workflow": "broken.yml", "retry": {"maximum-attempts": 1}}
    return {
        "name": "broken",
        "pattern": "circuit-breaker",
        "repository": BROKEN,
        "max-parallel": 1,
        "breaker": {"failure-threshold": THRESHOLD, "cool-down": "1h", "max-cool-down": "1h"},
        "success": {"min-success-rate": 0},
        "tasks": [{"name": f"task-{n}", "worker": once} for n in range(TASKS)],
    }


@dataclass
class Seen:
    """What a run left: reports, histories in short, and the sandbox's record."""

    reports: list[OrchestrationReport]
    """Of the many items; then, where they ran too, of the gate, the breaker and the router."""
    overcome: Counter[str]
    ledger: LedgerView
    posted: Posted
    issues: list[dict[str, Any]]
    routed: list[dict[str, Any]]
    seconds: float

    @property
    def listed(self) -> OrchestrationReport:
        """Of the many items."""
        return self.reports[0]

    @property
    def refused(self) -> int:
        """Requests that a limit refused."""
        return sum(r.status in (403, 429) for r in self.ledger.requests)

    def looked_too_early(self, late: float) -> int:
        """How many lists of artifacts were read while those were not shown yet."""
        ended = {run.run_id: run.completed_at or 0.0 for run in self.ledger.runs}
        lists = [r for r in self.ledger.requests if r.route.endswith("/runs/{run_id}/artifacts")]
        return sum(r.at < ended[int(r.path.split("/")[-2])] + late for r in lists)

    def __str__(self) -> str:
        calls, runs = len(self.ledger.requests), len(self.ledger.runs)
        faults = Counter(r.fault for r in self.ledger.requests if r.fault)
        return (
            f"{self.seconds:.0f} s, {runs} runs, {calls} calls, {self.refused} refused by a limit, "
            f"faults {dict(faults)}, deliveries {self.posted.model_dump()}, "
            f"overcome {dict(self.overcome)}"
        )


async def approve(stand: Stand, gate: WorkflowHandle[Any, Any], half: int) -> None:
    """Answer the gate, which has been open for a while when half of the items are done."""
    while not await gate.query(names.QUERY_GATES):  # noqa: ASYNC110 - it is elsewhere
        await asyncio.sleep(0.2)
    await until(stand.control, lambda runs: sum(r.status == COMPLETED for r in runs) >= half, 900)
    answer = {"gate": "release", "approver": "mona", "comment": "go"}
    await gate.signal(names.SIGNAL_APPROVE, answer)


async def run(stand: Stand, trouble: Trouble, spans: Spans, items: int, *, more: bool) -> Seen:
    """Run everything under a trouble; `more` adds the gate and the breaker."""
    files = ((BROKEN, "broken.yml"), (GATED, "analyzer.yml"), (ROUTED, "routed.yml"))
    for name, file in files:
        stand.control.add_repository(name, files={f".github/workflows/{file}": WORKER_FILE})
    failing = {"workflow": "broken.yml", "conclusion": "failure", "duration_seconds": 0.5}
    done = {"workflow": "routed.yml", "duration_seconds": 1, "result": told({"done": True})}
    stand.control.timed([failing, done, {"duration_seconds": 2}])
    asked = [{"number": n, "title": f"Issue {n}"} for n in range(1, ISSUES + 1)]
    stand.control.seed_issues(ROUTED, asked)
    settings = stand.settings(PODIUM_SETTLE_SECONDS=spans.settle)
    began = time.monotonic()
    async with receiver(stand) as web, stand.workers(settings):
        delivered(stand, web, **trouble.hook)
        trouble.arm(stand)
        handles = [
            await stand.start(data)
            for data in (listed(items), gated(), broken(), routed())[: 4 if more else 1]
        ]
        if more:
            await approve(stand, handles[1], items // 2)
        results = await asyncio.gather(*(handle.result() for handle in handles))
        counted = [await overcome(handle) for handle in handles]
        posted = stand.control.posted()
    seconds = time.monotonic() - began
    reports = [OrchestrationReport.model_validate(result) for result in results]
    ledger = stand.control.ledger("runs", "dispatches", "requests")
    found = issues(stand, REPOSITORY) + issues(stand, GATED)
    routes = issues(stand, ROUTED)
    return Seen(reports, sum(counted, Counter()), ledger, posted, found, routes, seconds)


def issues(stand: Stand, repository: str) -> list[dict[str, Any]]:
    """All issues that were written, with their comments, read when nothing is wrong any more."""
    stand.control.clear_faults()
    stand.control.settings(rate_limit=5_000)
    base = f"{stand.sandbox.api_url}/repos/{repository}/issues"
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        found = session.get(base, params={"state": "all", "per_page": "100"}, timeout=20).json()
        for one in found:
            one["texts"] = session.get(f"{base}/{one['number']}/comments", timeout=20).json()
    return list(found)


def judge(seen: Seen, trouble: Trouble, items: int) -> None:
    """Each item was done by one run at the first attempt, and reported once."""
    done = successes(seen.ledger, "analyzer.yml")
    wanted = {f"item-{n}" for n in range(items)}
    assert seen.listed.status is OrchestrationStatus.SUCCEEDED
    assert seen.listed.totals.by_status == {"success": items}
    assert seen.listed.totals.retries == 0, decisions(seen.listed, "retried")
    assert wanted <= set(done)
    assert {len(runs) for runs in done.values()} == {1}
    assert set(survivors(seen.ledger).values()) == {1}
    told = [
        subject for report in seen.reports for subject in decisions(report, "surplus-cancelled")
    ]
    assert len(told) == sum(run.conclusion == "cancelled" for run in seen.ledger.runs)
    assert [one["title"] for one in seen.issues].count(REPORT) == 1
    assert set(trouble.told) <= set(seen.overcome), "histories tell what was overcome"


def judge_gate(seen: Seen) -> None:
    """People were asked once, and answered while everything went wrong."""
    gate = seen.reports[1]
    assert gate.status is OrchestrationStatus.SUCCEEDED
    assert decisions(gate, "gate-opened") == decisions(gate, "gate-approved") == ["release"]
    asked = [one for one in seen.issues if one["title"].startswith("Approve release")]
    assert len(asked) == 1
    assert asked[0]["state"] == "closed"
    assert len(asked[0]["texts"]) == 1
    assert {"build", "release"} <= set(successes(seen.ledger, "analyzer.yml"))


def judge_breaker(seen: Seen) -> None:
    """It opened after so many failures, stayed open, and the rest was told as skipped."""
    breaker = seen.reports[2]
    skipped = decisions(breaker, "circuit-open")
    ran = [run for run in seen.ledger.runs if run.repository == BROKEN]
    assert len({run.dispatch_id for run in ran}) == THRESHOLD
    assert len(skipped) == TASKS - THRESHOLD
    assert breaker.breakers["broken.yml"]["state"] == "open"


def judge_router(seen: Seen) -> None:
    """Each issue was told of once, labelled, and closed."""
    assert seen.reports[3].status is OrchestrationStatus.SUCCEEDED
    assert [len(one["texts"]) for one in seen.routed] == [1] * ISSUES
    assert [[label["name"] for label in one["labels"]] for one in seen.routed] == [
        ["seen"]
    ] * ISSUES
    assert [one["state"] for one in seen.routed] == ["closed"] * ISSUES


def judge_trouble(seen: Seen, name: str, spans: Spans) -> None:
    """The trouble did happen, so that the rest proves something."""
    faults = Counter(r.fault for r in seen.ledger.requests if r.fault)
    calls, together = len(seen.ledger.requests), name == "all"
    judge_deliveries(seen.posted, seen.ledger, name)
    if together or name == "bad-gateway":
        assert faults["status"] >= 0.12 * calls
        doubts = seen.overcome[errors.AMBIGUOUS_ANSWER] + seen.overcome[errors.UNSETTLED]
        assert doubts + len(decisions(seen.listed, "adopted")) > 0
    if together or name.startswith("secondary"):
        assert faults["rate-limit"] > 0
    if together or name == "stale-lists":
        assert faults["stale"] >= 5
    if together or name == "primary-limit":
        assert seen.refused > faults["rate-limit"]
    if together or name == "late-artifacts":
        assert seen.looked_too_early(spans.artifact) > 0


async def scenario(folder: Path, name: str, spans: Spans, items: int) -> Seen:
    """Run one scenario, and judge it."""
    trouble = troubles(spans, items)[name]
    more = name in ("all", "gate-and-breaker")
    async with open_stand(folder) as stand:
        seen = await run(stand, trouble, spans, items, more=more)
    print(f"{name}, {items} items: {seen}")  # noqa: T201 - shown by `make soak` where it fails
    judge(seen, trouble, items)
    judge_trouble(seen, name, spans)
    if more:
        judge_gate(seen)
        judge_breaker(seen)
        judge_router(seen)
    return seen


@pytest.mark.timeout(240)
async def test_everything_at_once_costs_time_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.github.errors.to_application_error", hurried)
    await scenario(tmp_path, "all", SHORT, 16)


@pytest.mark.soak
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("name", troubles(FULL, 1))
async def test_two_hundred_items_survive_each_trouble_in_full(tmp_path: Path, name: str) -> None:
    await scenario(tmp_path, name, FULL, 200)
