"""The place that is deployed to, over HTTP: bounded in time, size and tries."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from deployment_result import Stop, one_line

REQUEST_SECONDS = 15
ATTEMPTS = 4
PAUSE_SECONDS = 0.5
MAX_ANSWER_BYTES = 2 * 1024 * 1024
_SERVER_ERROR = 500
NONE = "none"
"""In outputs: no release at all, where an empty text would mean that nothing is known."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A target that moved is an error: the token must not go along."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def checked_url(variable: str) -> str:
    """Read a URL from the environment, without a slash at the end.

    Raises:
        Stop: it is no plain http or https URL.
    """
    url = os.environ.get(variable, "").strip().rstrip("/")
    try:
        parts = urlsplit(url)
        plain = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        plain = False
    if not plain or parts.query or parts.fragment or url != "".join(url.split()):
        raise Stop("bad-input", f"{variable.lower()}: {url[:80]!r} is no plain http(s) URL")
    return url


def fetch(
    url: str, method: str = "GET", body: dict[str, Any] | None = None, token: str = ""
) -> tuple[int, str]:
    """Send one request, again where there was no answer: all of them may be repeated.

    Returns:
        Status and text.

    Raises:
        Stop: nobody answered.
    """
    for attempt in range(1, ATTEMPTS):
        status, text = _once(url, method, body, token)
        if 0 < status < _SERVER_ERROR:
            return status, text
        time.sleep(PAUSE_SECONDS * attempt)
    status, text = _once(url, method, body, token)
    if status == 0:
        raise Stop("no-answer", f"{method} {url}: {text}")
    return status, text


def _once(url: str, method: str, body: dict[str, Any] | None, token: str) -> tuple[int, str]:
    headers = {"User-Agent": "tea-house-deployment"}
    headers.update({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - checked_url
    try:
        with _OPENER.open(request, timeout=REQUEST_SECONDS) as answer:
            return answer.status, _text(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _text(error)
    except (OSError, ValueError, EOFError) as error:
        return 0, one_line(f"no usable answer ({type(error).__name__}: {error})", 200)


def _text(answer: Any) -> str:
    content: bytes = answer.read(MAX_ANSWER_BYTES + 1)
    if len(content) > MAX_ANSWER_BYTES:
        raise ValueError("the answer is too long")
    return content.decode("utf-8", "replace")


class Place:
    """One environment of the target, for who may write to it."""

    def __init__(self, environment: str) -> None:
        self.environment = environment
        base = checked_url("TARGET_URL")
        self.url = f"{base}/{environment}"
        """Where its pages are."""
        self._api = f"{base}/api/{environment}"
        self._token = os.environ.get("TARGET_TOKEN", "")
        # Whoever may start the worker chooses the URL, and must not be sent the token by it.
        if self._token and base != os.environ.get("TARGET_TRUSTED", "").strip().rstrip("/"):
            raise Stop("untrusted", "the token goes only to the URL in the variable TARGET_URL")

    def state(self) -> tuple[str | None, str | None]:
        """Read the version that is live, and the one before."""
        return self._ask("GET", "")

    def keep(self, version: str, files: dict[str, str]) -> None:
        """Bring a release there, not live yet."""
        self._ask("PUT", f"/releases/{version}", {"files": files})

    def switch(
        self, version: str | None, expect: str | None, *, restore: bool = False
    ) -> tuple[str | None, str | None]:
        """Make a release live if `expect` is live now; again does nothing."""
        body = {"version": version, "expect": expect, "restore": restore}
        return self._ask("PUT", "/current", body)

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[str | None, str | None]:
        status, text = fetch(f"{self._api}{path}", method, body, self._token)
        try:
            said = json.loads(text)
            if status in (200, 201):
                return _version(said["current"]), _version(said["previous"])
            message = said["message"]
        except (ValueError, KeyError, TypeError):
            message = "an answer that is not understood"
        code = "conflict" if status == 409 else "target"  # noqa: PLR2004 - HTTP's own
        raise Stop(code, f"{self.environment}: {status} {one_line(message, 200)}")


def _version(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("no version")
    return value
