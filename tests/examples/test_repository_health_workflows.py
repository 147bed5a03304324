"""The workflow files of the health workers, really run: each dispatched directly."""

from collections.abc import Iterator

import pytest

from sandbox.launch import start_sandbox
from tests.examples.test_repository_health_workers import EXAMPLE, EXPECTED, NAME, SCHEMA
from tests.examples.workbench import dispatched
from tests.sandbox.conftest import Repo

DATED = {
    *("stale-issues", "response-time", "pull-request-age", "review-coverage"),
    "merge-readiness",
}


@pytest.fixture(scope="module")
def repo() -> Iterator[Repo]:
    served, issues = {NAME: EXAMPLE.repository}, {NAME: EXAMPLE.folder / "issues.json"}
    with start_sandbox(mode="act", runners=2, repositories=served, issues=issues) as sandbox:
        yield Repo(sandbox, NAME)


@pytest.mark.parametrize("worker", list(EXPECTED))
def test_each_workflow_file_runs_and_publishes(repo: Repo, worker: str) -> None:
    given = {"as_of": "2026-11-02"} if worker in DATED else {}

    ended, result = dispatched(repo, f"{worker}.yml", **given)

    assert (ended, result.worker, result.status) == ("success", worker, "success")
    assert EXAMPLE.valid(result, SCHEMA).outputs["score"] == EXPECTED[worker][0]


def test_a_worker_that_fails_publishes_all_the_same(repo: Repo) -> None:
    ended, result = dispatched(repo, "stale-issues.yml", as_of="$(touch x)'\"")

    assert (ended, result.status, result.errors[0].code) == ("failure", "failure", "bad-input")
