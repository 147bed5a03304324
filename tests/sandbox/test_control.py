"""The control client and the measures it computes."""

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from sandbox.control import ControlError
from sandbox.control_models import RunRecord, concurrency_of
from tests.sandbox.conftest import Repo


def record(started: float | None, completed: float | None) -> RunRecord:
    """The life of some run."""
    return RunRecord(
        run_id=1,
        attempt=1,
        repository="o/r",
        workflow="w.yml",
        title="",
        event="workflow_dispatch",
        login="l",
        dispatch_id=None,
        queued_at=0,
        started_at=started,
        completed_at=completed,
        status="completed",
        conclusion="success",
        cancelled_by=None,
    )


def test_peak_and_average_are_weighted_by_time_between_first_and_last_start() -> None:
    # Two run during [0, 1), one during [1, 3), then the last starts.
    runs = [record(0, 1), record(0, 3), record(3, 9), record(None, None)]
    found = concurrency_of(runs, now=10)

    assert (found.peak, found.runs) == (2, 3)
    assert found.average == pytest.approx((2 * 1 + 1 * 2) / 3)


def test_a_slot_handed_over_in_one_moment_is_one_slot() -> None:
    assert concurrency_of([record(0, 1), record(1, 2)], now=5).peak == 1


def test_runs_that_go_on_count_until_now_and_no_runs_count_nothing() -> None:
    assert concurrency_of([record(0, None), record(4, 5)], now=10).peak == 2
    assert concurrency_of([], now=10).peak == 0


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=20))
def test_the_average_never_exceeds_the_peak(spans: list[tuple[float, float]]) -> None:
    runs = [record(min(span), max(span) + 0.1) for span in spans]
    found = concurrency_of(runs, now=1_000)

    assert 0 <= found.average <= found.peak + 1e-9
    assert found.peak <= len(runs)


def test_the_ledger_counts_calls_by_endpoint_and_login(repo: Repo) -> None:
    helper = Repo(repo.sandbox, repo.name, repo.control.add_token("octo-counter"))
    helper.ask("GET", "/actions/runs")
    helper.ask("GET", "/actions/runs/1")
    tag = helper.ask("GET", "/actions/runs").headers["etag"]
    helper.ask("GET", "/actions/runs", headers={"If-None-Match": tag})

    calls = repo.control.api_calls("octo-counter")
    counted = repo.control.api_calls("octo-counter", counted_only=True)

    base = "GET /repos/{owner}/{repo}/actions/runs"
    assert calls == {base: 3, f"{base}/{{run_id}}": 1}
    assert counted[base] == 2


def test_dispatches_are_counted_by_their_id(repo: Repo) -> None:
    for dispatch_id in ("twice-1", "twice-1", "once-1"):
        repo.dispatch(dispatch_id=dispatch_id)
    counts = repo.control.dispatches_by_id()

    assert (counts["twice-1"], counts["once-1"]) == (2, 1)


def test_foreign_runs_are_listed_among_ones_own(repo: Repo) -> None:
    own = repo.dispatch()
    foreign = repo.control.inject_runs(
        repo.name, "worker.yml", count=300, login="octo-cat", title="x"
    )
    listed = repo.get("/actions/runs", per_page=100)

    assert listed["total_count"] == 301
    assert {r["actor"]["login"] for r in listed["workflow_runs"]} == {"octo-cat"}
    assert min(foreign) > own


def test_health_tells_how_many_runs_there_are(repo: Repo) -> None:
    before = repo.control.health()
    repo.control.timed([{"hang": True}])
    repo.dispatch()
    after = repo.control.health()

    assert after.ok
    assert (after.runs - before.runs, after.in_progress - before.in_progress) == (1, 1)
    assert after.pid == repo.sandbox.pid


def test_the_ledger_can_be_read_from_a_time_on_and_forgotten(repo: Repo) -> None:
    repo.ask("GET", "")
    last = repo.control.requests()[-1].at

    assert all(r.at >= last for r in repo.control.requests(since=last))
    repo.control.clear_ledger()
    assert repo.control.requests() == []


def test_mistakes_in_control_requests_are_told(repo: Repo) -> None:
    for attempt in (
        lambda: repo.control.settings(no_such_setting=1),
        lambda: repo.control.timed([{"duration": 1}]),
        lambda: repo.control.add_repository("no-slash", files={"a": "b"}),
        lambda: repo.control.add_repository("o/r", files={"../a": "b"}),
        lambda: repo.control.seed_issues("o/unknown", []),
    ):
        with pytest.raises(ControlError):
            attempt()


def test_no_web_page_can_steer_it(repo: Repo) -> None:
    url = f"{repo.sandbox.api_url}/_sandbox/tokens"
    body = {"login": "x", "token": "y"}
    strange = [{"Origin": "https://example.com"}, {"Host": "example.com"}]

    answers = [requests.post(url, json=body, headers=h, timeout=20).status_code for h in strange]

    assert answers == [403, 400]
