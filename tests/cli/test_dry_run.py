"""`podium start --dry-run` tells what would be done, and does none of it."""

import time
from uuid import uuid4

import pytest

from starter.children import free_ports
from tests.cli.backstage import Backstage
from tests.cli.conftest import Podium, Write

OPEN_ISSUES = {
    "{source: list, items: [alpha, beta]}": "{source: open-issues, limit: 500}",
    "workflow: look.yml": "workflow: issue.yml",
    'thing: "${{ item.value }}"': 'number: "${{ item.number }}"',
    '    severity: "${{ inputs.severity }}"\n': "",
}


def check_nothing_was_done(backstage: Backstage, since: float, workflow_id: str) -> None:
    """Judge by the sandbox's own record, and by Temporal's."""
    asked = backstage.control.requests(since=since)
    assert asked, "the record would prove nothing"
    assert {request.method for request in asked} == {"GET"}
    assert backstage.control.dispatches(since=since) == []
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
    assert "temporal schedule create --schedule-id podium/nightly --cron '0 0 * * *'" in said.err
    assert f"podium render {spec} > run.json" in said.err
