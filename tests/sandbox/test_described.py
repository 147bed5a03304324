"""All that the adapter can send, and the sandbox's answers to it, as GitHub describes both."""

import gzip
import inspect
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from github import Auth
from pydantic import ValidationError

from activities.github.actions import Actions
from activities.github.apps import AppIdentities
from activities.github.client import GitHubClient
from activities.github.code_scanning import CodeScanning
from activities.github.github import GitHub
from activities.github.issues import Issues
from activities.github.repositories import Repositories
from activities.powers import powers
from tests.sandbox.apps import APP_ID, SLUG, keys
from tests.sandbox.conftest import Repo
from tests.sandbox.described import hold_answer, hold_request, operation_of
from tests.sandbox.test_code import a_branch, a_run, put
from tests.system.stand import ROOT

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOT_REST = {"/graphql"}
AREAS = (Actions, Issues, Repositories, CodeScanning)


class Wire:
    """Everything that Podium's requests, PyGithub's own among them, and their answers were."""

    def __init__(self, api_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: dict[str, int] = {}
        """Operations, and how often."""
        self._host = urlsplit(api_url).netloc
        send = requests.adapters.HTTPAdapter.send

        def held(adapter: Any, request: Any, **more: Any) -> requests.Response:
            response = send(adapter, request, **more)
            self._hold(request, response)
            return response

        monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", held)

    def _hold(self, request: requests.PreparedRequest, response: requests.Response) -> None:
        url = urlsplit(str(request.url))
        if url.netloc != self._host or url.path in NOT_REST or url.path.startswith("/_"):
            return
        operation = operation_of(str(request.method), url.path)
        hold_request(operation, url.query, request.body)
        assert response.status_code < 400, f"{operation.name}: {response.text}"
        if response.status_code != 304:  # unchanged: there is no body
            hold_answer(operation, response.content)
        self.seen[operation.name] = self.seen.get(operation.name, 0) + 1


@pytest.fixture
def github(repo: Repo) -> Iterator[GitHub]:
    found = GitHub(GitHubClient(Auth.Token(repo.sandbox.token), repo.sandbox.api_url))
    yield found
    found.close()


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of the adapter's public methods that were called."""
    found: set[str] = set()
    for area in AREAS:
        for name, function in _public(area).items():
            monkeypatch.setattr(area, name, _told(f"{area.__name__}.{name}", function, found))
    return found


def _public(area: type) -> dict[str, Callable[..., Any]]:
    functions = inspect.getmembers(area, inspect.isfunction)
    return {name: one for name, one in functions if not name.startswith("_")}


def _told(name: str, function: Callable[..., Any], found: set[str]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        found.add(name)
        return function(*arguments, **named)

    return call


def use_actions(actions: Actions, repo: Repo) -> None:
    repo.control.timed([{"duration_seconds": 0, "inputs": {"level": "low"}}, {}])
    name, done = repo.name, repo.dispatch(level="low")
    repo.ended(done)
    going = actions.dispatch(name, "worker.yml", "main", {"level": "high"}).run_id or 0
    repo.wait_for(going, "in_progress")
    assert actions.runs(name, workflow="worker.yml").runs
    assert len(actions.runs(name).runs) == 2
    assert actions.state(name, going).started_at
    assert actions.jobs(name, done)
    assert actions.all_artifacts(name, done)
    (artifact,) = actions.artifacts(name, done, "podium-result")
    assert actions.artifact_zip(name, artifact["id"], 100_000)
    assert actions.cancel(name, going)
    other = actions.dispatch(name, "worker.yml", "main", {"level": "high"}).run_id or 0
    assert actions.cancel(name, other, force=True)
    assert actions.run(name, done).row.conclusion == "success"


def use_issues(issues: Issues, repo: Repo, login: str) -> None:
    name = repo.name
    made = issues.create(name, "One", "Text", ("bug",))
    number = made["number"]
    comment = issues.comment(name, number, "Why?")
    assert issues.read(name, number)["title"] == "One"
    assert issues.read_comment(name, comment["id"])["body"] == "Why?"
    assert issues.comments(name, number, since=LONG_AGO, max_pages=1)
    assert issues.reread_comments(name, number, since=LONG_AGO)
    assert issues.open_page(name, 1).data
    assert issues.newest(name, max_pages=1)
    assert list(issues.opened_by(name, login, since=LONG_AGO, max_pages=1))
    assert issues.open_by(name, login, max_pages=1)
    assert issues.never_edited(name, [made["node_id"]])
    issues.label(name, number, ("docs",))
    issues.edit(name, number, body="New", state="open")
    issues.close(name, number, "not_planned")
    a_branch(repo)
    put(repo, "a.md", "line\n")
    pull = issues.open_pull(name, title="Docs", body="Text", head="docs", base="main", draft=True)
    issues.edit_pull(name, pull["number"], title="Docs", body="New")
    assert issues.pulls_of(name, "docs")
    assert issues.changed_paths(name, pull["number"]) == ["a.md"]


def use_repositories(repositories: Repositories, repo: Repo) -> str:
    name, file = repo.name, ".github/workflows/worker.yml"
    repo.control.settings(teams={"octo-org/ops": ["octo-boss"]})
    login = repositories.login()
    assert repositories.identity(name) == login
    assert repositories.get(name)["default_branch"] == "main"
    assert repositories.role_of(name, login) == "admin"
    assert repositories.is_member("octo-org", "ops", "octo-boss")
    sha, _ = repositories.head(name)
    assert repositories.text(name, file, sha)
    assert repositories.names(name, ".github/workflows", "main") == ["worker.yml"]
    assert repositories.files(name) == [file]
    assert repositories.open_pulls_page(name, 1).data == []
    assert repositories.of_organization("octo-org", 1).data
    return login


def use_code_scanning(scanning: CodeScanning, repo: Repo) -> None:
    packed = gzip.compress(json.dumps({"version": "2.1.0", "runs": [a_run("a")]}).encode())
    receipt = scanning.upload(repo.name, "a" * 40, "refs/heads/main", packed)
    assert scanning.processing(repo.name, receipt.sarif_id)["processing_status"]


def use_app(repo: Repo) -> None:
    repo.control.add_app(APP_ID, SLUG, keys()[1], {"owner": "octo-org"})
    app = AppIdentities(Auth.AppAuth(str(APP_ID), keys()[0]), repo.sandbox.api_url)
    client = GitHubClient(app, repo.sandbox.api_url)
    assert client.login() == f"{SLUG}[bot]"
    assert client.installations()
    assert Repositories(client).of_installation(f"/repos/{repo.name}")
    assert Repositories(client).get(repo.name)


def test_all_requests_and_their_answers_are_githubs(
    repo: Repo, github: GitHub, called: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire(repo.sandbox.api_url, monkeypatch)

    use_actions(github.actions, repo)
    login = use_repositories(github.repositories, repo)
    use_issues(github.issues, repo, login)
    use_code_scanning(github.code_scanning, repo)
    use_app(repo)
    powers(github)

    every = {f"{area.__name__}.{name}" for area in AREAS for name in _public(area)}
    assert every - called == set(), "each method of the adapter is used here"
    assert "apps/create-installation-access-token" in wire.seen, "PyGithub's own are held too"
    assert "rate-limit/get" in wire.seen


def test_nothing_else_sends_requests() -> None:
    sends = re.compile(r"\bclient\.(get|request|reread|pages)\(")
    files = [*ROOT.glob("activities/**/*.py"), *ROOT.glob("starter/**/*.py")]
    found = {str(one.relative_to(ROOT)) for one in files if sends.search(one.read_text())}

    assert {one for one in found if not one.startswith("activities/github/")} == {
        "activities/powers.py"  # which is used above
    }


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "said"),
    [
        ("GET", "/repos/o/r/issues", "state=open&par_page=100", None, "no par_page"),
        ("GET", "/repos/o/r/issues", "state=opened", None, "'open', 'closed' or 'all'"),
        ("GET", "/repos/o/r/issues", "per_page=many", None, "valid integer"),
        ("GET", "/repos/o/r/isues", "", None, "GitHub has no GET"),
        ("PUT", "/repos/o/r/issues/1", "", b"{}", "GitHub has no PUT"),
        ("POST", "/repos/o/r/issues", "", b'{"title": "t", "label": ["x"]}', "no label"),
        ("POST", "/repos/o/r/issues", "", b'{"body": "b"}', "lacks"),
        ("PATCH", "/repos/o/r/issues/1", "", b'{"state": "shut"}', "'open' or 'closed'"),
        ("POST", "/repos/o/r/actions/workflows/w.yml/dispatches", "", b'{"inputs": {}}', "lacks"),
        ("POST", "/repos/o/r/actions/runs/1/cancel", "", b'{"force": true}', "no force"),
    ],
)
def test_a_wrong_request_is_seen(
    method: str, path: str, query: str, body: bytes | None, said: str
) -> None:
    with pytest.raises((AssertionError, ValidationError), match=said):
        hold_request(operation_of(method, path), query, body)


def test_a_wrong_answer_is_seen() -> None:
    with pytest.raises(ValidationError):
        hold_answer(operation_of("GET", "/repos/o/r/issues"), b'[{"number": 1}]')
