#!/usr/bin/env python3
"""A small web site that can be down: what the link checker depends on.

    GET /<page>          200 for a page that is there, else 404; 503 for all while it is down
    PUT /_down           from now on it is down
    DELETE /_down        it is up again

Needs Python 3.9 or later and nothing else.
"""

from __future__ import annotations

import argparse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGES = frozenset(
    ("/", "/tutorial", "/install", "/boards", "/tiles", "/settings", "/sources"),
)
SWITCH = "/_down"


class SiteServer(ThreadingHTTPServer):
    """The site; `down` may be set by whoever runs it in the same process."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0, *, down: bool = False) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.down = down
        self.requests = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: SiteServer

    def do_GET(self) -> None:
        self.server.requests += 1
        path = self.path.partition("?")[0]
        known = 200 if path in PAGES else 404
        self._answer(503 if self.server.down else known)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self._turn(down=True)

    def do_DELETE(self) -> None:
        self._turn(down=False)

    def _turn(self, *, down: bool) -> None:
        if self.path == SWITCH:
            self.server.down = down
        self._answer(200 if self.path == SWITCH else 404)

    def _answer(self, status: int) -> None:
        content = b"" if self.command == "HEAD" else f"{status}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing of each request."""


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A web site that can be down.")
    parser.add_argument("--port", type=int, default=8971, help="0 for a free one (%(default)s)")
    parser.add_argument("--down", action="store_true", help="begin as down")
    given = parser.parse_args()
    server = SiteServer(given.port, down=given.down)
    print(f"listening on {server.url}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("ended")


if __name__ == "__main__":
    main()
