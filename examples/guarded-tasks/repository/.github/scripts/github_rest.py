"""Calls on GitHub's REST API for one repository, bounded in time and size."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from typing import Any

from job_result import Stop

REQUEST_SECONDS = 20
READ_ATTEMPTS = 3
"""Tries of one read; writes are never repeated here."""

PAUSE_SECONDS = 1.0
MAX_ANSWER_BYTES = 8 * 1024 * 1024
NOT_FOUND = 404
_TOO_LARGE = 413
_SERVER_ERROR = 500


class GitHubError(Exception):
    """GitHub said no, or nothing; `status` is 0 where there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def ambiguous(self) -> bool:
        """Whether a write may have been done although it failed."""
        return self.status == 0 or self.status >= _SERVER_ERROR


class GitHub:
    """One repository, seen with one token."""

    def __init__(self, api_url: str, repository: str, token: str) -> None:
        self.repository = repository
        self._base = f"{api_url.rstrip('/')}/repos/{repository}"
        self._token = token

    def get(self, path: str) -> Any:
        """Read what is at a path below the repository; None where there is nothing.

        Raises:
            GitHubError: no answer, or a refusal.
        """
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                return self.send("GET", path)
            except GitHubError as error:
                if error.status == NOT_FOUND:
                    return None
                if not error.ambiguous or attempt == READ_ATTEMPTS:
                    raise
                time.sleep(PAUSE_SECONDS * attempt)
        raise AssertionError("the last try returns or raises")

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call once.

        Raises:
            GitHubError: look before sending a write again where it is `ambiguous`.
        """
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "User-Agent": "podium-example-worker",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, headers, method=method)  # noqa: S310 - GITHUB_API_URL is the runner's own
        what = f"{method} {path.partition('?')[0] or '/'}"
        try:
            with _OPENER.open(request, timeout=REQUEST_SECONDS) as answer:
                content = answer.read(MAX_ANSWER_BYTES + 1)
        except urllib.error.HTTPError as error:
            with error:
                raise GitHubError(f"{what}: {error.code} {_said(error)}", error.code) from None
        except OSError as error:
            raise GitHubError(f"{what}: no answer ({type(error).__name__})") from error
        if len(content) > MAX_ANSWER_BYTES:
            raise GitHubError(f"{what}: more than {MAX_ANSWER_BYTES} bytes", _TOO_LARGE)
        try:
            return json.loads(content) if content else None
        except ValueError as error:
            raise GitHubError(f"{what}: no JSON") from error


def github() -> GitHub:
    """Make the client that a job's environment describes.

    Raises:
        Stop: there is no token or no repository in it.
    """
    token, repository = os.environ.get("GITHUB_TOKEN", ""), os.environ.get("GITHUB_REPOSITORY", "")
    if not token or repository.count("/") != 1:
        raise Stop("bad-environment", "set GITHUB_TOKEN and GITHUB_REPOSITORY")
    return GitHub(os.environ.get("GITHUB_API_URL") or "https://api.github.com", repository, token)


class _SameOrigin(urllib.request.HTTPRedirectHandler):
    """Follow a renamed repository, but never take the token to another host."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if newurl.split("/")[:3] != req.full_url.split("/")[:3]:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_SameOrigin)


def _said(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read(10_000))["message"])[:200]
    except (OSError, ValueError, KeyError, TypeError):
        return str(error.reason)[:200]
