"""Timed mode: results, rules and a thousand runs at once."""

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from tests.sandbox.conftest import Repo


def result_of(repo: Repo, run_id: int) -> Any:
    """What `result.json` of a run holds."""
    with zipfile.ZipFile(io.BytesIO(repo.artifact(run_id))) as archive:
        return json.loads(archive.read("result.json"))


def test_the_default_result_follows_the_workers_contract(repo: Repo) -> None:
    repo.control.timed([{"duration_seconds": 0}])
    run_id = repo.dispatch(dispatch_id="d-9")
    repo.ended(run_id)

    assert result_of(repo, run_id) == {
        "protocol": "podium/v1",
        "dispatch_id": "d-9",
        "worker": "worker",
        "run_id": run_id,
        "run_attempt": 1,
        "status": "success",
        "summary": "done",
        "outputs": {},
        "errors": [],
        "metrics": {},
    }


def test_placeholders_are_filled_and_lone_numbers_stay_numbers(repo: Repo) -> None:
    result = {"run_id": "{run_id}", "outputs": {"text": ["#{inputs.issue_number} {dispatch_id}"]}}
    repo.control.timed([{"duration_seconds": 0, "result": result}])
    run_id = repo.dispatch(dispatch_id="d", issue_number="7")
    repo.ended(run_id)

    assert result_of(repo, run_id) == {"run_id": run_id, "outputs": {"text": ["#7 d"]}}


def test_a_result_can_be_a_comment_by_the_actions_bot(repo: Repo) -> None:
    repo.ask("POST", "/issues", {"title": "One"})
    repo.control.timed([{"duration_seconds": 0, "comment": True, "artifact": False}])
    run_id = repo.dispatch(issue_number="1")
    repo.ended(run_id)
    (comment,) = repo.get("/issues/1/comments")
    block = comment["body"].split("```json podium-result\n")[1].split("\n```")[0]

    assert (comment["user"]["login"], comment["user"]["type"]) == ("github-actions[bot]", "Bot")
    assert json.loads(block)["run_id"] == run_id
    assert repo.get(f"/actions/runs/{run_id}/artifacts")["total_count"] == 0


def test_rules_choose_by_input_and_by_how_often_they_applied(repo: Repo) -> None:
    repo.control.timed(
        [
            {"inputs": {"issue_number": "7"}, "hang": True},
            {
                "times": 1,
                "per_input": "issue_number",
                "conclusion": "failure",
                "duration_seconds": 0,
            },
            {"duration_seconds": 0},
        ]
    )
    hanging = repo.dispatch(issue_number="7")
    ends = [repo.ended(repo.dispatch(issue_number=n))["conclusion"] for n in ("1", "1", "2", "2")]

    assert ends == ["failure", "success", "failure", "success"]
    assert repo.get(f"/actions/runs/{hanging}")["status"] == "in_progress"


def test_broken_results_and_further_artifacts_can_be_published(repo: Repo) -> None:
    repo.control.timed(
        [{"duration_seconds": 0, "raw_result": "{", "artifacts": {"agent": {"a.txt": "{run_id}"}}}]
    )
    run_id = repo.dispatch()
    repo.ended(run_id)

    with zipfile.ZipFile(io.BytesIO(repo.artifact(run_id))) as archive:
        assert archive.read("result.json") == b"{"
    with zipfile.ZipFile(io.BytesIO(repo.artifact(run_id, "agent"))) as archive:
        assert archive.read("a.txt") == str(run_id).encode()


def test_a_batch_is_answered_item_by_item_from_its_own_input(repo: Repo) -> None:
    rule = {"input": "issue_number", "failing": {"1:a": "bad", "c": "worse"}}
    repo.control.timed([{"duration_seconds": 0, "item_results": rule}])
    batches = ['["1:a", {"key": "2:b"}, {"key": "3:c"}]', '["4:a"]', "no batch"]
    runs = [repo.dispatch(issue_number=text) for text in batches]
    for run in runs:
        repo.ended(run)
    mixed, fine, none = [result_of(repo, run) for run in runs]

    assert mixed["outputs"] == {"items": {"1:a": "bad", "2:b": "success", "3:c": "worse"}}
    assert (mixed["status"], fine["status"]) == ("partial", "success")
    assert fine["outputs"] == {"items": {"4:a": "success"}}
    assert none["outputs"] == {}


def test_a_thousand_runs_are_in_progress_at_once(repo: Repo) -> None:
    repo.control.timed([{"duration_seconds": 30}])
    url = f"{repo.sandbox.api_url}/repos/{repo.name}/actions/workflows/worker.yml/dispatches"
    headers = {"Authorization": f"Bearer {repo.sandbox.token}"}

    def many(_: int) -> None:
        with requests.Session() as session:
            session.trust_env = False
            for _ in range(250):
                assert session.post(url, json={"ref": "main"}, headers=headers, timeout=30).ok

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(many, range(4)))

    assert repo.get("/actions/runs", status="in_progress")["total_count"] == 1_000


def test_timers_end_runs_when_they_say(repo: Repo) -> None:
    repo.control.timed([{"queue_seconds": 0.2, "duration_seconds": 0.3}])
    run_id = repo.dispatch()
    repo.ended(run_id)
    life = next(r for r in repo.control.runs() if r.run_id == run_id)

    assert life.started_at is not None
    assert life.completed_at is not None
    # Never early; how late it may be depends on the machine, and is no test's business.
    assert life.started_at - life.queued_at >= 0.2
    assert life.completed_at - life.started_at >= 0.3


def test_a_run_may_go_on_after_its_result(repo: Repo) -> None:
    repo.control.timed([{"duration_seconds": 2, "cleanup_seconds": 1.8}])
    run_id = repo.dispatch()
    path = f"/actions/runs/{run_id}/artifacts"
    repo.control.wait_for_runs(lambda _: repo.get(path)["total_count"] == 1, 10)
    published = repo.get(f"/actions/runs/{run_id}")["status"]
    repo.ended(run_id)
    (ended,) = [run for run in repo.control.runs() if run.run_id == run_id]

    assert published == "in_progress"
    assert (ended.completed_at or 0) - (ended.started_at or 0) >= 2
