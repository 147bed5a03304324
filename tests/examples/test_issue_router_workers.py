"""The workers of X4 as units: what they judge of the sample events, and what they never do."""

import ast
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from githubkit_schemas.v2022_11_28.models import WebhookIssuesOpened
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from contracts.worker import WorkerResult
from tests.examples.isolated import scripts

EXAMPLE = Path(__file__).parents[2] / "examples" / "issue-router"
REPOSITORY = EXAMPLE / "repository"
SCRIPTS = REPOSITORY / ".github" / "scripts"
EVENTS = {path.stem: json.loads(path.read_text()) for path in (EXAMPLE / "events").glob("*.json")}
EXPECTED = json.loads((EXAMPLE / "expected.json").read_text())
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in (EXAMPLE / "schemas").glob("*.json")}
THRESHOLD = 0.6

worker = scripts(SCRIPTS)


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("GITHUB_REPOSITORY", "octo-org/lantern")


def judge(name: str, issue: dict[str, Any]) -> dict[str, Any]:
    """Judge an issue by the worker of a name; its outputs keep to the schema."""
    outputs, summary = worker[name.replace("-", "_")].judge(issue)
    Draft202012Validator(SCHEMAS[name]).validate(outputs)
    assert summary.startswith(f"#{issue['number']}: ")
    return dict(outputs)


def an_issue(title: str | None = "", body: str | None = "", **more: Any) -> dict[str, Any]:
    return {"number": 7, "title": title, "body": body, "state": "open", "labels": []} | more


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_each_event_is_githubs_payload_and_its_worker_judges_it(event: str) -> None:
    WebhookIssuesOpened.model_validate(EVENTS[event])

    judge(EXPECTED[event]["worker"].removesuffix(".yml"), EVENTS[event]["issue"])


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_the_classifier_names_the_route_or_says_that_it_does_not_know(event: str) -> None:
    outputs = judge("issue-classifier", EVENTS[event]["issue"])
    sure = outputs["confidence"] >= THRESHOLD

    assert (outputs["route"] if sure else None) == EXPECTED[event]["class"]


def test_a_complete_bug_report_is_ready_and_its_error_is_placed() -> None:
    outputs = judge("bug-triage", EVENTS["bug-complete"]["issue"])

    assert outputs["ready"]
    assert outputs["version"] == "2.3.1"
    assert outputs["traceback"] == {
        "language": "python",
        "error": "KeyError",
        "file": "/opt/lantern/lantern/pages.py",
        "line": 88,
    }
    assert outputs["suggested_labels"] == ["bug", "regression"]


def test_a_vague_bug_report_is_asked_for_what_it_lacks() -> None:
    outputs = judge("bug-triage", EVENTS["bug-vague"]["issue"])

    assert outputs["missing"] == list(
        SCHEMAS["bug-triage"]["properties"]["missing"]["items"]["enum"]
    )
    assert "needs-info" in outputs["suggested_labels"]


@pytest.mark.parametrize(
    ("body", "version"),
    [
        ("I use v2.3.1 here", "2.3.1"),
        ("### Version\n\n2.3.0-rc.1\n", "2.3.0-rc.1"),
        ("Lantern 10.0", "10.0"),
        ("`lantern --version`: 1.4", "1.4"),
        ("My address is 10.1.2.3 and version is unknown", None),
        ("version 1.2.3.4", None),
        ("It takes 2.5 seconds", None),
    ],
)
def test_versions_are_told_from_other_numbers(body: str, version: str | None) -> None:
    assert judge("bug-triage", an_issue("Crash", body))["version"] == version


@pytest.mark.parametrize(
    ("code", "language", "line"),
    [
        (
            "TypeError: x\n    at build (/app/src/page.js:12:9)\n    at /app/cli.js:3:1",
            "javascript",
            12,
        ),
        ("java.io.IOException: x\n\tat org.a.Page.read(Page.java:41)\n", "java", 41),
    ],
)
def test_tracebacks_of_other_languages_name_their_innermost_place(
    code: str, language: str, line: int
) -> None:
    found = judge("bug-triage", an_issue("Crash", f"```\n{code}\n```"))["traceback"]

    assert (found["language"], found["line"]) == (language, line)
    assert found["error"] in ("TypeError", "java.io.IOException")


def test_the_security_worker_repeats_no_word_of_the_report() -> None:
    secret = "zyzzyva"
    issue = an_issue(
        f"{secret} injection", f"```\n{secret}\n```\n{secret}", labels=[{"name": secret}]
    )
    outputs, summary = worker["security_intake"].judge(issue)

    assert secret not in json.dumps(outputs) + summary
    assert outputs["details_in_public"]
    assert "SECURITY.md" in outputs["reply"]
    assert "title" not in SCHEMAS["security-intake"]["properties"]


def test_wishes_are_told_by_need_and_size() -> None:
    small = judge("feature-intake", EVENTS["feature-small"]["issue"])
    large = judge("feature-intake", EVENTS["feature-large"]["issue"])
    vague = judge("feature-intake", an_issue("Better search", "It is nice."))

    assert (small["size"], large["size"], vague["size"]) == ("small", "large", "medium")
    assert small["need"].startswith("Today every page shows the menu")
    assert small["wish"].startswith("Please add an option")
    assert "5 items" in large["size_reasons"]
    assert vague["missing"] == ["need", "wish"]


def test_pages_are_found_by_name_and_by_words_and_else_not_at_all() -> None:
    typo = judge("documentation-intake", EVENTS["documentation-typo"]["issue"])
    guide = judge("documentation-intake", EVENTS["documentation-outdated"]["issue"])
    unknown = judge("documentation-intake", an_issue("The docs are bad", "Really bad."))
    question = judge("general-reply", EVENTS["question"]["issue"])
    foreign = judge("general-reply", EVENTS["japanese"]["issue"])

    assert (typo["page"], typo["score"], typo["flaw"]) == ("docs/configuration.md", 1.0, "typo")
    assert (guide["page"], guide["heading"]) == ("docs/deploying.md", "GitHub Pages")
    assert (unknown["page"], unknown["action"]) == (None, "Find out which page is meant.")
    assert question["links"][0]["url"].endswith("/blob/main/docs/deploying.md#custom-domain")
    assert foreign["links"] == []


def test_labels_that_the_issue_has_are_not_suggested_again() -> None:
    labels = [{"name": name} for name in ("Bug", "enhancement", "security", "documentation")]
    for name in SCHEMAS:
        outputs = judge(name, an_issue("Add x", "y", labels=labels))
        assert not {"bug", "enhancement", "security"} & set(outputs.get("suggested_labels", ()))


def test_a_denial_is_no_evidence_and_a_label_is_much() -> None:
    denied = judge("issue-classifier", an_issue("No vulnerability: add a button"))
    labelled = judge("issue-classifier", an_issue("Add a button", labels=[{"name": "bug"}]))

    assert denied["evidence"]["security"] == 0
    assert labelled["evidence"]["bug"] == 3


QUOTING = {"title", "need", "wish", "size_reasons", "traceback", "version", "environment"}


@settings(max_examples=40)
@given(title=st.none() | st.text(max_size=200), body=st.none() | st.text(max_size=400))
def test_any_text_is_judged_and_quoted_only_where_the_schema_says_so(
    title: str | None, body: str | None
) -> None:
    mark = "Qqzyx"
    issue = an_issue(f"{title or ''} {mark}", f"{body or ''} {mark}. {mark}")
    for name in SCHEMAS:
        outputs = judge(name, issue)
        rest = {key: value for key, value in outputs.items() if key not in QUOTING}
        assert mark not in json.dumps(rest)


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "\n", "```\n", "<!--", "1. x\n", "v1.1", "token ", "\u0301\u0316", "\ufdfa", "a "),
        *(' File "x", line 1\n', "\n at (a:1", "Error", "# a\n", "[](", "漢", "docs/a/", "please "),
    ],
)
def test_no_body_of_full_length_makes_a_worker_explode(unit: str) -> None:
    issue = an_issue("Long", (unit * 65_536)[:65_536])
    began = time.process_time()

    for name in SCHEMAS:
        judge(name, issue)

    # Quadratic work on such a body takes minutes of processor time.
    assert time.process_time() - began < 30


@pytest.mark.parametrize("event", ["hostile", "empty"])
@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_worker_runs_from_an_event_file_and_says_nothing_of_its_own_in_the_issues_words(
    name: str, event: str, tmp_path: Path
) -> None:
    module = worker[name.replace("-", "_")]
    result_file = tmp_path / "result.json"
    arguments = ["--event", str(EXAMPLE / "events" / f"{event}.json"), "--result", str(result_file)]

    code = worker["worker_frame"].run(name, module.judge, arguments)
    result = WorkerResult.model_validate_json(result_file.read_text())

    assert (code, result.status, result.worker) == (0, "success", name)
    said = result.summary + result.outputs.get("action", "") + result.outputs.get("reply", "")
    assert not [word for word in ("@octo-org", "<img", "$(", "wontfix") if word in said]


def test_a_crash_leaves_a_result_that_quotes_nothing(tmp_path: Path) -> None:
    def judge(issue: dict[str, Any]) -> Any:
        raise ValueError(issue["title"])

    result_file = tmp_path / "result.json"
    event = EXAMPLE / "events" / "security-details.json"
    arguments = ["--event", str(event), "--result", str(result_file)]

    assert worker["worker_frame"].run("x", judge, arguments) == 1
    result = WorkerResult.model_validate_json(result_file.read_text())
    assert (result.errors[0].code, result.errors[0].message) == ("internal", "ValueError")


def test_the_scripts_are_written_for_python_3_9_and_the_standard_library() -> None:
    own = {path.stem for path in SCRIPTS.glob("*.py")}
    for path in SCRIPTS.glob("*.py"):
        tree = ast.parse(path.read_text(), feature_version=(3, 9))
        names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | own
