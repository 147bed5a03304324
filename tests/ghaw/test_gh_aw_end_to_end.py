"""A spec that names a worker by its markdown: its lock file runs, and its artifacts are the result."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts.report import OrchestrationReport
from contracts.runs import OutcomeStatus
from tests.system.stand import Stand, open_stand, spec

LOCK = """
name: Triage
run-name: "Triage"
on:
  workflow_dispatch:
    inputs:
      issue: {required: true}
      aw_context: {default: "", required: false, type: string}
jobs:
  activation:
    runs-on: ubuntu-latest
    steps:
      - env: {CONTEXT: "${{ inputs.aw_context }}"}
        run: |
          printf '{"run_id": %s, "staged": false, "context": %s}' "$GITHUB_RUN_ID" "$CONTEXT" > aw_info.json
      - uses: actions/upload-artifact@v4
        with: {name: activation, path: aw_info.json, retention-days: 1}
  agent:
    needs: activation
    runs-on: ubuntu-latest
    steps:
      - env: {ISSUE: "${{ inputs.issue }}"}
        run: |
          case "$ISSUE" in
            clear) items='[{"type": "add_labels", "labels": ["bug"]}]' ;;
            *) items='[{"type": "noop", "message": "nothing to add"}]' ;;
          esac
          printf '{"items": %s, "errors": []}' "$items" > agent_output.json
      - uses: actions/upload-artifact@v4
        with: {name: agent, path: agent_output.json}
  detection:
    needs: agent
    runs-on: ubuntu-latest
    steps:
      - env: {ISSUE: "${{ inputs.issue }}"}
        run: |
          found=false; [ "$ISSUE" != hostile ] || found=true
          printf '{"prompt_injection": %s, "secret_leak": false, "malicious_patch": false, "reasons": []}' $found > detection_result.json
      - uses: actions/upload-artifact@v4
        with: {name: detection, path: detection_result.json}
"""


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    workflows = tmp_path / "agents" / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "triage.md").write_text("---\non: workflow_dispatch\n---\nTriage the issue.\n")
    (workflows / "triage.lock.yml").write_text(LOCK)
    (workflows / "uncompiled.md").write_text("---\non: workflow_dispatch\n---\nDo it.\n")
    async with open_stand(tmp_path, mode="act", repository=tmp_path / "agents") as opened:
        yield opened


async def test_a_worker_named_by_its_markdown_is_judged_by_what_it_left(stand: Stand) -> None:
    asked = spec(
        ["clear", "known", "hostile"],
        worker={"workflow": "triage.md", "inputs": {"issue": "${{ item.value }}"}},
        success={"min-success-rate": 0.5},
    )
    async with stand.workers():
        handle = await stand.start(asked)
        report = OrchestrationReport.model_validate(await handle.result())

    found = {row.key.split(":")[-1]: row for row in report.results}
    assert {name: row.status for name, row in found.items()} == {
        "clear": OutcomeStatus.SUCCESS,
        "known": OutcomeStatus.SKIPPED,
        "hostile": OutcomeStatus.FAILURE,
    }
    assert found["clear"].outputs["items"] == [{"type": "add_labels", "labels": ["bug"]}]
    assert {row.worker for row in report.results} == {"triage"}
    assert "prompt injection" in found["hostile"].reason
    assert found["hostile"].attempts == 1, "it would end alike"
    runs = stand.control.runs()
    assert {run.workflow.rsplit("/", 1)[-1] for run in runs} == {"triage.lock.yml"}
    assert len({run.dispatch_id for run in runs}) == 3, "each was told its own aw_context"


async def test_a_worker_that_was_not_compiled_is_told_so(stand: Stand) -> None:
    asked = spec(1, worker={"workflow": "uncompiled.md", "inputs": {}})
    async with stand.workers():
        handle = await stand.start(asked)
        with pytest.raises(Exception, match="Workflow execution failed") as failed:
            await handle.result()

    assert "run gh aw compile" in str(failed.value.__cause__)
