"""The service that keeps what was done: `PUT /effects/<key>`, once in effect however often sent."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, urlsplit

from job_result import Stop

REQUEST_SECONDS = 15
ATTEMPTS = 3
PAUSE_SECONDS = 1.0
_CREATED = 201
_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429


class EffectsError(Exception):
    """The service cannot be used now; nothing is wrong with the item."""


class Effects:
    """One service."""

    def __init__(self, url: str) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise Stop("bad-input", "target_url must be the http or https address of a service")
        self._base = url.rstrip("/")
        # A proxy of the environment is for other hosts; redirects are not followed.
        self._opener = urllib.request.build_opener(_NoRedirect)

    def put(self, key: str, effect: dict[str, Any]) -> bool:
        """Record an effect; sending it again changes nothing, so a lost answer is no matter.

        Returns:
            Whether it is new.

        Raises:
            EffectsError: there was no good answer after several tries.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._put(key, effect)
            except urllib.error.HTTPError as error:
                with error:
                    passing = error.code >= _SERVER_ERROR or error.code == _TOO_MANY_REQUESTS
                    said = f"PUT /effects/{key}: {error.code}"
                if not passing or attempt == ATTEMPTS:
                    raise EffectsError(said) from None
            except OSError as error:
                if attempt == ATTEMPTS:
                    raise EffectsError(f"PUT /effects/{key}: no answer ({error})") from error
            time.sleep(PAUSE_SECONDS * attempt)
        raise AssertionError("the last try returns or raises")

    def _put(self, key: str, effect: dict[str, Any]) -> bool:
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            f"{self._base}/effects/{quote(key, safe='')}",
            json.dumps(effect, sort_keys=True).encode(),
            {"Content-Type": "application/json", "User-Agent": "batch-processor"},
            method="PUT",
        )
        with self._opener.open(request, timeout=REQUEST_SECONDS) as answer:
            answer.read(10_000)
            return bool(answer.status == _CREATED)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
