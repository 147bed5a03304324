"""Lists of runs, their life cycle, cancelling, re-running and reviews."""

import time
from typing import Any

import pytest

from tests.sandbox.conftest import WORKER, Repo

GATED = """
on: workflow_dispatch
jobs: {a: {runs-on: ubuntu-latest, environment: production, steps: [{run: 'true'}]}}
"""


def ids(answer: dict[str, Any]) -> list[int]:
    """The ids in a list of runs."""
    return [run["id"] for run in answer["workflow_runs"]]


def test_lists_are_newest_first_and_paged_by_link(repo: Repo) -> None:
    made = [repo.dispatch() for _ in range(5)]
    first = repo.ask("GET", "/actions/runs", params={"per_page": 2})
    links = {link["rel"]: link["url"] for link in first.links.values()}
    second = repo.session.get(links["next"], timeout=20)

    assert ids(first.json()) == made[:2:-1]
    assert first.json()["total_count"] == 5
    assert ids(second.json()) == made[2:0:-1]
    assert links["last"].endswith("page=3")
    assert set(second.links) == {"prev", "next", "last", "first"}


def test_filters_choose_by_state_event_actor_branch_and_time(repo: Repo) -> None:
    repo.control.timed([{"duration_seconds": 0}])
    own = repo.dispatch()
    repo.ended(own)
    (foreign,) = repo.control.inject_runs(
        repo.name, "worker.yml", conclusion=None, age_seconds=172_800
    )
    yesterday = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86_400))
    chosen = {
        "status=success": [own],
        "status=in_progress": [foreign],
        "event=push": [foreign],
        "actor=octo-operator": [own],
        "branch=other": [],
        f"created=>={yesterday}": [own],
        f"created=*..{yesterday}": [foreign],
    }

    found = {q: ids(repo.get("/actions/runs", **dict([q.split("=", 1)]))) for q in chosen}

    assert found == chosen
    assert ids(repo.get("/actions/workflows/worker.yml/runs")) == [foreign, own]


def test_a_run_is_queued_while_all_runners_are_busy(repo: Repo) -> None:
    repo.control.settings(timed_runners=2)
    repo.control.timed([{"hang": True}])
    made = [repo.dispatch() for _ in range(3)]
    states = [repo.get(f"/actions/runs/{n}")["status"] for n in made]

    assert states == ["in_progress", "in_progress", "queued"]
    repo.ask("POST", f"/actions/runs/{made[0]}/cancel")
    repo.wait_for(made[2], "in_progress")


def test_cancelling_is_accepted_once_and_is_a_conflict_afterwards(repo: Repo) -> None:
    repo.control.timed([{"hang": True}])
    run_id = repo.dispatch()
    first = repo.ask("POST", f"/actions/runs/{run_id}/cancel")
    run = repo.ended(run_id)
    second = repo.ask("POST", f"/actions/runs/{run_id}/cancel")

    assert (first.status_code, run["conclusion"]) == (202, "cancelled")
    assert second.status_code == 409
    assert second.json()["message"] == "Cannot cancel a workflow run that is completed."
    assert {r.run_id: r.cancelled_by for r in repo.control.runs()}[run_id] == "octo-operator"


def test_a_run_that_ignores_a_cancel_yields_to_force(repo: Repo) -> None:
    repo.control.timed([{"hang": True, "ignore_cancel": True}])
    run_id = repo.dispatch()

    assert repo.ask("POST", f"/actions/runs/{run_id}/cancel").status_code == 202
    assert repo.get(f"/actions/runs/{run_id}")["status"] == "in_progress"
    assert repo.ask("POST", f"/actions/runs/{run_id}/force-cancel").status_code == 202
    assert repo.ended(run_id)["conclusion"] == "cancelled"


@pytest.mark.parametrize("how", ["rerun", "rerun-failed-jobs"])
def test_a_rerun_keeps_the_id_and_raises_the_attempt(repo: Repo, how: str) -> None:
    repo.control.timed(
        [{"duration_seconds": 0, "conclusion": "failure", "times": 1}, {"hang": True}]
    )
    run_id = repo.dispatch()
    first = repo.ended(run_id)
    answer = repo.ask("POST", f"/actions/runs/{run_id}/{how}")
    again = repo.get(f"/actions/runs/{run_id}")

    assert (first["conclusion"], answer.status_code) == ("failure", 201)
    assert (again["run_attempt"], again["status"], again["conclusion"]) == (2, "in_progress", None)
    assert again["previous_attempt_url"].endswith("/attempts/1")
    assert repo.get(f"/actions/runs/{run_id}/attempts/1")["conclusion"] == "failure"
    assert repo.get(f"/actions/runs/{run_id}/jobs", filter="all")["total_count"] == 2
    assert repo.ask("POST", f"/actions/runs/{run_id}/{how}").status_code == 403


@pytest.mark.parametrize(
    ("answer", "conclusion"), [("approved", "success"), ("rejected", "failure")]
)
def test_a_protected_environment_waits_for_an_answer(
    repo: Repo, answer: str, conclusion: str
) -> None:
    repo.control.settings(protected_environments=["production"])
    repo.control.timed([{"duration_seconds": 0}])
    repo.control.add_repository(repo.name, files={".github/workflows/deploy.yml": GATED})
    run_id = repo.dispatch("deploy.yml")
    path = f"/actions/runs/{run_id}/pending_deployments"

    assert repo.get(f"/actions/runs/{run_id}")["status"] == "waiting"
    numbers = [p["environment"]["id"] for p in repo.get(path)]
    body = {"environment_ids": numbers, "state": answer, "comment": "ok"}
    assert repo.ask("POST", path, body).status_code == 200
    assert repo.ended(run_id)["conclusion"] == conclusion
    assert repo.ask("POST", path, body).status_code == 422


def test_runs_of_first_time_contributors_need_an_action(repo: Repo) -> None:
    repo.control.settings(action_required=True)
    run = repo.get(f"/actions/runs/{repo.dispatch()}")

    assert (run["status"], run["conclusion"]) == ("completed", "action_required")


@pytest.mark.parametrize(
    ("cancel", "expected"),
    [
        ("false", ["in_progress", "cancelled", "pending"]),
        ("true", ["cancelled", "cancelled", "in_progress"]),
    ],
)
def test_a_concurrency_group_runs_one_and_keeps_the_newest_pending(
    repo: Repo, cancel: str, expected: list[str]
) -> None:
    grouped = WORKER + f"concurrency: {{group: one, cancel-in-progress: {cancel}}}\n"
    repo.control.add_repository(repo.name, files={".github/workflows/worker.yml": grouped})
    repo.control.timed([{"hang": True}])
    made = [repo.dispatch() for _ in range(3)]
    runs = [repo.get(f"/actions/runs/{n}") for n in made]

    assert [run["conclusion"] or run["status"] for run in runs] == expected


def test_held_runs_stay_queued_until_released(repo: Repo) -> None:
    repo.control.hold()
    run_id = repo.dispatch()

    assert repo.get(f"/actions/runs/{run_id}")["status"] == "queued"
    repo.control.release()
    repo.wait_for(run_id, "in_progress")


def test_unknown_runs_and_runs_of_other_repositories_are_not_found(repo: Repo) -> None:
    assert repo.ask("GET", "/actions/runs/1").status_code == 404
    assert repo.ask("POST", "/actions/runs/1/cancel").status_code == 404
