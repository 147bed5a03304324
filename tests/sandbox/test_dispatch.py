"""`workflow_dispatch` is checked as GitHub checks it, in GitHub's words."""

from typing import Any

import pytest

from tests.sandbox.conftest import WORKER, Repo

PATH = "/actions/workflows/worker.yml/dispatches"


def refusal(repo: Repo, body: dict[str, Any], path: str = PATH) -> tuple[int, str]:
    """Status and message of a dispatch that is refused."""
    response = repo.ask("POST", path, body)
    return response.status_code, response.json()["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"ref": "main", "x": 1}, 'Invalid request.\n\n"x" is not a permitted key.'),
        ({}, 'Invalid request.\n\n"ref" wasn\'t supplied.'),
        ({"ref": "nowhere"}, "No ref found for: nowhere"),
        ({"ref": "main", "inputs": {"y": "1"}}, 'Unexpected inputs provided: ["y"]'),
        (
            {"ref": "main", "inputs": {"level": "top"}},
            "Provided value 'top' for input 'level' not in the list of allowed values",
        ),
        ({"ref": "main", "inputs": {"dispatch_id": "x" * 65_536}}, "inputs are too large."),
        (
            {"ref": "main", "inputs": {str(n): "" for n in range(26)}},
            "Invalid request.\n\nNo more than 25 properties are allowed; 26 were supplied.",
        ),
    ],
)
def test_a_bad_dispatch_is_422_with_githubs_message(
    repo: Repo, body: dict[str, Any], message: str
) -> None:
    assert refusal(repo, body) == (422, message)


def test_unknown_and_disabled_workflows_and_missing_triggers_are_refused(repo: Repo) -> None:
    job = "\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}"
    files = {
        ".github/workflows/worker.yml": WORKER,
        ".github/workflows/push.yml": f"on: push{job}",
        ".github/workflows/required.yml": (
            "on: {workflow_dispatch: {inputs: {must: {required: true}}}}" + job
        ),
        ".github/workflows/broken.yml": "on: [",
    }
    repo.control.add_repository(repo.name, files=files)
    main = {"ref": "main"}
    paths = {
        name: f"/actions/workflows/{name}.yml/dispatches"
        for name in ("no", "push", "required", "broken")
    }

    assert refusal(repo, main, paths["no"]) == (404, "Not Found")
    trigger = "Workflow does not have 'workflow_dispatch' trigger"
    assert refusal(repo, main, paths["push"]) == (422, trigger)
    assert refusal(repo, main, paths["required"]) == (422, "Required input 'must' not provided")
    assert refusal(repo, main, paths["broken"])[1].startswith("Failed to parse workflow")
    repo.control.settings(disabled_workflows=["worker.yml"])
    assert refusal(repo, main) == (
        422,
        "Cannot trigger a 'workflow_dispatch' on a disabled workflow",
    )
    assert repo.get("/actions/workflows/worker.yml")["state"] == "disabled_manually"


def test_run_details_come_when_asked_and_else_the_answer_is_empty(repo: Repo) -> None:
    asked = repo.ask("POST", PATH, {"ref": "main", "return_run_details": True})
    plain = repo.ask("POST", PATH, {"ref": "main"})

    assert asked.status_code == 200
    assert asked.json()["run_url"].endswith(str(asked.json()["workflow_run_id"]))
    assert (plain.status_code, plain.content) == (204, b"")


def test_an_enterprise_server_refuses_the_key_and_answers_204(repo: Repo) -> None:
    repo.control.settings(return_run_details=False)
    status, message = refusal(repo, {"ref": "main", "return_run_details": True})

    assert (status, message) == (
        422,
        'Invalid request.\n\n"return_run_details" is not a permitted key.',
    )
    assert repo.ask("POST", PATH, {"ref": "main"}).status_code == 204


def test_a_server_that_ignores_the_key_answers_204_and_still_runs(repo: Repo) -> None:
    repo.control.settings(always_204=True)

    answer = repo.ask("POST", PATH, {"ref": "main", "return_run_details": True})

    assert answer.status_code == 204
    assert repo.get("/actions/runs")["total_count"] == 1


def test_defaults_fill_the_inputs_and_the_run_name_becomes_the_title(repo: Repo) -> None:
    run_id = repo.dispatch(dispatch_id="d-1", deep="true")
    made = next(d for d in repo.control.dispatches() if d.run_id == run_id)

    assert repo.get(f"/actions/runs/{run_id}")["display_title"] == "worker d-1"
    assert (made.inputs["level"], made.inputs["deep"], made.dispatch_id) == ("low", "true", "d-1")


def test_the_correlation_id_is_also_read_from_aw_context(repo: Repo) -> None:
    run_id = repo.dispatch(aw_context='{"dispatch_id": "d-2", "run_id": "1"}')

    assert {d.run_id: d.dispatch_id for d in repo.control.dispatches()}[run_id] == "d-2"


def test_a_file_with_broken_jobs_makes_a_run_that_fails_to_start(repo: Repo) -> None:
    repo.control.add_repository(
        repo.name, files={".github/workflows/odd.yml": "on: workflow_dispatch\njobs: [a]"}
    )
    run = repo.ended(repo.dispatch("odd.yml"))

    assert (run["status"], run["conclusion"]) == ("completed", "startup_failure")


def test_run_ids_grow_and_look_like_githubs(repo: Repo) -> None:
    first, second = repo.dispatch(), repo.dispatch()

    assert 26_000_000_000 < first < second
