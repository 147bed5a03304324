"""Voting on the time-skipping server: agreement decides, once per item, and all else is told."""

from collections import Counter
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.runs import WorkerOutcome
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub
from tests.workflows.test_orchestrator_worker import execute, spec

ONCE = {"maximum-attempts": 1}


def voted(items: list[str], votes: int = 3, quorum: int = 2, **changes: Any) -> dict[str, Any]:
    """A spec in which each item is voted on."""
    worker = {"workflow": "analyzer.yml", "inputs": {"item": "${{ item.value }}"}, "retry": ONCE}
    base = {
        "worker": worker,
        "for-each": {"source": "list", "items": items},
        "voting": {"votes": votes, "quorum": quorum, "on": "outputs.answer"},
        "success": {"min-success-rate": 0},
    }
    return spec(**{**base, **changes})


def answering(answers: dict[str, list[Any]]) -> Any:
    """A worker whose votes on an item come in this order; None is a failed run."""

    def behave(inputs: dict[str, str], before: int) -> Behaviour:
        answer = answers[inputs["item"]][before]
        seconds = 5 + 5 * before
        if answer is None:
            return Behaviour(seconds=seconds, conclusion="failure", result=None)
        return Behaviour(seconds=seconds, result={"outputs": {"answer": answer}})

    return behave


async def run(
    env: WorkflowEnvironment, workers_for: WorkersFor, answers: Any, data: dict[str, Any]
) -> tuple[OrchestrationReport, FakeGitHub]:
    github = FakeGitHub(answers if callable(answers) else answering(answers), env.get_current_time)
    async with workers_for(env.client, github):
        return await execute(env, data), github


def rows(report: OrchestrationReport) -> dict[str, WorkerOutcome]:
    found = {row.key.partition(":")[2]: row for row in report.results}
    assert len(found) == len(report.results), "each item has one row"
    return found


def told(report: OrchestrationReport) -> dict[str, str]:
    """What each decision `voted` says, by item."""
    found = [d for d in report.decisions if d.kind == "voted"]
    assert len({d.subject for d in found}) == len(found)
    return {d.subject.partition(":")[2]: d.reason for d in found}


async def test_agreement_decides_and_disagreement_is_told(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    answers = {
        "same": ["yes", "yes", "yes"],
        "most": ["no", "yes", "no"],
        "late": [None, 1, 1.0],
        "split": ["a", "b", "c"],
        "torn": ["a", None, "b"],
        "dead": [None, None, None],
    }
    data = voted(list(answers), report={"counts": ["outputs.answer"]})

    report, _ = await run(skipping, workers_for, answers, data)

    found = rows(report)
    assert {name: row.status.value for name, row in found.items()} == {
        "same": "success",
        "most": "success",
        "late": "success",
        "split": "failure",
        "torn": "failure",
        "dead": "failure",
    }
    assert [found[name].outputs for name in ("same", "most", "late")] == [
        {"answer": "yes"}, {"answer": "no"}, {"answer": 1.0},
    ]  # fmt: skip
    assert found["split"].reason == 'votes disagree: "a" 1, "b" 1, "c" 1'
    assert found["torn"].reason.startswith('votes disagree: "a" 1, "b" 1, no answer (failure) 1')
    assert "votes disagree" not in found["dead"].reason
    assert told(report)["same"] == 'agreed: "yes" 2, 1 still out'
    assert told(report)["most"] == 'agreed: "no" 2, "yes" 1'
    assert set(told(report)) == set(answers)
    assert report.totals.items == 6
    assert report.totals.by_status == {"success": 3, "failure": 3}
    assert report.totals.dispatches == 18
    (count,) = report.counts
    assert sum(count.values.values()) == 3, "only what was agreed on is counted"


async def test_votes_are_runs_of_their_own_within_the_window(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    data = voted(["a", "b", "c"], votes=5, quorum=3, **{"max-parallel": 4})
    answers = dict.fromkeys(("a", "b", "c"), ["x"] * 5)

    report, github = await run(skipping, workers_for, answers, data)

    ids = {run.dispatch_id for run in github.started.values()}
    assert len(ids) == len(github.started) == 15
    assert github.peak == 4
    assert Counter(run.inputs["item"] for run in github.started.values()) == dict.fromkeys("abc", 5)
    assert report.totals.by_status == {"success": 3}
    assert report.metrics.run_seconds_total == 3 * sum(5 + 5 * n for n in range(5))


async def test_a_vote_that_fails_is_tried_again_by_policy(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    data = voted(
        ["a"], worker={"workflow": "analyzer.yml", "inputs": {"item": "${{ item.value }}"}}
    )

    report, _ = await run(skipping, workers_for, {"a": [None, "x", "y", "x"]}, data)

    assert rows(report)["a"].outputs == {"answer": "x"}
    assert report.totals.retries == 1


async def test_a_stop_leaves_each_item_one_outcome(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """Two votes of the first item agree before the deadline; all else is cut short."""
    from temporalio.client import WorkflowFailureError
    from temporalio.exceptions import ApplicationError

    def behave(inputs: dict[str, str], before: int) -> Behaviour:
        quick = inputs["item"] == "a" and before < 2
        return Behaviour(seconds=5 if quick else 3_600, result={"outputs": {"answer": "x"}})

    data = voted(["a", "b", "c", "d"], deadline="60s", **{"max-parallel": 6})

    with pytest.raises(WorkflowFailureError) as failed:
        await run(skipping, workers_for, behave, data)

    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    report = OrchestrationReport.model_validate(cause.details[0])
    assert report.status is OrchestrationStatus.TIMED_OUT
    assert {name: row.status.value for name, row in rows(report).items()} == {
        "a": "success", "b": "cancelled", "c": "cancelled", "d": "not-dispatched",
    }  # fmt: skip
