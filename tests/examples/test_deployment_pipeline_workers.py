"""The workers of the deployment pipeline as programs, against a target on this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from contracts.worker import WorkerResult
from tests.examples.tea_house import EXAMPLE, MODULE, page, state, target

DEPLOYER = "schemas/deployer.json"
VALIDATOR = "schemas/deployment-validator.json"
ROLLBACK = "schemas/rollback-deployment.json"


@pytest.fixture
def place() -> Iterator[Any]:
    with target() as server:
        yield server


class Pipeline:
    """Runs the scripts one by one, each in the same folder as a job would have."""

    def __init__(self, server: Any, folder: Path) -> None:
        self._server, self._folder = server, folder

    def deploy(self, version: str, environment: str = "staging", **env: str) -> WorkerResult:
        given = {"VERSION": version, "ENVIRONMENT": environment, "TARGET_URL": self._server.url}
        return EXAMPLE.run("deploy.py", self._folder, **given | env)[1]

    def check(self, version: str, environment: str = "staging") -> WorkerResult:
        url = f"{self._server.url}/{environment}"
        given = {"VERSION": version, "ENVIRONMENT": environment, "URL": url}
        _, result = EXAMPLE.run("validate_deployment.py", self._folder, **given)
        return EXAMPLE.valid(result, VALIDATOR)

    def roll_back(self, version: str, previous: str = "") -> WorkerResult:
        given = {"VERSION": version, "ENVIRONMENT": "staging", "TARGET_URL": self._server.url}
        _, result = EXAMPLE.run("rollback.py", self._folder, PREVIOUS=previous, **given)
        return result


@pytest.fixture
def pipeline(place: Any, tmp_path: Path) -> Pipeline:
    return Pipeline(place, tmp_path)


def test_a_release_is_live_after_its_deployment_and_again_changes_nothing(
    place: Any, pipeline: Pipeline
) -> None:
    first = pipeline.deploy("1.4.0")
    second = pipeline.deploy("1.5.0")
    again = pipeline.deploy("1.5.0")

    assert [first.outputs["previous"], second.outputs["previous"]] == ["none", "1.4.0"]
    assert EXAMPLE.valid(again, DEPLOYER).outputs == second.outputs
    assert state(place, "staging") == ("1.5.0", "1.4.0")
    assert state(place, "production") == (None, None)
    assert "Release 1.5.0, staging" in page(place, "staging")[1]


def test_an_answer_that_is_lost_neither_fails_nor_doubles_a_deployment(
    pipeline: Pipeline, place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.deploy("1.4.0")
    write = MODULE.Handler._write
    lost: list[str] = []

    def deaf(handler: Any, body: Any) -> Any:
        done = write(handler, body)
        if len(lost) < 2:
            lost.append(handler.path)
            raise ConnectionResetError
        return done

    monkeypatch.setattr(MODULE.Handler, "_write", deaf)
    monkeypatch.setattr(place, "handle_error", lambda *_: None)
    result = pipeline.deploy("1.5.0")

    assert result.status == "success"
    assert result.outputs["previous"] == "1.4.0"
    assert state(place, "staging") == ("1.5.0", "1.4.0")
    assert place.at("staging").live == ["1.4.0", "1.5.0"]


def test_a_target_that_does_not_answer_leaves_outputs_that_a_rollback_can_read(
    tmp_path: Path,
) -> None:
    given = {"VERSION": "1.5.0", "ENVIRONMENT": "staging", "TARGET_URL": "http://127.0.0.1:9"}

    _, result = EXAMPLE.run("deploy.py", tmp_path, **given)

    assert (result.status, result.errors[0].code) == ("failure", "no-answer")
    assert EXAMPLE.valid(result, DEPLOYER).outputs["previous"] == ""


def test_two_deployments_at_once_cannot_displace_each_other(place: Any, pipeline: Pipeline) -> None:
    pipeline.deploy("1.4.0")
    api = f"{place.url}/api/staging"
    requests.put(f"{api}/releases/1.5.0", json={"files": {"index.html": "x"}}, timeout=5)
    body = {"version": "1.5.0", "expect": None}

    answer = requests.put(f"{api}/current", json=body, timeout=5)

    assert answer.status_code == 409
    assert state(place, "staging") == ("1.4.0", None)


@pytest.mark.parametrize(
    ("version", "environment", "broken"),
    [
        ("1.5.0", "staging", []),
        ("1.5.0", "production", []),
        ("1.6.0", "staging", ["menu.json"]),
        ("1.6.0", "production", []),
        ("1.7.0", "staging", []),
        ("1.7.0", "production", ["index.html"]),
    ],
)
def test_a_release_is_broken_where_the_environment_lacks_what_it_needs(
    pipeline: Pipeline, version: str, environment: str, broken: list[str]
) -> None:
    pipeline.deploy(version, environment)

    result = pipeline.check(version, environment)

    assert result.outputs["healthy"] is not bool(broken)
    assert [one["name"] for one in result.outputs["checks"] if not one["passed"]] == broken
    assert [error.code for error in result.errors] == ["check"] * len(broken)
    assert result.status == ("failure" if broken else "success")


def test_a_validator_sees_another_version_and_an_empty_environment(pipeline: Pipeline) -> None:
    empty = pipeline.check("1.5.0")
    pipeline.deploy("1.4.0")
    other = pipeline.check("1.5.0")

    assert "status 503" in empty.errors[0].message
    assert other.errors[0].message == "health: version is '1.4.0', not '1.5.0'"


@pytest.mark.parametrize("told", ["1.4.0", ""])
def test_a_rollback_restores_what_was_live_and_again_does_nothing(
    place: Any, pipeline: Pipeline, told: str
) -> None:
    before = pipeline.deploy("1.4.0")
    pipeline.deploy("1.6.0")

    first = EXAMPLE.valid(pipeline.roll_back("1.6.0", told), ROLLBACK)
    again = EXAMPLE.valid(pipeline.roll_back("1.6.0", told), ROLLBACK)

    assert (first.outputs["version"], first.outputs["changed"]) == ("1.4.0", True)
    assert again.outputs == first.outputs | {"changed": False}
    assert state(place, "staging") == ("1.4.0", None)
    assert pipeline.deploy("1.4.0").outputs == before.outputs
    assert pipeline.check("1.4.0").status == "success"


def test_a_rollback_of_the_first_release_leaves_nothing_live(
    place: Any, pipeline: Pipeline
) -> None:
    deployed = pipeline.deploy("1.6.0")

    result = pipeline.roll_back("1.6.0", deployed.outputs["previous"])

    assert (result.status, result.outputs["version"]) == ("success", "none")
    assert page(place, "staging", "health")[0] == 503


def test_a_rollback_touches_no_release_of_somebody_else(place: Any, pipeline: Pipeline) -> None:
    pipeline.deploy("1.4.0")
    pipeline.deploy("1.5.0")

    assert pipeline.roll_back("1.6.0", "1.4.0").outputs["changed"] is False
    assert pipeline.roll_back("1.5.0", "1.3.0").errors[0].code == "conflict"
    assert state(place, "staging") == ("1.5.0", "1.4.0")


def test_writing_needs_the_token_and_reading_does_not(tmp_path: Path) -> None:
    with target(token="s3cret") as server:
        pipeline = Pipeline(server, tmp_path)
        refused = pipeline.deploy("1.5.0")
        trusted = {"TARGET_TOKEN": "s3cret", "TARGET_TRUSTED": f"{server.url}/"}
        granted = pipeline.deploy("1.5.0", **trusted)
        checked = pipeline.check("1.5.0")

    assert (refused.status, refused.errors[0].code) == ("failure", "target")
    assert EXAMPLE.valid(refused, DEPLOYER).outputs["previous"] == "none", (
        "what is known is told in spite of the failure"
    )
    assert "s3cret" not in granted.model_dump_json()
    assert (granted.status, checked.status) == ("success", "success")


@pytest.mark.parametrize("trusted", ["", "http://127.0.0.1:1", "https://deploy.example.com"])
def test_the_token_is_not_sent_to_where_whoever_starts_the_worker_says(
    place: Any, pipeline: Pipeline, trusted: str
) -> None:
    result = pipeline.deploy("1.5.0", TARGET_TOKEN="s3cret", TARGET_TRUSTED=trusted)

    assert (result.status, result.errors[0].code) == ("failure", "untrusted")
    assert state(place, "staging") == (None, None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"VERSION": "../../secret"}, "bad-input"),
        ({"VERSION": "9.9.9"}, "no-such-release"),
        ({"VERSION": ""}, "no-such-release"),
        ({"ENVIRONMENT": "moon"}, "bad-input"),
        ({"TARGET_URL": "file:///etc"}, "bad-input"),
        ({"TARGET_URL": "http://user:pass@example.com"}, "bad-input"),
        ({"TARGET_URL": "http://[broken"}, "bad-input"),
        ({"TARGET_URL": ""}, "bad-input"),
    ],
)
def test_inputs_that_are_none_end_with_a_result(
    tmp_path: Path, changes: dict[str, str], code: str
) -> None:
    good = {"VERSION": "1.5.0", "ENVIRONMENT": "staging", "TARGET_URL": "http://127.0.0.1:9"}

    ended, result = EXAMPLE.run("deploy.py", tmp_path, **good | changes)

    assert (ended, result.status, result.errors[0].code) == (1, "failure", code)
    assert (result.run_id, result.run_attempt) == (26_000_000_042, 2)
