"""Deliveries: what is told, of whom, and in which order."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.sandbox.conftest import Repo


class Listener(HTTPServer):
    """Takes deliveries in; each is kept with its event."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Listening)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.news = threading.Condition()

    def wait_for(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        with self.news:
            assert self.news.wait_for(lambda: len(self.told) >= count, PATIENCE), self.told
            return list(self.told)


class Listening(BaseHTTPRequestHandler):
    """Answers 200."""

    server: Listener

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        with self.server.news:
            self.server.told.append((self.headers["X-GitHub-Event"], body))
            self.server.news.notify_all()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_comments_are_told_as_they_are_created_and_edited(repo: Repo, listener: Listener) -> None:
    repo.ask("POST", "/issues", {"title": "a"})
    url = f"http://127.0.0.1:{listener.server_port}"
    repo.control.deliver(url, "secret", events=["issue_comment"])
    comment = repo.ask("POST", "/issues/1/comments", {"body": "1"}).json()
    repo.ask("PATCH", f"/issues/comments/{comment['id']}", {"body": "2"})

    created, edited = (body for _, body in listener.wait_for(2))

    assert (created["action"], edited["action"]) == ("created", "edited")
    assert (created["comment"]["body"], edited["comment"]["body"]) == ("1", "2")
    assert edited["comment"]["user"] == created["comment"]["user"]
    assert edited["comment"]["updated_at"] > edited["comment"]["created_at"]
