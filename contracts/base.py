"""The two kinds of model: what people write, and what machines send."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

KIB = 1024

MAX_TEXT = 1_000
"""Longest free text (characters) kept of one reason, summary or message."""

MAX_DURATION = timedelta(days=3_650)
"""Longest duration that people may write; clocks can be added to it without overflow."""

_MAX_DURATION_TEXT = 100
_MAX_ID_BYTES = 1_000
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def kebab(name: str) -> str:
    """Spell a field as people write it: `max_parallel` is `max-parallel`."""
    return name.replace("_", "-")


class Written(BaseModel):
    """What people write: an unknown key is a mistake, and is refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=kebab,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Sent(BaseModel):
    """What machines send: newer writers may add keys, which are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def parse_duration(value: Any) -> Any:
    """Read `90s`, `20m`, `1h30m`, `6h`, `2d`; other values pass to pydantic unchanged.

    Raises:
        ValueError: text that is no such duration.
    """
    if isinstance(value, timedelta) or not isinstance(value, str):
        return value
    if value.startswith("P"):  # ISO 8601, as pydantic itself writes durations
        return value
    # Longer ones are not even looked at: the pattern takes quadratic time over digits.
    parts = _DURATION.findall(value) if len(value) <= _MAX_DURATION_TEXT else []
    if not parts or "".join(n + u for n, u in parts) != value.strip():
        shown = clip(value, _MAX_DURATION_TEXT)
        raise ValueError(f"{shown!r} is no duration: write for example 90s, 20m, 1h30m or 2d")
    try:
        return timedelta(seconds=sum(float(n) * _UNIT_SECONDS[u] for n, u in parts))
    except OverflowError:
        raise ValueError(f"{value!r} is too long a duration: {_AT_MOST}") from None


def bounded(value: timedelta) -> timedelta:
    """Refuse what no clock can be moved by.

    Raises:
        ValueError: below zero, or more than `MAX_DURATION`.
    """
    if not timedelta(0) <= value <= MAX_DURATION:
        raise ValueError(f"{value} is no duration that can be waited for: {_AT_MOST}")
    return value


def format_duration(value: timedelta) -> str:
    """Write a duration in the words of `parse_duration`, as `1h30m`; zero is `0s`."""
    left, words = value.total_seconds(), ""
    for unit in ("d", "h", "m"):
        count, left = divmod(left, _UNIT_SECONDS[unit])
        words += f"{count:.0f}{unit}" if count else ""
    return words + (f"{left:g}s" if left or not words else "")


_AT_MOST = f"from 0s to {format_duration(MAX_DURATION)}"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration, json_schema_input_type=str),
    AfterValidator(bounded),
    PlainSerializer(format_duration, return_type=str),
]


def clip(text: str, limit: int = MAX_TEXT) -> str:
    """Cut text to `limit` characters, and show by an ellipsis that it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _an_id(value: str) -> str:
    """Refuse what Temporal takes for no workflow id.

    Raises:
        ValueError: nothing, or more than 1,000 bytes.
    """
    if not 0 < len(value.encode()) <= _MAX_ID_BYTES:
        raise ValueError(f"a workflow id has 1 to {_MAX_ID_BYTES} bytes")
    return value


WorkflowId = Annotated[str, AfterValidator(_an_id)]
"""Of an execution that is signalled: a workflow task that names another one fails for ever."""

Clipped = Annotated[
    str, BeforeValidator(lambda text: clip(text) if isinstance(text, str) else text)
]
"""Text that is cut to `MAX_TEXT` rather than refused: whoever says more must not stop the rest."""


_MARKUP = re.compile(r"[\x00-\x1f\x7f\[\]()<>`*_#|!\\~]+")


def plain(text: str, limit: int = MAX_TEXT) -> str:
    """Take the markup out of untrusted text, for lines that a page would render as markdown."""
    return clip(" ".join(_MARKUP.sub(" ", text).split()), limit)
