"""The worker issue-analyzer: what it judges, what it writes, and the files that describe it."""

import ast
import importlib
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from githubkit_schemas.v2022_11_28.models import Issue
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt

EXAMPLE = Path(__file__).parents[2] / "examples" / "daily-issue-analysis"
GITHUB = EXAMPLE / "repository" / ".github"
SCRIPTS = GITHUB / "scripts"
SCHEMA = json.loads((EXAMPLE / "schemas" / "issue-analysis.json").read_text())
LISTED: list[dict[str, Any]] = json.loads((EXAMPLE / "issues.json").read_text())
ISSUES = {one["number"]: one for one in LISTED if "pull_request" not in one}
HOSTILE = 70
LONGEST_BODY = 65_536

sys.path.insert(0, str(SCRIPTS))
analyse: Callable[[dict[str, Any], list[dict[str, Any]]], dict[str, Any]] = importlib.import_module(
    "analyze_issue"
).analyse
comment = importlib.import_module("issue_comment")


def judge(title: str | None, body: str | None, *others: str, **fields: Any) -> dict[str, Any]:
    """Judge one issue, number 50, beside older ones with these bodies."""
    older = [{"number": n, "title": "", "body": text} for n, text in enumerate(others, 1)]
    outputs = analyse({"number": 50, "title": title, "body": body, **fields}, older)
    Draft202012Validator(SCHEMA).validate(outputs)
    return outputs


def result_of(outputs: dict[str, Any]) -> dict[str, Any]:
    """Wrap outputs as the worker does."""
    return {"protocol": "podium/v1", "run_id": 7, "outputs": outputs, "errors": []}


@pytest.mark.parametrize(
    ("number", "status", "original", "critical"),
    [
        (12, "Clear", None, False),
        (15, "Clear", None, False),
        (18, "Unclear", None, False),
        (29, "Clear", None, True),
        (33, "Duplicate", 12, False),
        (52, "Clear", None, True),
        (58, "Duplicate", 15, False),
        (67, "Clear", None, False),
        (78, "Unclear", None, False),
        (82, "Duplicate", 47, False),
        (85, "Clear", None, False),
    ],
)
def test_each_sample_is_judged_as_a_reader_would(
    number: int,
    status: str,
    original: int | None,
    critical: bool,
) -> None:
    outputs = analyse(ISSUES[number], LISTED)

    assert (outputs["status"], outputs["duplicate_of"], outputs["critical"]) == (
        status,
        original,
        critical,
    )


def test_every_sample_gives_outputs_that_keep_to_the_schema() -> None:
    for issue in ISSUES.values():
        Draft202012Validator(SCHEMA).validate(analyse(issue, list(ISSUES.values())))


def test_removing_what_makes_a_bug_clear_makes_it_unclear_and_names_what_is_missing() -> None:
    title = "Import fails for files with a byte order mark"
    body = "Version 1.4.2.\n\n1. Save a CSV with BOM\n2. Import it\n\nExpected: rows. Actual: none."

    clear, vague = judge(title, body), judge(title, "Please fix this soon, the import fails.")

    assert clear["status"] == "Clear"
    assert clear["suggested_labels"] == ["bug"]
    assert vague["status"] == "Unclear"
    assert {"steps to reproduce", "version"} <= set(vague["missing"])
    assert "steps to reproduce" in vague["action"]


def test_of_two_alike_only_the_newer_is_a_duplicate_and_the_oldest_is_the_original() -> None:
    body = "Opening a large table with frozen header rows makes the browser tab run out of memory."
    alike = [{"number": n, "title": "Large tables", "body": body} for n in (4, 9, 11)]

    verdicts = [analyse(one, alike) for one in alike]

    assert [one["duplicate_of"] for one in verdicts] == [None, 4, 4]


def test_different_issues_from_one_template_are_no_duplicates() -> None:
    template = "### Steps to reproduce\n1. {}\n\n### Expected behaviour\n{}\n\n### Version\n2.3.1"
    ours = template.format("Export the calendar of a shared mailbox", "An ics file is offered")
    theirs = template.format("Rotate a photo twice in the gallery", "It stands upright again")

    assert judge("Calendar export", ours, theirs)["status"] != "Duplicate"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("An attacker can run SQL injection through the search field.", "security"),
        ("API tokens end up in the debug logs of the proxy.", "security"),
        ("This does not prevent data loss when the disk is full.", "data loss"),
        ("Since noon our production is completely down.", "outage"),
        ("Das ist eine Sicherheitslücke im Login.", "security"),
        ("ログイン画面に脆弱性があります。", "security"),
        ("Hubo pérdida de datos al renombrar.", "data loss"),
    ],
)
def test_what_is_affirmed_as_critical_is_critical(said: str, reason: str) -> None:
    outputs = judge("Report", said)

    assert outputs["critical"]
    assert outputs["critical_reason"].startswith(reason)


@pytest.mark.parametrize(
    "said",
    [
        "This is not a security vulnerability, just an odd colour.",
        "There was no data loss and never an outage.",
        "Add a setting to prevent data loss on slow disks.",
        "Das ist keine Sicherheitslücke.",
        "これは脆弱性ではありません。",
        "Add a button to delete all notifications.",
        "The security page has a typo.",
    ],
)
def test_what_is_denied_or_only_named_is_not_critical(said: str) -> None:
    assert not judge("Report", said)["critical"]


@pytest.mark.parametrize(("number", "name"), [(36, "German"), (44, "Japanese"), (61, "Spanish")])
def test_other_languages_are_named_and_asked_nothing_that_could_not_be_judged(
    number: int, name: str
) -> None:
    outputs = analyse(ISSUES[number], LISTED)

    assert f"reads {name}" in outputs["action"]
    assert outputs["missing"] == []
    assert "needs-info" not in outputs["suggested_labels"]


@pytest.mark.parametrize("body", [None, "", "   \r\n\n", "<!-- describe the bug -->", "```"])
def test_an_empty_body_is_unclear_and_never_a_duplicate_of_another_empty_one(
    body: str | None,
) -> None:
    outputs = judge("Help", body, "", "Help")

    assert (outputs["status"], outputs["similarity"]) == ("Unclear", 0.0)


def test_labels_that_the_issue_has_are_not_suggested_again() -> None:
    text = "The page docs/setup.md has typos, and it says 8081 where 8080 is meant."

    assert judge("Docs: typos", text)["suggested_labels"] == ["documentation"]
    assert judge("Docs: typos", text, labels=[{"name": "Documentation"}])["suggested_labels"] == []


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "\n", "```a\n", "<!--", "a-", "1.", "to reproduce\n", "token ", "\u0301\u0316"),
        *("\ufdfa", "logs the ", "other user ", "a/", "\n at ", "| # @x ", "漢", "data lost "),
    ],
)
def test_no_body_of_full_length_makes_the_analysis_explode(unit: str) -> None:
    body = (unit * LONGEST_BODY)[:LONGEST_BODY]
    began = time.process_time()

    judge("Long", body, body)

    # Quadratic work on such a body takes minutes of processor time; linear work a fraction of 1 s.
    assert time.process_time() - began < 20


@settings(max_examples=60)
@given(title=st.none() | st.text(max_size=300), body=st.none() | st.text(max_size=600))
def test_any_text_is_judged_and_its_comment_holds_exactly_one_block(
    title: str | None, body: str | None
) -> None:
    outputs = judge(title, body)

    assert_inert(comment.render(result_of(outputs), title or ""), outputs)


def test_the_hostile_sample_leaves_nothing_live_in_the_comment() -> None:
    hostile = ISSUES[HOSTILE]
    outputs = analyse(hostile, LISTED)
    repeated = outputs | {"status": "Duplicate", "duplicate_of": 70, "critical": True}
    repeated["critical_reason"] = f"security: {hostile['body'][:300]}"

    assert outputs["status"] == "Unclear"
    assert not outputs["critical"], "the blocks that it faked are no evidence either way"
    assert_inert(comment.render(result_of(repeated), hostile["title"]), repeated)


def assert_inert(text: str, outputs: dict[str, Any]) -> None:
    """Parse the comment as GitHub would: one block, last, and no markup from the issue."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    fences = [t for t in tokens if t.type == "fence"]
    inline = [child for t in tokens for child in t.children or [] if child.type != "code_inline"]
    outside = " ".join(child.content for child in inline)

    assert [f.info for f in fences] == ["json podium-result"]
    assert tokens[-1] is fences[0]
    assert text.count("```json") == 1, "a reader that looks for the fence alone finds one too"
    assert json.loads(fences[0].content)["outputs"] == outputs
    assert not {t.type for t in inline} & {"link_open", "image", "html_inline"}
    assert [t.content for t in tokens if t.type == "html_block"] == [f"{comment.MARKER}\n"]
    assert not re.search(r"[@<]|\$\{|\{\{", outside)
    assert set(re.findall(r"#\d+", outside)) <= {f"#{outputs['duplicate_of']}"}


def test_the_samples_are_24_issues_and_a_pull_request_in_githubs_shape() -> None:
    numbers = sorted(ISSUES)
    names = set(Issue.model_fields)

    assert (len(ISSUES), len(LISTED)) == (24, 25)
    assert numbers != list(range(numbers[0], numbers[0] + 24))
    assert all(set(one) <= names and one["state"] == "open" for one in LISTED)
    assert max(len(one["body"] or "") for one in LISTED) > 30_000
    assert {one["body"] for one in LISTED} >= {None, ""}


def test_the_scripts_are_written_for_python_3_9_and_the_standard_library() -> None:
    own = {path.stem for path in SCRIPTS.glob("*.py")}
    for path in SCRIPTS.glob("*.py"):
        tree = ast.parse(path.read_text(), feature_version=(3, 9))
        names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | own
