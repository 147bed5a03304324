"""Issues that somebody exported: what `gh api` prints, in each of the shapes that it has.

`gh api repos/O/N/issues --paginate` prints one array per page, newer versions one for all;
`--slurp` wraps the pages into one array; `--jq '.[]'` prints one object after the other.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from starter.exits import CliError

MAX_EXPORT_BYTES = 256 * 1024 * 1024

_SPACE = re.compile(r"\s*")
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
_MAX_NUMBER = 2**31 - 1


class IssueExportError(CliError):
    """An export that cannot be used; the message names the file, the place and the fix."""


def read_issues(path: Path) -> list[dict[str, Any]]:
    """Read an export: each issue once, pull requests included, as GitHub lists them.

    A number that occurs again (issues move between pages while they are read) counts as it was
    read last.

    Raises:
        IssueExportError: no such file, no JSON, or an entry that is no issue.
    """
    text = _read(path)
    found: dict[int, dict[str, Any]] = {}
    try:
        for place, entry in _entries(path, text):
            issue = _checked(path, place, entry)
            found[issue["number"]] = issue
    except RecursionError as error:
        raise IssueExportError(f"{path}: nested too deeply to be issues") from error
    return list(found.values())


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_EXPORT_BYTES:
            raise IssueExportError(f"{path}: larger than {MAX_EXPORT_BYTES} bytes; export less")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise IssueExportError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise IssueExportError(
            f"{path}: byte {error.start} is no UTF-8; export again as UTF-8"
        ) from error


def _entries(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    """Yield each entry and its place, such as `[3]`, counted from 0 through all arrays."""
    position = 0
    for value in _values(path, text):
        for entry in _flat(value):
            yield f"[{position}]", entry
            position += 1


def _values(path: Path, text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    at = _after_space(text, 0)
    if at == len(text):
        raise IssueExportError(f"{path}:1: empty; export with `gh api repos/OWNER/NAME/issues`")
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise IssueExportError(
                f"{path}:{error.lineno}:{error.colno}: no JSON: {error.msg}; export again"
            ) from error
        except ValueError as error:  # a number of thousands of digits
            raise IssueExportError(f"{path}: no JSON: {error}") from error
        yield value
        at = _after_space(text, at)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _flat(value: Any) -> Iterator[Any]:
    if not isinstance(value, list):
        yield value
        return
    for entry in value:
        yield from _flat(entry)


def _checked(path: Path, place: str, entry: Any) -> dict[str, Any]:
    """Check an entry, and keep of it what an issue consists of."""
    if not isinstance(entry, dict):
        raise IssueExportError(f"{path}: {place}: {_short(entry)} is no issue, which is an object")
    for key, (holds, wanted) in _SHAPES.items():
        if not holds(entry.get(key)):
            raise IssueExportError(f"{path}: {place}.{key}: {_found(entry, key)}; {wanted}")
    issue: dict[str, Any] = _clean({key: entry[key] for key in _SHAPES if key in entry})
    return issue


def _is_number(value: Any) -> bool:
    return type(value) is int and 1 <= value <= _MAX_NUMBER


def _is_title(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_text(value: Any) -> bool:
    return isinstance(value, str | None)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict | None)


def _is_labels(value: Any) -> bool:
    if not isinstance(value, list):
        return value is None
    return all(isinstance(e.get("name") if isinstance(e, dict) else e, str) for e in value)


def _is_time(value: Any) -> bool:
    if value is None:
        return True
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


_TIME = (_is_time, "a time is written 2026-11-24T04:12:00Z")
_TEXT = (_is_text, "it is a text or null")
_OBJECT = (_is_object, "it is an object or null")
_SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "number": (_is_number, "every issue has a number from 1"),
    "title": (_is_title, "every issue has a title"),
    "body": _TEXT,
    "state": _TEXT,
    "state_reason": _TEXT,
    "user": _OBJECT,
    "labels": (_is_labels, "labels are a list of names or of objects with a name"),
    "author_association": _TEXT,
    "pull_request": _OBJECT,
    "created_at": _TIME,
    "updated_at": _TIME,
    "closed_at": _TIME,
}


def _found(entry: dict[str, Any], key: str) -> str:
    return f"it is {_short(entry[key])}" if key in entry else "missing"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004 - a line's worth


def _clean(value: Any) -> Any:
    """Replace halves of characters, which JSON can write and UTF-8 cannot."""
    if isinstance(value, str):
        return _LONE_SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(one) for key, one in value.items()}
    return value
