"""Downloads from a storage that does not keep to what it said."""

import gzip
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest
from github import Auth

from activities.github.client import GitHubClient
from activities.github.errors import RefusedError, UnavailableError

MIB = 1024 * 1024
BOMB = gzip.compress(b" " * 64 * MIB)


class Storage(BaseHTTPRequestHandler):
    """Sends what a path says, and counts it."""

    protocol_version = "HTTP/1.1"
    sent: ClassVar[int] = 0
    asked: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        type(self).asked = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(200)
        self.send_header("Connection", "close")
        if self.path == "/endless":
            self._endless()
        elif self.path == "/short":
            self._answer(b"half", announced=8)
        elif self.path == "/longer":
            self._answer(b"good and more", announced=4)
        else:
            self.send_header("Content-Encoding", "gzip")
            self._answer(BOMB, announced=len(BOMB))

    def _answer(self, content: bytes, announced: int) -> None:
        self.send_header("Content-Length", str(announced))
        self.end_headers()
        self.wfile.write(content)

    def _endless(self) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        chunk = b"%x\r\n%s\r\n" % (MIB, b" " * MIB)
        try:
            for _ in range(64):
                self.wfile.write(chunk)
                type(self).sent += MIB
        except OSError:
            return  # nobody listens any more

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def storage() -> Iterator[str]:
    Storage.sent = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Storage) as server:
        Thread(target=server.serve_forever, args=(0.05,)).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def few(most: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def client() -> GitHubClient:
    return GitHubClient(Auth.Token("podium-token"))


def test_what_never_ends_is_left_at_the_limit(storage: str) -> None:
    with few(4 * MIB), pytest.raises(RefusedError, match="larger than 100000 bytes"):
        client().download(f"{storage}/endless", 100_000)

    assert Storage.sent < 32 * MIB, "what the system buffers, not all of it"


def test_what_grows_when_it_is_unpacked_is_left_at_the_limit(storage: str) -> None:
    """By the transport's own compression, which nobody asked the storage for."""
    with few(4 * MIB), pytest.raises(RefusedError, match="larger than 1048576 bytes"):
        client().download(f"{storage}/bomb", MIB)


def test_no_more_is_taken_than_was_announced(storage: str) -> None:
    assert client().download(f"{storage}/longer", 100) == b"good"


def test_less_than_was_announced_is_no_download(storage: str) -> None:
    with pytest.raises(UnavailableError, match="download: "):
        client().download(f"{storage}/short", 100)


def test_the_token_does_not_travel(storage: str) -> None:
    client().download(f"{storage}/longer", 100)

    assert "authorization" not in Storage.asked
