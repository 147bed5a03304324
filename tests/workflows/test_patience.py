"""Time limits, on the time-skipping server: every wait has an end, and each end is in order."""

import itertools
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from contracts import names
from contracts.fleet import Entry, FleetState, OrchestrationState, SourceState
from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.runs import Item, OutcomeStatus
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub
from tests.workflows.test_orchestrator_worker import execute, spec

ONCE = {"maximum-attempts": 1}


def impatient(**worker: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "workflow": "analyzer.yml",
        "inputs": {"item": "${{ item.value }}"},
        "timeout-minutes": 0.2,
        "queue-timeout-minutes": 0.2,
        "retry": ONCE,
    }
    return spec(
        worker={**base, **worker},
        success={"min-success-rate": 0},
        **{"for-each": {"source": "list", "items": ["slow", "quick"]}},
    )


def one_is(behaviour: Behaviour) -> Any:
    return lambda inputs, before: behaviour if inputs["item"] == "slow" else Behaviour(seconds=2)


async def run(
    env: WorkflowEnvironment,
    workers_for: WorkersFor,
    github: FakeGitHub,
    data: dict[str, Any],
) -> OrchestrationReport:
    github.clock = env.get_current_time
    async with workers_for(env.client, github):
        return await execute(env, data)


def row(report: OrchestrationReport, name: str) -> Any:
    return next(row for row in report.results if row.key.endswith(name))


async def test_a_retry_that_was_carried_through_continue_as_new_is_on_time(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """Nothing else of this run sets the clock: before, it stood still until it had stalled."""
    data = spec(
        **{
            "for-each": {"source": "list", "items": ["again"]},
            "stall-after": "1h",
            "breaker": "disabled",
        }
    )
    github = FakeGitHub(clock=skipping.get_current_time)
    began = await skipping.get_current_time()
    waiting = Entry(
        item=Item(key="1:again", fields={"value": "again"}),
        sequence=0,
        attempt=2,
        retry_at=began + timedelta(minutes=10),
    )
    fleet = FleetState(entries=[waiting], taken=1, source=SourceState(exhausted=True, taken=1))
    carry = OrchestrationState(
        started_at=began, deadline_at=began + timedelta(hours=6), fleet=fleet
    )

    async with workers_for(skipping.client, github):
        handle = await skipping.client.start_workflow(
            "OrchestratorWorker",
            {"spec": data, "carry": carry.model_dump(mode="json")},
            id=f"podium/test/{uuid4()}",
            task_queue=names.TASK_QUEUE,
            result_type=OrchestrationReport,
        )
        report = await handle.result()
        closed = (await handle.describe()).close_time

    assert closed is not None
    took = closed - began
    assert report.totals.by_status == {"success": 1}
    assert not [one for one in report.decisions if one.kind == "stalled"]
    assert timedelta(minutes=10) <= took < timedelta(minutes=30)


async def test_a_run_that_hangs_is_cancelled_and_told(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(one_is(Behaviour(seconds=3_600)))

    report = await run(skipping, workers_for, github, impatient())

    assert report.status is OrchestrationStatus.PARTIAL
    assert row(report, "slow").status is OutcomeStatus.TIMED_OUT
    assert "in progress for more than 0.2 minutes" in row(report, "slow").reason
    assert row(report, "quick").status is OutcomeStatus.SUCCESS
    assert [r.cancelled is not None for r in github.started.values() if r.inputs["item"] == "slow"]
    kinds = [decision.kind for decision in report.decisions]
    assert {"timed-out", "cancelled"} <= set(kinds)


async def test_a_run_that_finds_no_runner_is_given_up(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(one_is(Behaviour(queue_seconds=3_600)))

    report = await run(skipping, workers_for, github, impatient())

    assert row(report, "slow").status is OutcomeStatus.TIMED_OUT
    assert "waiting for a runner" in row(report, "slow").reason


async def test_queueing_does_not_count_as_working(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """Ten seconds in the queue and ten at work are within twelve of each."""
    github = FakeGitHub(one_is(Behaviour(queue_seconds=10, seconds=10)))

    report = await run(skipping, workers_for, github, impatient())

    assert report.status is OrchestrationStatus.SUCCEEDED


async def test_a_run_that_ignores_its_cancellation_is_forced(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(one_is(Behaviour(seconds=3_600, ignores_cancel=True)))

    # Minutes of polling are many workflow tasks: this one test keeps its workflows in memory.
    report = await run(skipping, workers_for, github, impatient())

    slow = next(run for run in github.started.values() if run.inputs["item"] == "slow")
    assert slow.forced
    assert "force-cancelled" in [decision.kind for decision in report.decisions]


async def test_a_timed_out_run_that_ends_well_after_all_is_a_success(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """GitHub decides: the run was green before the cancellation reached it."""
    github = FakeGitHub(one_is(Behaviour(seconds=16, ignores_cancel=True)))

    report = await run(skipping, workers_for, github, impatient())

    assert row(report, "slow").status is OutcomeStatus.SUCCESS


async def test_the_deadline_ends_everything_in_order(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    from temporalio.client import WorkflowFailureError
    from temporalio.exceptions import ApplicationError

    github = FakeGitHub(lambda inputs, before: Behaviour(seconds=3_600))
    data = spec(deadline="20s", **{"max-parallel": 2})

    with pytest.raises(WorkflowFailureError) as failed:
        await run(skipping, workers_for, github, data)

    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    report = OrchestrationReport.model_validate(cause.details[0])
    assert report.status is OrchestrationStatus.TIMED_OUT
    assert report.totals.by_status == {"cancelled": 2, "not-dispatched": 1}
    assert all(run.cancelled for run in github.started.values())
    assert len(github.started) == 2


async def test_failures_are_retried_by_policy_and_journaled(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """Fails twice, then succeeds; the waits between grow as the policy says."""

    def behave(inputs: dict[str, str], before: int) -> Behaviour:
        return Behaviour(conclusion="failure" if before < 2 else "success", result="default")

    github = FakeGitHub(behave)
    policy = {"maximum-attempts": 3, "initial-interval": "10s", "backoff-coefficient": 3}
    data = impatient(retry=policy) | {"breaker": "disabled"}

    report = await run(skipping, workers_for, github, data)

    assert report.totals.by_status == {"success": 2}
    assert [row.attempts for row in report.results] == [3, 3]
    times = sorted(r.created for r in github.started.values() if r.inputs["item"] == "slow")
    waits = [(b - a).total_seconds() for a, b in itertools.pairwise(times)]
    assert waits[0] >= 10
    assert waits[1] >= 30
    retried = [decision for decision in report.decisions if decision.kind == "retried"]
    assert len(retried) == report.totals.retries == 4
    ids = [run.dispatch_id for run in github.started.values()]
    assert len(ids) == len(set(ids)) == 6, "each attempt has an id of its own"


@pytest.mark.covers("T3")
async def test_a_run_that_an_environment_holds_waits_in_sight_and_is_timed_apart(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """Ninety seconds with the reviewers, nine in the queue, nine at work: each within its limit."""
    behaviour = Behaviour(held_seconds=90, queue_seconds=9, seconds=9)
    github = FakeGitHub(one_is(behaviour), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await skipping.client.start_workflow(
            "OrchestratorWorker",
            {"spec": impatient()},
            id=f"podium/test/{uuid4()}",
            task_queue="podium",
            result_type=OrchestrationReport,
        )
        await skipping.sleep(60)
        told = await handle.query("status")
        report = await handle.result()

    assert [one["phase"] for one in told["in_flight"]] == ["waiting"]
    assert report.status is OrchestrationStatus.SUCCEEDED
    kinds = [decision.kind for decision in report.decisions]
    assert kinds.index("held") < kinds.index("released")


async def test_a_run_that_reviewers_never_release_is_given_up_at_its_own_limit(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(one_is(Behaviour(held_seconds=86_400)))
    data = impatient(**{"environment-timeout-minutes": 0.5})

    report = await run(skipping, workers_for, github, data)

    slow = next(run for run in github.started.values() if run.inputs["item"] == "slow")
    assert row(report, "slow").status is OutcomeStatus.TIMED_OUT
    assert "held by the reviewers of a GitHub environment for more than 0.5 minutes" in (
        row(report, "slow").reason
    )
    assert slow.cancelled is not None
    assert 30 <= (slow.cancelled - slow.created).total_seconds() <= 60
