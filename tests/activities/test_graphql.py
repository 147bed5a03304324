"""GraphQL over HTTP: where it is, whose identity asks, and what its errors of status 200 mean."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from github import Auth

from activities.github.client import GitHubClient
from activities.github.errors import (
    GitHubError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
)
from activities.github.issues import Issues

NODE = {"id": "I_1", "lastEditedAt": None}


class Served:
    """What the server answers, and what it was asked."""

    def __init__(self, body: Any = None, status: int = 200, **headers: str) -> None:
        self.body, self.status, self.headers = body, status, headers
        self.asked: list[tuple[str, str, Any]] = []


@contextmanager
def github(served: Served, below: str = "") -> Iterator[GitHubClient]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["content-length"]))
            served.asked.append((self.path, self.headers["authorization"], json.loads(sent)))
            content = json.dumps(served.body).encode()
            self.send_response(served.status)
            for name, value in served.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}{below}"
        yield GitHubClient(Auth.Token("x"), url)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("below", "path"), [("", "/graphql"), ("/api/v3", "/api/graphql")])
def test_it_is_asked_where_it_is(below: str, path: str) -> None:
    served = Served({"data": {"nodes": [NODE, {"id": "I_2", "lastEditedAt": "2026-01-02"}, {}]}})

    with github(served, below) as client:
        assert Issues(client).never_edited("o/r", ["I_1", "I_2", "I_3"]) == {"I_1"}

    ((asked, authorization, body),) = served.asked
    assert (asked, authorization.split()[-1]) == (path, "x")
    assert body["variables"] == {"ids": ["I_1", "I_2", "I_3"]}


def test_the_identity_of_the_repository_asks() -> None:
    """An App has a token for each owner, and GraphQL's own path names none."""
    served, places = Served({"data": {"nodes": [NODE]}}), list[str]()

    class Several:
        def of(self, path: str) -> Auth.Auth:
            places.append(path)
            return Auth.Token("of-o")

        def login(self) -> str:
            return "app[bot]"

        def permissions(self) -> list[dict[str, str]]:
            return []

        def forget(self, auth: Auth.Auth) -> None:
            raise AssertionError("nothing was refused")

    with github(served) as plain:
        client = GitHubClient(Several(), plain.api_url)
        assert Issues(client).never_edited("o/r", ["I_1"]) == {"I_1"}

    assert places == ["/repos/o/r"]
    assert served.asked[0][1].endswith("of-o")


def test_nothing_is_asked_of_nothing() -> None:
    served = Served()

    with github(served) as client:
        assert Issues(client).never_edited("o/r", []) == set()

    assert served.asked == []


def test_what_is_gone_is_not_vouched_for() -> None:
    gone = [{"type": "NOT_FOUND", "message": "no such node"}]
    served = Served({"data": {"nodes": [NODE, None]}, "errors": gone})

    with github(served) as client:
        assert Issues(client).never_edited("o/r", ["I_1", "I_2"]) == {"I_1"}


@pytest.mark.parametrize(
    ("served", "kind"),
    [
        (Served({"data": None, "errors": [{"message": "Something went wrong"}]}), UnavailableError),
        (Served({"data": {"nodes": []}, "errors": [{"message": "late"}]}), UnavailableError),
        (Served({"data": {"nodes": [None]}, "errors": [{"type": "FORBIDDEN"}]}), RefusedError),
        (Served({"errors": [{"type": "INSUFFICIENT_SCOPES"}]}), RefusedError),
        (Served({}), UnavailableError),
        (Served([]), UnavailableError),
        (Served({"message": "Bad Gateway"}, 502), UnavailableError),
        (Served({"message": "Bad credentials"}, 401), RefusedError),
        (Served({"message": "secondary rate limit"}, 403), RateLimitedError),
    ],
)
def test_an_error_is_what_github_means_by_it(served: Served, kind: type[GitHubError]) -> None:
    with github(served) as client, pytest.raises(GitHubError) as raised:
        Issues(client).never_edited("o/r", ["I_1"])

    assert type(raised.value) is kind


def test_a_rate_limit_is_waited_out() -> None:
    limited = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
    reset = str(int(time.time()) + 600)
    served = Served(limited, x_ratelimit_remaining="0", x_ratelimit_reset=reset)

    with github(served) as client, pytest.raises(RateLimitedError) as raised:
        Issues(client).never_edited("o/r", ["I_1"])

    assert 590 < raised.value.wait.total_seconds() <= 600
