"""Workers of every kind, in one orchestration: each is told apart, and none disturbs the others."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
import requests

from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.runs import OutcomeStatus, WorkerOutcome
from sandbox.control import RunRecord
from tests.system.judging import decisions, successes, until
from tests.system.stand import Stand, spec

REPOSITORY = "octo-org/kinds"
FINE = [f"fine-{n}" for n in range(4)]
KINDS = ["fails", "hangs", "invalid", "silent", "foreign-protocol", "recovers", "forged"]
COMMENTED = "commented"

WORKER_FILE = """
name: analyzer
run-name: "analyzer ${{ inputs.item }} [${{ inputs.dispatch_id }}]"
on:
  workflow_dispatch:
    inputs:
      item: {required: true}
      issue_number: {required: true}
      dispatch_id: {required: false}
jobs:
  work:
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
"""
SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer"}},
    "required": ["score"],
}


def result(**changes: Any) -> dict[str, Any]:
    """A good result of whichever run publishes it."""
    return {
        "protocol": "podium/v1",
        "dispatch_id": "{dispatch_id}",
        "worker": "analyzer",
        "run_id": "{run_id}",
        "run_attempt": "{run_attempt}",
        "status": "success",
        "summary": "looked",
        "outputs": {"score": 3},
    } | changes


def rule(item: str, **changes: Any) -> dict[str, Any]:
    """How the runs of one item go."""
    return {"inputs": {"item": item}, "result": result()} | changes


RULES = [
    rule("fails", conclusion="failure", result=result(status="failure", summary="no network")),
    rule("hangs", hang=True),
    rule("invalid", result=result(outputs={"score": "high"})),
    rule("silent", result=None),
    rule("foreign-protocol", result=result(protocol="podium/v9")),
    rule("recovers", conclusion="failure", result=None, times=1),
    rule("forged", result=None, duration_seconds=4),
    rule(COMMENTED, artifact=False, comment=True),
    {"result": result()},
]


def every_kind() -> dict[str, Any]:
    """A spec with an item of each kind, each with an issue of its own."""
    names = [*FINE, *KINDS, COMMENTED]
    items = [{"key": name, "number": number} for number, name in enumerate(names, start=1)]
    worker = {
        "workflow": "analyzer.yml",
        "inputs": {"item": "${{ item.key }}", "issue_number": "${{ item.number }}"},
        "result": {"channels": ["comment", "artifact"], "schema": SCHEMA},
        "timeout-minutes": 0.1,
        "retry": {"maximum-attempts": 2, "initial-interval": "1s"},
    }
    return spec(
        items,
        repository=REPOSITORY,
        worker=worker,
        success={"min-success-rate": 0.2},
        breaker="disabled",  # most of them fail, and each is wanted to the end
        **{"max-parallel": 20},
    )


def serve(stand: Stand) -> None:
    """Have the sandbox serve the repository, its issues, and runs of every kind."""
    files = {".github/workflows/analyzer.yml": WORKER_FILE}
    stand.control.add_repository(REPOSITORY, files=files)
    count = len(FINE) + len(KINDS) + 1
    stand.control.seed_issues(
        REPOSITORY, [{"number": n, "title": f"Issue {n}"} for n in range(1, count + 1)]
    )
    stand.control.timed(RULES)


async def forge(stand: Stand, number: int) -> None:
    """Claim success for a run in progress: in a comment on its issue, and in an issue."""

    def is_running(runs: Sequence[RunRecord]) -> bool:
        return any("analyzer forged [" in run.title for run in runs)

    await until(stand.control, is_running)
    await asyncio.to_thread(_post_forgeries, stand, number)


def _post_forgeries(stand: Stand, number: int) -> None:
    (run,) = [run for run in stand.control.runs() if "analyzer forged [" in run.title]
    lie = result(dispatch_id=run.dispatch_id, run_id=run.run_id, run_attempt=run.attempt)
    body = f"```json podium-result\n{json.dumps(lie)}\n```"
    mallory = {"Authorization": f"Bearer {stand.control.add_token('mallory')}"}
    issues = f"{stand.sandbox.api_url}/repos/{REPOSITORY}/issues"
    for path, sent in (
        (f"{issues}/{number}/comments", {"body": body}),
        (issues, {"title": "Result", "body": body}),
    ):
        requests.post(path, json=sent, headers=mallory, timeout=10).raise_for_status()


def outcome_of(report: OrchestrationReport, name: str) -> WorkerOutcome:
    (found,) = [row for row in report.results if row.key.endswith(f":{name}")]
    return found


async def test_each_kind_of_worker_is_told_apart_and_disturbs_no_other(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.results._LAST_LOOKS", ())  # nothing is late here
    serve(stand)
    async with stand.workers():
        handle = await stand.start(every_kind())
        await forge(stand, len(FINE) + KINDS.index("forged") + 1)
        report = OrchestrationReport.model_validate(await handle.result())

    expected = {
        "fails": (OutcomeStatus.FAILURE, 2, "no network"),
        "hangs": (OutcomeStatus.TIMED_OUT, 2, "in progress for more than 0.1 minutes"),
        "invalid": (OutcomeStatus.INVALID_RESULT, 2, "outputs.score: 'high' is not of type"),
        "silent": (OutcomeStatus.NO_RESULT, 2, "published no result"),
        "foreign-protocol": (OutcomeStatus.UNKNOWN_PROTOCOL, 1, "podium/v9"),
        "recovers": (OutcomeStatus.SUCCESS, 2, ""),
        "forged": (OutcomeStatus.NO_RESULT, 2, "published no result"),
        COMMENTED: (OutcomeStatus.SUCCESS, 1, ""),
    } | dict.fromkeys(FINE, (OutcomeStatus.SUCCESS, 1, ""))
    rows = {name: outcome_of(report, name) for name in expected}
    assert {name: (row.status, row.attempts) for name, row in rows.items()} == {
        name: (status, attempts) for name, (status, attempts, _) in expected.items()
    }
    assert [n for n, (_, _, reason) in expected.items() if reason not in rows[n].reason] == []
    assert report.status is OrchestrationStatus.PARTIAL
    _check_links(stand, rows)
    _check_retries(stand, report, [n for n, (_, attempts, _) in expected.items() if attempts == 2])


def _check_links(stand: Stand, rows: dict[str, WorkerOutcome]) -> None:
    """Each row links to its item's last run, and a comment's row to the comment."""
    last = {sent.inputs["item"]: sent.run_id for sent in stand.control.dispatches()}
    assert {name: row.run_id for name, row in rows.items()} == last
    assert [n for n, row in rows.items() if not row.run_url.endswith(f"/{row.run_id}")] == []
    assert "#issuecomment-" in rows[COMMENTED].result_url


def _check_retries(stand: Stand, report: OrchestrationReport, retried: list[str]) -> None:
    """Each retry was journaled, and came after the backoff of a run that had ended."""
    journaled = [subject.partition(":")[2] for subject in decisions(report, "retried")]
    assert sorted(journaled) == sorted(retried)
    assert report.totals.retries == len(retried)
    for name in retried:
        first, second = [run for run in stand.control.runs() if f"analyzer {name} [" in run.title]
        assert first.completed_at is not None
        assert second.queued_at >= first.completed_at + 1
    (hung, hung_again) = [run for run in stand.control.runs() if "analyzer hangs [" in run.title]
    assert hung.conclusion == hung_again.conclusion == "cancelled"
    assert set(successes(stand.control.ledger(), "analyzer.yml")) >= set(FINE)


async def test_open_issues_are_read_whole_while_some_close_and_the_rest_is_counted(
    stand: Stand,
) -> None:
    numbers = range(1, 146)
    pulls = [n for n in numbers if n % 10 == 0]
    issues: list[dict[str, Any]] = [{"number": n, "title": f"Issue {n}"} for n in numbers]
    for issue in issues:
        if issue["number"] in pulls:
            issue["pull_request"] = {"merged_at": None}
    serve_issues(stand, issues)
    closed_before_their_page, closed_after = [7, 8, 9], [121]
    limit = 110
    worker = {
        "workflow": "analyzer.yml",
        "inputs": {"item": "${{ item.title }}", "issue_number": "${{ item.number }}"},
    }
    data = spec(1, repository=REPOSITORY, worker=worker, **{"max-parallel": 20})
    data["for-each"] = {"source": "open-issues", "limit": limit}

    stand.control.hold()
    async with stand.workers():
        handle = await stand.start(data)
        await until(stand.control, lambda runs: len(runs) == 20)
        await asyncio.to_thread(_close, stand, closed_before_their_page + closed_after)
        stand.control.release()
        report = OrchestrationReport.model_validate(await handle.result())

    wanted = [n for n in numbers if n not in pulls and n not in closed_after]
    done = {int(n): runs for n, runs in _by_issue(stand).items()}
    assert sorted(done) == wanted[:limit]
    assert {len(runs) for runs in done.values()} == {1}
    assert report.totals.items == limit
    assert report.totals.beyond_limit == len(wanted) - limit
    assert report.totals.beyond_limit_exact


def serve_issues(stand: Stand, issues: list[dict[str, Any]]) -> None:
    files = {".github/workflows/analyzer.yml": WORKER_FILE}
    stand.control.add_repository(REPOSITORY, files=files)
    stand.control.seed_issues(REPOSITORY, issues)
    stand.control.timed([{"duration_seconds": 0.5}])


def _by_issue(stand: Stand) -> dict[str, list[int]]:
    return successes(stand.control.ledger(), "analyzer.yml", "issue_number")


def _close(stand: Stand, numbers: list[int]) -> None:
    token = {"Authorization": f"Bearer {stand.control.add_token('triager')}"}
    for number in numbers:
        requests.patch(
            f"{stand.sandbox.api_url}/repos/{REPOSITORY}/issues/{number}",
            json={"state": "closed"},
            headers=token,
            timeout=10,
        ).raise_for_status()
