"""Recorded histories replay on the code of today; a changed order of commands does not."""

import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from contracts.report import OrchestrationReport, OrchestrationStatus
from workflows.parts import progress
from workflows.parts.orchestration import Orchestration
from workflows.plugin import WORKFLOWS, podium_plugin

HISTORIES = sorted((Path(__file__).resolve().parents[1] / "histories").glob("*.json"))


def history(path: Path) -> WorkflowHistory:
    recorded = json.loads(path.read_text())
    return WorkflowHistory.from_json(recorded["workflow_id"], recorded["history"])


def replayer() -> Replayer:
    return Replayer(workflows=WORKFLOWS, plugins=[podium_plugin()])


def test_every_path_has_a_history() -> None:
    recorded = {path.name.split(".")[0] for path in HISTORIES}

    assert recorded == {
        "plain", "failures", "cancelled", "uncorrelated", "chained", "run-watch",
        "run-watch-chained", "breaker", "breaker-chained", "circuit-breaker",
        "circuit-breaker-chained", "worker-pool", "worker-pool-chained", "voting",
    }  # fmt: skip


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path) -> None:
    await replayer().replay_workflow(history(path))


async def test_swapped_commands_do_not_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard is not vacuous: here the end is published before the report is rendered."""
    original, publish = Orchestration._conclude, progress.publish

    async def swapped(
        self: Orchestration[Any], status: OrchestrationStatus, reason: str
    ) -> OrchestrationReport:
        publish(self.spec, status)
        monkeypatch.setattr(progress, "publish", lambda *_: None)
        return await original(self, status, reason)

    monkeypatch.setattr(Orchestration, "_conclude", swapped)
    plain = next(path for path in HISTORIES if path.name.startswith("plain"))
    # Outside the sandbox, which would import the unchanged modules again.
    unsandboxed = Replayer(
        workflows=WORKFLOWS,
        workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=pydantic_data_converter,
    )

    with pytest.raises(Exception, match=r"TMPRL1100|[Nn]ondeterminism"):
        await unsandboxed.replay_workflow(history(plain))
