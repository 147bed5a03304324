"""What GitHub answered, kept to be asked for again: an unchanged answer costs none of the hour.

A 304 does not count against GitHub's primary limit. GitHub's validators hold for one token, so
those of an App's installation end with its token, each hour; the next read just costs again.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

MAX_BODY_BYTES = 2 * 1024 * 1024
"""A page of a hundred long issues fits; what is larger is read anew each time."""
MAX_BYTES = 32 * 1024 * 1024
MAX_ENTRIES = 2_000
_KEPT_HEADERS = ("etag", "link")


@dataclass(frozen=True)
class Kept:
    """An answer as it was; whoever asks with its validator answers a 304 with it."""

    speaker: object
    """Held, so that its place in memory, which is part of the key, goes to nobody else."""
    headers: Mapping[str, str]
    body: bytes

    @property
    def etag(self) -> str:
        """The validator."""
        return self.headers["etag"]

    def unchanged(self, headers: Mapping[str, str]) -> tuple[Mapping[str, str], str]:
        """Give headers and text after a 304.

        `Link` can change while the page does not, as when a later page appears: what the 304 says
        of it counts. Where it says nothing, the old one leads to an empty page at worst.
        """
        return {**self.headers, **headers}, self.body.decode()


class KeptAnswers:
    """The answers used last, bounded by number and bytes; for any thread.

    One is kept for an identity and an address: nobody is answered with what another may see.
    """

    def __init__(self, max_bytes: int = MAX_BYTES, max_entries: int = MAX_ENTRIES) -> None:
        """Keep nothing yet.

        Args:
            max_bytes: of all bodies together.
            max_entries: most answers.
        """
        self._max_bytes, self._max_entries = max_bytes, max_entries
        self._entries: OrderedDict[tuple[int, str], Kept] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """What the bodies take."""
        return self._bytes

    def find(self, speaker: object, address: str) -> Kept | None:
        """Find what was answered last, or None."""
        with self._lock:
            found = self._entries.get((id(speaker), address))
            if found is not None:
                self._entries.move_to_end((id(speaker), address))
            return found

    def keep(
        self, speaker: object, address: str, headers: Mapping[str, str], text: str, size: int
    ) -> None:
        """Keep an answer in place of the one before, unless it cannot be asked for again.

        Args:
            speaker: who asked.
            address: path and parameters.
            headers: of the answer, names in lower case.
            text: the body.
            size: rows that a full page has; 0 for what is no page.
        """
        body = text.encode()
        key = (id(speaker), address)
        told = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
        good = "etag" in told and len(body) <= min(MAX_BODY_BYTES, self._max_bytes)
        with self._lock:
            old = self._entries.pop(key, None)
            self._bytes -= len(old.body) if old else 0
            if not good or _may_grow(told, text, size):
                return
            self._entries[key] = Kept(speaker, told, body)
            self._bytes += len(body)
            while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
                _, dropped = self._entries.popitem(last=False)
                self._bytes -= len(dropped.body)


def address_of(path: str, parameters: Mapping[str, Any]) -> str:
    """One text for what is asked for, whatever the order of the parameters."""
    return f"{path}?{urlencode(sorted(parameters.items()))}"


def _may_grow(headers: Mapping[str, str], text: str, size: int) -> bool:
    """Whether this is a full last page: a 304 of it does not tell that another follows now."""
    if not size or 'rel="next"' in headers.get("link", ""):
        return False
    data = json.loads(text)
    lists = data.values() if isinstance(data, dict) else [data]
    return any(len(one) >= size for one in lists if isinstance(one, list))
