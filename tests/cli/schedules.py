"""Schedules for the tests, and a slow, plain account of when each of them comes."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from temporalio.client import ScheduleDescription

from tests.cli.backstage import Backstage

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
_NAMES = {
    **{name: str(n) for n, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])},
    **{
        name: str(n)
        for n, name in enumerate(
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
        )
    },
}
_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))

WORDS = {
    "hourly": "0 * * * *",
    "daily": "0 0 * * *",
    "weekly": "0 0 * * mon",
    "weekly on monday": "0 0 * * mon",
    "weekly on Wednesday": "0 0 * * wed",
    "weekly on sunday": "0 0 * * sun",
}
CHOSEN = [
    *((word, "UTC") for word in WORDS),
    ("daily", "Pacific/Auckland"),
    ("weekly on friday", "America/Sao_Paulo"),
    ("0 6 * * 1", "Europe/Berlin"),
    ("30 2 28 3 *", "Europe/Berlin"),  # in 2027 the clocks leave this half hour out
    ("30 2 * 10 0", "Europe/Berlin"),  # on the last Sunday the clocks show it twice
    ("30 1 * 11 sun", "America/New_York"),
    ("*/20 1-3 * 3 0", "Europe/Berlin"),
    ("15 12 29 2 *", "UTC"),
    ("0 0 31 * *", "UTC"),
    ("0 9 1 * mon", "UTC"),  # either day, as cron has it
    ("0 9 */10 * mon", "UTC"),  # both, as cron has it
    ("0 9 13 jun,dec fri", "Asia/Kolkata"),
    ("5,10,50 22-23 * * mon-fri", "Australia/Lord_Howe"),
    ("0 12 * * 7", "UTC"),
    ("0 12 * * 5-7", "America/St_Johns"),
    ("0 0 1 1 *", "Asia/Kathmandu"),
]
ZONES = ("UTC", "UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Chatham")


def fifty() -> list[tuple[str, str]]:
    """Fifty schedules: those that are worth a thought, and others by chance, always the same."""
    dice = random.Random(50)  # noqa: S311 - no secret
    made = [
        (
            " ".join(
                (
                    dice.choice(("0", "30", "7,37", "*/15", "3-50/20", "59")),
                    dice.choice(("*", "0", "23", "9-17", "*/6", "1,13", "8-20/4")),
                    dice.choice(("*", "*", "1", "15-20", "*/9", "28,30")),
                    dice.choice(("*", "*", "*/5", "jan", "3-5", "1,7,12")),
                    dice.choice(("*", "*", "1-5", "sat,sun", "*/3", "tue")),
                )
            ),
            dice.choice(ZONES),
        )
        for _ in range(50 - len(CHOSEN))
    ]
    return CHOSEN + made


def next_times(text: str, zone: str, after: datetime, count: int = 5) -> list[datetime]:
    """Try minute by minute; as the zone's clocks show them.

    What they show twice in autumn comes once or twice: that is the server's choice.
    """
    found: list[datetime] = []
    for moment in _moments(text, zone, after):
        if (shown := by_clock(moment, zone)) not in found:
            found.append(shown)
        if len(found) == count:
            return found
    raise AssertionError(f"{text} does not come {count} times in 60 years")


def by_clock(moment: datetime, zone: str) -> datetime:
    """Say what a zone's clocks show."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def _moments(text: str, zone: str, after: datetime) -> Iterator[datetime]:
    text = text if text[-1] in "0123456789*" or "," in text else _spelled(text)
    fields = [_numbers(field, *limits) for field, limits in zip(text.split(), _LIMITS, strict=True)]
    minutes, hours, *_ = fields
    here = ZoneInfo(zone)
    day = after.astimezone(here).date()
    for _ in range(60 * 366):
        if _on(text, fields, day):
            moment = datetime.combine(day - DAY, time(), UTC)
            for _ in range(3 * 24 * 60):
                local = moment.astimezone(here)
                right = local.minute in minutes and local.hour in hours and local.date() == day
                if right and moment > after:
                    yield moment
                moment += MINUTE
        day += DAY


def _spelled(text: str) -> str:
    if text.startswith("weekly on "):
        return f"0 0 * * {text.rsplit(maxsplit=1)[-1][:3].lower()}"
    return WORDS.get(text, text)


def _on(text: str, fields: list[set[int]], day: date) -> bool:
    _, _, days, months, weekdays = fields
    by_day, by_weekday = day.day in days, (day.weekday() + 1) % 7 in weekdays
    starred = any(text.split()[place].startswith("*") for place in (2, 4))
    return day.month in months and (by_day and by_weekday if starred else by_day or by_weekday)


def _numbers(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (_NAMES.get(one, one) for one in span.partition("-"))
        begin, end = (low, high) if first == "*" else (int(first), int(last or first))
        found |= {n for n in range(begin, end + 1) if (n - begin) % int(step or 1) == 0}
    return {0 if high == 7 and n == 7 else n for n in found}


def live(backstage: Backstage, name: str) -> ScheduleDescription:
    """Ask the server itself."""
    return backstage.ask(backstage.stand.client.get_schedule_handle(f"podium/{name}").describe())
