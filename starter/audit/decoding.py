"""Payloads of a history as values, hashes and links; what cannot be read is told, never guessed."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client
from temporalio.exceptions import FailureError

from contracts.base import clip
from starter.audit.chain import Record, canonical

MAX_VALUE = 4_096
"""Bytes of a payload that are shown whole; of a larger one there is the hash."""
_MAX_LINKS = 50
_LINKS = frozenset({"url", "html_url", "issue_url", "pull_request_url"})
_MAX_FAILURE = 1_000
_MAX_CAUSES = 5


class Decoder:
    """Reads payloads as the client does: by its converter, and its codec where it has one."""

    def __init__(self, client: Client) -> None:
        self._converter = client.data_converter

    async def values(self, payloads: Sequence[Payload]) -> tuple[list[Any], str]:
        """Decode; the text says why nothing could be decoded."""
        try:
            return await self._converter.decode(payloads), ""
        except Exception as error:  # noqa: BLE001 - a key that is not here, or what anybody sent
            return [], clip(str(error) or type(error).__name__, 200)

    async def hashed(self, name: str, payloads: Sequence[Payload]) -> Record:
        """Make `<name>_sha256`: over the JSON of the value, or of all where there are several."""
        values, why = await self.values(payloads)
        return _hashed(name, values, why)

    async def shown(self, name: str, payloads: Sequence[Payload]) -> Record:
        """Make the hash, and the value itself where it is short."""
        values, why = await self.values(payloads)
        made = _hashed(name, values, why)
        if values and f"{name}_sha256" in made and len(canonical(_one(values))) <= MAX_VALUE:
            made[name] = _one(values)
        return made

    async def failed(self, failure: Failure) -> str:
        """Say what failed, causes included."""
        copy = Failure()
        copy.CopyFrom(failure)
        try:
            error: BaseException | None = await self._converter.decode_failure(copy)
        except Exception as unread:  # noqa: BLE001 - same
            return clip(f"cannot be read: {unread}", _MAX_FAILURE)
        told: list[str] = []
        while error is not None and len(told) < _MAX_CAUSES:
            told.append(error.message if isinstance(error, FailureError) else str(error))
            error = error.__cause__
        return clip(": ".join(told), _MAX_FAILURE)


def links(value: Any) -> list[str]:
    """Find the pages that a result names, without repetition."""
    return list(dict.fromkeys(_links(value, 0)))[:_MAX_LINKS]


def _links(value: Any, depth: int) -> Iterator[str]:
    if depth > 20:  # noqa: PLR2004 - deeper than anything of ours
        return
    if isinstance(value, dict):
        for key, one in value.items():
            if key in _LINKS and isinstance(one, str) and one:
                yield clip(one, 500)
            else:
                yield from _links(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _links(one, depth + 1)


def _hashed(name: str, values: list[Any], why: str) -> Record:
    if why:
        return {f"{name}_unreadable": why}
    if not values:
        return {}
    try:
        return {f"{name}_sha256": hashlib.sha256(canonical(_one(values))).hexdigest()}
    except (ValueError, TypeError, RecursionError) as error:  # bytes, NaN
        return {f"{name}_unreadable": clip(str(error), 200)}


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
