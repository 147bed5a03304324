"""Deliveries have the shapes of GitHub's own description of its webhooks."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from githubkit import webhooks

from tests.patience import PATIENCE
from tests.sandbox.conftest import Repo

SECRET = "known to both"


class Ear:
    """Keeps what is posted to it."""

    def __init__(self) -> None:
        heard: list[tuple[str, dict[str, Any]]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signature = self.headers["X-Hub-Signature-256"]
                assert webhooks.verify(SECRET, body, signature)
                heard.append((self.headers["X-GitHub-Event"], json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.heard = heard
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_for(self, deliveries: int) -> None:
        ends = time.monotonic() + PATIENCE
        while len(self.heard) < deliveries and time.monotonic() < ends:
            time.sleep(0.05)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/webhooks"


@pytest.fixture
def ear(repo: Repo) -> Iterator[Ear]:
    ear = Ear()
    repo.control.deliver(ear.url, SECRET)
    yield ear
    ear.server.shutdown()
    ear.server.server_close()


def test_what_is_delivered_has_githubs_shape(repo: Repo, ear: Ear) -> None:
    repo.control.timed([{"duration_seconds": 0.2}])
    repo.ended(repo.dispatch())
    number = repo.ask("POST", "/issues", {"title": "Broken"}).json()["number"]
    comment = repo.ask("POST", f"/issues/{number}/comments", {"body": "Why?"}).json()
    repo.ask("PATCH", f"/issues/comments/{comment['id']}", {"body": "Because."})
    ear.wait_for(6)

    kinds = {(event, body["action"]) for event, body in ear.heard}
    for event, body in ear.heard:
        webhooks.parse_obj(event, body)
    assert kinds == {
        ("workflow_run", "requested"),
        ("workflow_run", "in_progress"),
        ("workflow_run", "completed"),
        ("issues", "opened"),
        ("issue_comment", "created"),
        ("issue_comment", "edited"),
    }
