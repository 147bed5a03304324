"""Faults: what is lost, what is late, what is stale."""

import time

import pytest
import requests

from tests.sandbox.conftest import Repo

DISPATCHES = "/actions/workflows/worker.yml/dispatches"


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_a_failing_dispatch_may_or_may_not_have_made_a_run(
    repo: Repo, when: str, made: int
) -> None:
    repo.control.faults(
        [{"kind": "status", "method": "POST", "path": "dispatches$", "when": when, "times": 1}]
    )

    assert repo.ask("POST", DISPATCHES, {"ref": "main"}).status_code == 502
    assert repo.get("/actions/runs")["total_count"] == made
    assert repo.ask("POST", DISPATCHES, {"ref": "main"}).status_code == 204


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_a_reset_gives_no_answer_at_all(repo: Repo, when: str, made: int) -> None:
    repo.control.faults([{"kind": "reset", "method": "POST", "path": "dispatches$", "when": when}])

    with pytest.raises(requests.ConnectionError):
        repo.ask("POST", DISPATCHES, {"ref": "main"})
    repo.control.clear_faults()
    assert repo.get("/actions/runs")["total_count"] == made
    assert [
        r.status for r in repo.control.requests() if r.fault == "reset" and repo.name in r.path
    ] == [0]


def test_a_slow_answer_runs_into_the_callers_timeout_after_the_work(repo: Repo) -> None:
    repo.control.faults(
        [{"kind": "slow", "when": "after", "seconds": 5, "times": 1, "path": "dispatches$"}]
    )
    url = f"{repo.sandbox.api_url}/repos/{repo.name}{DISPATCHES}"

    with pytest.raises(requests.Timeout):
        repo.session.post(url, json={"ref": "main"}, timeout=0.3)
    assert repo.get("/actions/runs")["total_count"] == 1


def test_a_stale_list_shows_the_past_and_its_etag_fits(repo: Repo) -> None:
    fresh = repo.ask("GET", "/actions/runs")
    repo.dispatch()
    repo.control.settings(seed=4)
    # Drawn from up to an hour, a list is all but certainly older than the run.
    repo.control.faults([{"kind": "stale", "path": "/actions/runs$", "seconds": 3600}])
    stale = repo.ask("GET", "/actions/runs", headers={"If-None-Match": fresh.headers["etag"]})

    assert stale.status_code == 304
    repo.control.clear_faults()
    assert repo.get("/actions/runs")["total_count"] == 1


@pytest.mark.parametrize("status", [403, 429])
def test_the_secondary_limit_says_how_long_to_wait(repo: Repo, status: int) -> None:
    repo.control.faults([{"kind": "rate-limit", "status": status, "seconds": 7}])
    answer = repo.ask("GET", "/issues")

    assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
    assert "secondary rate limit" in answer.json()["message"]


def test_a_limit_in_the_middle_ends_and_says_when(repo: Repo) -> None:
    repo.control.faults([{"kind": "rate-limit", "skip": 2, "lasts_seconds": 1.2, "seconds": 1}])
    before = [repo.ask("GET", "/issues").status_code for _ in range(2)]
    limited = repo.ask("GET", "/issues")
    time.sleep(0.4)
    still = repo.ask("GET", "/issues")
    time.sleep(int(still.headers["retry-after"]))
    after = [repo.ask("GET", "/issues").status_code for _ in range(2)]

    assert before == after == [200, 200]
    assert (limited.status_code, still.status_code) == (403, 403)
    assert [one.headers["retry-after"] for one in (limited, still)] == ["2", "1"]


def test_a_primary_limit_that_lasts_names_its_own_reset(repo: Repo) -> None:
    rule = {"kind": "rate-limit", "primary": True, "lasts_seconds": 90, "status": 429}
    repo.control.faults([rule])
    answer = repo.ask("GET", "/issues")

    assert answer.status_code == 429
    assert 89 <= int(answer.headers["x-ratelimit-reset"]) - time.time() <= 91


def test_a_limit_without_a_hint_has_no_header(repo: Repo) -> None:
    repo.control.faults([{"kind": "rate-limit", "lasts_seconds": 60, "seconds": 0}])

    assert "retry-after" not in repo.ask("GET", "/issues").headers


@pytest.mark.parametrize("path", ["/issues", "/issues/1/comments"])
def test_stale_lists_do_not_show_what_is_new(repo: Repo, path: str) -> None:
    repo.control.settings(seed=4)
    repo.control.faults([{"kind": "stale", "seconds": 3600}])
    repo.ask("POST", "/issues", {"title": "new"})
    repo.ask("POST", "/issues/1/comments", {"body": "new"})
    stale = repo.get(path)
    repo.control.clear_faults()

    assert (len(stale), len(repo.get(path))) == (0, 1)


def test_artifacts_are_listed_late_on_demand(repo: Repo) -> None:
    repo.control.settings(artifact_seconds=1)
    repo.control.timed([{"duration_seconds": 0}])
    run = repo.dispatch()
    repo.ended(run)
    listed = [repo.get(f"/actions/runs/{run}/artifacts")["total_count"]]
    time.sleep(1.1)
    listed.append(repo.get(f"/actions/runs/{run}/artifacts")["total_count"])

    assert listed == [0, 1]


def test_the_primary_limit_says_that_nothing_remains(repo: Repo) -> None:
    repo.control.faults([{"kind": "rate-limit", "primary": True}])
    answer = repo.ask("GET", "/issues")

    assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (403, "0")
    assert int(answer.headers["x-ratelimit-reset"]) > time.time()


def test_a_share_is_random_but_repeats_with_its_seed(repo: Repo) -> None:
    def draw() -> list[int]:
        repo.control.faults([{"kind": "status", "share": 0.4, "path": "/issues$"}])
        return [repo.ask("GET", "/issues").status_code for _ in range(20)]

    first, second = draw(), draw()

    assert first == second
    assert set(first) == {200, 502}


def test_rules_can_name_a_login_and_are_checked(repo: Repo) -> None:
    repo.control.faults([{"kind": "status", "login": "somebody-else"}])

    assert repo.ask("GET", "/issues").status_code == 200
    with pytest.raises(Exception, match="422"):
        repo.control.faults([{"kind": "status", "path": "("}])
