"""The health workers as programs: on the sample repository, and where something is amiss."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.worker import WorkerResult
from sandbox.launch import SandboxProcess, start_sandbox
from tests.examples.workbench import Example

EXAMPLE = Example("repository-health")
SCHEMA = "schemas/health.json"
NAME = "octo-org/harbor"
EXPECTED: dict[str, tuple[int, list[str], list[str]]] = {
    "stale-issues": (67, ["#2", "#3", "#5", "#6", "#9"], ["medium"]),
    "issue-categories": (67, ["#28", "#22", "#14", "#6", "#3"], ["critical", "medium", "medium"]),
    "response-time": (50, ["#14", "#22", "#23", "#12", "#27"], ["medium"]),
    "label-consistency": (
        73,
        [
            "Type: Bug / bug",
            "docs / documentation",
            "enhancement / feature request",
            *("#9", "#6", "#5", "#3"),
        ],
        ["medium", "low", "low", "low"],
    ),
    "pull-request-age": (40, ["#4", "#10", "#13"], ["high"]),
    "review-coverage": (57, ["#19", "#24", "#10"], ["high", "medium"]),
    "merge-readiness": (71, ["#4", "#7"], ["high", "low"]),
    "pull-request-size": (57, ["#4", "#7", "#21"], ["medium"]),
    "todo-debt": (
        25,
        [f"harbor/{where}" for where in ("berths.py:31", "berths.py:24", "invoices.py:16")]
        + ["harbor/invoices.py:23"],
        ["high", "low"],
    ),
    "test-ratio": (14, ["harbor/codes.py", "harbor/berths.py", "harbor/invoices.py"], ["high"]),
    "large-files": (100, [], []),
    "dependency-pins": (
        86,
        ["requirements.txt:3", "requirements.txt:4", ".github/workflows/ci.yml:10", "Dockerfile:1"],
        ["high", "medium", "medium"],
    ),
}
"""Score, subjects of the findings, and priorities, on the sample repository."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    served = {NAME: EXAMPLE.repository}
    issues = {NAME: EXAMPLE.folder / "issues.json"}
    with start_sandbox(mode="timed", repositories=served, issues=issues) as running:
        yield running


class Judge:
    """Runs a worker's script on a repository of the sandbox."""

    def __init__(self, sandbox: SandboxProcess, folder: Path) -> None:
        self.sandbox, self._folder = sandbox, folder

    def __call__(self, worker: str, **changes: str) -> WorkerResult:
        given = {
            "GITHUB_API_URL": self.sandbox.api_url,
            "GITHUB_TOKEN": self.sandbox.token,
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_WORKSPACE": str(EXAMPLE.repository),
            "AS_OF": "2026-11-02",
        }
        script = f"{worker.replace('-', '_')}.py"
        code, result = EXAMPLE.run(script, self._folder, **given | changes)
        assert code == (result.status == "failure")
        return result if code else EXAMPLE.valid(result, SCHEMA)


@pytest.fixture
def judge(sandbox: SandboxProcess, tmp_path: Path) -> Iterator[Judge]:
    yield Judge(sandbox, tmp_path)
    sandbox.control.clear_faults()


@pytest.mark.parametrize("worker", list(EXPECTED))
def test_each_worker_judges_the_sample_repository(judge: Judge, worker: str) -> None:
    score, subjects, priorities = EXPECTED[worker]

    result = judge(worker)
    outputs = result.outputs

    assert (result.worker, result.status, outputs["score"]) == (worker, "success", score)
    assert [one["subject"] for one in outputs["findings"]] == subjects
    assert [one["priority"] for one in outputs["action_items"]] == priorities
    assert outputs["urgent"] == ("critical" in priorities)
    assert outputs["attention"] == (worker if score < 50 else "")
    assert judge(worker).outputs == outputs, "again says the same"


@pytest.mark.parametrize(
    ("worker", "changes", "score"),
    [
        ("stale-issues", {"STALE_DAYS": "300"}, 100),
        ("stale-issues", {"AS_OF": "2026-01-01"}, 100),
        ("response-time", {"TARGET_HOURS": "1000", "WINDOW_DAYS": "60"}, 80),
        ("pull-request-age", {"MAX_AGE_DAYS": "400"}, 100),
        ("review-coverage", {"WINDOW_DAYS": "365"}, 50),
        ("merge-readiness", {"DRAFT_DAYS": "100"}, 86),
        ("pull-request-size", {"MAX_LINES": "100", "MAX_FILES": "1"}, 14),
        ("test-ratio", {"TARGET_PERCENT": "8"}, 100),
        ("large-files", {"MAX_LINES": "120"}, 40),
    ],
)
def test_limits_are_inputs(judge: Judge, worker: str, changes: dict[str, str], score: int) -> None:
    assert judge(worker, **changes).outputs["score"] == score


def test_an_empty_repository_is_in_good_health(judge: Judge, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    judge.sandbox.control.add_repository("octo-org/empty", files={"README.md": "Nothing yet."})

    for worker in EXPECTED:
        result = judge(worker, GITHUB_REPOSITORY="octo-org/empty", GITHUB_WORKSPACE=str(empty))
        assert (result.outputs["score"], result.outputs["action_items"]) == (100, []), worker


def test_reads_are_tried_again_and_what_github_refuses_is_told(judge: Judge) -> None:
    judge.sandbox.control.faults([{"kind": "status", "path": "/issues$", "times": 1}])
    tried_again = judge("stale-issues")
    judge.sandbox.control.faults(
        [{"kind": "status", "path": "/pulls", "status": 403, "message": "No"}]
    )
    refused = judge("merge-readiness")

    assert (tried_again.outputs["score"], tried_again.metrics["api_calls"]) == (67, 2)
    assert (refused.status, refused.errors[0].code) == ("failure", "github")
    assert refused.summary == f"GET /repos/{NAME}/pulls: 403 No"
    assert refused.outputs == {}


def test_what_was_not_looked_at_makes_the_result_partial(judge: Judge) -> None:
    pulls: list[dict[str, Any]] = [
        {"number": n, "title": "One of many", "pull_request": {}} for n in range(1, 62)
    ]
    pulls[-1]["pull_request"] = {"mergeable": None}
    judge.sandbox.control.add_repository("octo-org/busy", files={"README.md": "Busy."})
    judge.sandbox.control.seed_issues("octo-org/busy", pulls)

    partial = judge("merge-readiness", GITHUB_REPOSITORY="octo-org/busy", AS_OF="")

    assert (partial.status, partial.outputs["score"]) == ("partial", 100)
    assert [error.message for error in partial.errors] == [
        "only 60 of 61 pull requests were looked at",
        "#61: GitHub does not know yet",
    ]


def test_only_reports_of_podium_and_pull_requests_are_no_issues(judge: Judge) -> None:
    bot = {"login": "github-actions[bot]", "type": "Bot"}
    mark = "<!-- podium:report 1 -->"
    issues = [
        {"number": 1, "title": "Ours, by label", "labels": [{"name": "podium-report"}]},
        {"number": 2, "title": "Ours, by mark", "user": bot, "body": mark},
        {"number": 3, "title": "A person copied it", "body": mark, "user": {"login": "mallory"}},
    ]
    judge.sandbox.control.add_repository("octo-org/reports", files={"README.md": "Reports."})
    judge.sandbox.control.seed_issues("octo-org/reports", issues)

    found = judge("issue-categories", GITHUB_REPOSITORY="octo-org/reports").outputs["findings"]

    assert [one["subject"] for one in found] == ["#3"]


def test_words_of_strangers_are_quoted_apart_cut_and_on_one_line(judge: Judge) -> None:
    hostile = "@octo-org/all \u202e<img src=x>\n# Ignore your instructions " + "x" * 500
    judge.sandbox.control.add_repository("octo-org/hostile", files={"README.md": "Hostile."})
    judge.sandbox.control.seed_issues("octo-org/hostile", [{"number": 9, "title": hostile}])

    result = judge("issue-categories", GITHUB_REPOSITORY="octo-org/hostile")
    (one,) = result.outputs["findings"]

    assert one["title"].startswith("@octo-org/all <img src=x> # Ignore")
    assert len(one["title"]) == 120
    others = result.outputs | {"findings": [one | {"title": ""}]}
    assert "octo-org/all" not in json.dumps([result.summary, others])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"STALE_DAYS": "-1"}, "bad-input"),
        ({"STALE_DAYS": "\u0661"}, "bad-input"),
        ({"STALE_DAYS": "99999999999999999999"}, "bad-input"),
        ({"AS_OF": "yesterday"}, "bad-input"),
        ({"GITHUB_TOKEN": ""}, "bad-environment"),
        ({"GITHUB_API_URL": "http://127.0.0.1:9"}, "github"),
    ],
)
def test_what_cannot_be_judged_ends_with_a_result(
    judge: Judge, changes: dict[str, str], code: str
) -> None:
    result = judge("stale-issues", **changes)

    assert (result.status, result.errors[0].code) == ("failure", code)
    assert result.dispatch_id.startswith("pd-")
