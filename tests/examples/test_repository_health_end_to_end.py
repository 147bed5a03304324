"""X2 end to end: three child orchestrations of four workers each, one of which fails."""

from pathlib import Path

import pytest

from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.specs.reporting import PRIORITIES
from tests.examples.test_deployment_pipeline_end_to_end import issue
from tests.examples.theatre import Theatre, ended, open_theatre

REPOSITORY = "octo-org/harbor"
CHILDREN = {"issue-health", "pr-health", "code-health"}
FAILING = "todo-debt.yml"


async def judge(theatre: Theatre, key: str, *, broken: bool) -> OrchestrationReport:
    """One weekly run, with one worker that cannot do its job where asked for."""
    started_with = theatre.rendered(as_of="2026-11-02")
    if broken:
        children = started_with["spec"]["phases"][0]["orchestrations"]
        stage = children["code-health"]["spec"]["stages"][0]
        name = next(n for n, w in stage["workers"].items() if w["workflow"] == FAILING)
        retry = {"maximum-attempts": 1}
        stage["workers"][name] |= {"result": {"schema": {"required": ["no such output"]}}}
        stage["workers"][name]["retry"] = retry
    return await ended(await theatre.start(started_with, key))


@pytest.mark.covers("X2", "T2")
@pytest.mark.timeout(200)
async def test_the_weekly_health_report_rolls_up_what_twelve_workers_found(tmp_path: Path) -> None:
    async with open_theatre(tmp_path, "repository-health", REPOSITORY) as theatre:
        report = await judge(theatre, "week-45", broken=True)

        assert report.status is OrchestrationStatus.PARTIAL, report.reason
        assert {row.key: row.status.value for row in report.results} == {
            "issue-health": "success",
            "pr-health": "success",
            "code-health": "partial",
        }
        assert len(set(theatre.files())) == len(theatre.files()) == 12
        ranks = [PRIORITIES.index(item.priority) for item in report.action_items]
        assert ranks == sorted(ranks)
        assert {item.source for item in report.action_items} == CHILDREN
        kinds = {decision.kind for decision in report.decisions}
        assert not kinds & {"issue-altered", "issue-missing", "issue-unreadable"}
        check_issues(theatre, report)
        of_one_run = theatre.written(REPOSITORY)

        again = await judge(theatre, "week-46", broken=False)

        assert again.status is OrchestrationStatus.SUCCEEDED, again.reason
        assert len(theatre.files()) == 24
        # Each run has four report issues of its own, and nothing beside them; a fifth is the sample's.
        assert of_one_run == {"issues": 1 + 4, "comments": 0, "pulls": 0}
        assert theatre.written(REPOSITORY) == {"issues": 1 + 8, "comments": 0, "pulls": 0}


def check_issues(theatre: Theatre, report: OrchestrationReport) -> None:
    """Three health issues and the master issue, which lists the action items."""
    labelled = issue(theatre, "/issues?labels=podium-report&state=open", REPOSITORY)
    found = [one for one in labelled if one["user"]["login"] == "podium-operator"]
    assert len(found) == 4
    master = next(one for one in found if one["title"] == report.title)
    assert "## Action items" in master["body"]
    health = [one for one in found if one is not master]
    assert all("json podium-result" in one["body"] for one in health)
