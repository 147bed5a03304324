"""Recorded histories replay on the code of today; a changed order of commands does not."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from contracts.gates import Answered
from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.specs.pipeline import Stage
from workflows.parts import progress
from workflows.parts.children import Children
from workflows.parts.gate import Gates
from workflows.parts.orchestration import Orchestration
from workflows.parts.rounds import Rounds
from workflows.patterns.pipeline import Pipeline
from workflows.plugin import WORKFLOWS, podium_plugin

NONDETERMINISM = r"TMPRL1100|[Nn]ondeterminism"
HISTORIES = sorted((Path(__file__).resolve().parents[1] / "histories").glob("*.json"))


def history(path: Path) -> WorkflowHistory:
    recorded = json.loads(path.read_text())
    return WorkflowHistory.from_json(recorded["workflow_id"], recorded["history"])


def replayer() -> Replayer:
    return Replayer(workflows=WORKFLOWS, plugins=[podium_plugin()])


def unsandboxed() -> Replayer:
    """Outside the sandbox, which would import the unchanged modules again."""
    return Replayer(
        workflows=WORKFLOWS,
        workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=pydantic_data_converter,
    )


def named(path: str) -> WorkflowHistory:
    return history(next(one for one in HISTORIES if one.name.startswith(f"{path}.")))


def test_every_path_has_a_history() -> None:
    recorded = {path.name.split(".")[0] for path in HISTORIES}

    assert recorded == {
        "plain", "failures", "cancelled", "cancelled-concluding", "cancelled-parked", "cancelled-gate",
        "cancelled-concluding-lost", "cancelled-parked-lost", "uncorrelated", "chained", "run-watch",
        "run-watch-chained", "breaker", "breaker-chained", "breaker-short", "circuit-breaker",
        "circuit-breaker-chained", "circuit-breaker-gathered", "hushed", "run-watch-hushed", "run-watch-held", "hush-answered", "run-watch-answers", "run-watch-keeps-back", "run-watch-late", "run-watch-surplus", "run-watch-surplus-lost", "run-watch-surplus-replaced", "content-counter", "worker-pool", "worker-pool-chained", "voting", "pipeline",
        "pipeline-rejected", "pipeline-undone", "gate-escalated", "gate-both", "pipeline-commented", "gate-watch",
        "hierarchical", "hierarchical-child", "hierarchical-again", "hierarchical-taken",
        "map-reduce", "map-reduce-chained", "reflection", "reflection-accepted",
        "reflection-chained", "router", "router-classified", "router-chained", "router-unsure", "carried-retry",
        "run-again", "budget", "answered-by-news", "own-repositories", "run-watch-alone", "pipeline-spent",
        "outputs-escalated", "outputs-healed", "outputs-staged", "outputs-approved",
    }  # fmt: skip


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path) -> None:
    await replayer().replay_workflow(history(path))


async def test_a_rejection_wins_over_an_approval_of_the_same_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The approval came first; decided about at once, it would have let the stage begin."""
    recorded = named("gate-both")
    kinds = [event.WhichOneof("attributes") for event in recorded.events]
    both = [
        n for n, kind in enumerate(kinds) if kind == "workflow_execution_signaled_event_attributes"
    ]
    between = kinds[both[0] : both[1]]
    failure = recorded.events[-1].workflow_execution_failed_event_attributes.failure

    assert "workflow_task_started_event_attributes" not in between
    assert "rejected by boss" in failure.message
    await unsandboxed().replay_workflow(recorded)
    count = Gates.count

    def at_once(self: Gates, answered: Answered) -> str | None:
        reason = count(self, answered)
        self._settle()
        return reason

    monkeypatch.setattr(Gates, "count", at_once)
    with pytest.raises(Exception, match=NONDETERMINISM):
        await unsandboxed().replay_workflow(recorded)


async def test_swapped_commands_do_not_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard is not vacuous: here the end is published before the report is rendered."""
    original, publish = Orchestration.conclude, progress.publish

    async def swapped(
        self: Orchestration[Any], status: OrchestrationStatus, reason: str
    ) -> OrchestrationReport:
        publish(self.spec, status)
        monkeypatch.setattr(progress, "publish", lambda *_: None)
        return await original(self, status, reason)

    monkeypatch.setattr(Orchestration, "conclude", swapped)

    with pytest.raises(Exception, match=NONDETERMINISM):
        await unsandboxed().replay_workflow(named("plain"))


async def test_a_pipeline_whose_steps_are_swapped_does_not_replay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here a stage is told of before it is checked."""
    await unsandboxed().replay_workflow(named("pipeline"))
    original = Pipeline._do

    async def swapped(
        self: Pipeline, stage: Stage, workers: Mapping[str, Any], *, then: str
    ) -> bool:
        if then == "told":
            await self._tell(stage)
        return await original(self, stage, workers, then=then)

    monkeypatch.setattr(Pipeline, "_do", swapped)

    with pytest.raises(Exception, match=NONDETERMINISM):
        await unsandboxed().replay_workflow(named("pipeline"))


async def test_children_that_start_after_their_sibling_do_not_replay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here the children of a phase follow each other, as their parent might have it one day."""

    async def one_by_one(self: Children) -> Any:
        return {name: await self._one(name, child) for name, child in [*self._waiting.items()]}

    monkeypatch.setattr(Children, "run", one_by_one)

    with pytest.raises(Exception, match=NONDETERMINISM):
        await unsandboxed().replay_workflow(named("hierarchical"))


async def test_a_reflection_that_does_not_end_at_its_threshold_does_not_replay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here another draft follows where the pull request was opened."""
    await unsandboxed().replay_workflow(named("reflection"))
    monkeypatch.setattr(Rounds, "reached", False)

    with pytest.raises(Exception, match=NONDETERMINISM):
        await unsandboxed().replay_workflow(named("reflection"))
