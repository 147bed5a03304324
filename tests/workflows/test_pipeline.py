"""Pipeline on the time-skipping server: order, gates, failures, rollback, silence."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub
from tests.patience import PATIENCE
from tests.workflows.looks import look_less_often


def worker(item: str, **more: Any) -> dict[str, Any]:
    retry = {"maximum-attempts": 1}
    return {"workflow": "analyzer.yml", "inputs": {"item": item}, "retry": retry, **more}


def spec(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": "deploy",
        "pattern": "pipeline",
        "repository": "octo-org/widgets",
        "safe-outputs": {"create-issue": {"max": 2}, "create-comment": {"max": 5}},
        "deadline": "9d",
        "stages": [
            {"name": "validate", "workers": {"security": worker("v1"), "tests": worker("v2")}},
            {
                "name": "staging",
                "workers": {"deploy": worker("s1")},
                "checks": {"probe": worker("s2 ${{ stages.staging.deploy.outputs.item }}")},
                "rollback": worker("undo s"),
            },
            {
                "name": "production",
                "approval": {"approvers": ["@boss"], "timeout": "2d"},
                "workers": {"deploy": worker("p1")},
                "checks": {"probe": worker("p2")},
                "rollback": worker("undo p"),
                "roll-back": ["staging"],
            },
        ],
    }
    return base | changes


async def start(client: Client, data: dict[str, Any]) -> WorkflowHandle[Any, Any]:
    given = {"spec": data, "initiator": "starter"}
    return await client.start_workflow(
        "Pipeline", given, id=f"podium/deploy/{uuid4()}", task_queue="podium"
    )


async def open_gate(env: WorkflowEnvironment, handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        while not (gates := await handle.query("gates")):
            await env.sleep(timedelta(seconds=5))
    found: dict[str, Any] = gates[0]
    return found


async def ended(handle: WorkflowHandle[Any, Any]) -> OrchestrationReport:
    try:
        return OrchestrationReport.model_validate(await handle.result())
    except WorkflowFailureError:
        return OrchestrationReport.model_validate(await handle.query("report"))


def order(github: FakeGitHub) -> list[str]:
    return [run.inputs["item"] for run in github.started.values()]


def failing(*items: str) -> Any:
    return lambda inputs, before: Behaviour(
        seconds=5, conclusion="failure" if inputs["item"] in items else "success"
    )


async def run(
    env: WorkflowEnvironment, workers_for: WorkersFor, github: FakeGitHub, answer: str = "approve"
) -> OrchestrationReport:
    github.clock = env.get_current_time
    async with workers_for(env.client, github):
        await look_less_often(env.client)
        handle = await start(env.client, spec())
        if answer:
            await open_gate(env, handle)
            await handle.signal(answer, {"approver": "boss", "comment": "looked at it"})
        return await ended(handle)


@pytest.mark.covers("T3")
async def test_stages_follow_each_other_and_pass_outputs_on(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(failing())

    report = await run(skipping, workers_for, github)

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert sorted(order(github)[:2]) == ["v1", "v2"]
    assert order(github)[2:] == ["s1", "s2 s1", "p1", "p2"]
    kinds = [decision.kind for decision in report.decisions]
    assert kinds.index("gate-opened") < kinds.index("gate-approved")
    assert report.totals.by_status == {"success": 6}


async def test_a_rejection_ends_it_and_nothing_of_the_stage_starts(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(failing())

    report = await run(skipping, workers_for, github, "reject")

    assert report.status is OrchestrationStatus.REJECTED
    assert "rejected by boss: looked at it" in report.reason
    assert len(order(github)) == 4


async def test_silence_rejects_after_its_time(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(failing())
    began = await skipping.get_current_time()

    report = await run(skipping, workers_for, github, "")

    assert report.status is OrchestrationStatus.REJECTED
    assert "nobody answered in time" in report.reason
    assert await skipping.get_current_time() - began >= timedelta(days=2)
    assert len(order(github)) == 4


async def test_a_failing_check_undoes_its_stage_and_later_ones_never_start(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(failing("s2 s1"))

    report = await run(skipping, workers_for, github, "")

    assert report.status is OrchestrationStatus.FAILED
    assert report.reason == "stage staging: probe: failure"
    assert order(github)[2:] == ["s1", "s2 s1", "undo s"]


async def test_a_late_failure_undoes_stages_in_reverse_order(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(failing("p2"))

    report = await run(skipping, workers_for, github)

    assert report.status is OrchestrationStatus.FAILED
    assert order(github)[4:] == ["p1", "p2", "undo p", "undo s"]


async def test_answers_of_others_too_early_or_of_no_form_do_not_count(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(failing(), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, spec())
        await handle.signal("approve", {"approver": "boss"})
        await open_gate(skipping, handle)
        for wrong in ({"approver": "guest"}, {"approver": "boss", "gate": "x"}, "boss", {}):
            await handle.signal("approve", wrong)
        await handle.signal("approve")
        await handle.signal("reject", {"gate": "production", "approver": "@Boss"})
        report = await ended(handle)

    refused = [d.reason for d in report.decisions if d.kind == "signal-refused"]
    assert len(refused) == 6
    assert report.status is OrchestrationStatus.REJECTED


async def test_a_pause_holds_the_gate_open_and_cancelling_ends_it(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(failing(), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        await look_less_often(skipping.client)
        handle = await start(skipping.client, spec())
        until = (await open_gate(skipping, handle))["until"]
        await handle.signal("pause")
        await skipping.sleep(timedelta(days=3))
        await handle.signal("resume")
        assert (await open_gate(skipping, handle))["until"] > until
        await handle.cancel()
        report = await ended(handle)

    assert report.status is OrchestrationStatus.CANCELLED
    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
    assert len(order(github)) == 4


async def test_a_rollback_reads_nothing_where_a_worker_left_nothing(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    lost = Behaviour(conclusion="failure", result=None)
    github = FakeGitHub(lambda inputs, before: lost if inputs["item"] == "s1" else Behaviour())
    stages = spec()["stages"][:2]
    stages[1]["rollback"] = worker("undo [${{ stages.staging.deploy.outputs.item }}]")
    async with workers_for(skipping.client, github):
        report = await ended(await start(skipping.client, spec(stages=stages)))

    assert report.status is OrchestrationStatus.FAILED
    assert order(github)[2:] == ["s1", "undo []"]
