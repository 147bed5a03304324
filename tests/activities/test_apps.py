"""A GitHub App over HTTP: which installation speaks, how often it is asked for, and who shares what."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github import Auth

from activities.github.apps import AppIdentities
from activities.github.client import GitHubClient
from activities.github.errors import RefusedError, UnavailableError

KEY = (
    rsa.generate_private_key(65537, 2048)
    .private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    .decode()
)
INSTALLED = {"octo-org": 11, "hexa-org": 12}


class World:
    """What the server knows and was asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.broken: list[int] = []
        """Statuses that the next requests for a token get."""
        self.installed = dict(INSTALLED)
        self.refused: set[str] = set()
        """Tokens that were taken back."""
        self.given = 0
        self.lock = threading.Lock()

    def answer(self, method: str, path: str, authorization: str) -> tuple[int, Any]:
        with self.lock:
            self.asked[f"{method} {path}"] += 1
        time.sleep(0.02)  # so that calls overlap
        place = re.fullmatch(r"/(?:repos/([^/]+)/[^/]+|orgs/([^/]+))/installation", path)
        token = re.fullmatch(r"/app/installations/(\d+)/access_tokens", path)
        if place or token or path == "/app":
            assert authorization.startswith("Bearer eyJ"), "signed as the App itself"
        if path == "/app":
            return 200, {"slug": "podium-app"}
        if place:
            number = self.installed.get((place[1] or place[2]).lower())
            return (200, {"id": number}) if number else (404, {"message": "Not Found"})
        if token:
            if self.broken:
                return self.broken.pop(), {"message": "not now"}
            # The shape of tokens since 2026: long, with dots.
            self.given += 1
            told = {
                "token": f"ghs_{token[1]}_{self.given}_eyJ{'x' * 600}.y.z",
                "expires_at": "2999-01-01T00:00:00Z",
            }
            return (
                (201, told)
                if int(token[1]) in self.installed.values()
                else (404, {"message": "no"})
            )
        if authorization.partition(" ")[2] in self.refused:
            return 401, {"message": "Bad credentials"}
        return 200, {"path": path, "as": authorization}


@contextmanager
def github() -> Iterator[tuple[World, str]]:
    world = World()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers["Content-Length"] or 0)
            self.rfile.read(length)
            told = world.answer(self.command, self.path, self.headers["Authorization"])
            body = json.dumps(told[1]).encode()
            self.send_response(told[0])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name is http.server's

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield world, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def client(url: str, installation: int | None = None) -> GitHubClient:
    return GitHubClient(AppIdentities(Auth.AppAuth("7", KEY), url, installation), url)


def test_fifty_first_calls_find_and_fetch_once_for_each_owner() -> None:
    with github() as (world, url), ThreadPoolExecutor(50) as threads:
        app = client(url)
        paths = [f"/repos/{'octo-org' if n % 2 else 'hexa-org'}/r{n}/issues" for n in range(50)]
        answers = list(threads.map(lambda path: app.get(path).data, paths))

    assert [answer["path"] for answer in answers] == paths, "no thread gets another's answer"
    for path, answer in zip(paths, answers, strict=True):
        assert f"ghs_{INSTALLED[path.split('/')[2]]}_" in answer["as"]
    tokens = {k: n for k, n in world.asked.items() if "access_tokens" in k}
    assert tokens == {f"POST /app/installations/{n}/access_tokens": 1 for n in (11, 12)}
    assert sum(n for k, n in world.asked.items() if k.endswith("/installation")) == 2


def test_an_organizations_own_pages_are_read_as_it() -> None:
    with github() as (_, url):
        assert "ghs_12_" in client(url).get("/orgs/Hexa-Org/repos").data["as"]


def test_one_installation_may_be_given() -> None:
    with github() as (world, url):
        assert "ghs_11_" in client(url, 11).get("/repos/anyone/r").data["as"]
    assert not [k for k in world.asked if k.endswith("/installation")]


def test_an_owner_without_the_app_is_named() -> None:
    with github() as (_, url), pytest.raises(RefusedError, match="not installed for nobody"):
        client(url).get("/repos/nobody/r/issues")


def test_what_names_no_owner_has_no_identity() -> None:
    with github() as (_, url), pytest.raises(RefusedError, match="names none"):
        client(url).get("/user")


def test_its_login_is_that_of_its_bot() -> None:
    with github() as (world, url):
        app = client(url)
        assert {app.login(), app.login()} == {"podium-app[bot]"}
    assert world.asked["GET /app"] == 1


@pytest.mark.parametrize(("status", "kind"), [(503, UnavailableError), (403, RefusedError)])
def test_a_token_that_cannot_be_had_now_is_told_as_such_and_had_later(
    status: int, kind: type[Exception]
) -> None:
    with github() as (world, url):
        app = client(url)
        world.broken.append(status)
        with pytest.raises(kind):
            app.request("POST", "/repos/octo-org/r/issues")
        assert "ghs_11_" in app.request("POST", "/repos/octo-org/r/issues").data["as"]
    assert world.asked["POST /repos/octo-org/r/issues"] == 1, "nothing was sent without a token"


def test_an_app_that_was_installed_anew_is_found_again() -> None:
    with github() as (world, url):
        app = client(url)
        world.installed["octo-org"] = 13
        world.broken.append(404)  # the old installation's
        with pytest.raises(RefusedError):
            app.get("/repos/octo-org/r")
        assert "ghs_13_" in app.get("/repos/octo-org/r").data["as"]


def test_a_token_that_was_taken_back_is_replaced_once_and_nothing_is_lost() -> None:
    with github() as (world, url), ThreadPoolExecutor(16) as threads:
        app = client(url)
        first = app.get("/repos/octo-org/r").data["as"]
        world.refused.add(first.partition(" ")[2])
        paths = [f"/repos/octo-org/r{n}/issues" for n in range(16)]
        answers = list(threads.map(lambda path: app.request("POST", path).data, paths))

    assert [answer["path"] for answer in answers] == paths
    assert len({answer["as"] for answer in answers} | {first}) == 2
    assert world.asked["POST /app/installations/11/access_tokens"] == 2


def test_an_app_that_is_refused_for_good_is_told_so() -> None:
    with github() as (world, url):
        app = client(url)
        world.broken += [401, 401]
        with pytest.raises(RefusedError):
            app.get("/repos/octo-org/r")
    assert world.asked["GET /repos/octo-org/r"] == 0
    assert world.asked["POST /app/installations/11/access_tokens"] == 2


def test_threads_share_no_object_of_pygithub() -> None:
    """Its connection mixes the requests of two threads up."""
    with github() as (_, url), ThreadPoolExecutor(16) as threads:
        token = Auth.Token("x")
        plain = GitHubClient(token, url)
        together = threading.Barrier(16, timeout=30)
        mine: list[tuple[int, object]] = []

        def many(number: int) -> bool:
            together.wait()
            mine.append((threading.get_ident(), plain._github(token).requester))
            paths = [f"/repos/o/r{number}/{n}" for n in range(10)]
            return [plain.get(path).data["path"] for path in paths] == paths

        assert all(threads.map(many, range(16)))

    assert (
        len({id(requester) for _, requester in mine}) == len({thread for thread, _ in mine}) == 16
    )
