"""Every kind of output, against a GitHub that fails: done once in effect, however often it is tried.

The sandbox is real, and so is the adapter; Temporal's retries are played by a loop, since what is
judged is only what an attempt does with what the one before it left.
"""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.markers import Markers
from activities.outputs import OutputActivities
from activities.rates import UNHURRIED
from activities.sarif.uploads import SarifActivities
from activities.settings import settings_from
from contracts.outputs import (
    AddLabels,
    CloseIssue,
    CreateComment,
    CreateIssue,
    CreatePullRequest,
    EditIssue,
)
from contracts.sarif import PublishSarif, SarifSource
from sandbox.launch import SandboxProcess, start_sandbox
from starter.audit.decoding import links
from tests.activities.sarif_samples import log, packed, result, run

TOKEN, STRANGER = "podium-token", "another-token"
SETTLE = timedelta(seconds=0.6)
MOST_ATTEMPTS = 60
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    tokens = {TOKEN: "podium-operator", STRANGER: "octo-dev"}
    with start_sandbox(mode="timed", tokens=tokens) as started:
        yield started


@dataclass
class Place:
    """A repository of its own for one test, with an issue #1 and a branch `draft`."""

    sandbox: SandboxProcess
    name: str

    def ask(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> Any:
        with requests.Session() as session:
            session.trust_env = False
            session.headers["Authorization"] = f"Bearer {token}"
            url = f"{self.sandbox.api_url}/repos/{self.name}{path}"
            answer = session.request(method, url, json=body, timeout=20)
        answer.raise_for_status()
        return answer.json()

    @property
    def issues(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", "/issues?state=all&direction=asc")
        return found


@pytest.fixture
def place(sandbox: SandboxProcess) -> Iterator[Place]:
    made = Place(sandbox, f"octo-org/once-{next(_NUMBERS)}")
    sandbox.control.add_repository(made.name, files={"README.md": "hello"})
    made.ask("POST", "/issues", {"title": "[bot] the item", "body": "old", "labels": ["bug"]})
    tip = made.ask("GET", "/git/ref/heads/main")["object"]["sha"]
    made.ask("POST", "/git/refs", {"ref": "refs/heads/draft", "sha": tip})
    made.ask("PUT", "/contents/a.txt", {"message": "m", "content": "aGk=", "branch": "draft"})
    yield made
    sandbox.control.clear_faults()


class Artifacts:
    """Of worker runs: one, with one finding."""

    def artifacts(self, *_: Any) -> list[dict[str, Any]]:
        return [{"id": 1, "name": "sarif", "size_in_bytes": 1}]

    def artifact_zip(self, *_: Any) -> bytes:
        return packed(a__sarif=log(run(result())))


def common(place: Place) -> dict[str, Any]:
    return {
        "repository": place.name,
        "write_id": "0" * 24,
        "kind": "report",
        "body": "text",
        "original_execution_run_id": "run",
    }


def sarif(place: Place) -> PublishSarif:
    source = SarifSource(
        key="1", run_id=1, repository=place.name, commit_sha="a" * 40, ref="refs/heads/main"
    )
    return PublishSarif(runs_in=place.name, artifact="sarif", source=source, number=0, upload=True)


def uploads(place: Place) -> set[str]:
    """What code scanning holds: the same runs of a commit replace each other."""
    return {
        json.dumps([one.commit_sha, one.ref, one.document])
        for one in place.sandbox.control.sarifs(place.name)
    }


Ask = Callable[[Place], Any]
Count = Callable[[Place], Any]
KINDS: dict[str, tuple[str, Ask, Count, Any]] = {
    "create-issue": (
        "create_issue",
        lambda at: CreateIssue(title="new", labels=("a",), **common(at)),
        lambda at: [one["title"] for one in at.issues],
        ["[bot] the item", "new"],
    ),
    "add-comment": (
        "comment",
        lambda at: CreateComment(number=1, **common(at)),
        lambda at: len(at.ask("GET", "/issues/1/comments")),
        1,
    ),
    "add-comment, unless it was said": (
        "comment",
        lambda at: CreateComment(number=1, says="3" * 24, **common(at)),
        lambda at: len(at.ask("GET", "/issues/1/comments")),
        1,
    ),
    "create-pull-request": (
        "create_pull_request",
        lambda at: CreatePullRequest(title="new", head="draft", labels=("a",), **common(at)),
        lambda at: [
            (one["title"], [label["name"] for label in one["labels"]])
            for one in at.issues
            if "pull_request" in one
        ],
        [("new", ["a"])],
    ),
    "create-code-scanning-alert": ("publish", sarif, lambda at: len(uploads(at)), 1),
    "add-labels": (
        "add_labels",
        lambda at: AddLabels(repository=at.name, number=1, labels=("bug", "area-ui")),
        lambda at: [one["name"] for one in at.issues[0]["labels"]],
        ["bug", "area-ui"],
    ),
    "close-issue": (
        "close_issue",
        lambda at: CloseIssue(
            repository=at.name, number=1, required_labels=("Bug",), required_title_prefix="[bot]"
        ),
        lambda at: (at.issues[0]["state"], at.issues[0]["state_reason"]),
        ("closed", "completed"),
    ),
    "edit-issue": (
        "edit_issue",
        lambda at: EditIssue(number=1, **common(at)),
        lambda at: [one["body"].split("\n")[0] for one in at.issues],
        ["text"],
    ),
}
WRITES = r"/(issues|comments|pulls|labels|sarifs)$|/issues/1$"
STALE = {"kind": "stale", "method": "GET", "path": r"/(issues|comments|pulls)$", "seconds": 0.4}


def lost(kind: str, when: str, method: str) -> dict[str, Any]:
    return {"kind": kind, "when": when, "method": method, "path": WRITES, "times": 1}


def faults(method: str) -> dict[str, list[dict[str, Any]]]:
    """GitHub's troubles, each certain to happen to the one write."""
    limit = {"kind": "rate-limit", "method": method, "path": WRITES, "times": 1, "seconds": 1}
    return {
        "the answer is lost": [lost("status", "after", method), STALE],
        "the connection breaks after": [lost("reset", "after", method), STALE],
        "nothing is done": [lost("status", "before", method), STALE],
        "a limit refuses": [limit],
    }


async def try_until_done(
    activities: dict[str, Any], name: str, ask: Any, *, killed: bool = False
) -> int:
    """Play Temporal: attempt after attempt, each with what the one before left.

    Args:
        activities: methods by name.
        name: of the activity's method.
        ask: its input.
        killed: the first attempt dies after its send, and leaves nothing.

    Returns:
        How many attempts it took.
    """
    left: list[Any] = []
    for attempt in range(1, MOST_ATTEMPTS):
        env, now = ActivityEnvironment(), datetime.now(UTC)
        env.info = replace(
            env.info,
            attempt=attempt,
            workflow_run_id="run",
            started_time=now,
            current_attempt_scheduled_time=now,
            start_to_close_timeout=timedelta(seconds=25),
            heartbeat_details=left,
        )
        beats: list[Any] = []
        env.on_heartbeat = lambda *details, beats=beats: beats.append(details)
        try:
            await env.run(activities[name], ask)
        except ApplicationError as error:
            if error.non_retryable:
                raise
        else:
            if not (killed and attempt == 1):
                return attempt
        left = [] if killed and attempt == 1 else list(beats[-1]) if beats else left
        await asyncio.sleep(0.15)
    raise AssertionError(f"{name} was never done")


def activities(sandbox: SandboxProcess) -> dict[str, Any]:
    told = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": sandbox.api_url, **UNHURRIED}
    settings = settings_from(told)
    client: Any = None  # nothing was reset, and nothing is counted
    outputs = OutputActivities(
        settings.github, Markers(b"key"), client, settings.limits.content, SETTLE
    )
    scanning = settings_from(told).github
    artifacts: Any = Artifacts()
    scanning.actions = artifacts
    names = {name for name, *_ in KINDS.values()} - {"publish"}
    return {name: getattr(outputs, name) for name in names} | {
        "publish": SarifActivities(scanning).publish
    }


@pytest.mark.covers("S2")
@pytest.mark.parametrize("trouble", [*faults(""), "the attempt is killed"])
@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_of_output_is_written_once_under_each_trouble(
    place: Place, kind: str, trouble: str
) -> None:
    name, ask, count, wanted = KINDS[kind]
    method = "PATCH" if name in ("close_issue", "edit_issue") else "POST"
    killed = trouble == "the attempt is killed"
    place.sandbox.control.clear_ledger()
    place.sandbox.control.faults([STALE] if killed else faults(method)[trouble])

    took = await try_until_done(activities(place.sandbox), name, ask(place), killed=killed)
    place.sandbox.control.clear_faults()

    hit = {one.fault for one in place.sandbox.control.requests() if one.method == method}
    assert count(place) == wanted
    assert took > 1, "the trouble did happen"
    assert killed or hit - {None}


@pytest.mark.covers("S2", "T4")
async def test_only_podiums_own_words_count_as_said(place: Place) -> None:
    """A stranger's copy silences nothing; neither does what was said of another matter."""
    said, other = "3" * 24, "3" * 11 + "4" * 13
    marks = "".join(Markers(b"key").mark("said", one) for one in (said, other))
    place.ask("POST", "/issues/1/comments", {"body": f"copied {marks}"}, token=STRANGER)
    does = activities(place.sandbox)

    for n, says in enumerate((said, other, said, other)):
        ask = CreateComment(number=1, says=says, **common(place) | {"write_id": f"{n}" * 24})
        await try_until_done(does, "comment", ask)

    bodies = [one["body"] for one in place.ask("GET", "/issues/1/comments")]
    assert ["text" in body.split("\n") for body in bodies] == [False, True, True]


@pytest.mark.covers("S2", "T6")
@pytest.mark.parametrize("trouble", ["", *faults("")])
async def test_the_open_pull_request_of_a_branch_is_brought_up_to_date(
    place: Place, trouble: str
) -> None:
    """Another run's, of another day: GitHub refuses a second one from the same branch."""
    does = activities(place.sandbox)
    earlier = CreatePullRequest(title="old", head="draft", **common(place))
    await try_until_done(does, "create_pull_request", earlier)
    place.sandbox.control.faults(pull_faults()[trouble] if trouble else [])

    again = {"write_id": "1" * 24, "body": "new text"}
    later = CreatePullRequest(title="new", head="draft", **common(place) | again)
    took = await try_until_done(does, "create_pull_request", later)
    place.sandbox.control.clear_faults()

    (pull,) = place.ask("GET", "/pulls?state=all")
    assert (pull["title"], pull["body"].split("\n")[0]) == ("new", "new text")
    assert (took > 1) == bool(trouble)


def pull_faults() -> dict[str, list[dict[str, Any]]]:
    """The same troubles of the edit: its path has a number."""
    return {
        name: [{**one, "path": r"/pulls/\d+$"} for one in found if one is not STALE]
        for name, found in faults("PATCH").items()
    }


async def test_the_open_pull_request_that_others_made_of_a_branch_stays_theirs(
    place: Place,
) -> None:
    """Also where its text has a mark of Podium: that may be a copy."""
    mark = Markers(b"key").mark("report", "2" * 24)
    theirs = {"title": "theirs", "body": f"mine\n\n{mark}", "head": "draft", "base": "main"}
    place.ask("POST", "/pulls", theirs, token=STRANGER)
    ask = CreatePullRequest(title="new", head="draft", labels=("a",), **common(place))

    await try_until_done(activities(place.sandbox), "create_pull_request", ask)

    (pull,) = place.ask("GET", "/pulls?state=all")
    assert (pull["title"], pull["body"], pull["labels"]) == ("theirs", theirs["body"], [])


async def test_a_refused_pull_request_is_not_taken_for_one_that_is_open(place: Place) -> None:
    """The branch has an open one, to another base; and then nothing to offer at all."""
    tip = place.ask("GET", "/git/ref/heads/draft")["object"]["sha"]
    place.ask("POST", "/git/refs", {"ref": "refs/heads/same", "sha": tip})
    ask = CreatePullRequest(title="new", head="draft", base="same", **common(place))
    place.ask("POST", "/pulls", {"title": "t", "head": "draft", "base": "main"})

    with pytest.raises(ApplicationError, match="No commits between same and draft"):
        await try_until_done(activities(place.sandbox), "create_pull_request", ask)

    assert [one["title"] for one in place.ask("GET", "/pulls?state=all")] == ["t"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"required_labels": ("bug", "wontfix")}, "it lacks the label wontfix"),
        ({"required_title_prefix": "[other]"}, "its title does not begin with [other]"),
    ],
)
async def test_an_issue_that_is_not_as_required_stays_open(
    place: Place, more: dict[str, Any], why: str
) -> None:
    ask = CloseIssue(repository=place.name, number=1, **more)

    closed = await ActivityEnvironment().run(activities(place.sandbox)["close_issue"], ask)

    assert closed.kept_open == why
    assert place.issues[0]["state"] == "open"


async def test_what_changes_an_issue_names_its_page(place: Place) -> None:
    """The audit trail has no other link to it."""
    page = place.issues[0]["html_url"]
    doing = activities(place.sandbox)

    for name in ("edit_issue", "add_labels", "close_issue"):
        ask = next(ask for one, ask, *_ in KINDS.values() if one == name)(place)
        env = ActivityEnvironment()
        env.info = replace(
            env.info,
            started_time=datetime.now(UTC),
            start_to_close_timeout=timedelta(seconds=25),
        )
        done = await env.run(doing[name], ask)
        assert links(done.model_dump(mode="json")) == [page], name


@pytest.mark.parametrize(
    ("api", "page"),
    [
        ("https://api.github.com", "https://github.com/o/r/issues/7"),
        ("https://api.octo.ghe.com", "https://octo.ghe.com/o/r/issues/7"),
        ("https://github.example.org/api/v3", "https://github.example.org/o/r/issues/7"),
    ],
)
def test_pages_are_where_each_github_has_them(api: str, page: str) -> None:
    github = settings_from({"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": api}).github

    assert github.page("o/r", 7) == page
    github.close()


async def test_text_over_the_limit_is_cut_between_rows_and_says_where_the_whole_is(
    place: Place,
) -> None:
    rows = "".join(f"| {n} | {'x' * 50} |\n" for n in range(2_000))
    ask = CreateIssue(title="long", **common(place) | {"body": f"| a | b |\n| - | - |\n{rows}"})

    await try_until_done(activities(place.sandbox), "create_issue", ask)

    body = place.issues[1]["body"]
    assert 60_000 < len(body) <= 65_536
    shown = [line for line in body.splitlines() if line.startswith("|")]
    assert all(line.endswith(" |") for line in shown)
    assert "(The text was cut here. The whole is in the run `" in body
    assert body.rstrip().endswith("-->"), "the mark stays"
