"""The six workflow files of X4, really run by the sandbox on the sample events."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts.worker import WorkerResult
from sandbox.launch import start_sandbox
from tests.examples.isolated import scripts
from tests.sandbox.conftest import Repo

EXAMPLE = Path(__file__).parents[2] / "examples" / "issue-router"
LANTERN = "octo-org/lantern"
EVENTS = {path.stem: json.loads(path.read_text()) for path in (EXAMPLE / "events").glob("*.json")}
EXPECTED = json.loads((EXAMPLE / "expected.json").read_text())
SCRIPTS = EXAMPLE / "repository" / ".github" / "scripts"
DISPATCH_ID = "pd-0123456789abcdef01234567"


@pytest.fixture(scope="module")
def lantern() -> Iterator[Repo]:
    """The sample repository with the issues of all events, one of them closed since."""
    with start_sandbox(repositories={LANTERN: EXAMPLE / "repository"}, runners=4) as sandbox:
        issues = [event["issue"] for event in EVENTS.values()]
        sandbox.control.seed_issues(LANTERN, issues)
        yield Repo(sandbox, LANTERN)


def work(repo: Repo, asked: dict[str, tuple[str, Any]]) -> dict[str, tuple[str, WorkerResult]]:
    """Dispatch workers at once, and give conclusion and result of each."""
    runs = {
        name: repo.dispatch(workflow, issue_number=str(number), dispatch_id=DISPATCH_ID)
        for name, (workflow, number) in asked.items()
    }
    ended = {}
    for name, run_id in runs.items():
        run = repo.ended(run_id, timeout=90)
        with zipfile.ZipFile(io.BytesIO(repo.artifact(run_id))) as archive:
            result = WorkerResult.model_validate_json(archive.read("result.json"))
        worker = asked[name][0].removesuffix(".yml")
        assert (result.worker, result.run_id, result.dispatch_id) == (worker, run_id, DISPATCH_ID)
        assert run["display_title"] == f"{worker} #{asked[name][1]} [{DISPATCH_ID}]"
        ended[name] = (str(run["conclusion"]), result)
    return ended


def test_every_worker_runs_as_a_workflow_and_judges_what_it_is_for(lantern: Repo) -> None:
    chosen = ("bug-complete", "feature-small", "security-details", "documentation-typo", "question")
    asked: dict[str, tuple[str, Any]] = {
        name: (EXPECTED[name]["worker"], EVENTS[name]["issue"]["number"]) for name in chosen
    }
    asked["class"] = ("issue-classifier.yml", EVENTS["not-security"]["issue"]["number"])

    ended = work(lantern, asked)

    for name, (conclusion, result) in ended.items():
        assert (conclusion, result.status) == ("success", "success")
        schema = EXAMPLE / "schemas" / f"{asked[name][0].removesuffix('.yml')}.json"
        Draft202012Validator(json.loads(schema.read_text())).validate(result.outputs)
    assert ended["bug-complete"][1].outputs["ready"] is True
    assert ended["documentation-typo"][1].outputs["page"] == "docs/configuration.md"
    assert ended["question"][1].outputs["links"][0]["page"] == "docs/deploying.md"
    assert ended["security-details"][1].outputs["policy"] == "SECURITY.md"
    assert ended["class"][1].outputs["route"] == "feature"


def test_hostile_closed_and_missing_issues_end_in_order_and_nothing_is_written(
    lantern: Repo, tmp_path: Path
) -> None:
    closed = EVENTS["empty"]["issue"]["number"]
    lantern.ask("PATCH", f"/issues/{closed}", {"state": "closed"})
    asked: dict[str, tuple[str, Any]] = {
        "hostile": ("bug-triage.yml", EVENTS["hostile"]["issue"]["number"]),
        "closed": ("general-reply.yml", closed),
        "missing": ("feature-intake.yml", 4711),
        "none": ("issue-classifier.yml", "7; touch /tmp/owned"),
    }

    ended = work(lantern, asked)

    assert {name: (end, result.status) for name, (end, result) in ended.items()} == {
        "hostile": ("success", "success"),
        "closed": ("success", "skipped"),
        "missing": ("failure", "failure"),
        "none": ("failure", "failure"),
    }
    assert [ended[name][1].errors[0].code for name in ("missing", "none")] == [
        "not-found",
        "bad-input",
    ]
    assert not Path("/tmp/owned").exists()  # noqa: S108 - what the hostile title asks a shell to make
    writes = [
        one
        for one in lantern.control.requests()
        if one.method != "GET" and one.login == "github-actions[bot]"
    ]
    assert writes == []


def test_a_read_is_tried_again_and_then_given_up(
    lantern: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = scripts(SCRIPTS)["github_issue"]
    monkeypatch.setattr(rest, "PAUSE_SECONDS", 0.0)
    asked = (lantern.sandbox.api_url, LANTERN, 101, lantern.sandbox.token)
    fault = {"kind": "status", "path": "/issues/101$", "status": 502}

    lantern.control.faults([fault | {"times": 2}])
    assert rest.read_issue(*asked)["number"] == 101

    lantern.control.faults([fault])
    with pytest.raises(rest.GitHubError, match="502"):
        rest.read_issue(*asked)
    lantern.control.clear_faults()
