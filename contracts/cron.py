"""When a schedule comes: words such as `weekly on monday`, and five cron fields.

The fields mean what they mean in crontab(5) and on GitHub. What only some programs understand
(`@daily`, `L`, `?`, a sixth field, `5/15`) is refused, and so is what never comes.
"""

import difflib
import re
from dataclasses import dataclass

from contracts.base import clip


class CronError(ValueError):
    """No schedule; the message has a fix."""


@dataclass(frozen=True)
class Calendar:
    """All times that match in each of the fields; each is sorted, and never empty."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    """Sunday is 0."""


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    """Of the lowest number and those that follow it."""


_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, tuple(day[:3] for day in _WEEKDAYS)),
)
_WORDS = {
    "hourly": "0 * * * *",
    "daily": "0 0 * * *",
    "weekly": "0 0 * * 1",
    **{f"weekly on {day}": f"0 0 * * {number}" for number, day in enumerate(_WEEKDAYS)},
}
_PART = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\w+))?")
_NUMBER = re.compile(r"[0-9]{1,4}")
_MAX_SHOWN = 60
_EXAMPLES = "write hourly, daily, weekly, weekly on monday, or five cron fields such as `0 6 * * 1`"


def read_cron(text: str) -> tuple[Calendar, ...]:
    """Read a schedule; it comes whenever one of the calendars matches.

    There are two where both day fields are restricted, since cron means either of them then.

    Raises:
        CronError: no schedule, or one that never comes.
    """
    words = text.lower().split()
    if len(words) != len(_FIELDS) or not _cron_like(words):
        words = _worded(words, text).split()
    minutes, hours, days, months, weekdays = map(_numbers, _FIELDS, words)
    _require_that_it_comes(words, days, months)
    weekdays = tuple(sorted({day % 7 for day in weekdays}))
    if words[2].startswith("*") or words[4].startswith("*"):
        return (Calendar(minutes, hours, days, months, weekdays),)
    return (
        Calendar(minutes, hours, days, months, tuple(range(7))),
        Calendar(minutes, hours, tuple(range(1, 32)), months, weekdays),
    )


def _cron_like(words: list[str]) -> bool:
    """Whether it was meant as cron: no name of the language can come first there."""
    return bool(words) and not words[0][0].isalpha() and words[0][0] != "@"


def _worded(words: list[str], text: str) -> str:
    """Find the cron fields that words stand for."""
    said = " ".join(words)
    if said in _WORDS:
        return _WORDS[said]
    shown = clip(text, _MAX_SHOWN)
    if _cron_like(words):
        count = f"{len(words)} fields, not {len(_FIELDS)}"
        raise CronError(
            f"{shown!r} has {count}: write minute, hour, day of month, month, day of week, "
            "such as `0 6 * * 1`"
        )
    near = difflib.get_close_matches(said[:_MAX_SHOWN].lstrip("@"), _WORDS, n=1, cutoff=0.6)
    fix = f"did you mean {near[0]}?" if near else _EXAMPLES
    raise CronError(f"{shown!r} is no schedule; {fix}")


def _numbers(field: _Field, text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        found.update(_part(field, part))
    return tuple(sorted(found))


def _part(field: _Field, text: str) -> range:
    match = _PART.fullmatch(text)
    if not match:
        raise CronError(
            f"{field.name}: {clip(text, _MAX_SHOWN)!r} is no number, name, range or step; "
            f"write {_allowed(field)}, such as `*`, `{field.low}`, `{field.low}-{field.high}` "
            "or `*/2`"
        )
    first, last, step = match.groups()
    if first is None:
        low, high = field.low, min(field.high, 6) if field.names[:1] == ("sun",) else field.high
    else:
        low = _number(field, first)
        high = low if last is None else _number(field, last)
    if low > high:
        raise CronError(
            f"{field.name}: {text!r} runs backwards; write two ranges with a comma between"
        )
    return range(low, high + 1, _step(field, text, step, high - low))


def _step(field: _Field, text: str, step: str | None, span: int) -> int:
    if step is None:
        return 1
    if span == 0:
        raise CronError(f"{field.name}: {text!r} steps over one number; write a range before `/`")
    if not _NUMBER.fullmatch(step) or not 1 <= int(step) <= span:
        raise CronError(f"{field.name}: {text!r} has no step from 1 to {span} behind `/`")
    return int(step)


def _number(field: _Field, text: str) -> int:
    if text[:3] in field.names and text in (text[:3], *_WEEKDAYS):
        return field.low + field.names.index(text[:3])
    if _NUMBER.fullmatch(text) and field.low <= int(text) <= field.high:
        return int(text)
    raise CronError(f"{field.name}: {clip(text, _MAX_SHOWN)!r} is not {_allowed(field)}")


def _allowed(field: _Field) -> str:
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    return f"{field.low} to {field.high}{names}"


def _require_that_it_comes(
    words: list[str], days: tuple[int, ...], months: tuple[int, ...]
) -> None:
    if not any(days[0] <= _DAYS_OF_MONTH[month - 1] for month in months):
        raise CronError(
            f"`{' '.join(words)}` never comes: no month of `{words[3]}` has a day {days[0]}; "
            "change day of month or month"
        )
