"""X3 end to end: real workers deploy to a real target; people and failures decide what follows."""

from pathlib import Path
from typing import Any

import pytest
import requests

from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.examples.tea_house import state, target
from tests.examples.theatre import Theatre, ended, open_gate, open_theatre
from tests.system.stand import TOKEN

REPOSITORY = "octo-org/tea-house"
STAGING = ["staging-deployer.yml", "staging-validator.yml"]
PRODUCTION = ["production-deployer.yml", "production-validator.yml"]
ROLLBACK = "rollback-deployment.yml"
BOSS = {"approver": "octo-release-manager", "comment": "looked at it"}


async def deploy(
    theatre: Theatre, url: str, version: str, answer: str = "", *, key: str = "", **changes: Any
) -> tuple[OrchestrationReport, list[str]]:
    """Deploy a version; tell the report, and the workers dispatched beyond the validators."""
    before = len(theatre.files())
    started_with = theatre.rendered(version=version, target_url=url, issue_number="1")
    for stage in started_with["spec"]["stages"]:
        if "approval" in stage:
            stage["approval"] |= changes
    handle = await theatre.start(started_with, key or version)
    if answer:
        await open_gate(handle)
        await handle.signal(answer, BOSS)
    report = await ended(handle)
    dispatched = theatre.files()[before:]
    assert set(dispatched[:2]) == {"security-validator.yml", "test-validator.yml"}
    return report, dispatched[2:]


def issue(theatre: Theatre, path: str, repository: str = REPOSITORY) -> Any:
    answer = requests.get(
        f"{theatre.stand.sandbox.api_url}/repos/{repository}{path}",
        headers={"Authorization": f"token {TOKEN}"},
        timeout=10,
    )
    answer.raise_for_status()
    return answer.json()


def check_overlap(theatre: Theatre) -> None:
    first, second = theatre.dispatched()[:2]
    assert first.started_at is not None
    assert second.started_at is not None
    assert first.completed_at is not None
    assert second.completed_at is not None
    assert max(first.started_at, second.started_at) < min(first.completed_at, second.completed_at)


@pytest.mark.covers("X3", "T3")
@pytest.mark.timeout(280)
async def test_releases_go_as_far_as_people_and_checks_let_them(tmp_path: Path) -> None:
    """One test, because servers cost time: approval, rejection, silence, and two failures."""
    async with open_theatre(tmp_path, "deployment-pipeline", REPOSITORY) as theatre:
        with target() as server:
            url = server.url
            report, rest = await deploy(theatre, url, "1.4.0", "approve")
            assert report.status is OrchestrationStatus.SUCCEEDED, report.reason
            assert rest == [*STAGING, *PRODUCTION]
            assert state(server, "production")[0] == "1.4.0"
            check_overlap(theatre)
            check_issues(theatre, report)
            await check_next_day(theatre, server)

            report, rest = await deploy(theatre, url, "1.5.0", "reject")
            assert report.status is OrchestrationStatus.REJECTED
            assert rest == STAGING
            assert state(server, "production")[0] == "1.4.0"

            report, rest = await deploy(theatre, url, "1.5.0", timeout="2s")
            assert report.status is OrchestrationStatus.REJECTED
            assert "nobody answered" in report.reason
            assert rest == STAGING

            report, rest = await deploy(theatre, url, "1.6.0")
            assert report.status is OrchestrationStatus.FAILED
            assert rest == [*STAGING, ROLLBACK]
            assert state(server, "staging")[0] == "1.5.0"

            report, rest = await deploy(theatre, url, "1.7.0", "approve")
            assert report.status is OrchestrationStatus.FAILED
            assert rest == [*STAGING, *PRODUCTION, ROLLBACK, ROLLBACK]
            sent = sorted(theatre.stand.control.dispatches(), key=lambda one: one.run_id or 0)
            undone = [one.inputs["environment"] for one in sent[-2:]]
            assert undone == ["production", "staging"]
            assert state(server, "production")[0] == "1.4.0"
            assert state(server, "staging")[0] == "1.5.0"


async def check_next_day(theatre: Theatre, server: Any) -> None:
    """The same release again: nothing goes live twice, and each run has its own few texts."""
    before = theatre.written(REPOSITORY)
    report, rest = await deploy(theatre, server.url, "1.4.0", "approve", key="1.4.0-day-2")

    assert report.status is OrchestrationStatus.SUCCEEDED, report.reason
    assert rest == [*STAGING, *PRODUCTION]
    assert server.at("staging").live == server.at("production").live == ["1.4.0"]
    # The approval, with its answer, and the report; the progress of three stages.
    assert before == {"issues": 2, "comments": 1 + 3, "pulls": 0}
    assert theatre.written(REPOSITORY) == {"issues": 4, "comments": 2 + 6, "pulls": 0}


def check_issues(theatre: Theatre, report: OrchestrationReport) -> None:
    """Three progress comments, an approval issue that is closed, and a report issue."""
    comments = issue(theatre, "/issues/1/comments")
    assert [c["body"].splitlines()[0] for c in comments] == [
        f"**{report.title}**: stage **{stage}** succeeded."
        for stage in ("validate", "staging", "production")
    ]
    approval = issue(theatre, "/issues/2")
    assert approval["title"].startswith("Approve production")
    assert approval["state"] == "closed"
    assert approval["body"].startswith("**Approved by octo-release-manager: looked at it.**")
    assert issue(theatre, f"/issues/{report.issue_url.rsplit('/', 1)[1]}")["title"] == report.title
