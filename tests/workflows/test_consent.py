"""Approval before outputs: asked once, nothing is written before or against it, in several patterns."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.specs.pipeline import PipelineSpec
from contracts.specs.safe_outputs import SafeOutputs
from tests.conftest import WorkersFor
from tests.fake_sarif import SarifGitHub
from tests.fakes import FakeGitHub
from tests.patience import PATIENCE
from tests.system.judging import decisions
from tests.workflows.test_map_reduce_sarif import audit, behave
from tests.workflows.test_map_reduce_sarif import start as start_audit
from tests.workflows.test_outputs import Labelled, issue, outputs_of, reasons
from tests.workflows.test_outputs import spec as outputs_spec
from tests.workflows.test_pipeline import ended, failing, open_gate, order, start
from tests.workflows.test_pipeline import spec as pipeline_spec
from tests.workflows.test_router import batch
from tests.workflows.test_router import spec as router_spec
from tests.workflows.test_router import start as start_router
from workflows import policies

ASKED = {"approval": {"approvers": ["boss"], "timeout": "2h"}}
LABELS = {"add-labels": {"from": "outputs.labels", "allowed": ["bug"]}}
CLOSES = {"close-issue": {"when": {"field": "outputs.done"}}}


async def begin(env: WorkflowEnvironment, github: FakeGitHub, data: dict[str, Any]) -> Any:
    """Start an orchestrator over two issues, and wait until people are asked."""
    github.clock = env.get_current_time
    handle = await env.client.start_workflow(
        "OrchestratorWorker",
        {"spec": data, "initiator": "starter"},
        id="podium/outputs/asked",
        task_queue="podium",
    )
    return handle, await until_asked(env, handle)


async def until_asked(env: WorkflowEnvironment, handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        while not (gates := await handle.query("gates")) or not gates[0]["issue_number"]:
            await env.sleep(timedelta(seconds=5))
    found: dict[str, Any] = gates[0]
    return found


def labelling() -> Labelled:
    told = {"labels": ["bug"], "done": True}
    return Labelled(outputs_of(i1=told, i2=told), open_issues=[issue(1), issue(2)])


async def test_labels_and_the_report_wait_for_one_decision(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = labelling()
    data = outputs_spec({"create-issue": {}, **LABELS, **CLOSES, **ASKED})
    async with workers_for(skipping.client, github):
        handle, gate = await begin(skipping, github, data)
        await skipping.sleep(timedelta(minutes=30))
        before = (dict(github.labels), list(github.closed_issues), len(github.created_issues))
        shown = github.created_issues[0]["body"]
        await handle.signal("approve", {"approver": "boss"})
        report = await ended(handle)

    assert gate["gate"] == "outputs"
    assert before == ({}, [], 1), "the approval issue alone"
    for row in ("| create-issue | 1 | 0 |", "| add-labels | 5 | 2 |", "| 2 | analyzer | success |"):
        assert row in shown
    assert report.status is OrchestrationStatus.SUCCEEDED
    assert dict(github.labels) == {1: ["bug"], 2: ["bug"]}
    assert github.closed_issues == [1, 1], "the approval issue, and the item"
    assert [one["number"] for one in github.created_issues] == [1, 2]
    assert report.issue_url.endswith("/2")
    assert len(decisions(report, "gate-opened")) == 1


@pytest.mark.parametrize("answer", ["reject", ""])
async def test_without_a_yes_nothing_is_written_and_the_report_is_whole(
    skipping: WorkflowEnvironment, workers_for: WorkersFor, answer: str
) -> None:
    github = labelling()
    data = outputs_spec({"create-issue": {}, **LABELS, **ASKED})
    async with workers_for(skipping.client, github):
        handle, _ = await begin(skipping, github, data)
        if answer:
            await handle.signal(answer, {"approver": "boss"})
        report = await ended(handle)

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert report.totals.by_status == {"success": 2}
    assert "looked at 1" in report.markdown
    assert (report.issue_url, dict(github.labels), len(github.created_issues)) == ("", {}, 1)
    assert decisions(report, "output-refused") == ["add-labels", "create-issue"]
    assert all(one.endswith(": not approved") for one in reasons(report, "output-refused"))


async def test_a_gate_at_the_end_outlives_a_continue_as_new_and_nothing_is_done_twice(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(failing())
    del (data := pipeline_spec())["stages"][2]
    data["safe-outputs"] = {"create-issue": {}, **ASKED}
    github.clock = skipping.get_current_time
    async with workers_for(skipping.client, github, cached=10):
        handle = await start(skipping.client, data)
        await until_asked(skipping, handle)
        first = (await handle.describe()).run_id
        for number in range(policies.MAX_GATE_EVENTS // 3):
            await handle.signal("approve", {"approver": f"guest-{number}"})
        async with asyncio.timeout(PATIENCE):
            while (await handle.describe()).run_id == first:
                await handle.signal("approve", {"approver": "guest"})
                await asyncio.sleep(0.5)  # no run ends while signals keep coming
        await handle.signal("approve", {"approver": "boss"})
        report = await ended(handle)

    assert order(github)[2:] == ["s1", "s2 s1"]
    assert len(github.started) == 4
    assert report.status is OrchestrationStatus.SUCCEEDED
    assert [one["number"] for one in github.created_issues] == [1, 2]
    assert report.issue_url.endswith("/2")


async def test_a_pipeline_asks_before_its_first_comment_and_undoes_before_it_asks(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(failing("s2 s1"), skipping.get_current_time)
    data = pipeline_spec(
        progress={"issue": "7"}, **{"safe-outputs": {"create-comment": {"max": 9}, **ASKED}}
    )
    data["stages"] = data["stages"][1:2]
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, data)
        await open_gate(skipping, handle)
        undone = order(github)
        await handle.signal("approve", {"approver": "boss"})
        report = await ended(handle)

    assert undone == ["s1", "s2 s1", "undo s"]
    assert report.status is OrchestrationStatus.FAILED
    told = [one["body"] for number, one in github.written_comments if number == 7]
    assert len(told) == 1
    assert "rolled back" in told[0]


async def test_a_router_works_on_while_its_comments_wait(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(failing(), skipping.get_current_time)
    github.open_issues = [issue(n) for n in range(1, 4)]
    outputs = {"safe-outputs": {"create-comment": {"max": 2}, **ASKED}}
    async with workers_for(skipping.client, github):
        handle = await start_router(skipping.client, router_spec(**batch(**outputs)))
        await until_asked(skipping, handle)
        async with asyncio.timeout(PATIENCE):
            while (await handle.query("status"))["finished"] < 3:
                await skipping.sleep(timedelta(seconds=5))
        before = len(github.written_comments)
        await handle.signal("approve", {"approver": "boss"})
        report = await ended(handle)

    assert before == 0
    assert [n for n, one in github.written_comments if "Routed" in one["body"]] == [1, 2]
    assert report.totals.by_status == {"success": 3}


async def test_findings_are_counted_and_uploaded_only_with_a_yes(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = SarifGitHub(behave, skipping.get_current_time)
    data = audit(["a", "b"])
    data["safe-outputs"] |= ASKED
    async with workers_for(skipping.client, github):
        handle = await start_audit(skipping, data)
        await until_asked(skipping, handle)
        await handle.signal("reject", {"approver": "boss"})
        report = OrchestrationReport.model_validate(await handle.result())

    told = report.reductions["alerts"]
    assert report.status is OrchestrationStatus.SUCCEEDED
    assert (github.uploads, told["findings"]) == ([], 2)
    assert "not approved" in str(told)
    assert decisions(report, "output-refused") == ["create-code-scanning-alert"]


async def test_a_stopped_run_asks_nobody_and_writes_nothing(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = labelling()
    data = outputs_spec({"create-issue": {}, **LABELS, **ASKED})
    async with workers_for(skipping.client, github):
        handle, _ = await begin(skipping, github, data)
        await handle.cancel()
        report = await ended(handle)

    assert report.status is OrchestrationStatus.CANCELLED
    assert decisions(report, "gate-stopped") == ["outputs"]
    assert (dict(github.labels), len(github.created_issues), github.closed_issues) == ({}, 1, [1])


def test_what_cannot_be_meant_is_refused() -> None:
    data = pipeline_spec()
    data["stages"][2]["name"] = "outputs"
    data["safe-outputs"] |= ASKED

    with pytest.raises(ValidationError, match="the gate of safe-outputs is named outputs too"):
        PipelineSpec.model_validate(data)
    with pytest.raises(ValidationError, match="choices: outputs are written or not"):
        SafeOutputs.model_validate({"approval": {"approvers": ["boss"], "choices": ["half"]}})
