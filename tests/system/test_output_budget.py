"""`max` holds for the whole of an orchestration, whatever becomes of the processes and the chain."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.patience import PATIENCE
from tests.system.judging import carried_states, decisions, until
from tests.system.stand import REPOSITORY, Stand, end, open_stand
from tests.system.test_github_for_real import issues as written
from tests.system.test_router import issues, spec

SUGGEST_AFTER = {"limit.historyCount.suggestContinueAsNew": "40"}
MOST = 5
REPORT = "The one report"
TROUBLES = [
    {"kind": "status", "when": "after", "method": "POST", "path": "/comments$", "times": 2},
    {"kind": "status", "when": "after", "method": "POST", "path": "/issues$", "times": 1},
]


def comments(stand: Stand) -> list[dict[str, Any]]:
    return [text for one in written(stand, REPOSITORY) for text in one["texts"]]


@asynccontextmanager
async def in_this_process(stand: Stand) -> AsyncIterator[None]:
    """Workers that are stopped in order."""
    async with stand.workers(stand.settings(PODIUM_SETTLE_SECONDS="2")):
        yield


@asynccontextmanager
async def killed(stand: Stand) -> AsyncIterator[None]:
    """A worker process that is killed, maybe between a comment and its answer."""
    process = stand.worker_process(PODIUM_SETTLE_SECONDS="2")
    try:
        yield
    finally:
        end(process)


@pytest.mark.covers("S1")
@pytest.mark.timeout(PATIENCE + 120)
@pytest.mark.parametrize("first", [in_this_process, pytest.param(killed, marks=pytest.mark.soak)])
async def test_one_issue_and_five_comments_are_all_whatever_happens(
    tmp_path: Path, first: Callable[[Stand], AbstractAsyncContextManager[None]]
) -> None:
    seeds = tmp_path / "issues.json"
    seeds.write_text(json.dumps(issues()[:16]))
    outputs = {"create-issue": {"max": 1}, "add-comment": {"max": MOST}}
    data = spec(**{"safe-outputs": outputs, "report": {"title": REPORT}}, breaker=False)
    async with open_stand(tmp_path, dynamic=SUGGEST_AFTER, issues=seeds) as stand:
        stand.control.timed([{"duration_seconds": 0.5}])
        stand.control.faults(TROUBLES)
        handle = await stand.start(data)
        async with first(stand):
            await until(stand.control, lambda runs: len(runs) >= 7)
            await handle.signal("pause")
        async with in_this_process(stand):
            await handle.signal("resume")
            report = OrchestrationReport.model_validate(await handle.result())
        states = await carried_states(handle)
        told = comments(stand)
        reports = [one for one in written(stand, REPOSITORY) if one["title"] == REPORT]

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert len(states) >= 2, "the chain was continued as new"
    assert len(told) == len({one["issue_url"] for one in told}) == MOST
    assert len(reports) == 1
    assert len(decisions(report, "commented")) == MOST
    assert decisions(report, "output-refused") == ["create-comment"]
