"""What `status` says of an orchestration whose workers take long: stalled, paused, and how far they are."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowHandle
from temporalio.common import SearchAttributeKey
from temporalio.testing import WorkflowEnvironment

from contracts import names
from contracts.report import OrchestrationReport, OrchestrationStatus, Progress
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub
from tests.patience import PATIENCE
from tests.workflows.test_orchestrator_worker import spec

Handle = WorkflowHandle[Any, OrchestrationReport]
STATUS = SearchAttributeKey.for_keyword(names.ATTRIBUTE_STATUS)
ISSUE = 7


class Talkative(FakeGitHub):
    """Each running worker comments that it is half done, from its first second on."""

    def comments(self, repository: str, number: int, **_: Any) -> list[dict[str, Any]]:
        self.requests += 1
        assert number == ISSUE
        return [self._said(run_id) for run_id in self.started]

    def _said(self, run_id: int) -> dict[str, Any]:
        run = self.started[run_id]
        told = {
            "protocol": "podium/v1",
            "worker": "analyzer",
            "run_id": run_id,
            "status": "partial",
            "summary": "half of <b>it</b>",
            "progress": 0.5,
        }
        at = run.started.isoformat()
        return {
            "body": f"```json podium-result\n{json.dumps(told)}\n```",
            "user": {"login": "github-actions[bot]", "type": "Bot"},
            "created_at": at,
            "updated_at": at,
        }


def one_item(**changes: Any) -> dict[str, Any]:
    return spec(**{"for-each": {"source": "list", "items": ["slow"]}, **changes})


async def start(env: WorkflowEnvironment, data: dict[str, Any]) -> Handle:
    return await env.client.start_workflow(
        "OrchestratorWorker",
        {"spec": data},
        id=f"podium/test/{uuid4()}",
        task_queue="podium",
        result_type=OrchestrationReport,
    )


async def status(handle: Handle) -> Progress:
    found: Progress = await handle.query(names.QUERY_STATUS, result_type=Progress)
    return found


async def shown(handle: Handle) -> str | None:
    return (await handle.describe()).typed_search_attributes.get(STATUS)


@pytest.mark.covers("O12")
async def test_no_progress_for_longer_than_stall_after_is_told_until_there_is_some(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(lambda inputs, before: Behaviour(seconds=300), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await start(skipping, one_item(**{"stall-after": "2m"}))
        await skipping.sleep(60)
        early = (await status(handle)).status, await shown(handle)
        await skipping.sleep(120)
        late = (await status(handle)).status, await shown(handle)
        report = await handle.result()
        at_last = await shown(handle)

    assert early == (OrchestrationStatus.RUNNING, "running")
    assert late == (OrchestrationStatus.STALLED, "stalled")
    assert report.status is OrchestrationStatus.SUCCEEDED
    assert at_last == "succeeded"
    kinds = [one.kind for one in report.decisions]
    assert kinds.index("stalled") < kinds.index("progressed")


async def test_a_pause_is_shown_until_it_ends(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(lambda inputs, before: Behaviour(seconds=60), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await start(skipping, one_item())
        await skipping.sleep(5)
        await handle.signal(names.SIGNAL_PAUSE)
        paused = (await status(handle)).status, await shown(handle)
        await handle.signal(names.SIGNAL_RESUME)
        resumed = (await status(handle)).status, await shown(handle)
        report = await handle.result()

    assert paused == (OrchestrationStatus.PAUSED, "paused")
    assert resumed == (OrchestrationStatus.RUNNING, "running")
    assert report.status is OrchestrationStatus.SUCCEEDED


@pytest.mark.covers("W3")
@pytest.mark.parametrize("read", [("comment", "artifact"), ("artifact",)])
async def test_what_a_running_worker_tells_is_in_status_and_is_no_result(
    read: tuple[str, ...], skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Talkative(lambda inputs, before: Behaviour(seconds=600), skipping.get_current_time)
    channels = {"channels": list(read), "comment-on": str(ISSUE)}
    worker = {
        "workflow": "analyzer.yml",
        "inputs": {"item": "${{ item.value }}"},
        "result": {**channels, "progress-every": "2m"},
    }
    async with workers_for(skipping.client, github):
        handle = await start(skipping, one_item(worker=worker, **{"stall-after": "5m"}))
        await skipping.sleep(60)
        before = (await status(handle)).in_flight
        await skipping.sleep(120)
        during = (await status(handle)).in_flight
        report = await handle.result()

    assert "progress" not in before[0]
    assert during[0]["progress"] == 0.5
    assert "<b>" not in during[0]["summary"]
    assert report.results[0].summary == "looked at slow", "the artifact is the result"
    kinds = [one.kind for one in report.decisions]
    assert kinds.count("stalled") == 1, "what it tells is progress, the same again is none"


async def test_progress_that_cannot_be_read_disturbs_nothing(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    class Silent(FakeGitHub):
        def comments(self, repository: str, number: int, **_: Any) -> list[dict[str, Any]]:
            raise TimeoutError("no answer")

    github = Silent(lambda inputs, before: Behaviour(seconds=300), skipping.get_current_time)
    worker = {
        "workflow": "analyzer.yml",
        "inputs": {"item": "${{ item.value }}"},
        "result": {"channels": ["artifact", "comment"], "progress-every": "1m", "comment-on": "7"},
    }
    async with workers_for(skipping.client, github):
        handle = await start(skipping, one_item(worker=worker))
        report = await asyncio.wait_for(handle.result(), PATIENCE)

    assert report.status is OrchestrationStatus.SUCCEEDED
