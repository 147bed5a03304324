"""The worker issue-analyzer at work against a small GitHub."""

import importlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts.worker import WorkerResult
from tests.examples.small_github import (
    BOT,
    DISPATCH_ID,
    SmallGitHub,
    comment_of,
    environment,
    served,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "daily-issue-analysis"
REPOSITORY = EXAMPLE / "repository"
SCHEMA = json.loads((EXAMPLE / "schemas" / "issue-analysis.json").read_text())
PERSON = {"login": "mallory", "type": "User"}

sys.path.insert(0, str(REPOSITORY / ".github" / "scripts"))
worker = importlib.import_module("analyze_issue")
rest = importlib.import_module("github_issues")
MARKER: str = importlib.import_module("issue_comment").MARKER


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[SmallGitHub]]:
    """Give the worker the environment of a job, with no pauses between tries."""
    SmallGitHub.issues = json.loads((EXAMPLE / "issues.json").read_text())
    SmallGitHub.comments, SmallGitHub.calls, SmallGitHub.faults = [], [], []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker, "LOOK_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(rest, "FIRST_PAUSE_SECONDS", 0.0)
    with served() as url:
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        yield SmallGitHub


def run(number: str) -> tuple[int, WorkerResult]:
    """Run the worker once in this process."""
    code = worker.main(["--issue-number", number])
    return code, WorkerResult.model_validate_json(Path("result.json").read_text())


def published(body: str) -> dict[str, Any]:
    """Read the block of a comment."""
    found = re.findall(r"^```json podium-result\n(.*?)\n```$", body, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return dict(json.loads(found[0]))


def test_a_run_reports_the_same_by_comment_and_by_file(api: type[SmallGitHub]) -> None:
    code, result = run("33")

    assert code == 0
    assert (result.status, result.dispatch_id, result.run_id, result.run_attempt) == (
        "success",
        DISPATCH_ID,
        26_000_000_042,
        2,
    )
    Draft202012Validator(SCHEMA).validate(result.outputs)
    assert result.outputs["comment_id"] == api.comments[0]["id"]
    assert result.outputs["duplicate_of"] == 12, "it is on the last of three pages"
    block = published(api.comments[0]["body"])
    assert WorkerResult.model_validate(block).dispatch_id == DISPATCH_ID
    assert block["outputs"] | {"comment_id": None} == result.outputs | {"comment_id": None}


def test_of_many_runs_one_comment_survives_and_it_is_the_newest(api: type[SmallGitHub]) -> None:
    copied = f"{MARKER}\nI copied the mark of the robot."
    quoting = f"A report of another workflow.\n{MARKER}"
    elsewhere = f"{MARKER}\nThe analysis of another issue."
    api.comments = [
        comment_of(PERSON, copied, 41),
        comment_of(BOT, quoting, 41),
        comment_of(BOT, elsewhere, 42),
    ]
    for attempt in ("1", "2", "3"):
        os.environ["GITHUB_RUN_ATTEMPT"] = attempt
        run("41")

    assert [c["body"] for c in api.comments[:3]] == [copied, quoting, elsewhere]
    assert len(api.comments) == 4
    assert published(api.comments[3]["body"])["run_attempt"] == 3


@pytest.mark.parametrize("done", [True, False])
def test_an_ambiguous_answer_to_the_post_never_doubles_the_comment(
    api: type[SmallGitHub],
    done: bool,
) -> None:
    api.faults = [("POST", 502, done)]

    _, result = run("41")

    assert result.status == "success"
    assert [c["id"] for c in api.comments] == [result.outputs["comment_id"]]
    sent = sum(call.startswith("POST") for call in api.calls)
    assert sent == (1 if done else 2), "a comment that is there is found, not written again"


def test_an_edited_comment_is_not_taken_for_the_own_one(api: type[SmallGitHub]) -> None:
    run("41")
    api.comments[0]["updated_at"] = "2030-01-01T00:00:00Z"

    _, result = run("41")

    assert [c["id"] for c in api.comments] == [result.outputs["comment_id"]]
    assert api.comments[0]["created_at"] == api.comments[0]["updated_at"]


def test_reads_are_tried_again_and_writes_that_were_refused_are_not(api: type[SmallGitHub]) -> None:
    api.faults = [("GET", 502, False), ("GET", 503, False), ("POST", 403, False)]

    code, result = run("41")

    assert (code, result.status) == (0, "partial")
    assert [e.code for e in result.errors] == ["comment"]
    assert api.comments == []
    assert sum(call.startswith("POST") for call in api.calls) == 1


def test_without_the_list_the_issue_is_judged_and_the_gap_is_told(api: type[SmallGitHub]) -> None:
    api.faults = [("GET", 500, False)] * 3

    _, result = run("33")

    assert (result.status, result.outputs["status"]) == ("partial", "Clear")
    assert [e.code for e in result.errors] == ["duplicates-not-checked"]
    assert "Duplicates were not looked for" in api.comments[0]["body"]


@pytest.mark.parametrize(
    ("number", "code", "status"),
    [
        ("80", 0, "skipped"),
        ("12", 0, "skipped"),
        ("15", 0, "skipped"),
        ("4711", 1, "failure"),
        ("", 1, "failure"),
        ("12; rm -rf /", 1, "failure"),
        ("٣", 1, "failure"),
        ("99999999999999999999", 1, "failure"),
    ],
)
def test_what_cannot_be_analysed_ends_with_a_clear_result_and_no_comment(
    api: type[SmallGitHub], number: str, code: int, status: str
) -> None:
    by_number = {one["number"]: one for one in api.issues}
    by_number[12]["state"] = "closed"
    by_number[15] |= {"user": BOT, "body": "<!-- podium:report 1 -->\nDaily Analysis Report"}

    ended, result = run(number)

    assert (ended, result.status) == (code, status)
    assert result.summary
    assert bool(result.errors) == (status == "failure")
    assert api.comments == []


def test_a_crash_still_leaves_a_result(
    api: type[SmallGitHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "analyse", lambda *_: 1 / 0)

    code, result = run("12")

    assert (code, result.status, result.errors[0].code) == (1, "failure", "internal")
    assert api.comments == []
