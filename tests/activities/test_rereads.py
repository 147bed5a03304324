"""What is read again and again costs no calls of the hour, is never stale, and never another's."""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from github import Auth

from activities import metrics
from activities.github import Answer, GitHub, GitHubClient, NotFoundError
from activities.github.apps import AppIdentities
from activities.github.kept import MAX_BODY_BYTES, KeptAnswers
from activities.github.repositories import Repositories
from activities.markers import Markers
from activities.sources import SourceActivities
from activities.workers import WorkerActivities
from contracts.runs import DescribeWorker
from contracts.sources import ItemsPage, ReadItems
from contracts.specs.sources import ForEach
from sandbox.launch import SandboxProcess, start_sandbox
from tests.sandbox.apps import APP_ID, SLUG, keys
from tests.sandbox.conftest import WORKER

OURS = "octo-org/widgets"
SPEAKER = Auth.Token("x")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with start_sandbox(mode="timed") as started:
        files = {".github/workflows/worker.yml": WORKER, "README.md": "x"}
        for name in (OURS, "hexa-org/one"):
            started.control.add_repository(name, files=files)
        issue = {"state": "open", "user": {"login": "x"}, "created_at": "2026-01-01T00:00:00Z"}
        listed = [issue | {"number": n, "title": f"Number {n}"} for n in range(1, 251)]
        started.control.seed_issues(OURS, listed)
        yield started


def asked(repository: str = OURS, source: str = "open-issues", **more: Any) -> ReadItems:
    later = datetime.now(UTC) + timedelta(days=1)
    for_each = ForEach.model_validate({"source": source, **more})
    return ReadItems(repository=repository, for_each=for_each, created_before=later)


async def all_items(source: SourceActivities, ask: ReadItems) -> list[str]:
    """Every item's key, read as an orchestration does."""
    keys: list[str] = []
    page = ItemsPage(items=(), page=1, last=False)
    while not page.last:
        page = await source.page(ask.model_copy(update={"page": page.page}))
        keys += [item.key for item in page.items]
        if page.items:
            last = page.items[-1].fields
            place = (str(last["created_at"]), int(str(last["number"])))
            ask = ask.model_copy(update={"after": place})
    return keys


@contextmanager
def counted(sandbox: SandboxProcess) -> Iterator[Counter[int]]:
    """Count the statuses of what is asked meanwhile."""
    sandbox.control.clear_ledger()
    found: Counter[int] = Counter()
    yield found
    found.update(one.status for one in sandbox.control.requests())


def sources(sandbox: SandboxProcess) -> tuple[GitHub, SourceActivities]:
    github = GitHub(GitHubClient(Auth.Token(sandbox.token), sandbox.api_url))
    return github, SourceActivities(github, Markers(b"key"))


async def test_a_list_that_is_the_same_costs_nothing_and_one_that_is_not_is_seen(
    sandbox: SandboxProcess,
) -> None:
    github, source = sources(sandbox)
    with counted(sandbox) as first:
        items = await all_items(source, asked())
    with counted(sandbox) as second:
        again = await all_items(source, asked())
    made = github.issues.create(OURS, "New", "", ())["number"]
    github.issues.close(OURS, 7)
    changed = await all_items(source, asked())

    assert items == [str(n) for n in range(1, 251)]
    assert first[200] == 3, "a page that is read to go on from it is a 304 already"
    assert again == items
    assert set(second) == {304}
    assert changed == [one for one in items if one != "7"] + [str(made)]


async def test_a_workers_declaration_is_asked_for_and_costs_nothing(
    sandbox: SandboxProcess,
) -> None:
    github, _ = sources(sandbox)
    worker, ask = WorkerActivities(github), DescribeWorker(repository=OURS, workflow="worker.yml")
    first = await worker.describe(ask)
    with counted(sandbox) as statuses:
        second = await worker.describe(ask)
    changed = WORKER.replace("name: Worker", "name: Other")
    sandbox.control.add_repository(OURS, files={".github/workflows/worker.yml": changed})
    third = await worker.describe(ask)

    assert second == first
    assert statuses == {304: 2}, "the repository, and the file"
    assert third.declaration.name == "Other"


async def test_no_installation_is_answered_with_what_another_was(sandbox: SandboxProcess) -> None:
    """Both ask for the same address; each sees its own, also when nothing has changed."""
    permissions = {"issues": "read", "contents": "read"}
    installed = [{"owner": owner, "permissions": permissions} for owner in ("octo-org", "hexa-org")]
    sandbox.control.add_app(APP_ID, SLUG, keys()[1], *installed)
    app = AppIdentities(Auth.AppAuth(str(APP_ID), keys()[0]), sandbox.api_url)
    source = SourceActivities(GitHub(GitHubClient(app, sandbox.api_url)), Markers(b"key"))
    asks = [asked(name, "installation-repositories") for name in (OURS, "hexa-org/one")]
    asks.append(asked(OURS, "installation-repositories", organization="Hexa-Org"))
    first = [await all_items(source, ask) for ask in asks]
    with counted(sandbox) as statuses:
        second = [await all_items(source, ask) for ask in asks]
    with pytest.raises(Exception, match="not installed for nobody"):
        await source.page(asked("nobody/x", "installation-repositories"))

    assert first == second == [[OURS], ["hexa-org/one"], ["hexa-org/one"]]
    assert statuses == {304: 3}


async def test_a_token_of_nobodys_installation_is_told_so(sandbox: SandboxProcess) -> None:
    _, source = sources(sandbox)

    with pytest.raises(Exception, match="installation access token"):
        await source.page(asked(source="installation-repositories"))


class Moving:
    """A client whose installation loses its first repository between two pages, `times` times."""

    def __init__(self, times: int) -> None:
        self.rows = list(range(1, 9))
        self.times = times

    def reread(self, _: str, *, page: int, **_more: Any) -> Answer:
        if page == 2 and self.times:
            self.times -= 1
            del self.rows[0]
        rows = [{"id": n, "created_at": f"200{n}"} for n in self.rows[page * 3 - 3 : page * 3]]
        more = {"link": 'rel="next"'} if len(self.rows) > page * 3 else {}
        return Answer(200, more, {"total_count": len(self.rows), "repositories": rows[::-1]})


@pytest.mark.parametrize(("times", "missing"), [(0, set()), (1, {1}), (2, set())])
def test_no_repository_is_missed_that_moves_while_pages_are_read(
    times: int, missing: set[int]
) -> None:
    """One that went away may stay in the list; its worker is told that it is gone."""
    moving: Any = Moving(times)
    found = [one["id"] for one in Repositories(moving).of_installation("/orgs/x")]

    assert found == [n for n in range(1, 9) if n not in missing]
    assert set(moving.rows) <= set(found)


def test_what_a_304_tells_of_the_limit_is_measured(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []

    def requested(_method: str, _path: str, status: int, headers: Mapping[str, str]) -> None:
        told.append((status, int(headers["x-ratelimit-remaining"])))

    monkeypatch.setattr(metrics, "requested", requested)
    github, _ = sources(sandbox)
    for _ in range(2):
        github.repositories.get(OURS)

    (first, left), (second, still) = told
    assert (first, second) == (200, 304)
    assert still == left, "it did not count"


def test_what_is_gone_is_not_answered_from_memory(sandbox: SandboxProcess) -> None:
    github, _ = sources(sandbox)
    github.repositories.get(OURS)
    sandbox.control.faults([{"kind": "status", "status": 404, "method": "GET", "times": 1}])

    with pytest.raises(NotFoundError):
        github.repositories.get(OURS)
    assert github.repositories.get(OURS)["full_name"] == OURS


class Pages:
    """A server of pages of two, whose 304s tell `Link` or not."""

    def __init__(self) -> None:
        self.rows = [1, 2, 3, 4]
        self.tells_links = True
        self.statuses: list[int] = []

    def answer(self, page: int, known: str) -> tuple[int, dict[str, str], bytes]:
        body = json.dumps(self.rows[page * 2 - 2 : page * 2]).encode()
        headers = {"ETag": f'W/"{body.decode()}"'}
        status = 304 if known == headers["ETag"] else 200
        if len(self.rows) > page * 2 and (self.tells_links or status == 200):
            headers["Link"] = f'<http://x/?page={page + 1}>; rel="next"'
        self.statuses.append(status)
        return status, headers, b"" if status == 304 else body


@pytest.fixture
def paged() -> Iterator[tuple[Pages, GitHubClient]]:
    pages = Pages()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = int(self.path.partition("&page=")[2] or self.path.partition("?page=")[2][:1])
            found = pages.answer(page, self.headers.get("If-None-Match", ""))
            self.send_response(found[0])
            for name, value in {**found[1], "Content-Length": str(len(found[2]))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found[2])

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield pages, GitHubClient(Auth.Token("x"), f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def read_all(client: GitHubClient) -> list[int]:
    found: list[int] = []
    for page in range(1, 10):
        answer = client.reread("/rows", per_page=2, page=page)
        found += answer.data
        if not answer.has_next:
            return found
    raise AssertionError("no end")


@pytest.mark.parametrize("tells_links", [True, False])
def test_pages_go_on_after_a_304_whatever_it_tells_of_them(
    paged: tuple[Pages, GitHubClient], *, tells_links: bool
) -> None:
    """GitHub's validator is of the page alone: a new page leaves the one before as it was."""
    pages, client = paged
    pages.tells_links = tells_links
    for rows in ([1, 2, 3], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4, 5], [1, 2], [1, 2, 3]):
        pages.rows = rows
        pages.statuses.clear()
        assert read_all(client) == rows
        assert rows != [1, 2, 3] or 304 in pages.statuses or len(client.kept) == 2


def test_threads_that_read_at_once_each_get_what_they_asked_for(
    sandbox: SandboxProcess,
) -> None:
    github, _ = sources(sandbox)

    def read(number: int) -> bool:
        page = github.issues.open_page(OURS, number % 3 + 1)
        return all(
            (int(one["number"]) - 1) // 100 in (number % 3, number % 3 + 1) for one in page.data
        )

    with ThreadPoolExecutor(16) as threads, counted(sandbox) as statuses:
        assert all(threads.map(read, range(90)))
    assert statuses[304] > 40


def kept(memory: KeptAnswers, address: str, text: str, speaker: Auth.Auth = SPEAKER) -> bool:
    memory.keep(speaker, address, {"etag": '"1"'}, text, 0)
    return memory.find(speaker, address) is not None


def test_memory_is_bounded_by_number_and_by_bytes_and_the_oldest_goes() -> None:
    memory = KeptAnswers(max_bytes=1_000, max_entries=5)
    assert all(kept(memory, f"few/{n}", "x") for n in range(20))
    assert (len(memory), memory.bytes) == (5, 5)
    memory.find(SPEAKER, "few/15")
    assert kept(memory, "large", "y" * 998)
    assert (len(memory), memory.bytes) == (3, 1_000)
    assert memory.find(SPEAKER, "few/15"), "what was used last stays"
    assert kept(memory, "large", "é" * 400)
    assert (len(memory), memory.bytes) == (3, 802), "bytes, not characters; and in place of the old"


def test_what_is_too_large_or_has_no_validator_is_not_kept_nor_what_was_there_before() -> None:
    memory = KeptAnswers()
    assert kept(memory, "a", "x")
    assert not kept(memory, "a", "x" * (MAX_BODY_BYTES + 1))
    assert kept(memory, "a", "x")
    memory.keep(SPEAKER, "a", {}, "x", 0)

    assert memory.find(SPEAKER, "a") is None
    assert (len(memory), memory.bytes) == (0, 0)


def test_nobody_finds_what_another_was_told() -> None:
    memory, other = KeptAnswers(), Auth.Token("x")
    kept(memory, "a", "x")

    assert memory.find(other, "a") is None
