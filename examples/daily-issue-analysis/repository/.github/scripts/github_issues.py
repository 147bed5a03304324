"""The few calls on GitHub's REST API that the worker needs, bounded in time, size and number."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from typing import Any

REQUEST_SECONDS = 20
ATTEMPTS = 3
"""Tries of one read; writes are never repeated here."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
"""A longer wait that GitHub asks for is refused: the orchestrator waits better than a job."""

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""A page of a hundred issues with bodies of the largest size fits."""

PAGE_SIZE = 100
MAX_ISSUE_PAGES = 10
MAX_COMMENT_PAGES = 20

_NEXT = re.compile(r'<([^>]{1,2000})>;\s*rel="next"')
_TOO_MANY_REQUESTS = 429
_FORBIDDEN = 403
_SERVER_ERROR = 500


class GitHubError(Exception):
    """GitHub said no, or nothing.

    Attributes:
        status: HTTP status, or 0 where there was no answer: a write may have been done.
        pause: seconds to wait before another try, or None where none would help.
    """

    def __init__(self, message: str, status: int = 0, pause: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.pause = pause

    @property
    def ambiguous(self) -> bool:
        """Whether a write may have been done although it failed."""
        return self.status == 0 or self.status >= _SERVER_ERROR


class GitHub:
    """One repository, seen with one token."""

    def __init__(self, api_url: str, repository: str, token: str) -> None:
        self._base = f"{api_url.rstrip('/')}/repos/{repository}"
        self._token = token
        self.calls = 0

    def issue(self, number: int) -> dict[str, Any]:
        """Read one issue or pull request.

        Raises:
            GitHubError: status 404 or 410 where there is none.
        """
        found, _ = self._get(f"{self._base}/issues/{number}")
        return dict(found)

    def open_issues(self) -> tuple[list[dict[str, Any]], bool]:
        """Read open issues and pull requests, newest first, and tell whether these are all."""
        return self._pages(f"{self._base}/issues?state=open&per_page={PAGE_SIZE}", MAX_ISSUE_PAGES)

    def comments(self, number: int) -> tuple[list[dict[str, Any]], bool]:
        """Read the comments of an issue, oldest first, and tell whether these are all."""
        url = f"{self._base}/issues/{number}/comments?per_page={PAGE_SIZE}"
        return self._pages(url, MAX_COMMENT_PAGES)

    def create_comment(self, number: int, body: str) -> dict[str, Any]:
        """Post a comment once.

        Raises:
            GitHubError: look before posting again where it is `ambiguous`.
        """
        made, _ = self._call("POST", f"{self._base}/issues/{number}/comments", {"body": body})
        return dict(made)

    def delete_comment(self, comment_id: int) -> None:
        """Delete a comment; one that is gone already is fine.

        Raises:
            GitHubError: it may still be there.
        """
        try:
            self._call("DELETE", f"{self._base}/issues/comments/{comment_id}")
        except GitHubError as error:
            if error.status not in (404, 410):
                raise

    def _pages(self, url: str, limit: int) -> tuple[list[dict[str, Any]], bool]:
        found: list[dict[str, Any]] = []
        for _ in range(limit):
            page, link = self._get(url)
            found += page
            following = _NEXT.search(link)
            # The token goes along, so only to where it went before.
            if following is None or not following.group(1).startswith(self._origin()):
                return found, following is None
            url = following.group(1)
        return found, False

    def _origin(self) -> str:
        return "/".join(self._base.split("/")[:3]) + "/"

    def _get(self, url: str) -> tuple[Any, str]:
        for attempt in range(1, ATTEMPTS):
            try:
                return self._call("GET", url)
            except GitHubError as error:
                if error.pause is None or error.pause > LONGEST_PAUSE_SECONDS:
                    raise
                time.sleep(error.pause * attempt if error.ambiguous else error.pause)
        return self._call("GET", url)

    def _call(self, method: str, url: str, body: dict[str, Any] | None = None) -> tuple[Any, str]:
        self.calls += 1
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": "issue-analyzer",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - GITHUB_API_URL is the runner's own
        try:
            with _OPENER.open(request, timeout=REQUEST_SECONDS) as answer:
                return _read(answer), answer.headers.get("Link") or ""
        except urllib.error.HTTPError as error:
            with error:
                raise _refused(method, url, error) from None
        except (OSError, ValueError, EOFError) as error:
            what = f"{method} {_path(url)}: no usable answer ({type(error).__name__})"
            raise GitHubError(what, pause=FIRST_PAUSE_SECONDS) from error


class _SameOrigin(urllib.request.HTTPRedirectHandler):
    """Follow a renamed repository, but never take the token to another host."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if newurl.split("/")[:3] != req.full_url.split("/")[:3]:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_SameOrigin)


def _read(answer: Any) -> Any:
    content = answer.read(MAX_ANSWER_BYTES + 1)
    if len(content) > MAX_ANSWER_BYTES:
        raise GitHubError(f"an answer is longer than {MAX_ANSWER_BYTES} bytes", answer.status)
    return json.loads(content) if content else None


def _refused(method: str, url: str, error: urllib.error.HTTPError) -> GitHubError:
    try:
        said = str(json.loads(error.read(10_000))["message"])[:200]
    except (OSError, ValueError, KeyError, TypeError):
        said = str(error.reason)[:200]
    return GitHubError(
        f"{method} {_path(url)}: {error.code} {said}", error.code, _pause(error.code, error.headers)
    )


def _pause(status: int, headers: Any) -> float | None:
    if status >= _SERVER_ERROR:
        return FIRST_PAUSE_SECONDS
    if status not in (_FORBIDDEN, _TOO_MANY_REQUESTS):
        return None
    asked = str(headers.get("Retry-After") or "")
    if asked.isdigit():
        return float(asked)
    if headers.get("X-RateLimit-Remaining") == "0":
        reset = str(headers.get("X-RateLimit-Reset") or "")
        return max(FIRST_PAUSE_SECONDS, float(reset) - time.time()) if reset.isdigit() else None
    return LONGEST_PAUSE_SECONDS if status == _TOO_MANY_REQUESTS else None


def _path(url: str) -> str:
    return "/" + url.partition("?")[0].split("/", 3)[-1]
