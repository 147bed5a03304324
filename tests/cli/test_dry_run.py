"""`podium start --dry-run` tells what would be done, and does none of it."""

import time
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

from activities.settings import Settings
from starter import dry_run, preflight
from starter.children import free_ports
from starter.exits import CliError
from starter.spec_file import load_spec
from tests.cli.backstage import CLI_LOGIN, Backstage
from tests.cli.conftest import Podium, Write

OPEN_ISSUES = {
    "{source: list, items: [alpha, beta]}": "{source: open-issues, limit: 500}",
    "workflow: look.yml": "workflow: issue.yml",
    'thing: "${{ item.value }}"': 'number: "${{ item.number }}"',
    '    severity: "${{ inputs.severity }}"\n': "",
}


def check_nothing_was_done(backstage: Backstage, since: float, workflow_id: str) -> None:
    """Judge by the sandbox's own record, and by Temporal's."""
    asked = [one for one in backstage.control.requests(since=since) if one.login == CLI_LOGIN]
    assert asked, "the record would prove nothing"
    assert {request.method for request in asked} == {"GET"}
    assert [
        one for one in backstage.control.dispatches(since=since) if one.login == CLI_LOGIN
    ] == []
    assert backstage.status(workflow_id) is None


def test_a_dry_run_lists_items_inputs_dispatches_and_writes_and_does_nothing(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    began, workflow_id = time.time(), f"podium/nightly/{uuid4().hex}"

    said = podium(
        "start", write(), "--dry-run", "--workflow-id", workflow_id, "--input", "severity=high"
    )

    assert said.code == 0
    assert said.err == ""
    for line in (
        "worker look.yml at main: there, can be dispatched",
        f"would start {workflow_id} (OrchestratorWorker), which ends within 6h",
        "thing=alpha severity=high",
        "thing=beta severity=high",
        "2 items (list)",
        "would dispatch look.yml: at most 2 at once, up to 1 attempts each, 20 minutes each",
        "would write create-issue: max 1",
        "would report in an issue: nightly - ",
        "Nothing was dispatched, written or sent.",
    ):
        assert line in said.out
    check_nothing_was_done(backstage, began, workflow_id)


def test_a_dry_run_over_issues_lists_them_without_pull_requests(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    began, workflow_id = time.time(), f"podium/nightly/{uuid4().hex}"

    said = podium("start", write(OPEN_ISSUES), "--dry-run", "--workflow-id", workflow_id)

    assert said.code == 0
    assert "  1: First\n      number=1\n  3: Third\n      number=3\n" in said.out
    assert "2 items (open-issues)\n" in said.out
    check_nothing_was_done(backstage, began, workflow_id)


def test_a_dry_run_counts_what_lies_beyond_the_limit(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    spec = write(
        {**OPEN_ISSUES, "{source: list, items: [alpha, beta]}": "{source: open-issues, limit: 1}"}
    )

    said = podium("start", spec, "--dry-run")

    assert said.code == 0
    assert "1 items (open-issues), 1 beyond the limit\n" in said.out
    assert "Third" not in said.out


def test_a_dry_run_needs_no_temporal(
    podium: Podium, write: Write, backstage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_ports(1)[0]}")

    assert podium("start", write(), "--dry-run").code == 0


def test_a_dry_run_of_a_spec_that_writes_nothing_says_so(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    spec = write({"safe-outputs:\n  create-issue: {max: 1}\n": ""})

    said = podium("start", spec, "--dry-run")

    assert said.code == 0
    assert "would write nothing (no safe-outputs)" in said.out


def test_a_schedule_is_noted_with_the_command_that_makes_it_live(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    spec = write({"on:\n": "on:\n  schedule: daily\n"})

    said = podium("start", spec, "--dry-run")

    assert said.code == 0
    assert "on.schedule (daily) is not run by `start`" in said.err
    assert f"podium schedules apply {spec}" in said.err


@pytest.mark.parametrize(("token", "is_app"), [("", True), ("a-token", False)])
async def test_an_empty_token_counts_as_none(
    write: Write, monkeypatch: pytest.MonkeyPatch, token: str, *, is_app: bool
) -> None:
    """GitHub says of an App what it may do in other words than of a person."""
    told: list[bool] = []

    async def look(file: object, settings: object, *, is_app: bool) -> str:
        told.append(is_app)
        raise CliError("enough")

    monkeypatch.setattr(preflight, "check_repository", look)
    monkeypatch.setenv("PODIUM_GITHUB_APP_ID", "1")
    monkeypatch.setenv("GITHUB_TOKEN", token)

    with pytest.raises(CliError, match="enough"):
        await dry_run.check(load_spec(write()), {"inputs": {}}, cast("Settings", None), "an-id")

    assert told == [is_app]


@pytest.mark.parametrize("options", [["--dry-run"], []], ids=["dry-run", "start"])
def test_a_title_that_reads_what_the_event_lacks_is_told_with_its_line(
    podium: Podium, write: Write, backstage: Backstage, tmp_path: Path, options: list[str]
) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"action": "opened"}')
    spec = write(more='report:\n  title: "of ${{ event.actoin }}"\n')

    said = podium("start", spec, "--event", event, *options)

    assert said.code == 2
    assert f"{spec}:22: report.title: " in said.err
    assert "did you mean event.action?" in said.err


POOL = {
    "pattern: orchestrator-worker": "pattern: worker-pool\npool: {items-per-worker: 3, target-duration: 10m}",
    "[alpha, beta]": "[a, b, c, d]",
    "${{ item.value }}": "${{ batch.items }}",
    "  retry: {maximum-attempts: 1}\n": "",
    "max-parallel: 2\n": "",
}


def test_a_dry_run_of_a_pool_tells_batches_and_workers(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    began, workflow_id = time.time(), f"podium/nightly/{uuid4().hex}"

    said = podium("start", write(POOL), "--dry-run", "--workflow-id", workflow_id)

    assert said.code == 0, said.err
    for line in (
        "(WorkerPool), which ends within 6h",
        "1:a: 1:a",
        "4 items (list)",
        "a pool of 2 workers, fewer when 0:10:00 allow it; 2 batches of 3 items at most",
        "would dispatch look.yml: at most 10 at once, up to 3 attempts for each item",
    ):
        assert line in said.out
    check_nothing_was_done(backstage, began, workflow_id)


def test_a_dry_run_tells_how_items_are_voted_on(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    voted = {"max-parallel: 2": "max-parallel: 2\nvoting: {votes: 3, quorum: 2, on: outputs.x}"}

    said = podium("start", write(voted), "--dry-run")

    assert said.code == 0, said.err
    assert "look.yml: 3 votes on each item, 2 decide, at most 2 at once" in said.out


@pytest.mark.usefixtures("backstage")
def test_a_worker_in_its_items_repositories_is_looked_for_in_the_first_of_them(
    podium: Podium, write: Write
) -> None:
    """Its owner is named in the spec; somebody else's repository is told with its item."""
    placed = 'workflow: look.yml\n  repository: "${{ item.value }}"\n  owners: [octo-org]'
    items = "{source: list, items: [else-org/x, octo-org/nowhere]}"
    given = {"{source: list, items: [alpha, beta]}": items, "workflow: look.yml": placed}

    foreign = podium("start", write(given), "--dry-run", "--input", "severity=high")
    alone = {**given, "{source: list, items: [alpha, beta]}": items.replace("else-org/x, ", "")}
    missing = podium("start", write(alone), "--dry-run", "--input", "severity=high")

    assert foreign.code == missing.code == 2
    assert (
        "worker.repository: item 1:else-org/x: else-org/x belongs to none of octo-org"
        in foreign.err
    )
    assert "octo-org/nowhere" in missing.err
