"""The specs of the repository health check fit together, and fit the workers that they name."""

from typing import Any

import pytest

from contracts.specs.hierarchical import HierarchicalSpec
from contracts.specs.pipeline import PipelineSpec
from contracts.worker import request_problems
from tests.examples.test_repository_health_workers import EXAMPLE, EXPECTED, SCHEMA
from tests.examples.workbench import check_worker_file, rendered

MASTER = HierarchicalSpec.model_validate(EXAMPLE.spec(), by_alias=True, by_name=False)


def _pipeline(path: str) -> PipelineSpec:
    return PipelineSpec.model_validate(EXAMPLE.spec(path), by_alias=True, by_name=False)


CHILDREN = {
    name: (child, _pipeline(str(child.spec)))
    for phase in MASTER.phases
    for name, child in phase.orchestrations.items()
}
ONLY_IN_CI = "ci.yml"


def inputs_of(spec: Any) -> set[str]:
    """Names of the inputs that an orchestration declares."""
    trigger = spec.on.workflow_dispatch
    return set(trigger.inputs) if trigger else set()


def test_each_monday_one_phase_of_three_orchestrations_runs() -> None:
    assert MASTER.on.schedule
    assert MASTER.on.schedule.cron == "0 6 * * 1"
    assert [list(phase.orchestrations) for phase in MASTER.phases] == [
        ["issue-health", "pr-health", "code-health"]
    ]
    assert MASTER.collect_issues


@pytest.mark.parametrize("name", list(CHILDREN))
def test_a_child_writes_its_own_issue_and_gets_the_inputs_that_it_declares(name: str) -> None:
    child, spec = CHILDREN[name]

    assert (spec.name, spec.repository) == (name, MASTER.repository)
    assert spec.safe_outputs.create_issue
    assert spec.safe_outputs.create_issue.max == 1
    assert spec.safe_outputs.create_issue.labels == ("podium-report",), "workers leave it out"
    assert set(child.inputs) == inputs_of(spec) <= inputs_of(MASTER)


@pytest.mark.parametrize("name", list(CHILDREN))
def test_a_child_has_one_stage_of_workers_that_take_what_they_are_given(name: str) -> None:
    _, spec = CHILDREN[name]
    (stage,) = spec.stages

    assert len(stage.workers) >= 4
    for worker in stage.workers.values():
        declared = EXAMPLE.declaration(worker.workflow)
        for as_of in ("", "2026-11-02"):
            inputs = rendered(worker, {"inputs": {"as_of": as_of}})
            assert request_problems(declared, inputs | {"dispatch_id": "x"}) == []
        assert declared.correlated
        assert worker.continue_on_error
        assert worker.result.schema_ == SCHEMA


@pytest.mark.parametrize("name", list(CHILDREN))
def test_a_child_advises_on_each_of_its_workers_and_on_what_is_critical(name: str) -> None:
    _, spec = CHILDREN[name]
    advice = spec.report.recommendations
    known = EXAMPLE.schema(SCHEMA)["properties"]

    assert [one.equals for one in advice[1:]] == list(spec.stages[0].workers)
    assert {one.field for one in advice[1:]} == {"outputs.attention"}
    assert (advice[0].field, advice[0].priority) == ("outputs.urgent", "critical")
    shown = [*spec.report.counts, *spec.report.columns.values(), *(one.field for one in advice)]
    assert [field for field in shown if field.removeprefix("outputs.") not in known] == []


def test_every_worker_is_used_once_and_keeps_the_rules() -> None:
    used = [w.workflow for _, spec in CHILDREN.values() for w in spec.stages[0].workers.values()]
    reads = {"issue-health": "issues", "pr-health": "pull-requests"}

    assert sorted([*used, ONLY_IN_CI]) == EXAMPLE.workflows()
    assert used == [f"{worker}.yml" for worker in EXPECTED]
    for name, (_, spec) in CHILDREN.items():
        more = {reads[name]: "read"} if name in reads else {}
        for worker in spec.stages[0].workers.values():
            check_worker_file(EXAMPLE.workflow(worker.workflow), {"contents": "read"} | more)
