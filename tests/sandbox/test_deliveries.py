"""Deliveries: what is told, of whom, and in which order."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from githubkit import webhooks

from tests.patience import PATIENCE
from tests.sandbox.conftest import WORKER, Repo


class Listener(ThreadingHTTPServer):
    """Takes deliveries in; each is kept with its event."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Listening)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.news = threading.Condition()
        self.slow = 0.0
        """Seconds before each answer."""

    def wait_for(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        with self.news:
            assert self.news.wait_for(lambda: len(self.told) >= count, PATIENCE), self.told
            return list(self.told)


class Listening(BaseHTTPRequestHandler):
    """Answers 200."""

    server: Listener

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        assert webhooks.verify("secret", content, self.headers["X-Hub-Signature-256"])
        body = json.loads(content)
        time.sleep(self.server.slow)
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


def test_a_slow_listener_gets_what_belongs_together_in_order_and_the_rest_at_once(
    repo: Repo, listener: Listener
) -> None:
    listener.slow = 0.5
    for title in ("one", "two", "three", "four"):
        repo.ask("POST", "/issues", {"title": title})
    repo.control.deliver(f"http://127.0.0.1:{listener.server_port}", "secret")
    began = time.monotonic()
    for body in ("first", "second"):
        for number in range(1, 5):
            repo.ask("POST", f"/issues/{number}/comments", {"body": body})

    told = listener.wait_for(8)
    took = time.monotonic() - began

    assert took < 8 * listener.slow, "one after another they would take so long"
    for number in range(1, 5):
        of_one = [body["comment"]["body"] for _, body in told if body["issue"]["number"] == number]
        assert of_one == ["first", "second"]


def test_a_silent_repository_loses_all_its_deliveries_and_no_other_does(
    repo: Repo, listener: Listener
) -> None:
    other = f"{repo.name}-silent"
    repo.control.add_repository(other, files={".github/workflows/worker.yml": WORKER})
    repo.control.timed([{"duration_seconds": 0}])
    repo.control.deliver(f"http://127.0.0.1:{listener.server_port}", "secret", silent=[other])
    quiet = Repo(repo.sandbox, other)
    quiet.ended(quiet.dispatch())
    repo.ended(repo.dispatch())
    told = listener.wait_for(3)

    assert {body["repository"]["full_name"] for _, body in told} == {repo.name}
    assert repo.control.posted().lost == 3


def test_what_went_wrong_with_deliveries_is_counted(repo: Repo, listener: Listener) -> None:
    faults = {"twice": 1.0, "early": 1.0, "late_seconds": 0.5}
    repo.control.timed([{"duration_seconds": 0}])
    url = f"http://127.0.0.1:{listener.server_port}"
    repo.control.deliver(url, "secret", events=["workflow_run"], **faults)
    runs = [repo.dispatch() for _ in range(5)]
    for run_id in runs:
        repo.ended(run_id)
    told = [body for _, body in listener.wait_for(5 * 2 * 4)]
    counted = repo.control.posted()
    early = [
        one
        for one in told
        if one["action"] == "completed" and not one["workflow_run"]["conclusion"]
    ]

    assert (counted.twice, counted.early) == (5 * 4, len(early) // 2)
    assert counted.early == 5
    assert 0 < counted.overtaken < len(told)


def test_without_faults_nothing_is_overtaken(repo: Repo, listener: Listener) -> None:
    repo.control.timed([{"duration_seconds": 0}])
    repo.control.deliver(f"http://127.0.0.1:{listener.server_port}", "secret")
    repo.ended(repo.dispatch())
    listener.wait_for(3)
    counted = repo.control.posted()

    assert (counted.twice, counted.early, counted.overtaken) == (0, 0, 0)


def test_what_is_delivered_has_githubs_shape(repo: Repo, listener: Listener) -> None:
    repo.control.timed([{"duration_seconds": 0.2}])
    repo.control.deliver(f"http://127.0.0.1:{listener.server_port}", "secret")
    repo.ended(repo.dispatch())
    number = repo.ask("POST", "/issues", {"title": "Broken"}).json()["number"]
    comment = repo.ask("POST", f"/issues/{number}/comments", {"body": "Why?"}).json()
    repo.ask("PATCH", f"/issues/comments/{comment['id']}", {"body": "Because."})
    told = listener.wait_for(6)

    for event, body in told:
        webhooks.parse_obj(event, body)
    assert {(event, body["action"]) for event, body in told} == {
        ("workflow_run", "requested"),
        ("workflow_run", "in_progress"),
        ("workflow_run", "completed"),
        ("issues", "opened"),
        ("issue_comment", "created"),
        ("issue_comment", "edited"),
    }
