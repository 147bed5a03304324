"""WorkerPool on the time-skipping server: every good item once, every poison item by name."""

import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from contracts.orchestration import BadInputError, parse_spec
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
    seconds: float = 10
    batches: list[list[str]] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    """By value, how often each was recorded; under its key, so that once more changes nothing."""
    told: Counter[str] = field(default_factory=Counter)
    """By value, how often a result said that it is well."""

    def __call__(self, inputs: dict[str, str], before: int) -> Behaviour:
        items = json.loads(inputs["item"])
        values = [str(one["value"]) for one in items]
        self.batches.append(values)
        dies = self.dies_every and len(self.batches) % self.dies_every == 0
        if dies or self.deadly & set(values):
            good = [value for value in values if value not in self.poison | self.deadly]
            self.effects.update(good[: len(good) // 2])  # half-way, and nobody is told
            return Behaviour(seconds=self.seconds, conclusion="failure", result=None)
        said = {one["key"]: POISON if one["value"] in self.poison else "success" for one in items}
        good = [value for value in values if value not in self.poison]
        self.effects.update(good)
        self.told.update(good)
        status = "partial" if self.poison & set(values) else "success"
        return Behaviour(
            seconds=self.seconds, result={"status": status, "outputs": {"items": said}}
        )


async def execute(
    env: WorkflowEnvironment,
    workers_for: WorkersFor,
    worker: Any,
    data: dict[str, Any],
) -> tuple[OrchestrationReport, FakeGitHub]:
    github = FakeGitHub(worker, env.get_current_time)
    async with workers_for(env.client, github):
        try:
            report = await env.client.execute_workflow(
                "WorkerPool",
                {"spec": data},
                id=f"podium/test/{uuid4()}",
                task_queue="podium",
                result_type=OrchestrationReport,
            )
        except WorkflowFailureError as error:
            (told,) = getattr(error.cause, "details", ()) or [None]
            report = OrchestrationReport.model_validate(told)
    return report, github


def failed(report: OrchestrationReport) -> dict[str, WorkerOutcome]:
    """Rows of items that did not succeed, by the value of the item."""
    rows = [row for row in report.results if row.status != "success"]
    return {row.key.partition(":")[2]: row for row in rows}


@pytest.mark.covers("T8")
async def test_every_good_item_is_done_once_and_every_poison_item_is_named(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """Five in a hundred are poison, and every seventh batch dies half-way, without a word."""
    poison = {f"r{n}" for n in range(0, 100, 20)}
    worker = Records(poison=poison, dies_every=7)
    data = spec(100, {"items-per-worker": 10, "max-workers": 4, "max-attempts": 5})

    report, github = await execute(skipping, workers_for, worker, data)

    assert report.status is OrchestrationStatus.PARTIAL
    assert report.totals.items == 100
    assert report.totals.by_status == {"success": 95, "failure": 5}
    assert set(worker.effects) == set(worker.told) == {f"r{n}" for n in range(100)} - poison
    assert set(worker.told.values()) == {1}, "what is done is never sent again"
    assert set(failed(report)) == poison
    # Which batch is the seventh, and so which item's last one dies, is a matter of timing.
    assert all(POISON in row.reason for row in failed(report).values())
    assert github.peak == 4
    assert report.totals.dispatches == len(worker.batches) == len(github.started)


async def test_the_pool_is_measured_and_its_figures_are_told(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    worker = Records(poison={"r3"})
    pool = {"items-per-worker": 4, "max-workers": 10, "max-attempts": 2}
    data = spec(21, pool, success={"min-success-rate": 0.5})
    data["for-each"]["limit"] = 18

    report, github = await execute(skipping, workers_for, worker, data)

    figures = report.metrics.figures
    assert github.peak == 5, "18 items, 4 per worker"
    assert figures["pool_size"] == 5
    assert figures["items_processed"] == 18
    assert figures["workers_used"] == report.totals.dispatches == 6
    assert (figures["items_redistributed"], figures["poison_items"]) == (1, 1)
    assert figures["processing_seconds"] >= 20
    assert figures["items_per_minute"] == pytest.approx(
        18 * 60 / figures["processing_seconds"], rel=0.05
    )
    assert report.metrics.success_rate == pytest.approx(17 / 18)
    assert report.totals.beyond_limit == 3
    assert "items per minute" in report.markdown
    kinds = Counter(decision.kind for decision in report.decisions)
    assert (kinds["pool-sized"], kinds["redistributed"], kinds["poison"]) == (1, 1, 1)


async def test_the_worker_gets_each_items_fields_and_its_key(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    inputs: list[dict[str, str]] = []

    def behave(given: dict[str, str], before: int) -> Behaviour:
        inputs.append(given)
        keys = [one["key"] for one in json.loads(given["item"].partition(" ")[2])]
        return Behaviour(
            seconds=5, result={"outputs": {"said": {"of": dict.fromkeys(keys, "success")}}}
        )

    worker = {
        "workflow": "analyzer.yml",
        "inputs": {
            "item": "${{ batch.number }}/${{ batch.size }}/${{ batch.attempt }} ${{ batch.items }}"
        },
    }
    listed = [{"name": "a", "region": "eu"}, {"name": "b", "region": "us"}]
    data = spec(listed, {}, worker=worker, **{"item-results": "outputs.said.of"})

    report, _ = await execute(skipping, workers_for, behave, data)

    assert report.totals.by_status == {"success": 2}
    (given,) = inputs
    assert given["item"] == (
        '1/2/1 [{"name":"a","region":"eu","key":"1"},{"name":"b","region":"us","key":"2"}]'
    )


async def test_a_deadly_item_is_found_alone_after_its_backoff(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    worker = Records(deadly={"r5"}, seconds=10)
    data = spec(8, {"items-per-worker": 8, "max-attempts": 3}, success={"min-success-rate": 0})
    data["worker"]["retry"] = {"initial-interval": "1m"}

    report, github = await execute(skipping, workers_for, worker, data)

    assert set(failed(report)) == {"r5"}
    assert failed(report)["r5"].attempts == 3
    assert worker.told == Counter(f"r{n}" for n in range(8) if n != 5)
    assert [len(batch) for batch in worker.batches if "r5" in batch] == [8, 4, 1]
    times = [r.created for r in github.started.values() if '"r5"' in r.inputs["item"]]
    assert (times[1] - times[0]).total_seconds() >= 60
    assert (times[2] - times[1]).total_seconds() >= 120


async def test_a_pool_with_a_target_shrinks_to_what_it_needs(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """Twenty batches of 10 s in 20 minutes are one worker's work, as soon as that is known.

    The second wave is out before the first one's results are in.
    """
    worker = Records(seconds=10)
    pool = {"items-per-worker": 2, "max-workers": 4, "target-duration": "20m"}

    report, github = await execute(skipping, workers_for, worker, spec(40, pool))

    assert report.totals.by_status == {"success": 40}
    sizes = [d.subject for d in report.decisions if d.kind == "pool-sized"]
    assert sizes == ["4", "1"]
    later = sorted(run.created for run in github.started.values())[8:]
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(later)]
    assert min(gaps) >= 10


async def test_the_deadline_ends_the_pool_with_an_outcome_for_every_item(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    worker = Records(seconds=3_600)
    pool = {"items-per-worker": 5, "max-workers": 2}

    report, github = await execute(skipping, workers_for, worker, spec(30, pool, deadline="30s"))

    assert report.status is OrchestrationStatus.TIMED_OUT
    assert report.totals.by_status == {"cancelled": 10, "not-dispatched": 20}
    assert all(run.cancelled for run in github.started.values())
    assert len(github.started) == 2


async def test_a_worker_that_says_nothing_of_items_fails_every_item_once_each(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    def behave(inputs: dict[str, str], before: int) -> Behaviour:
        return Behaviour(seconds=1)

    data = spec(6, {"items-per-worker": 3, "max-attempts": 2})

    report, github = await execute(skipping, workers_for, behave, data)

    assert report.status is OrchestrationStatus.FAILED
    assert report.totals.by_status == {"no-result": 6}
    assert len(github.started) == 2 + 6, "the last attempt is made for each alone"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"worker": {"workflow": "analyzer.yml"}}, "worker.inputs: no input reads"),
        (
            {"worker": {"workflow": "a.yml", "inputs": {"item": "${{ item.value }}"}}},
            "worker.inputs.item: ${{ item.value }} is not known; known here: batch, event",
        ),
        (
            {"worker": {"workflow": "a.yml", "inputs": {"item": "${{ batch.itms }}"}}},
            "did you mean batch.items?",
        ),
        (
            {"worker": {"workflow": "a.yml", "inputs": {"i": "${{ batch.items }}"}, "retry": {"maximum-attempts": 2}}},
            "worker.retry.maximum-attempts: a batch is not repeated",
        ),
        (
            {"worker": {"workflow": "a.yml", "inputs": {"i": "${{ batch.items }}"}, "result": {"channels": ["conclusion"]}}},
            "worker.result.channels: a conclusion says nothing of single items",
        ),
        ({"report": {"counts": ["outputs.x"]}}, "report.counts: a pool's rows are items"),
        ({"item-results": "items"}, "item-results"),
        ({"pool": {"items-per-worker": 0}}, "pool.items-per-worker"),
        ({"pool": {"max-worker": 2}}, "did you mean max-workers?"),
        ({"pool": {"target-duration": "0s"}}, "pool.target-duration"),
    ],
)  # fmt: skip
def test_a_spec_that_cannot_work_is_refused_with_place_and_fix(
    changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(BadInputError) as refused:
        parse_spec(spec(3, {}) | changes)

    assert problem in str(refused.value)
