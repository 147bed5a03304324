"""A budget ends, pauses or only warns, before a dispatch that it does not cover."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from contracts import names
from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub
from tests.workflows import test_pipeline
from tests.workflows.test_orchestrator_worker import execute, spec

SIX = [str(number) for number in range(6)]


def limited(budget: dict[str, Any], **changes: Any) -> dict[str, Any]:
    listed = {"source": "list", "items": SIX}
    return spec(
        **{"for-each": listed, "success": {"min-success-rate": 0}, **changes}, budget=budget
    )


async def run(
    env: WorkflowEnvironment, workers_for: WorkersFor, github: FakeGitHub, data: dict[str, Any]
) -> OrchestrationReport:
    github.clock = env.get_current_time
    async with workers_for(env.client, github):
        return await execute(env, data)


def takes(**metrics: float) -> FakeGitHub:
    """Each run takes five seconds."""
    told = {"metrics": metrics} if metrics else "default"
    return FakeGitHub(lambda inputs, before: Behaviour(seconds=5, result=told))


def told(report: OrchestrationReport) -> list[str]:
    return [one.reason for one in report.decisions if one.kind == "budget-exceeded"]


async def test_never_one_dispatch_more_and_what_runs_is_collected(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = takes()

    report = await run(skipping, workers_for, github, limited({"dispatches": 4}))

    assert report.status is OrchestrationStatus.PARTIAL
    assert "the budget of 4 dispatches is used up; 67% of the items succeeded" in report.reason
    assert report.totals.by_status == {"success": 4, "not-dispatched": 2}
    assert sum(github.sent.values()) == report.totals.dispatches == 4
    assert not any(run.cancelled for run in github.started.values())
    assert report.metrics.figures == {"budget_dispatches_used": 4, "budget_dispatches": 4}


async def test_a_budget_that_is_enough_to_the_last_is_not_exceeded(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    report = await run(skipping, workers_for, takes(), limited({"dispatches": 6}))

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert told(report) == []


async def test_retries_count_and_too_little_success_fails(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(lambda inputs, before: Behaviour(conclusion="failure"))
    data = limited({"dispatches": 8}, success={"min-success-rate": 0.5}, breaker="disabled")

    with pytest.raises(WorkflowFailureError) as raised:
        await run(skipping, workers_for, github, data)

    assert isinstance(raised.value.cause, ApplicationError)
    assert "the budget of 8 dispatches is used up" in raised.value.cause.message
    assert sum(github.sent.values()) == 8


@pytest.mark.parametrize(
    ("budget", "metrics"),
    [
        ({"minutes": 0.15}, {}),
        ({"tokens": 1_000}, {"tokens": 500}),
        ({"tokens": 1_000}, {"input_tokens": 300, "output_tokens": 200}),
        ({"cost": 1}, {"cost": 0.5}),
        ({"cost": 1}, {"ai_credits": 0.5}),
    ],
)
async def test_what_runs_use_is_known_when_they_end(
    budget: dict[str, Any],
    metrics: dict[str, float],
    skipping: WorkflowEnvironment,
    workers_for: WorkersFor,
) -> None:
    data = limited(budget, **{"max-parallel": 1})

    report = await run(skipping, workers_for, takes(**metrics), data)

    # The third was under way when the second one's result came in.
    assert report.totals.by_status == {"success": 3, "not-dispatched": 3}
    (reason,) = told(report)
    assert reason in report.reason


async def test_a_worker_cannot_give_budget_back(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = takes(tokens=-1_000, cost=2)

    report = await run(skipping, workers_for, github, limited({"tokens": 10, "cost": 100}))

    assert report.metrics.figures["budget_tokens_used"] == 0
    assert report.metrics.figures["budget_cost_used"] == 12


async def test_warned_of_once_it_goes_on(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    data = limited({"dispatches": 2, "on-exceeded": "warn"}, **{"max-parallel": 2})

    report = await run(skipping, workers_for, takes(), data)

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert told(report) == ["the budget of 2 dispatches is used up"]
    assert report.metrics.figures["budget_dispatches_used"] == 6


async def test_paused_until_a_person_grants_it_once_more(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = takes()
    github.clock = skipping.get_current_time
    data = limited({"dispatches": 4, "on-exceeded": "pause"})
    async with workers_for(skipping.client, github):
        handle = await skipping.client.start_workflow(
            "OrchestratorWorker",
            {"spec": data},
            id="podium/test/paused-by-budget",
            task_queue=names.TASK_QUEUE,
            result_type=OrchestrationReport,
        )
        await skipping.sleep(timedelta(hours=1))
        progress = await handle.query(names.QUERY_STATUS)
        sent = sum(github.sent.values())
        await handle.signal(names.SIGNAL_RESUME)
        report = await handle.result()

    assert (progress["status"], sent) == ("paused", 4)
    assert report.totals.by_status == {"success": 6}
    assert report.metrics.figures["budget_dispatches"] == 8
    kinds = [one.kind for one in report.decisions]
    order = ["budget-exceeded", "paused", "budget-granted", "resumed"]
    assert [kind for kind in kinds if kind in order] == order


async def test_what_was_done_is_undone_at_any_cost(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """The budget is used up by the check that fails."""

    def behave(inputs: dict[str, str], before: int) -> Behaviour:
        return Behaviour(conclusion="failure" if inputs["item"].startswith("s2") else "success")

    github = FakeGitHub(behave, skipping.get_current_time)
    staged = test_pipeline.spec()["stages"][1]
    data = test_pipeline.spec(stages=[staged], budget={"dispatches": 2})
    async with workers_for(skipping.client, github):
        with pytest.raises(WorkflowFailureError):
            await skipping.client.execute_workflow(
                "Pipeline", {"spec": data}, id="podium/test/undone", task_queue=names.TASK_QUEUE
            )

    assert github.sent == {"s1": 1, "s2 s1": 1, "undo s": 1}


async def test_a_pipeline_that_stops_half_way_is_no_partial_success(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """What was never deployed is no item that may be missing."""
    github = FakeGitHub(clock=skipping.get_current_time)
    data = test_pipeline.spec(budget={"dispatches": 2}, success={"min-success-rate": 0})
    async with workers_for(skipping.client, github):
        with pytest.raises(WorkflowFailureError) as raised:
            await skipping.client.execute_workflow(
                "Pipeline", {"spec": data}, id="podium/test/half", task_queue=names.TASK_QUEUE
            )

    assert github.sent == {"v1": 1, "v2": 1}
    assert isinstance(raised.value.cause, ApplicationError)
    assert "the budget of 2 dispatches is used up" in raised.value.cause.message
