"""Payloads encrypted before they leave for Temporal: AES-256-GCM, keys by id, newest first."""

import base64
import binascii
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from starter.exits import CliError

ENCRYPTION_KEYS = "PODIUM_ENCRYPTION_KEYS"
ENCODING = b"binary/encrypted"
KEY_ID = "encryption-key-id"
"""In a payload's metadata: which key decrypts it."""

_KEY_BYTES = 32
_NONCE_BYTES = 12
_MAX_KEYS = 100
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class UnreadablePayloadError(Exception):
    """An encrypted payload whose key is not here, or that was changed on its way."""


class AesGcmCodec(PayloadCodec):
    """Encrypts with the first key, decrypts with each.

    What is not encrypted passes as it is: histories from before the first key stay readable, and
    people may go on sending signals without a key.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Make it.

        Args:
            keys: 32 bytes by id, the newest first; at least one.
        """
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._newest = next(iter(keys))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt; what is encrypted already stays so."""
        return [one if _is_encrypted(one) else self._encrypt(one) for one in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what is encrypted.

        Raises:
            UnreadablePayloadError: with the id of the key that is missing or does not fit.
        """
        return [self._decrypt(one) if _is_encrypted(one) else one for one in payloads]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(_NONCE_BYTES)
        name = self._newest.encode()
        sealed = self._ciphers[self._newest].encrypt(nonce, payload.SerializeToString(), name)
        return Payload(metadata={"encoding": ENCODING, KEY_ID: name}, data=nonce + sealed)

    def _decrypt(self, payload: Payload) -> Payload:
        name = payload.metadata.get(KEY_ID, b"").decode(errors="replace")[:64]
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise UnreadablePayloadError(f"no key {name!r} in {ENCRYPTION_KEYS}")
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, name.encode()))
        except (InvalidTag, DecodeError, ValueError) as error:
            raise UnreadablePayloadError(f"not encrypted with the key {name!r} here") from error


def codec_from(environment: Mapping[str, str]) -> AesGcmCodec | None:
    """Read the keys of `PODIUM_ENCRYPTION_KEYS`, as `2026-11=FILE,2026-05=FILE`; None without.

    Raises:
        CliError: a setting or a file that is wrong; nothing of a key is told.
    """
    named = environment.get(ENCRYPTION_KEYS)
    if not named:
        return None
    keys: dict[str, bytes] = {}
    for part in named.split(",")[: _MAX_KEYS + 1]:
        name, _, file = part.strip().partition("=")
        if not _ID.fullmatch(name) or not file or name in keys or len(keys) == _MAX_KEYS:
            raise CliError(
                f"{ENCRYPTION_KEYS}: write ID=FILE,ID=FILE with the newest key first, each id once, "
                f"of letters, digits and . _ - (at most {_MAX_KEYS})"
            )
        keys[name] = _key(Path(file))
    return AesGcmCodec(keys)


def _key(file: Path) -> bytes:
    try:
        key = base64.b64decode(file.read_bytes().strip(), validate=True)
    except OSError as error:
        raise CliError(f"{ENCRYPTION_KEYS}: {file}: cannot be read: {error.strerror}") from None
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise CliError(
            f"{ENCRYPTION_KEYS}: {file}: no key of {_KEY_BYTES} bytes in base64; make one by: "
            f"openssl rand -base64 {_KEY_BYTES}"
        )
    return key


def _is_encrypted(payload: Payload) -> bool:
    return payload.metadata.get("encoding") == ENCODING
