"""X6 end to end: a page gets better from draft to draft, and ends as one pull request."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
import requests
from temporalio.client import WorkflowHandle

from contracts import names
from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.examples.theatre import Theatre, ended, open_theatre
from tests.patience import PATIENCE
from tests.system.stand import REPOSITORY, TOKEN

GENERATOR, CRITIC = "doc-generator.yml", "doc-critic.yml"
WISH = "mention thread safety"


def ask(theatre: Theatre, path: str, **query: str) -> Any:
    answer = requests.get(
        f"{theatre.stand.sandbox.api_url}/repos/{REPOSITORY}{path}",
        params=query,
        headers={"Authorization": f"token {TOKEN}"},
        timeout=10,
    )
    answer.raise_for_status()
    return answer.json()


def pulls(theatre: Theatre) -> list[dict[str, Any]]:
    """All pull requests, the oldest first."""
    found: list[dict[str, Any]] = ask(theatre, "/pulls", state="all", direction="asc")
    return found


def page(theatre: Theatre, branch: str) -> str:
    found = ask(theatre, "/contents/docs/widgets.cache.md", ref=branch)
    return base64.b64decode(found["content"]).decode()


async def in_flight(handle: WorkflowHandle[Any, Any], key: str) -> None:
    """Wait until a run has begun."""
    async with asyncio.timeout(PATIENCE):
        while True:
            running = (await handle.query(names.QUERY_STATUS))["in_flight"]
            if key in (one["key"] for one in running if one["phase"] == "running"):
                return
            await asyncio.sleep(0.1)


async def critiqued(theatre: Theatre) -> OrchestrationReport:
    """Run it, and have a person say something while the first draft is under review."""
    handle = await theatre.start(theatre.rendered())
    await in_flight(handle, "review 1")
    critique = {"feedback": WISH, "reviewer": "ann"}
    await handle.signal(names.SIGNAL_CRITIQUE, critique)
    return await ended(handle)


async def deaf(theatre: Theatre) -> OrchestrationReport:
    """Run it with a generator that is not told the feedback, for a page that is new."""
    started_with = theatre.rendered()
    inputs = started_with["spec"]["generator"]["inputs"]
    for name in ("feedback", "feedback_url"):
        del inputs[name]
    inputs["branch"] = "docs/another"
    return await ended(await theatre.start(started_with))


@pytest.mark.covers("T6", "X6")
@pytest.mark.timeout(280)
async def test_a_page_gets_better_by_feedback_and_is_offered_once(tmp_path: Path) -> None:
    """One test, because servers cost time: a run with a critique; the next day's beside a deaf one."""
    async with open_theatre(tmp_path, "documentation-reflection", REPOSITORY) as theatre:
        first = await critiqued(theatre)
        check_record(theatre, first)
        check_critique(theatre, first)

        before = len(pulls(theatre))
        tomorrow = await theatre.start(theatre.rendered())
        second, third = await asyncio.gather(ended(tomorrow), deaf(theatre))
        check_second(theatre, first, second)

        assert third.status is OrchestrationStatus.FAILED
        assert [one.score for one in third.rounds] == [4.4, 4.4, 4.4]
        assert [one.best for one in third.rounds] == [True, False, False]
        assert "4.4 of draft 1, is under the threshold 8" in third.reason
        assert third.pull_request_url == ""
        assert len(pulls(theatre)) == before

        dispatched = [one.dispatch_id for one in theatre.stand.control.ledger().dispatches]
        assert len(dispatched) == len(set(dispatched)) == 14


def check_record(theatre: Theatre, report: OrchestrationReport) -> None:
    assert report.status is OrchestrationStatus.SUCCEEDED, report.reason
    scores = [one.score or 0 for one in report.rounds]
    assert scores == sorted(scores)
    assert scores[0] == 4.4
    assert scores[1] < 8 < scores[2]
    assert theatre.files() == [GENERATOR, CRITIC] * 3

    (pull,) = pulls(theatre)
    assert pull["html_url"] == report.pull_request_url
    assert pull["title"] == "Reference page of widgets.cache"
    assert [label["name"] for label in pull["labels"]] == ["documentation"]
    assert (pull["head"]["ref"], pull["base"]["ref"]) == (report.rounds[-1].branch, "main")
    for one in report.rounds:
        which = f"{one.iteration}{' (this one)' if one.best else ''}"
        assert f"| {which} | {one.score:g} | " in pull["body"]
        assert one.draft_url in pull["body"]
        assert one.review_url in pull["body"]
    assert "missing-" in pull["body"]
    changed = [file["filename"] for file in ask(theatre, f"/pulls/{pull['number']}/files")]
    assert changed == ["docs/widgets.cache.md"]

    issue = ask(theatre, f"/issues/{report.issue_url.rsplit('/', 1)[1]}")
    assert "## Rounds" in issue["body"]
    assert report.pull_request_url in issue["body"]


def check_critique(theatre: Theatre, report: OrchestrationReport) -> None:
    """What a person said during the first review is in the second draft."""
    assert report.rounds[0].people == (WISH,)
    told = [
        one.inputs["iteration"]
        for one in theatre.stand.control.dispatches()
        if WISH in one.inputs.get("feedback", "")
    ]
    assert told == ["2"]

    (pull,) = pulls(theatre)
    assert WISH in pull["body"]
    assert WISH in page(theatre, pull["head"]["ref"])


def check_second(theatre: Theatre, first: OrchestrationReport, second: OrchestrationReport) -> None:
    """The next day's begins with the page as it stands: no other commit, and no other pull request."""
    assert second.status is OrchestrationStatus.SUCCEEDED, second.reason
    assert [one.score for one in second.rounds] == [first.rounds[-1].score]
    (pull,) = pulls(theatre)
    assert first.pull_request_url == second.pull_request_url == pull["html_url"]
    assert second.rounds[0].review_url in pull["body"]
    assert WISH in page(theatre, pull["head"]["ref"])
    kinds = {one.kind for one in second.decisions}
    assert kinds & {"pull-request-created", "pull-request-updated"} == {"pull-request-updated"}
