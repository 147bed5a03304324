"""MapReduce on the time-skipping server, over a fake GitHub."""

import json
from typing import Any
from uuid import uuid4

from temporalio.testing import WorkflowEnvironment

from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub


def spec(reduce: dict[str, Any], items: Any = ("a", "b", "c"), **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": "test",
        "pattern": "map-reduce",
        "repository": "octo-org/widgets",
        "for-each": {"source": "list", "items": list(items)},
        "worker": {"workflow": "analyzer.yml", "inputs": {"item": "${{ item.value }}"}},
        "reduce": reduce,
    }
    return base | changes


async def execute(env: WorkflowEnvironment, data: dict[str, Any]) -> OrchestrationReport:
    report: OrchestrationReport = await env.client.execute_workflow(
        "MapReduce",
        {"spec": data},
        id=f"podium/test/{uuid4()}",
        task_queue="podium",
        result_type=OrchestrationReport,
    )
    return report


FOUND = {
    "a": {"found": {"high": 2, "low": 1}, "tags": ["x", "y"], "score": 3},
    "b": {"found": {"high": 1}, "tags": ["x"], "score": 9},
    "c": {"found": {}, "tags": [], "score": 5},
}


def behave(inputs: dict[str, str], before: int) -> Behaviour:
    """Later items end sooner, so that results come in another order than their items."""
    outputs = FOUND.get(inputs["item"], {"references": inputs["item"]})
    seconds = 30 - 10 * ord(inputs["item"][0]) % 30
    return Behaviour(seconds=seconds, result={"outputs": outputs})


async def test_results_are_counted_listed_and_put_in_order(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(behave, skipping.get_current_time)
    reduce = {
        "severities": {"reducer": "counts", "field": "outputs.found"},
        "tags": {"reducer": "counts", "field": "outputs.tags"},
        "worst": {
            "reducer": "table",
            "columns": {"Score": "outputs.score", "High": "outputs.found.high"},
            "order-by": "Score",
            "limit": 2,
        },
        "all": {"reducer": "concat", "field": "outputs.tags"},
    }

    async with workers_for(skipping.client, github):
        report = await execute(skipping, spec(reduce))

    told = report.reductions
    assert report.status is OrchestrationStatus.SUCCEEDED
    assert told["severities"]["values"] == {"high": 3, "low": 1}
    assert told["tags"]["values"] == {"x": 2, "y": 1}
    assert told["worst"]["rows"] == [[9, 1], [5, None]]
    assert told["worst"]["omitted"] == 1
    assert told["all"]["items"] == ["x", "y", "x"]
    assert "## Severities\n\nhigh 3, low 1" in report.markdown


async def test_a_last_worker_gets_the_references_of_all_results(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(behave, skipping.get_current_time)
    last = {"workflow": "analyzer.yml", "inputs": {"item": "${{ results.references }}"}}
    reduce = {"summary": {"reducer": "worker", "worker": last}}

    async with workers_for(skipping.client, github):
        report = await execute(skipping, spec(reduce))

    told = report.reductions["summary"]
    references = json.loads(told["outputs"]["references"])
    assert told["status"] == "success"
    assert [one["key"] for one in references] == ["1:a", "2:b", "3:c"]
    assert all(one["run_id"] and one["url"] for one in references)
    assert report.totals.items == 3
    assert report.totals.dispatches == 4
