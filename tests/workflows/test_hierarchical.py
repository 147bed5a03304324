"""Hierarchical on the time-skipping server: phases, roll-up, containment, depth and cycles."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from contracts.orchestration import BadInputError, parse_input, parse_spec
from contracts.report import OrchestrationStatus
from contracts.specs.hierarchical import HierarchicalSpec
from contracts.specs.pipeline import PipelineSpec
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub
from tests.workflows.test_pipeline import ended, worker

URGENT = {"priority": "critical", "text": "Rotate the key."}
LATER = {"priority": "low", "text": "Sort the list."}


def child(name: str, *items: str) -> dict[str, Any]:
    workers = {item: worker(item) for item in items}
    return {
        "name": name,
        "pattern": "pipeline",
        "repository": "octo-org/widgets",
        "stages": [{"name": "judge", "workers": workers}],
        "report": {"action-items": "outputs.action_items"},
        "safe-outputs": {"create-issue": {"max": 1}},
    }


def spec(**changes: Any) -> dict[str, Any]:
    orchestrations = {
        "left": {"spec": child("left", "a", "b")},
        "right": {"spec": child("right", "c")},
    }
    base: dict[str, Any] = {
        "name": "top",
        "pattern": "hierarchical",
        "repository": "octo-org/widgets",
        "phases": [
            {"name": "first", "orchestrations": orchestrations},
            {"name": "second", "orchestrations": {"last": {"spec": child("last", "d")}}},
        ],
    }
    return base | changes


async def start(
    env: WorkflowEnvironment, data: dict[str, Any], workflow_id: str = ""
) -> WorkflowHandle[Any, Any]:
    return await env.client.start_workflow(
        "Hierarchical",
        {"spec": data},
        id=workflow_id or f"podium/top/{uuid4()}",
        task_queue="podium",
    )


def order(github: FakeGitHub) -> list[str]:
    return [run.inputs["item"] for run in github.started.values()]


@pytest.mark.covers("T2")
async def test_phases_follow_each_other_and_results_roll_up_by_priority(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    asked = {"a": [LATER], "c": [URGENT], "d": [{"priority": "urgent", "text": "no such priority"}]}
    github = FakeGitHub(
        lambda inputs, before: Behaviour(
            seconds=3, result={"outputs": {"action_items": asked.get(inputs["item"], [])}}
        ),
        skipping.get_current_time,
    )
    async with workers_for(skipping.client, github):
        report = await ended(await start(skipping, spec()))

    assert report.status is OrchestrationStatus.SUCCEEDED, report.reason
    assert sorted(order(github)[:3]) == ["a", "b", "c"]
    assert order(github)[3:] == ["d"]
    assert [(one.priority, one.source) for one in report.action_items] == [
        ("critical", "right"),
        ("low", "left"),
    ]
    assert {row.key for row in report.results} == {"left", "right", "last"}
    assert len(github.created_issues) == 3
    kinds = [decision.kind for decision in report.decisions]
    assert "issue-altered" not in kinds
    assert "issue-unreadable" not in kinds


async def test_a_failed_child_is_contained_and_shown(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(
        lambda inputs, before: Behaviour(
            conclusion="failure" if inputs["item"] == "c" else "success"
        ),
        skipping.get_current_time,
    )
    data = spec()
    data["phases"][0]["orchestrations"]["right"]["required"] = False
    async with workers_for(skipping.client, github):
        report = await ended(await start(skipping, data))

    assert report.status is OrchestrationStatus.PARTIAL
    row = next(row for row in report.results if row.key == "right")
    assert (row.status.value, row.reason) == ("failure", "stage judge: c: failure")
    assert "d" in order(github), "the next phase goes on"


async def test_cancelling_the_parent_cancels_the_children_and_their_runs(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(lambda inputs, before: Behaviour(seconds=36_000), skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await start(skipping, spec())
        while len(github.started) < 3:
            await skipping.sleep(1)
        await handle.cancel()
        report = await ended(handle)

    assert report.status is OrchestrationStatus.CANCELLED
    assert all(run.cancelled for run in github.started.values())
    assert len(github.started) == 3


@workflow.defn(sandboxed=False)
class Stubborn:
    """Goes on when it is asked to cancel."""

    @workflow.run
    async def run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await workflow.wait_condition(lambda: False)
        await workflow.wait_condition(lambda: False)


@contextlib.asynccontextmanager
async def occupied(
    env: WorkflowEnvironment, **changes: Any
) -> AsyncIterator[WorkflowHandle[Any, Any]]:
    """Start a parent whose child `left` finds its id taken."""
    key = f"podium/top/{uuid4()}"
    async with Worker(env.client, task_queue="stubborn", workflows=[Stubborn]):
        older = await env.client.start_workflow(
            Stubborn.run, id=f"{key}/left", task_queue="stubborn"
        )
        yield await start(env, spec(**changes), key)
        kinds = [event.event_type for event in (await older.fetch_history()).events]
        assert kinds.count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED) == 1


async def test_an_older_child_that_never_closes_is_contained(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(clock=skipping.get_current_time)
    async with workers_for(skipping.client, github), occupied(skipping) as handle:
        report = await ended(handle)

    left = next(row for row in report.results if row.key == "left")
    delayed = [one.subject for one in report.decisions if one.kind == "delayed"]
    assert report.status is OrchestrationStatus.FAILED
    assert report.reason == "failed: left"
    assert f"an older execution of {handle.id}/left did not close within 3 h" in left.reason
    assert order(github) == ["c", "d"], "its sibling and the next phase go on"
    assert delayed == ["left"], "told once"
    assert timedelta(hours=3) <= timedelta(seconds=report.metrics.seconds) < timedelta(hours=3.1)


@pytest.mark.parametrize("how", ["cancel", "deadline"])
async def test_the_wait_for_an_older_child_ends_with_the_whole(
    skipping: WorkflowEnvironment, workers_for: WorkersFor, how: str
) -> None:
    github = FakeGitHub(clock=skipping.get_current_time)
    async with (
        workers_for(skipping.client, github),
        occupied(skipping, deadline="1h") as handle,
    ):
        if how == "cancel":
            await skipping.sleep(300)
            await handle.cancel()
        report = await ended(handle)

    rows = {row.key: row.status.value for row in report.results}
    assert report.status.value == {"cancel": "cancelled", "deadline": "timed-out"}[how]
    assert rows == {"left": "not-dispatched", "right": "success"}


def nested(levels: int, name: str = "deep") -> dict[str, Any]:
    if levels == 1:
        return child(f"{name}-{levels}", "a")
    below = {"spec": nested(levels - 1, name)}
    return spec(
        name=f"{name}-{levels}", phases=[{"name": "one", "orchestrations": {"below": below}}]
    )


def test_nesting_deeper_than_allowed_is_refused_with_its_place() -> None:
    parse_spec(nested(3))

    with pytest.raises(BadInputError, match=r"below\.spec: 4 levels deep; max-depth is 3"):
        parse_spec(nested(4))


def test_a_budget_is_the_childrens() -> None:
    with pytest.raises(BadInputError, match="give each child its own"):
        parse_spec(nested(2) | {"budget": {"minutes": 10}})


@pytest.mark.covers("F8")
def test_a_cycle_is_refused_before_anything_starts() -> None:
    looped = nested(3)
    looped["phases"][0]["orchestrations"]["below"]["spec"]["name"] = "deep-3"

    with pytest.raises(BadInputError, match="a cycle: octo-org/widgets deep-3 > octo-org/widgets"):
        parse_spec(looped)


def test_a_child_refuses_to_run_below_itself() -> None:
    lineage = {"ancestors": ["octo-org/widgets left"], "max_depth": 3}

    with pytest.raises(BadInputError, match="a cycle"):
        parse_input(({"spec": child("left", "a"), "lineage": lineage},), PipelineSpec)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"spec": "left.yml"}, "is a path"),
        ({"spec": child("left")}, "stages.0.workers"),
        ({"spec": child("left", "a"), "inputs": {"who": "me"}}, "inputs.who: not declared"),
    ],
)
def test_mistakes_in_children_are_told_with_their_place(change: dict[str, Any], words: str) -> None:
    data = spec(phases=[{"name": "one", "orchestrations": {"left": change}}])

    with pytest.raises(BadInputError, match=r"phases\.0\.orchestrations\.left") as error:
        parse_input(({"spec": data},), HierarchicalSpec)

    assert words in str(error.value)


async def test_a_cycle_sent_as_json_fails_at_once(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub()
    async with workers_for(skipping.client, github):
        with pytest.raises(WorkflowFailureError) as failure:
            await (await start(skipping, nested(4))).result()

    assert isinstance(failure.value.cause, ApplicationError)
    assert failure.value.cause.type == "BadInput"
    assert not github.started
