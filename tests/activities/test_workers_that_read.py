"""Which worker files leave a run no way to write: all that a staged run dispatches."""

import pytest

from activities.workers import parse_worker

FILE = """
on: workflow_dispatch
{permissions}
jobs:
  one:
    runs-on: {machine}
    {more}
    steps: [{{run: "echo ${{{{ {said} }}}}"}}]
  two: {{runs-on: ubuntu-latest, steps: [{{run: "true"}}]}}
"""


def writes(
    permissions: str = "permissions: read-all",
    more: str = "",
    said: str = "github.token",
    machine: str = "ubuntu-latest",
) -> str:
    text = FILE.format(permissions=permissions, more=more, said=said, machine=machine)
    return parse_worker("w.yml", text).writes


@pytest.mark.parametrize(
    "permissions",
    ["permissions: read-all", "permissions: {}", "permissions: {contents: read, issues: none}"],
)
def test_what_says_that_it_only_reads_is_believed(permissions: str) -> None:
    assert writes(permissions) == ""
    assert writes(permissions, said="secrets.GITHUB_TOKEN") == ""


@pytest.mark.parametrize(
    "permissions",
    ["", "permissions: write-all", "permissions: {contents: read, issues: write}", "permissions:"],
)
def test_permissions_that_are_more_or_are_not_said_may_write(permissions: str) -> None:
    assert writes(permissions) == "its permissions are more than read"


def test_one_job_that_may_write_is_enough() -> None:
    assert writes(more="permissions: {issues: write}") == "its permissions are more than read"
    assert writes("", more="permissions: {issues: read}") == "its permissions are more than read"


@pytest.mark.parametrize("said", ["secrets.DEPLOY_KEY", "toJSON(secrets)", "Secrets['X']"])
def test_a_secret_can_reach_anything(said: str) -> None:
    assert writes(said=said) == "it reads secrets"


def test_a_deployment_and_a_machine_of_ones_own_may_write() -> None:
    assert writes(more="environment: production") == "it deploys to an environment"
    assert writes(machine="[self-hosted, linux]") == "it runs on machines of one's own"
