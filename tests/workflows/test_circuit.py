"""The circuit against a plain model of the same words, over random outcomes and times."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.circuit import CircuitData, CircuitState
from contracts.runs import OutcomeStatus
from contracts.specs.breaker import BreakerSettings
from workflows.parts.circuit import Circuit

BEGAN = datetime(2030, 1, 1, tzinfo=UTC)
VALID_SECONDS = 100
GOOD = {"success", "partial", "skipped"}
COUNTED = {
    "failure": "failure",
    "timed-out": "timeout",
    "invalid-result": "invalid-result",
    "no-result": "invalid-result",
    "unknown-protocol": "invalid-result",
    "dispatch-failed": "infrastructure",
}


class Plain:
    """What the documentation says, in whole seconds, told as a list of phases that only grows.

    Each phase is `(name, permits of that phase)`; whatever belongs to an earlier one is over.
    """

    def __init__(self, numbers: BreakerSettings) -> None:
        self.numbers = numbers
        self.phases: list[str] = ["closed"]
        self.granted: dict[str, tuple[int, int]] = {}  # phase number, expiry
        self.run: list[str] = []  # outcomes of this phase, `good` and `bad`
        self.opened_at = 0
        self.openings_since_closed = 0
        self.successes = 0

    @property
    def phase(self) -> str:
        return self.phases[-1]

    def cool_down(self) -> float:
        first = self.numbers.cool_down.total_seconds()
        grown = first * self.numbers.cool_down_coefficient ** (self.openings_since_closed - 1)
        return min(grown, self.numbers.max_cool_down.total_seconds())

    def holders(self, now: int) -> list[str]:
        this = len(self.phases)
        return [i for i, (phase, until) in self.granted.items() if phase == this and until > now]

    def ask(self, name: str, now: int) -> bool:
        holders = self.holders(now)
        room = {
            "closed": True,
            "open": now >= self.opened_at + self.cool_down() and not holders,
            "half-open": len(holders) < self.numbers.half_open_permits,
        }
        if name in holders or room[self.phase]:
            self.granted[name] = (len(self.phases), now + VALID_SECONDS)
            return True
        return False

    def record(self, name: str, status: str, now: int) -> None:
        if name not in self.holders(now):
            return
        del self.granted[name]
        bad = COUNTED.get(status) in self.numbers.counts
        if status not in GOOD and not bad:
            return
        self.run.append("bad" if bad else "good")
        if self.phase == "closed":
            last = self.run[-self.numbers.failure_threshold :]
            if last == ["bad"] * self.numbers.failure_threshold:
                self.enter("open", now)
        elif bad:
            self.enter("open", now)
        else:
            self.successes += 1
            if self.successes == self.numbers.success_threshold:
                self.enter("closed", now)
            elif self.phase == "open":
                self.enter("half-open", now)

    def enter(self, phase: str, now: int) -> None:
        self.phases.append(phase)
        self.run = []
        if phase == "open":
            self.opened_at, self.successes = now, 0
            self.openings_since_closed += 1
        if phase == "closed":
            self.openings_since_closed = self.successes = 0


NUMBERS = st.builds(
    BreakerSettings,
    failure_threshold=st.integers(1, 4),
    cool_down=st.integers(1, 20).map(lambda s: timedelta(seconds=s)),
    cool_down_coefficient=st.sampled_from([1, 2, 3]),
    max_cool_down=st.integers(20, 60).map(lambda s: timedelta(seconds=s)),
    success_threshold=st.integers(1, 4),
    half_open_permits=st.integers(1, 3),
    counts=st.lists(
        st.sampled_from(["failure", "timeout", "invalid-result", "infrastructure"]),
        min_size=1,
        unique=True,
    ).map(tuple),
)
NAMES = st.sampled_from([f"pd-{n}" for n in range(6)])
WORSE = ["failure"] * 8 + ["success"] * 6 + [status.value for status in OutcomeStatus]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), NAMES),
        st.tuples(st.just("record"), NAMES, st.sampled_from(WORSE)),
        st.tuples(st.just("run"), NAMES, st.sampled_from(WORSE)),
        st.tuples(st.just("wait"), st.sampled_from([1, 2, 5, 20, 60, 120])),
    ),
    max_size=60,
)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def circuit(**numbers: Any) -> tuple[Circuit, BreakerSettings]:
    return Circuit(CircuitData()), BreakerSettings(**numbers)


def ask(one: Circuit, numbers: BreakerSettings, name: str, now: float, valid: float = 1_000) -> Any:
    return one.ask(name, numbers, timedelta(seconds=valid), at(now))


def fail(one: Circuit, numbers: BreakerSettings, now: float, times: int = 3) -> None:
    for n in range(times):
        assert ask(one, numbers, f"failing-{n}", now).granted
        one.record(f"failing-{n}", OutcomeStatus.FAILURE, at(now))


@settings(max_examples=400)
@given(NUMBERS, STEPS)
def test_it_does_what_the_plain_model_says(numbers: BreakerSettings, steps: list[Any]) -> None:
    real, plain, now = Circuit(CircuitData()), Plain(numbers), 0

    for step in steps:
        if step[0] == "wait":
            now += step[1]
        if step[0] in ("ask", "run"):
            permit = real.ask(step[1], numbers, timedelta(seconds=VALID_SECONDS), at(now))
            assert permit.granted == plain.ask(step[1], now)
        if step[0] in ("record", "run"):
            real.record(step[1], OutcomeStatus(step[2]), at(now))
            plain.record(step[1], step[2], now)
        real = Circuit(CircuitData.model_validate_json(real.data.model_dump_json()))

        assert real.data.state.value == plain.phase
        assert real.data.retry_at == (
            at(plain.opened_at + plain.cool_down()) if plain.phase == "open" else None
        )
        if plain.phase == "open":
            assert len([h for h in real.data.held.values() if h.expires_at > at(now)]) <= 1


def test_the_words_of_the_documentation_with_its_default_numbers() -> None:
    one, numbers = circuit()

    fail(one, numbers, 0)
    assert one.data.state is CircuitState.OPEN
    denied = ask(one, numbers, "early", 299)
    assert not denied.granted
    assert denied.reason == "circuit open until 2030-01-01 00:05:00+00:00"
    assert denied.retry_at == at(300)

    assert ask(one, numbers, "probe", 300).granted
    assert not ask(one, numbers, "other", 300).granted
    one.record("probe", OutcomeStatus.FAILURE, at(310))
    assert one.data.retry_at == at(310 + 600), "the cool-down has doubled"

    for n, state in enumerate(("half-open", "half-open", "closed")):
        assert ask(one, numbers, f"good-{n}", 1_000).granted
        one.record(f"good-{n}", OutcomeStatus.SUCCESS, at(1_000))
        assert one.data.state.value == state
    fail(one, numbers, 2_000)
    assert one.data.retry_at == at(2_000 + 300), "closing has reset the cool-down"


def test_a_success_between_failures_begins_the_count_anew() -> None:
    one, numbers = circuit()

    for n, status in enumerate(["failure", "failure", "success", "failure", "failure"]):
        ask(one, numbers, f"{n}", 0)
        one.record(f"{n}", OutcomeStatus(status), at(0))

    assert one.data.state is CircuitState.CLOSED


def test_runs_from_before_it_opened_change_nothing() -> None:
    one, numbers = circuit()
    for name in ("late-success", "late-failure"):
        ask(one, numbers, name, 0)
    fail(one, numbers, 0)
    assert ask(one, numbers, "probe", 300).granted

    one.record("late-success", OutcomeStatus.SUCCESS, at(301))
    one.record("late-failure", OutcomeStatus.FAILURE, at(301))

    assert one.data.state is CircuitState.OPEN
    assert one.data.retry_at == at(300)


def test_a_probe_whose_holder_died_frees_its_place() -> None:
    one, numbers = circuit()
    fail(one, numbers, 0)

    assert ask(one, numbers, "probe", 300, valid=60).granted
    assert ask(one, numbers, "probe", 330, valid=60).granted, "asking again is no second probe"
    assert not ask(one, numbers, "next", 389).granted
    assert ask(one, numbers, "next", 390).granted
    one.record("probe", OutcomeStatus.SUCCESS, at(391))
    assert one.data.state is CircuitState.OPEN, "its permit is over, so it has no outcome"


@pytest.mark.parametrize("status", ["cancelled", "dispatch_unknown", "not-dispatched"])
def test_a_probe_without_an_outcome_lets_another_probe(status: str) -> None:
    one, numbers = circuit()
    fail(one, numbers, 0)
    ask(one, numbers, "probe", 300)

    one.record("probe", OutcomeStatus(status), at(301))

    assert one.data.state is CircuitState.OPEN
    assert ask(one, numbers, "next", 301).granted


def test_what_is_not_counted_is_no_outcome() -> None:
    one, numbers = circuit(counts=("timeout",), failure_threshold=1)

    fail(one, numbers, 0)
    assert one.data.state.value == "closed"
    ask(one, numbers, "slow", 0)
    one.record("slow", OutcomeStatus.TIMED_OUT, at(0))
    assert one.data.state.value == "open"


def test_by_hand() -> None:
    one, numbers = circuit()

    one.force_open(at(0), None, "incident 7")
    assert one.forced
    assert ask(one, numbers, "a", 10**6).reason == "circuit held open by hand"
    one.force_open(at(0), timedelta(seconds=60), "")
    assert not ask(one, numbers, "a", 59).granted
    assert ask(one, numbers, "probe", 60).granted
    one.force_close(at(60))
    assert one.data.state is CircuitState.CLOSED
    assert not one.data.held
    fail(one, numbers, 60)
    one.reset(at(70))
    assert one.at_rest
    assert [change.reason for change in one.data.changes] == ["reset"]


def test_what_it_holds_is_bounded() -> None:
    one, numbers = circuit()

    for n in range(2_100):
        ask(one, numbers, f"{n}", 0)
    for n in range(3):
        one.record(f"{n}", OutcomeStatus.FAILURE, at(0))

    assert len(one.data.held) == 2_000
    assert one.data.state is CircuitState.CLOSED, "the oldest permits were forgotten"
    for _ in range(50):
        one.force_open(at(0), None, "again")
    assert len(one.data.changes) == 20


def test_settings_of_a_newer_writer_are_taken() -> None:
    taken = BreakerSettings.model_validate({"failure-threshold": 2, "colour": "red"})

    assert taken.failure_threshold == 2
    with pytest.raises(ValidationError):
        BreakerSettings.model_validate({"failure-threshold": 0})
