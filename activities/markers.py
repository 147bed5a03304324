"""Hidden marks in what Podium writes: they tell its own objects from look-alikes."""

import hashlib
import hmac
import re

from contracts.names import MARKER

_MARK = re.compile(re.escape(MARKER) + r"([a-z-]{1,40}) ([0-9a-f]{24}) ([0-9a-f]{32}) -->")


class Markers:
    """Writes and reads marks; nobody without the key can forge one."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def from_text(cls, secret: str) -> "Markers":
        """Make the key of a text, such as a setting."""
        return cls(hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest())

    def mark(self, kind: str, write_id: str) -> str:
        """Make the mark of one write, an HTML comment."""
        return f"{MARKER}{kind} {write_id} {self._sign(kind, write_id)} -->"

    def write_ids(self, text: str, kind: str = "") -> set[str]:
        """Read the ids of all genuine marks in a text, or of those of one kind."""
        return {
            found[2]
            for found in _MARK.finditer(text)
            if kind in ("", found[1])
            and hmac.compare_digest(found[3], self._sign(found[1], found[2]))
        }

    def _sign(self, kind: str, write_id: str) -> str:
        message = f"{kind} {write_id}".encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:32]
