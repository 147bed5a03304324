"""The workflow files of the deployment pipeline, really run: each dispatched directly."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.launch import start_sandbox
from tests.examples.tea_house import EXAMPLE, page, state, target
from tests.examples.workbench import dispatched
from tests.sandbox.conftest import Repo

NAME = "octo-org/tea-house"


@pytest.fixture(scope="module")
def repo() -> Iterator[Repo]:
    with start_sandbox(mode="act", runners=2, repositories={NAME: EXAMPLE.repository}) as sandbox:
        yield Repo(sandbox, NAME)


@pytest.fixture
def place() -> Iterator[Any]:
    with target() as server:
        yield server


def test_a_release_goes_through_every_worker_and_back(repo: Repo, place: Any) -> None:
    """One test, because act runs cost time: what the pipeline dispatches, by hand."""
    for version in ("1.4.0", "1.7.0"):
        given = {"version": version, "target_url": place.url}
        ended, staged = dispatched(repo, "staging-deployer.yml", **given)
        assert (ended, staged.worker) == ("success", "staging-deployer")
        ended, checked = dispatched(
            repo, "staging-validator.yml", version=version, url=staged.outputs["url"]
        )
        assert (ended, checked.worker) == ("success", "staging-validator")
        ended, live = dispatched(repo, "production-deployer.yml", **given)
        assert (ended, live.worker) == ("success", "production-deployer")
        EXAMPLE.valid(live, "schemas/deployer.json")
    assert state(place, "production") == ("1.7.0", "1.4.0")

    ended, checked = dispatched(
        repo, "production-validator.yml", version="1.7.0", url=live.outputs["url"]
    )
    assert (ended, checked.worker, checked.status) == ("failure", "production-validator", "failure")
    EXAMPLE.valid(checked, "schemas/deployment-validator.json")
    assert "index.html" in checked.errors[0].message

    back = {"environment": "production", "version": "1.7.0", "target_url": place.url}
    for changed in (True, False):
        ended, undone = dispatched(
            repo, "rollback-deployment.yml", previous=live.outputs["previous"], **back
        )
        assert (ended, undone.outputs["changed"]) == ("success", changed)
    EXAMPLE.valid(undone, "schemas/rollback-deployment.json")
    assert "Release 1.4.0, production" in page(place, "production")[1]


@pytest.mark.parametrize(
    ("worker", "version", "conclusion"),
    [
        ("security-validator", "1.5.0", "success"),
        ("security-validator", "1.9.0", "failure"),
        ("test-validator", "1.5.0", "success"),
        ("test-validator", "1.8.0", "failure"),
    ],
)
def test_a_release_is_judged_before_it_goes_anywhere(
    repo: Repo, worker: str, version: str, conclusion: str
) -> None:
    ended, result = dispatched(repo, f"{worker}.yml", version=version)

    assert (ended, result.worker, result.status) == (conclusion, worker, conclusion)
    EXAMPLE.valid(result, f"schemas/{worker}.json")


def test_what_no_release_is_fails_with_a_result(repo: Repo, place: Any) -> None:
    hostile = "1.5.0'; echo \"$(touch x)"

    ended, result = dispatched(repo, "staging-deployer.yml", version=hostile, target_url=place.url)

    assert (ended, result.errors[0].code) == ("failure", "bad-input")
    assert state(place, "staging") == (None, None)
