"""The workers doc-generator and doc-critic: alone, in turns, and as workflow files that run."""

import base64
import importlib
import itertools
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.names import RESULT_FILE
from contracts.worker import WorkerResult
from sandbox.launch import SandboxProcess, start_sandbox
from tests.examples.workbench import RUN, Example, dispatched
from tests.sandbox.conftest import Repo

X6 = Example("documentation-reflection")
MODULE = "widgets.cache"
PAGE = f"docs/{MODULE}.md"
_NUMBERS = itertools.count(1)

sys.path.insert(0, str(X6.repository / ".github" / "scripts"))
generator = importlib.import_module("generate_docs")
critic = importlib.import_module("critique_docs")
draft_branch = importlib.import_module("draft_branch")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with start_sandbox(mode="act", runners=2) as running:
        yield running


@pytest.fixture
def repo(sandbox: SandboxProcess) -> Iterator[Repo]:
    """A fresh copy of the sample repository."""
    name = f"octo-org/widgets-{next(_NUMBERS)}"
    sandbox.control.add_repository(name, folder=X6.repository)
    yield Repo(sandbox, name)
    sandbox.control.clear_faults()


class Desk:
    """Runs the two scripts in this process, with the environment of the steps of jobs."""

    def __init__(self, repo: Repo, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repo = repo
        self._folder = folder
        self._monkeypatch = monkeypatch
        shutil.copytree(X6.repository / "widgets", folder / "widgets")

    def _run(self, main: Callable[[], int], **inputs: str) -> WorkerResult:
        environment = {
            "GITHUB_API_URL": self.repo.sandbox.api_url,
            "GITHUB_REPOSITORY": self.repo.name,
            "GITHUB_TOKEN": self.repo.sandbox.token,
        }
        given = RUN | environment | {"MODULE": MODULE, "BRANCH": "drafts"} | inputs
        with self._monkeypatch.context() as patch:
            patch.chdir(self._folder)
            for name, value in given.items():
                patch.setenv(name, value)
            code = main()
        result = WorkerResult.model_validate_json((self._folder / RESULT_FILE).read_text())
        assert code == (1 if result.status == "failure" else 0)
        return result

    def draft(self, feedback: str = "", **inputs: str) -> WorkerResult:
        result = self._run(generator.main, FEEDBACK=feedback, **inputs)
        return result if result.errors else X6.valid(result, "schemas/doc-draft.json")

    def review(self, **inputs: str) -> WorkerResult:
        result = self._run(critic.main, **inputs)
        return result if result.errors else X6.valid(result, "schemas/doc-review.json")

    def page(self, branch: str = "drafts") -> str:
        content = self.repo.get(f"/contents/{PAGE}", ref=branch)["content"]
        return base64.b64decode(content).decode()

    def tip(self) -> str:
        return str(self.repo.get("/git/ref/heads/drafts")["object"]["sha"])


@pytest.fixture
def desk(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(draft_branch, "PAUSE_SECONDS", 0.0)
    return Desk(repo, tmp_path, monkeypatch)


def test_with_feedback_the_score_passes_the_threshold_within_three_drafts(desk: Desk) -> None:
    scores, feedback = [], ""
    for iteration in ("1", "2", "3"):
        desk.draft(feedback, ITERATION=iteration)
        review = desk.review().outputs
        scores.append(review["score"])
        feedback = review["feedback"]

    assert scores[0] == pytest.approx(4.4)
    assert scores == sorted(scores)
    assert scores[1] < 8 < scores[2]


def test_without_feedback_the_score_stays_where_it_was(desk: Desk) -> None:
    scores = []
    for iteration in ("1", "2", "3"):
        desk.draft(ITERATION=iteration)
        scores.append(desk.review().outputs["score"])

    assert len(set(scores)) == 1


def test_the_first_draft_has_signatures_and_nothing_else(desk: Desk) -> None:
    outputs = desk.draft().outputs
    page = desk.page()

    assert (outputs["branch"], outputs["path"], outputs["parts"]) == ("drafts", PAGE, [])
    assert "def get(key: str, default: Value) -> Value" in page
    assert "_values" not in page
    assert "Look a value up" not in page
    assert "**" not in page


@pytest.mark.parametrize(
    ("kind", "part", "shown"),
    [
        ("missing-overview", "overview", "one lock guards every change"),
        ("missing-summaries", "summaries", "Look a value up."),
        ("missing-parameters", "parameters", "- `limit` (`int`), default `1000`: Most values"),
        ("missing-returns", "returns", "**Returns** (`float`): The age in seconds."),
        ("missing-raises", "raises", "- `LookupError`: The data source failed"),
        ("missing-examples", "examples", '>>> parse_age("15m")'),
        ("long-lines", "wrapping", "    zero_is_allowed: bool=False,\n) -> float"),
    ],
)
def test_each_kind_of_feedback_adds_just_its_part(
    desk: Desk, kind: str, part: str, shown: str
) -> None:
    desk.draft()
    before = desk.page()
    lost = desk.review().outputs["metrics"][kind.replace("-", "_")]
    outputs = desk.draft(f"{kind}: everywhere").outputs
    left = desk.review().outputs["metrics"]

    assert outputs["parts"] == [part]
    assert shown not in before
    assert shown in desk.page()
    assert left[kind.replace("-", "_")] < lost


def test_parts_stay_though_later_feedback_does_not_name_them(desk: Desk) -> None:
    desk.draft("missing-raises: all")

    assert desk.draft("missing-returns: all").outputs["parts"] == ["raises", "returns"]
    assert desk.draft().outputs["parts"] == ["raises", "returns"]


@pytest.mark.parametrize(
    "feedback",
    [
        '[{"kind": "missing-raises"}, {"message": "mention thread safety"}]',
        '{"critic": "missing-raises: x (costs 0.90)", "people": ["mention thread safety"]}',
        "- missing-raises: x\n\nmention thread safety\n",
    ],
)
def test_a_persons_words_change_the_page_beside_the_critics(desk: Desk, feedback: str) -> None:
    outputs = desk.draft(feedback).outputs
    page = desk.page()

    assert (outputs["parts"], outputs["notes"]) == (["raises"], 1)
    assert "## Reviewer notes" in page
    assert "*mention thread safety*: the source says in `widgets.cache`: Everything here" in page
    desk.draft("say more on sharding")
    assert "*say more on sharding*: the source says nothing" in desk.page()
    assert desk.page().count("mention thread safety") == 2, "kept: once hidden, once shown"


def test_a_persons_words_ask_for_parts_too_and_are_inert_in_the_page(desk: Desk) -> None:
    outputs = desk.draft("Please add examples --> <img src=x> @octo-org `x`").outputs
    page = desk.page()

    assert outputs["parts"] == ["examples"]
    assert "<img" not in page
    assert "@octo-org" not in page.split("## Reviewer notes")[1]
    assert page.split("\n")[1] == "", "the hidden line ends where it should"
    assert desk.review().outputs["metrics"]["bad_structure"] == 0


def test_the_same_draft_twice_adds_nothing(desk: Desk) -> None:
    first = desk.draft("missing-raises: all")
    second = desk.draft("missing-raises: all")

    assert (first.outputs["changed"], second.outputs["changed"]) == (True, False)
    assert first.outputs["commit"] == second.outputs["commit"] == desk.tip()


@pytest.mark.parametrize("path", ["/git/refs", "/contents/"])
def test_a_lost_answer_doubles_nothing(desk: Desk, path: str) -> None:
    method = "PUT" if path == "/contents/" else "POST"
    rule = {"kind": "status", "when": "after", "times": 1, "method": method, "path": path}
    desk.repo.control.faults([rule])
    outputs = desk.draft().outputs

    assert outputs["commit"] == desk.tip()
    assert desk.draft().outputs["changed"] is False


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"MODULE": "widgets.nothing"}, "no-module"),
        ({"MODULE": "../../etc/passwd"}, "bad-input"),
        ({"BRANCH": "main"}, "bad-input"),
        ({"BRANCH": "..//"}, "bad-input"),
        ({"ITERATION": "one"}, "bad-input"),
        ({"FEEDBACK_URL": "http://127.0.0.1:9/octo-org/other"}, "bad-input"),
        ({"GITHUB_TOKEN": "wrong"}, "github"),
    ],
)
def test_what_cannot_be_drafted_is_a_failure_with_a_reason(
    desk: Desk, inputs: dict[str, str], code: str
) -> None:
    assert [error.code for error in desk.draft(**inputs).errors] == [code]


def test_a_branch_name_is_made_fit_for_git(desk: Desk) -> None:
    outputs = desk.draft(BRANCH="docs/x 2026-01-01T00:00:00Z~^..lock.lock").outputs

    assert outputs["branch"] == "docs/x-2026-01-01T00-00-00Z-lock"
    assert desk.review(BRANCH=outputs["branch"]).outputs["branch"] == outputs["branch"]


def test_feedback_may_stand_in_a_comment(desk: Desk) -> None:
    number = desk.repo.ask("POST", "/issues", {"title": "Review"}).json()["number"]
    body = {"body": "<!-- hidden -->\nmissing-raises: all of them"}
    comment = desk.repo.ask("POST", f"/issues/{number}/comments", body).json()

    assert desk.draft(FEEDBACK_URL=comment["url"]).outputs["parts"] == ["raises"]
    assert desk.draft(FEEDBACK_URL=comment["html_url"]).outputs["notes"] == 0


def test_a_review_without_a_draft_fails(desk: Desk) -> None:
    assert [error.code for error in desk.review().errors] == ["no-draft"]


def test_a_page_that_an_agent_wrote_is_committed_and_judged_alike(
    desk: Desk, tmp_path: Path
) -> None:
    written = tmp_path / "draft.md"
    written.write_text("# `widgets.cache`\n\n## `parse_age`\n\nReads an age. TODO\n")
    desk.draft(DRAFT_FILE=str(written))
    counted = desk.review().outputs
    (tmp_path / "review.json").write_text('{"score": "3.5", "feedback": "more"}')
    given = desk.review(REVIEW_FILE=str(tmp_path / "review.json")).outputs

    assert desk.page() == written.read_text()
    assert counted["score"] < 2
    assert counted["feedback"].startswith("missing-entries: TimedCache, ")
    assert (given["score"], given["feedback"]) == (3.5, "more")
    assert given["metrics"] == counted["metrics"]


@pytest.mark.parametrize("review", ['{"score": 11, "feedback": ""}', '{"score": NaN}', "null"])
def test_an_agents_review_that_is_none_is_refused(desk: Desk, tmp_path: Path, review: str) -> None:
    desk.draft()
    (tmp_path / "review.json").write_text(review)
    result = desk.review(REVIEW_FILE=str(tmp_path / "review.json"))

    assert [error.code for error in result.errors] == ["no-review"]


def test_both_workflow_files_run_and_publish_their_results(repo: Repo) -> None:
    asked = {"module": MODULE, "branch": "docs/act", "feedback": "missing-raises: all"}
    drafted, draft = dispatched(repo, "doc-generator.yml", iteration="2", **asked)
    judged, review = dispatched(repo, "doc-critic.yml", module=MODULE, branch="docs/act")
    failed, failure = dispatched(repo, "doc-critic.yml", module=MODULE, branch="nowhere")

    assert (drafted, judged, failed) == ("success", "success", "failure")
    assert (draft.outputs["iteration"], draft.outputs["parts"]) == (2, ["raises"])
    assert review.outputs["score"] == pytest.approx(5.3)
    assert (failure.status, failure.errors[0].code) == ("failure", "no-draft")
