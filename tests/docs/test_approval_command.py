"""The command on the pipeline's page opens its gate, with the real Temporal CLI."""

import asyncio
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from activities.yaml12 import load
from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.specs.pipeline import PipelineSpec
from sandbox.control import TimedRule
from tests.conftest import binary
from tests.docs.pages import ROOT, blocks
from tests.patience import PATIENCE
from tests.system.stand import open_stand
from workflows.parts.stages import all_workers

PAGE = ROOT / "docs" / "patterns" / "pipeline.md"
OUTPUTS = {"url": "https://staging.example.com", "previous": "none"}
RESULT = {"protocol": "podium/v1", "worker": "any", "run_id": "{run_id}", "status": "success"}


def spec() -> dict[str, Any]:
    """The page's own spec."""
    found: dict[str, Any] = load(next(b.text for b in blocks(PAGE) if b.language == "yaml"))
    return found


def repository(folder: Path) -> Path:
    """A repository with every worker of the spec."""
    workflows = folder / "repository" / ".github" / "workflows"
    workflows.mkdir(parents=True)
    declared: dict[str, set[str]] = {}
    parsed = PipelineSpec.model_validate(spec(), by_alias=True, by_name=False)
    for worker in all_workers(parsed).values():
        declared.setdefault(worker.workflow, {"dispatch_id"}).update(worker.inputs)
    for name, inputs in declared.items():
        lines = [f"      {one}: {{required: false}}" for one in sorted(inputs)]
        head = [f"name: {name}", f'run-name: "{name} [${{{{ inputs.dispatch_id }}}}]"', "on:"]
        jobs = ["jobs:", "  work:", "    runs-on: ubuntu-latest", '    steps: [{run: "true"}]', ""]
        text = [*head, "  workflow_dispatch:", "    inputs:", *lines, *jobs]
        (workflows / name).write_text("\n".join(text))
    return workflows.parents[1]


async def waiting(handle: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await handle.query("gates"):  # noqa: ASYNC110 - a server's
            await asyncio.sleep(0.5)


@pytest.mark.covers("U1")
async def test_the_command_on_the_page_approves(tmp_path: Path) -> None:
    command = next(b.text for b in blocks(PAGE) if b.language == "console")
    words = shlex.split(command)
    workflow_id = words[words.index("--workflow-id") + 1]
    served = repository(tmp_path)
    async with open_stand(tmp_path, repository=served) as stand, stand.workers():
        stand.control.timed([TimedRule(result={**RESULT, "outputs": OUTPUTS})])
        handle = await stand.client.start_workflow(
            "Pipeline",
            {"spec": spec(), "inputs": {"version": "1.4.0"}, "initiator": "octo-dev"},
            id=workflow_id,
            task_queue="podium",
        )
        await waiting(handle)
        await asyncio.to_thread(
            subprocess.run,
            [str(binary("temporal")), *words[1:], "--address", stand.address],
            check=True,
            timeout=60,
        )
        report = OrchestrationReport.model_validate(await handle.result())

    assert report.status is OrchestrationStatus.SUCCEEDED, report.reason
    decided = [d for d in report.decisions if d.kind == "gate-approved"]
    assert [one.subject for one in decided] == ["production"]
    assert "octo-release-manager" in decided[0].reason
