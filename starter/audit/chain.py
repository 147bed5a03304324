"""Lines that hang together: each has the hash of the one before, and the last seals them all.

A line is one JSON object, written in exactly one way: keys in order, no spaces. `hash` is the SHA-256
of the line without it, and `prev` the hash of the line before. The last line, `end`, has the count, and
a signature where there is a key. Its hash is the head: whoever kept it knows this file from all others.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FORMAT = "podium-audit/v1"
END = "end"
MAX_LINE = 1024 * 1024
"""Bytes; longer lines are none of ours."""
_START = "0" * 64

Record = dict[str, Any]


class BrokenChainError(Exception):
    """A file that is not as it was written; the message says from which line on."""


class Sealer:
    """Writes lines, each chained to the one before."""

    def __init__(self, write: Callable[[bytes], object], key: Ed25519PrivateKey | None) -> None:
        self._write, self._key = write, key
        self._lines, self.head = 0, _START

    def add(self, record: Record) -> None:
        """Write one line; a record's own `seq`, `prev` and `hash` would be overwritten."""
        line = {**record, "seq": self._lines, "prev": self.head}
        self.head = _hash(line)
        self._lines += 1
        self._write(canonical({**line, "hash": self.head}) + b"\n")

    def end(self) -> str:
        """Seal the file; returns the head."""
        seal: Record = {"kind": END, "lines": self._lines + 1}
        if self._key is not None:
            seal["key"] = fingerprint(self._key.public_key())
            seal["signature"] = base64.b64encode(self._key.sign(_signed(self.head))).decode()
        self.add(seal)
        return self.head


@dataclass(frozen=True)
class Verified:
    """A file whose lines hang together."""

    head: str
    lines: int
    signed_by: str
    """Fingerprint of the key that the file names; empty where it is not signed."""
    about: Record
    """The first line."""
    last: Record
    """The line before the end."""


def verify(file: IO[bytes], key: Ed25519PublicKey | None) -> Verified:
    """Read a file once, line by line, and hold each against the one before.

    Args:
        file: as exported.
        key: who must have signed it, or nothing where that is not asked.

    Raises:
        BrokenChainError: a line was changed, removed, added or moved, or the signature is not the key's.
    """
    head, count = _START, 0
    about: Record = {}
    before: Record = {}
    seal: Record | None = None
    for number, raw in enumerate(_lines(file), start=1):
        if seal is not None:
            raise BrokenChainError(f"line {number}: the file goes on after its end")
        line = _parsed(raw, number)
        if line.get("seq") != count or line.get("prev") != head:
            raise BrokenChainError(f"line {number}: does not follow the line before it")
        if line.get("kind") == END:
            seal = line
            _check_seal(seal, head, count, key)
        else:
            before = line
        about = about or line
        head, count = line["hash"], count + 1
    if seal is None:
        raise BrokenChainError(f"line {count + 1}: the end is missing")
    if about.get("format") != FORMAT:
        raise BrokenChainError(f"line 1: no {FORMAT}")
    return Verified(head, count, str(seal.get("key", "")), about, before)


def canonical(value: Any) -> bytes:
    """Write JSON in the one way that hashes are made over."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode("utf-8", "surrogatepass")


def fingerprint(key: Ed25519PublicKey) -> str:
    """Name a public key: `ed25519:` and the SHA-256 of its 32 bytes."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"ed25519:{hashlib.sha256(raw).hexdigest()}"


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while raw := file.readline(MAX_LINE + 1):
        yield raw


def _parsed(raw: bytes, number: int) -> Record:
    """Read a line that could have been written by a `Sealer`, and its own hash with it."""
    changed = BrokenChainError(f"line {number}: is not as it was written")
    if len(raw) > MAX_LINE or not raw.endswith(b"\n"):
        raise changed
    try:
        line = json.loads(raw)
        same = isinstance(line, dict) and canonical(line) + b"\n" == raw
    except (ValueError, RecursionError):
        raise changed from None
    if not same or line.get("hash") != _hash({k: v for k, v in line.items() if k != "hash"}):
        raise changed
    return dict(line)


def _check_seal(seal: Record, head: str, count: int, key: Ed25519PublicKey | None) -> None:
    if seal.get("lines") != count + 1:
        raise BrokenChainError(f"line {count + 1}: the end counts {seal.get('lines')} lines")
    if key is None:
        return
    try:
        key.verify(base64.b64decode(str(seal.get("signature", "")), validate=True), _signed(head))
    except (InvalidSignature, binascii.Error, ValueError):
        told = "is signed by another key" if seal.get("key") else "is not signed"
        raise BrokenChainError(f"line {count + 1}: the file {told}") from None


def _signed(head: str) -> bytes:
    return f"{FORMAT}\n{head}".encode()


def _hash(line: Record) -> str:
    return hashlib.sha256(canonical(line)).hexdigest()
