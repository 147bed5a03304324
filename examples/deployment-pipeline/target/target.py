#!/usr/bin/env python3
"""A small place to deploy to: releases per environment, one of them live, the ones before kept.

    target.py --port 8800                     (127.0.0.1 only, unless --host says otherwise)
    TARGET_TOKEN=... target.py --port 8800    (writes need the token)

| request | what it does |
| --- | --- |
| `GET /{environment}/health` | status and version of the live release; 503 where there is none |
| `GET /{environment}/{path}` | a page of the live release; a folder means its `index.html` |
| `GET /api/{environment}` | `current` and `previous` version, null for none |
| `PUT /api/{environment}/releases/{version}` | keep the files of a release: `{"files": {path: text}}` |
| `PUT /api/{environment}/current` | make one live: `{"version", "expect", "restore"}` |

All writes are repeatable: the same request twice changes nothing the second time. A switch names
the version that it `expect`s to be live, and is refused with 409 when another one is. `restore`
goes back to the release before, and forgets the one that was live.
Everything is held in memory. Python 3.9 or later, standard library only.
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
import re
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_KEPT = 20
"""Releases kept of one environment; those that are live, or were before, do not count."""

_API = re.compile(
    r"/api/([a-z][a-z0-9-]{0,31})(?:/(current)|/releases/([0-9A-Za-z][\w.+-]{0,63}))?"
)
_PAGE = re.compile(r"/([a-z][a-z0-9-]{0,31})(/[^?#]*)?")
_TYPES = {".html": "text/html; charset=utf-8", ".json": "application/json"}


class Refused(Exception):  # noqa: N818 - an answer, told with its status
    """What is answered instead."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Environment:
    """One place: its releases, and those that were live, the live one last."""

    def __init__(self) -> None:
        self.releases: dict[str, dict[str, str]] = {}
        self.live: list[str] = []

    def state(self) -> dict[str, Any]:
        """Say which release is live, and which was before."""
        shown: list[str | None] = [None, None, *self.live]
        return {"current": shown[-1], "previous": shown[-2]}

    def keep(self, version: str, files: dict[str, str]) -> bool:
        """Keep a release; True when it is new.

        Raises:
            Refused: 409, it is live or was before, with other files.
        """
        known = self.releases.get(version)
        if known == files:
            return False
        if version in self.live:
            raise Refused(409, f"{version} is in use with other files; choose another version")
        self.releases[version] = files
        spare = [name for name in self.releases if name not in self.live]
        for name in spare[:-MAX_KEPT]:
            del self.releases[name]
        return True

    def switch(self, version: str | None, expect: str | None, *, restore: bool) -> None:
        """Make a release live, all at once.

        Raises:
            Refused: 404 for a release that is not kept, 409 when another one is live.
        """
        now = self.state()
        if now["current"] == version:
            return
        if now["current"] != expect:
            raise Refused(409, f"{now['current']} is live, not {expect}")
        if restore:
            if now["previous"] != version:
                raise Refused(409, f"{now['previous']} was live before, not {version}")
            self.live.pop()
        elif version not in self.releases or version is None:
            raise Refused(404, f"release {version} is not here")
        else:
            self.live.append(version)


class Handler(BaseHTTPRequestHandler):
    """Answers one request; `server` is a `Target`."""

    server: Target

    def do_GET(self) -> None:
        """Serve a page, the health, or the state."""
        self._answered(self._read)

    def do_PUT(self) -> None:
        """Keep a release, or switch."""
        self._answered(self._write, self._body)

    def _answered(self, work: Any, read: Any = None) -> None:
        try:
            if read:
                work = partial(work, read())
            with self.server.lock:
                status, kind, text = work()
        except Refused as refused:
            status, kind = refused.status, ".json"
            text = json.dumps({"message": str(refused)})
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", _TYPES.get(kind, "text/plain; charset=utf-8"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _read(self) -> tuple[int, str, str]:
        path = self.path.partition("?")[0]
        if asked := _API.fullmatch(path):
            return 200, ".json", json.dumps(self.server.at(asked[1]).state())
        page = _PAGE.fullmatch(path)
        if page is None:
            raise Refused(404, "there is no such page")
        place = self.server.at(page[1])
        version = place.state()["current"]
        if version is None:
            raise Refused(503, f"nothing is deployed to {page[1]}")
        name = (page[2] or "/")[1:]
        if name == "health":
            health = {"status": "ok", "environment": page[1], "version": version}
            return 200, ".json", json.dumps(health)
        name = f"{name}index.html" if name.endswith("/") or not name else name
        files = place.releases[version]
        if name not in files:
            raise Refused(404, f"release {version} has no {name}")
        return 200, PurePosixPath(name).suffix, files[name]

    def _write(self, body: dict[str, Any]) -> tuple[int, str, str]:
        asked = _API.fullmatch(self.path)
        if asked is None or not (asked[2] or asked[3]):
            raise Refused(404, "there is nothing to write")
        place = self.server.kept(asked[1])
        if asked[3]:
            is_new = place.keep(asked[3], _files(body))
            return 201 if is_new else 200, ".json", json.dumps(place.state())
        version, expect = (_version(body.get(name)) for name in ("version", "expect"))
        place.switch(version, expect, restore=body.get("restore") is True)
        return 200, ".json", json.dumps(place.state())

    def _body(self) -> dict[str, Any]:
        given = self.headers.get("Authorization") or ""
        token = self.server.token
        if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise Refused(401, "a token is needed to write")
        length = self.headers.get("Content-Length") or ""
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            raise Refused(413, f"a body of at most {MAX_BODY_BYTES} bytes is needed")
        try:
            body = json.loads(self.rfile.read(int(length)))
        except ValueError:
            raise Refused(400, "the body is no JSON") from None
        if not isinstance(body, dict):
            raise Refused(400, "the body is no object")
        return body

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Say one line per request, where that is wanted."""
        if self.server.talks:
            super().log_message(format, *args)


class Target(ThreadingHTTPServer):
    """The server; `serve_forever` runs it."""

    daemon_threads = True

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, token: str = "", *, talks: bool = False
    ) -> None:
        super().__init__((host, port), Handler)
        self.token, self.talks = token, talks
        self.lock = threading.Lock()
        self._places: dict[str, Environment] = {}

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{self.server_address[0]!s}:{self.server_port}"

    def at(self, name: str) -> Environment:
        """Give an environment to read; one that nobody deployed to is empty."""
        return self._places.get(name) or Environment()

    def kept(self, name: str) -> Environment:
        """Give an environment to write to."""
        return self._places.setdefault(name, Environment())


def _files(body: dict[str, Any]) -> dict[str, str]:
    files = body.get("files")
    if not isinstance(files, dict) or not files:
        raise Refused(400, "files: an object of path and text is needed")
    if not all(isinstance(text, str) for text in files.values()):
        raise Refused(400, "files: all must be text")
    return files


def _version(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Refused(400, "a version is a text, or null for none")
    return value


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A small place to deploy to.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8800)
    options = parser.parse_args()
    token = os.environ.get("TARGET_TOKEN", "")
    target = Target(options.host, options.port, token, talks=True)
    print(f"deploy to {target.url}", flush=True)
    try:
        target.serve_forever()
    except KeyboardInterrupt:
        print("bye")


if __name__ == "__main__":
    main()
