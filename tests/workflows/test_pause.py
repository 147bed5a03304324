"""Pause and resume, in every pattern: nothing new begins, what is in flight is collected, deadlines move."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from contracts import names
from contracts.report import OrchestrationReport, OrchestrationStatus, Progress
from contracts.specs import WORKFLOW_TYPES
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub
from tests.patience import PATIENCE
from tests.workflows import (
    test_circuit_breaker,
    test_hierarchical,
    test_map_reduce,
    test_orchestrator_worker,
    test_pipeline,
    test_router,
    test_worker_pool,
)
from tests.workflows.test_worker_pool import Records

RUN_SECONDS = 120
DEADLINE = timedelta(minutes=20)
"""Long enough for all runs, one after the other, and shorter than the pause."""
PAUSE = timedelta(minutes=40)


def pipeline() -> dict[str, Any]:
    stages = [
        {"name": name, "workers": {"only": test_pipeline.worker(name)}} for name in ("one", "two")
    ]
    return test_pipeline.spec(stages=stages)


def hierarchical() -> dict[str, Any]:
    children = {
        "left": {"spec": test_hierarchical.child("left", "a", "b") | {"max-parallel": 1}},
        "right": {"spec": test_hierarchical.child("right", "c")},
    }
    phases = [{"name": "only", "orchestrations": children}]
    return test_hierarchical.spec(phases=phases)


SPECS: dict[str, Callable[[], dict[str, Any]]] = {
    "orchestrator-worker": test_orchestrator_worker.spec,
    "hierarchical": hierarchical,
    "pipeline": pipeline,
    "router": lambda: test_router.spec(**test_router.batch()),
    "map-reduce": lambda: test_map_reduce.spec(
        {"items": {"reducer": "counts", "field": "outputs.item"}}
    ),
    "circuit-breaker": lambda: test_circuit_breaker.spec(
        *(test_circuit_breaker.task(name) for name in ("a", "b", "c"))
    ),
    "worker-pool": lambda: test_worker_pool.spec(6, {"items-per-worker": 2, "max-workers": 1}),
}
"""All but reflection, whose rounds have tests of their own for this."""


@pytest.mark.parametrize("pattern", SPECS)
async def test_while_paused_nothing_begins_and_what_runs_is_collected(
    pattern: str, skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    behave = Records(seconds=RUN_SECONDS) if pattern == "worker-pool" else _slow
    github = FakeGitHub(behave, skipping.get_current_time)
    github.open_issues = [test_router.issue(n) for n in range(1, 4)]
    data = SPECS[pattern]() | {"max-parallel": 1, "deadline": "20m"}
    async with workers_for(skipping.client, github):
        handle = await skipping.client.start_workflow(
            WORKFLOW_TYPES[pattern],
            {"spec": data},
            id=f"podium/pause/{uuid4()}",
            task_queue=names.TASK_QUEUE,
        )
        async with asyncio.timeout(PATIENCE):
            while not github.started:
                await skipping.sleep(timedelta(seconds=5))
        await handle.signal(names.SIGNAL_PAUSE)
        await skipping.sleep(PAUSE)
        begun, ended = len(github.started), github.simultaneous()
        told = await handle.query(names.QUERY_STATUS, result_type=Progress)
        await handle.signal(names.SIGNAL_RESUME)
        report = OrchestrationReport.model_validate(await handle.result())

    assert begun == 1, "nothing began in the pause"
    assert ended == 0
    assert told.status is OrchestrationStatus.PAUSED
    assert told.running == (1 if pattern == "hierarchical" else 0), "a child waits, a run does not"
    assert report.status is OrchestrationStatus.SUCCEEDED, "the deadline moved"
    assert len(github.started) > 1


def test_no_pattern_is_left_out() -> None:
    assert set(SPECS) | {"reflection"} == set(WORKFLOW_TYPES)


def _slow(inputs: dict[str, str], before: int) -> Behaviour:
    return Behaviour(seconds=RUN_SECONDS)
