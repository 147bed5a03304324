"""WorkerPool on the time-skipping server: every good item once, every poison item by name."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.runs import WorkerOutcome
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub

POISON = "price is out of bounds"


def spec(items: int | list[Any], pool: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A spec over a list, by default of numbered records."""
    listed = [f"r{n}" for n in range(items)] if isinstance(items, int) else items
    base: dict[str, Any] = {
        "name": "test",
        "pattern": "worker-pool",
        "repository": "octo-org/widgets",
        "for-each": {"source": "list", "items": listed},
        "worker": {"workflow": "analyzer.yml", "inputs": {"item": "${{ batch.items }}"}},
        "pool": pool,
    }
    return base | changes


@dataclass
class Records:
    """A worker that records an effect under each good item's key, and may die of a batch."""

    poison: set[str] = field(default_factory=set)
    """Values that it names."""
    deadly: set[str] = field(default_factory=set)
    """Values that it dies of."""
    dies_every: int = 0
    seconds: float = 30
    batches: list[list[str]] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    """By value, how often each was recorded for a batch that told of it."""

    def __call__(self, inputs: dict[str, str], before: int) -> Behaviour:
        items = json.loads(inputs["item"])
        values = [str(one["value"]) for one in items]
        self.batches.append(values)
        dies = self.dies_every and len(self.batches) % self.dies_every == 0
        if dies or self.deadly & set(values):
            return Behaviour(seconds=self.seconds, conclusion="failure", result=None)
        said = {one["key"]: POISON if one["value"] in self.poison else "success" for one in items}
        self.effects.update(value for value in values if value not in self.poison)
        status = "partial" if self.poison & set(values) else "success"
        return Behaviour(
            seconds=self.seconds, result={"status": status, "outputs": {"items": said}}
        )


async def execute(
    env: WorkflowEnvironment,
    workers_for: WorkersFor,
    worker: Any,
    data: dict[str, Any],
    cached: int = 0,
) -> tuple[OrchestrationReport, FakeGitHub]:
    github = FakeGitHub(worker, env.get_current_time)
    async with workers_for(env.client, github, cached=cached):
        try:
            report = await env.client.execute_workflow(
                "WorkerPool",
                {"spec": data},
                id=f"podium/test/{uuid4()}",
                task_queue="podium",
                result_type=OrchestrationReport,
            )
        except WorkflowFailureError as error:
            assert isinstance(error.cause, ApplicationError), error.cause
            assert error.cause.details, error.cause
            report = OrchestrationReport.model_validate(error.cause.details[0])
    return report, github


def failed(report: OrchestrationReport) -> dict[str, WorkerOutcome]:
    """Rows of items that did not succeed, by the value of the item."""
    rows = [row for row in report.results if row.status != "success"]
    return {row.key.partition(":")[2]: row for row in rows}


async def test_every_good_item_is_done_once_and_every_poison_item_is_named(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """Five in a hundred are poison, and every seventh batch dies without a word."""
    poison = {f"r{n}" for n in range(0, 100, 20)}
    worker = Records(poison=poison, dies_every=7)
    data = spec(
        100, {"items-per-worker": 10, "max-workers": 4, "max-attempts": 5},
        success={"min-success-rate": 0.9},
    )  # fmt: skip

    report, github = await execute(skipping, workers_for, worker, data, cached=10)

    assert report.status is OrchestrationStatus.PARTIAL
    assert report.totals.items == 100
    assert report.totals.by_status == {"success": 95, "failure": 5}
    assert (
        worker.effects
        == Counter({f"r{n}": 1 for n in range(100)} | dict.fromkeys(poison, 0)) - Counter()
    )
    assert set(failed(report)) == poison
    assert {row.reason for row in failed(report).values()} == {POISON}
    assert github.peak == 4
    assert report.totals.dispatches == len(worker.batches) == len(github.started)
