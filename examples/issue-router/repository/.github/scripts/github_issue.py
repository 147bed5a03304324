"""One call of GitHub's REST API: read an issue. Bounded in time, size and number of tries."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

REQUEST_SECONDS = 20
ATTEMPTS = 3
PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
MAX_ANSWER_BYTES = 1024 * 1024

_RETRIED = frozenset({403, 429, 500, 502, 503, 504})


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


def read_issue(api_url: str, repository: str, number: int, token: str) -> dict[str, Any]:
    """Read an issue or a pull request.

    Raises:
        GitHubError: status 404 or 410 where there is none.
    """
    path = f"/repos/{repository}/issues/{number}"
    for attempt in range(1, ATTEMPTS):
        try:
            return _get(api_url, path, token)
        except GitHubError as error:
            if error.pause is None or error.pause > LONGEST_PAUSE_SECONDS:
                raise
            time.sleep(error.pause * attempt)
    return _get(api_url, path, token)


def _get(api_url: str, path: str, token: str) -> dict[str, Any]:
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "User-Agent": "issue-router",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    request = urllib.request.Request(api_url.rstrip("/") + path, headers=headers)  # noqa: S310 - GITHUB_API_URL is the runner's own
    try:
        with _OPENER.open(request, timeout=REQUEST_SECONDS) as answer:
            content = answer.read(MAX_ANSWER_BYTES + 1)
            return dict(json.loads(content[: MAX_ANSWER_BYTES + 1]))
    except urllib.error.HTTPError as error:
        with error:
            raise GitHubError(
                f"GET {path}: {error.code}", error.code, _pause(error.code, error.headers)
            ) from None
    except (OSError, ValueError, TypeError, EOFError) as error:
        what = f"GET {path}: no usable answer ({type(error).__name__})"
        raise GitHubError(what, pause=PAUSE_SECONDS) from error


class _SameOrigin(urllib.request.HTTPRedirectHandler):
    """Follow a renamed repository, but never take the token to another host."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if newurl.split("/")[:3] != req.full_url.split("/")[:3]:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_SameOrigin)


def _pause(status: int, headers: Any) -> float | None:
    if status not in _RETRIED:
        return None
    asked = str(headers.get("Retry-After") or "")
    if asked.isdigit():
        return float(asked)
    limited = headers.get("X-RateLimit-Remaining") == "0"
    if limited or status == 403:  # noqa: PLR2004 - without a hint, waiting here does not help
        return None
    return PAUSE_SECONDS
