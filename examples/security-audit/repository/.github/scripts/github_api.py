"""Reads of GitHub's REST API, bounded in time, size and number. It writes nothing."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

REQUEST_SECONDS = 20
ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
"""A longer wait that GitHub asks for is refused: whoever dispatched this waits better than a job."""

MAX_ANSWER_BYTES = 8 * 1024 * 1024

_TOO_MANY_REQUESTS = 429
_FORBIDDEN = 403
_SERVER_ERROR = 500


class GitHubError(Exception):
    """GitHub said no, or nothing.

    Attributes:
        status: HTTP status, or 0 where there was no answer.
        pause: seconds to wait before another try, or None where none would help.
    """

    def __init__(self, message: str, status: int = 0, pause: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.pause = pause


class GitHubApi:
    """GitHub's REST API, seen with one token.

    Attributes:
        calls: requests sent so far, repeated ones included.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self.calls = 0

    def get(self, path: str) -> Any:
        """Read the JSON at a path such as `/repos/octo-org/widgets`.

        Raises:
            GitHubError: what GitHub said at the last of three tries.
        """
        for attempt in range(1, ATTEMPTS):
            try:
                return self._call(path)
            except GitHubError as error:
                if error.pause is None or error.pause > LONGEST_PAUSE_SECONDS:
                    raise
                time.sleep(error.pause * attempt)
        return self._call(path)

    def _call(self, path: str) -> Any:
        self.calls += 1
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": "security-scanner",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        shown = path.partition("?")[0]
        request = urllib.request.Request(self._url + path, headers=headers)  # noqa: S310 - GITHUB_API_URL is the runner's own
        try:
            with _OPENER.open(request, timeout=REQUEST_SECONDS) as answer:
                return _read(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise _refused(shown, error) from None
        except (OSError, ValueError, EOFError) as error:
            what = f"GET {shown}: no usable answer ({type(error).__name__})"
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
    return json.loads(content)


def _refused(shown: str, error: urllib.error.HTTPError) -> GitHubError:
    try:
        said = str(json.loads(error.read(10_000))["message"])[:200]
    except (OSError, ValueError, KeyError, TypeError):
        said = str(error.reason)[:200]
    told = f"GET {shown}: {error.code} {said}"
    return GitHubError(told, error.code, _pause(error.code, error.headers))


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
