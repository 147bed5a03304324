"""The sliding minute and hour against a plain model, over random writes and times."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from contracts.content import MAX_LIMIT, AskedWrite, ContentLimits, Leave
from workflows.parts.window import Window

BEGAN = datetime(2030, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LATE = 5
"""Seconds from a leave to its write, at most."""
LIMITS = st.builds(
    ContentLimits,
    per_minute=st.one_of(st.none(), st.integers(1, 4)),
    per_hour=st.one_of(st.none(), st.integers(1, 8)),
)
PAUSES = st.sampled_from([0, 0, 0, 0, 1, 7, 29, 30, 59, 60, 64, 65, 66, 600, 1_800, 3_604, 3_605])
STEPS = st.lists(
    st.tuples(PAUSES, st.integers(0, 12), st.sampled_from([False, False, False, True])),
    max_size=80,
)


class Plain:
    """A diary of whole seconds: who wrote when.

    Only the last line of a name counts, and those that are known to have been sent.
    """

    def __init__(self, limits: ContentLimits) -> None:
        self.limits = limits
        self.diary: list[tuple[int, int]] = []
        self.sent: set[int] = set()
        """Lines that stay, whatever their name does later."""

    def lines(self, besides: int | None = None) -> list[int]:
        last = {name: line for line, (_, name) in enumerate(self.diary)}
        last.pop(besides if besides is not None else -1, None)
        return sorted({*last.values(), *self.sent})

    def count(self, seconds: int, now: int, besides: int | None = None) -> int:
        lines = self.lines(besides)
        return sum(now - seconds - LATE < self.diary[line][0] <= now for line in lines)

    def ask(self, name: int, now: int, *, again: bool) -> bool:
        if again:
            mine = [line for line, (_, who) in enumerate(self.diary) if who == name]
            self.sent |= set(mine[-1:])
        minute, hour = self.limits.per_minute, self.limits.per_hour
        full = minute is not None and self.count(60, now, name) >= minute
        full |= hour is not None and self.count(3_600, now, name) >= hour
        if not full:
            self.diary.append((now, name))
        return not full


def asked(window: Window, name: int, limits: ContentLimits, now: int, *, again: bool) -> timedelta:
    write = AskedWrite(write_id=f"{name}", again=again)
    return window.ask(write, limits, BEGAN + now * SECOND)


def copy(window: Window, now: int) -> Window:
    """As continue-as-new carries it."""
    carried = [Leave.model_validate_json(one.model_dump_json()) for one in window.leaves]
    return Window(carried, BEGAN + now * SECOND)


@given(LIMITS, STEPS)
def test_it_gives_leave_when_the_plain_model_does(
    limits: ContentLimits, steps: list[tuple[int, int, bool]]
) -> None:
    window, plain, now = Window((), BEGAN), Plain(limits), 0

    for pause, name, again in steps:
        now += pause
        wait = asked(window, name, limits, now, again=again)

        assert (not wait) == plain.ask(name, now, again=again)
        assert window.count((60 + LATE) * SECOND, BEGAN + now * SECOND) == plain.count(60, now)
        assert window.count((3_600 + LATE) * SECOND, BEGAN + now * SECOND) == plain.count(
            3_600, now
        )
        window = copy(window, now)


@given(LIMITS, STEPS)
def test_the_wait_that_is_told_is_the_shortest(
    limits: ContentLimits, steps: list[tuple[int, int, bool]]
) -> None:
    window, now = Window((), BEGAN), 0

    for pause, name, again in steps:
        now += pause
        wait = asked(window, name, limits, now, again=again)
        if wait:
            after = now + int(wait / SECOND)
            assert asked(copy(window, now), name, limits, after - 1, again=False)
            assert not asked(copy(window, now), name, limits, after, again=False)
        assert timedelta() <= wait <= timedelta(hours=1) + LATE * SECOND


@given(LIMITS, st.lists(PAUSES, max_size=80))
def test_of_writes_that_are_sent_at_once_no_minute_and_no_hour_has_too_many(
    limits: ContentLimits, pauses: list[int]
) -> None:
    window, now, sent = Window((), BEGAN), 0, []

    for name, pause in enumerate(pauses):
        now += pause
        if not asked(window, name, limits, now, again=False):
            sent.append(now)

    for limit, seconds in ((limits.per_minute, 60), (limits.per_hour, 3_600)):
        if limit is not None:
            assert all(b - a >= seconds + LATE for a, b in zip(sent, sent[limit:], strict=False))
    assert all(a <= b for a, b in pairwise(sent))


def test_a_clock_that_steps_back_gives_no_room() -> None:
    limits, window = ContentLimits(per_minute=1), Window((), BEGAN)
    assert not asked(window, 1, limits, 100, again=False)

    assert asked(window, 2, limits, 10, again=False) == (60 + LATE) * SECOND
    assert copy(window, 10).leaves[0].at == BEGAN + 10 * SECOND


def test_without_an_hours_limit_memory_is_bounded_all_the_same() -> None:
    window, limits = Window((), BEGAN), ContentLimits(per_minute=None, per_hour=None)
    window.leaves = [Leave(write_id=f"{n}", at=BEGAN) for n in range(MAX_LIMIT)]

    assert not asked(window, -1, limits, 0, again=False)

    assert len(window.leaves) == MAX_LIMIT
    assert window.leaves[-1].write_id == "-1"
