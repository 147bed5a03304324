#!/usr/bin/env python3
"""Check the links of one markdown page: files in this repository, and pages of one web site.

Inputs are environment variables, as the workflow file sets them: PAGE, SITE_URL, PUBLISHED_AS,
DISPATCH_ID.

A broken link is a finding. A site that does not answer is a failure, and says nothing of its links.

Exit codes: 0 for success, 1 for failure. Needs Python 3.9 or later and nothing else.
"""

from __future__ import annotations

import re
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from job_result import Done, Stop, given, one_line, run

WORKER = "link-checker"
PAGE = r"[\w.-]+(/[\w.-]+){0,9}\.md"
MAX_LINKS = 200
MAX_PAGE_CHARACTERS = 500_000
LINK_LIMIT = 200
REQUEST_SECONDS = 10
ATTEMPTS = 2
PAUSE_SECONDS = 1.0

_LINK = re.compile(r"\[[^\]\n]{0,500}\]\(([^)\s]{1,2000})\)")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_SAFE = "/%?&=:+,;@~!$'()*"
_GONE = frozenset({404, 410})
_SERVER_ERROR = 500


def main() -> int:
    """Run the worker."""
    return run(WORKER, work)


def work() -> Done:
    """Check one page.

    Raises:
        Stop: an input is wrong, or the site is down.
    """
    page, root = given("PAGE", PAGE), Path.cwd().resolve()
    path = (root / page).resolve()
    if not path.is_file() or not path.is_relative_to(root):
        raise Stop("no-page", f"there is no page {page} in this repository")
    site = Site(given("SITE_URL"), given("PUBLISHED_AS"))
    text = path.read_text(encoding="utf-8", errors="replace")[:MAX_PAGE_CHARACTERS]
    found = list(dict.fromkeys(_LINK.findall(_FENCE.sub("", text))))
    broken: list[dict[str, str]] = []
    checked = 0
    for link in found[:MAX_LINKS]:
        reason = _reason(link, path, root, site)
        checked += reason is not None
        if reason:
            broken.append({"link": one_line(link, LINK_LIMIT), "reason": reason})
    outputs: dict[str, Any] = {
        "page": page,
        "checked": checked,
        "elsewhere": len(found) - checked,
        "broken": broken,
    }
    return Done(f"{page}: {len(broken)} of {checked} links are broken", outputs)


def _reason(link: str, page: Path, root: Path, site: Site) -> str | None:
    """Say why a link is broken: '' where it is not, None where it leads elsewhere."""
    if site.holds(link):
        return site.reason(link)
    if link.startswith(("#", "//")) or _SCHEME.match(link):
        return None
    try:
        target = (page.parent / unquote(link.partition("#")[0])).resolve()
        there = target.is_relative_to(root) and target.exists()
    except (OSError, ValueError):  # too long, or with a character that no name may have
        there = False
    return "" if there else "no such file"


class Site:
    """The one web site whose pages are looked at."""

    def __init__(self, url: str, published_as: str = "") -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise Stop("bad-input", "site_url must be the http or https address of a site")
        self._base = url.rstrip("/") + "/"
        # How pages name the site, where it is looked at under another address.
        self._named = f"{published_as.rstrip('/')}/" if published_as else self._base
        self._opener = urllib.request.build_opener(_NoRedirect)

    def holds(self, link: str) -> bool:
        """Whether a link leads to this site."""
        return link.startswith(self._named) or (link[:1] == "/" and link[:2] != "//")

    def reason(self, link: str) -> str:
        """Say why a page of the site cannot be read; '' where it can.

        Raises:
            Stop: the site is down.
        """
        path = link.removeprefix(self._named).lstrip("/").partition("#")[0]
        url = self._base + quote(path, safe=_SAFE)
        said = ""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                status = self._status(url)
            except OSError as error:
                said = f"no answer ({type(error).__name__})"
            else:
                if status < _SERVER_ERROR:
                    return str(status) if status in _GONE else ""
                said = str(status)
            if attempt < ATTEMPTS:
                time.sleep(PAUSE_SECONDS)
        raise Stop("site-down", f"{one_line(url, LINK_LIMIT)}: {said}")

    def _status(self, url: str) -> int:
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            url, headers={"User-Agent": "link-checker"}, method="HEAD"
        )
        try:
            with self._opener.open(request, timeout=REQUEST_SECONDS) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A page that has moved is there; where to, is not this worker's to follow."""

    def redirect_request(self, *_: Any) -> None:
        return None


if __name__ == "__main__":
    sys.exit(main())
