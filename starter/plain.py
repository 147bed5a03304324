"""What of YAML and JSON as read is plain: texts, numbers, booleans, nothing, lists, objects."""

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

from contracts.problems import MAX_PROBLEMS, Problem

_QUOTE = 'put "quotes" around it to make it a text'


def not_plain(value: Any) -> list[Problem]:
    """List what no JSON can carry, such as a date that YAML made of `2026-11-24`."""
    return list(islice(_look(value, "", set(), set()), MAX_PROBLEMS))


def is_text(value: str) -> bool:
    """Whether it can be written as UTF-8: halves of characters cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _look(value: Any, path: str, above: set[int], seen: set[int]) -> Iterator[Problem]:
    if not isinstance(value, list | dict):
        if message := _scalar(value):
            yield Problem(path=path, message=message)
    elif id(value) in above:
        yield Problem(path=path, message="an alias to what holds it; write it out")
    elif id(value) not in seen:  # aliases may multiply beyond all bounds
        seen.add(id(value))
        if isinstance(value, dict):
            yield from _keys(value, path)
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in pairs:
            below = f"{path}.{key}" if path else str(key)
            yield from _look(one, below, above | {id(value)}, seen)


def _keys(value: dict[Any, Any], path: str) -> Iterator[Problem]:
    for key in value:
        if not isinstance(key, str):
            at = f"{path}.{key}" if path else str(key)
            yield Problem(path=at, message=f"a key that is no text; {_QUOTE}")
        elif message := _scalar(key):
            yield Problem(path=path, message=f"a key has {message}")


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return "" if is_text(value) else "half a character (U+D800 to U+DFFF); write it whole"
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"{value} is no number that JSON has"
    if value is None or isinstance(value, bool | int):
        return ""
    return f"a {type(value).__name__}, which JSON does not have; {_QUOTE}"
