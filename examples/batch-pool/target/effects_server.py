#!/usr/bin/env python3
"""A small service that keeps effects in memory: what the batches write to, and what proves them.

    PUT /effects/<key>   201 for a new effect, 200 for one that is there; the last content stays
    GET /effects/<key>   one effect, or 404
    GET /effects         all of them, by key, with how often each was written

Needs Python 3.9 or later and nothing else.
"""

from __future__ import annotations

import argparse
import json
import threading
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

MAX_BODY = 64 * 1024
PREFIX = "/effects/"


@dataclass
class Effect:
    """What was recorded under one key."""

    content: Any
    writes: int = 0
    """Requests that wrote it."""
    versions: int = 0
    """Different contents one after the other; 1 where all requests said the same."""


class EffectsServer(ThreadingHTTPServer):
    """The service; its effects are an attribute, for whoever runs it in the same process."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.effects: dict[str, Effect] = {}
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def put(self, key: str, content: Any) -> bool:
        """Record an effect, and tell whether it is new."""
        with self.lock:
            is_new = key not in self.effects
            effect = self.effects.setdefault(key, Effect(content))
            effect.writes += 1
            effect.versions += is_new or effect.content != content
            effect.content = content
            return is_new


class _Handler(BaseHTTPRequestHandler):
    server: EffectsServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_PUT(self) -> None:
        length = self.headers["Content-Length"] or ""
        if not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
            return self._answer(413, {"message": f"send at most {MAX_BODY} bytes"})
        body = self.rfile.read(int(length))
        key = unquote(self.path[len(PREFIX) :])
        if not self.path.startswith(PREFIX) or not key:
            return self._answer(404, {"message": "effects are below /effects/"})
        try:
            content = json.loads(body)
        except ValueError:
            return self._answer(400, {"message": "an effect is JSON"})
        return self._answer(201 if self.server.put(key, content) else 200, {"key": key})

    def do_GET(self) -> None:
        with self.server.lock:
            shown = {key: asdict(effect) for key, effect in self.server.effects.items()}
        if self.path == PREFIX.rstrip("/"):
            return self._answer(200, {"count": len(shown), "effects": shown})
        found = shown.get(unquote(self.path[len(PREFIX) :]))
        return self._answer(200 if found else 404, found or {"message": "there is no such effect"})

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing of each request."""


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Keep effects in memory.")
    parser.add_argument("--port", type=int, default=8970, help="0 for a free one (%(default)s)")
    server = EffectsServer(parser.parse_args().port)
    print(f"listening on {server.url}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("ended")


if __name__ == "__main__":
    main()
