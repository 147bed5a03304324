"""Reading one repository through GitHub's REST API, bounded in time, size and number."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.error
import urllib.request
from typing import Any

from health_worker import Stop, one_line

REQUEST_SECONDS = 20
ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60.0
"""A longer wait that GitHub asks for is refused: an orchestrator waits better than a job."""

MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_PAGES = 10
PAGE_SIZE = 100
REPORT_LABEL = "podium-report"
HIDDEN_MARK = "<!-- podium:"
MAINTAINERS = ("OWNER", "MEMBER", "COLLABORATOR")

_NEXT = re.compile(r'<([^>]{1,2000})>;\s*rel="next"')
_SERVER_ERROR = 500


class Repository:
    """One repository, seen with the job's token.

    Attributes:
        calls: requests sent so far.
        gaps: lists of which only the first part was read.
    """

    def __init__(self) -> None:
        token = os.environ.get("GITHUB_TOKEN", "")
        name = os.environ.get("GITHUB_REPOSITORY", "")
        if not token or name.count("/") != 1:
            raise Stop("bad-environment", "set GITHUB_TOKEN and GITHUB_REPOSITORY")
        api = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
        self._base = f"{api.rstrip('/')}/repos/{name}"
        self._token = token
        self.calls = 0
        self.gaps: list[str] = []

    def issues(self, query: str = "state=open") -> list[dict[str, Any]]:
        """Read issues, newest first, without pull requests and without Podium's own reports."""
        found = self.listed(f"/issues?{query}")
        return [one for one in found if "pull_request" not in one and not _is_report(one)]

    def listed(self, path: str) -> list[dict[str, Any]]:
        """Read a list, at most its first thousand entries; what is left out is a gap.

        Raises:
            Stop: GitHub does not give it.
        """
        found: list[dict[str, Any]] = []
        url = f"{self._base}{path}{'&' if '?' in path else '?'}per_page={PAGE_SIZE}"
        for _ in range(MAX_PAGES):
            page, link = self._get(url)
            found += page
            following = _NEXT.search(link)
            if following is None:
                return found
            url = following.group(1)
            # The token goes along, so only to where it went before.
            if url.split("/")[:3] != self._base.split("/")[:3]:
                break
        self.gaps.append(f"of {path.partition('?')[0]} only {len(found)} entries were read")
        return found

    def one(self, path: str) -> dict[str, Any]:
        """Read one thing.

        Raises:
            Stop: GitHub does not give it.
        """
        return dict(self._get(f"{self._base}{path}")[0])

    def _get(self, url: str) -> tuple[Any, str]:
        for attempt in range(1, ATTEMPTS + 1):
            self.calls += 1
            try:
                return self._once(url)
            except urllib.error.HTTPError as error:
                with error:
                    pause, said = _pause(error), _said(error)
                last = f"{error.code} {said}"
            except (OSError, ValueError, EOFError) as error:
                pause, last = FIRST_PAUSE_SECONDS, f"no usable answer ({type(error).__name__})"
            if pause is None or pause > LONGEST_PAUSE_SECONDS or attempt == ATTEMPTS:
                break
            time.sleep(pause * attempt)
        path = "/" + url.partition("?")[0].split("/", 3)[-1]
        raise Stop("github", f"GET {path}: {last}")

    def _once(self, url: str) -> tuple[Any, str]:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": "repository-health",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the runner's own
        with _OPENER.open(request, timeout=REQUEST_SECONDS) as answer:
            content = answer.read(MAX_ANSWER_BYTES + 1)
            if len(content) > MAX_ANSWER_BYTES:
                raise ValueError("the answer is too long")
            return json.loads(content), answer.headers.get("Link") or ""


class _SameOrigin(urllib.request.HTTPRedirectHandler):
    """Follow a renamed repository, but never take the token to another host."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if newurl.split("/")[:3] != req.full_url.split("/")[:3]:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_SameOrigin)


def names(labels: object) -> list[str]:
    """Read the names of an entry's labels."""
    entries = labels if isinstance(labels, list) else []
    return [str(one.get("name") or "") if isinstance(one, dict) else str(one) for one in entries]


def login(entry: dict[str, Any]) -> str:
    """Read who wrote something."""
    return str((entry.get("user") or {}).get("login") or "ghost")


def is_person(entry: dict[str, Any]) -> bool:
    """Tell whether a person, and no bot, wrote something."""
    return str((entry.get("user") or {}).get("type") or "User") == "User"


def _is_report(issue: dict[str, Any]) -> bool:
    marked = not is_person(issue) and HIDDEN_MARK in (issue.get("body") or "")
    return marked or REPORT_LABEL in names(issue.get("labels"))


def _said(error: urllib.error.HTTPError) -> str:
    try:
        return one_line(json.loads(error.read(10_000))["message"], 200)
    except (OSError, ValueError, KeyError, TypeError):
        return one_line(error.reason, 200)


def _pause(error: urllib.error.HTTPError) -> float | None:
    if error.code >= _SERVER_ERROR:
        return FIRST_PAUSE_SECONDS
    asked = str(error.headers.get("Retry-After") or "")
    if error.code in (403, 429) and asked.isdigit():
        return float(asked)
    return None
