"""When a watcher looks: not before it can pay, and the less often the longer runs take."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.runs import RunRef, Waiter
from contracts.watch import RunWatchState, WatchedRun
from workflows.parts import rhythm

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def watched(typical: timedelta | None, shortest: timedelta | None) -> WatchedRun:
    run = RunRef(
        repository="octo-org/a", workflow="w.yml", run_id=1, dispatch_id="d", dispatched_at=BEGAN
    )
    waiter = Waiter(workflow_id="w", first_execution_run_id="f")
    return WatchedRun(run=run, waiter=waiter, expected=typical, shortest=shortest)


def looks(asked: WatchedRun, takes: timedelta, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds after the dispatch at which a run is looked for, until it is seen to have ended."""
    clock = [BEGAN]
    monkeypatch.setattr("temporalio.workflow.now", lambda: clock[0])
    timing = rhythm.Rhythm(RunWatchState(repository="octo-org/a"))
    at: list[float] = []
    while not at or clock[0] < BEGAN + takes:
        while timing.next_poll([asked], []) > clock[0]:
            clock[0] += timedelta(seconds=0.5)
        timing.polled()
        at.append((clock[0] - BEGAN).total_seconds())
    return at


@pytest.mark.parametrize(
    ("typical", "shortest", "takes", "expected"),
    [
        (MINUTE, MINUTE, MINUTE, [63]),
        (MINUTE, MINUTE, 1.1 * MINUTE, [63, 66]),
        (MINUTE, MINUTE, 0.1 * MINUTE, [63]),
        (MINUTE, 0.8 * MINUTE, MINUTE, [51, 54, 57, 60]),
        (120 * MINUTE, 120 * MINUTE, 120 * MINUTE, [7_230]),
    ],
)
def test_a_run_is_looked_for_an_interval_after_the_shortest_one_would_have_ended(
    typical: timedelta,
    shortest: timedelta,
    takes: timedelta,
    expected: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert looks(watched(typical, shortest), takes, monkeypatch) == expected


def test_a_run_of_which_nothing_is_known_is_looked_for_from_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = looks(watched(None, None), MINUTE, monkeypatch)

    assert at[:3] == [1, 2, 3]
    assert 35 <= len(at) <= 42
