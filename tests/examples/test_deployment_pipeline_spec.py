"""The spec of the deployment pipeline fits the workers that it names."""

from collections.abc import Iterator

import pytest

from contracts.specs.pipeline import PipelineSpec, StageWorker, stage_paths
from contracts.specs.worker import WorkerSpec
from contracts.worker import request_problems
from tests.examples.tea_house import EXAMPLE
from tests.examples.workbench import check_worker_file, paths_of, rendered

SPEC = PipelineSpec.model_validate(EXAMPLE.spec(), by_alias=True, by_name=False)
INPUTS = {"version": "1.5.0", "target_url": "http://127.0.0.1:8800", "issue_number": "1"}
OUTPUTS = {"version": "1.5.0", "url": "http://127.0.0.1:8800/staging", "previous": "1.4.0"}


def makers() -> dict[str, dict[str, StageWorker]]:
    """Workers and checks by stage and name."""
    return {stage.name: {**stage.workers, **stage.checks} for stage in SPEC.stages}


def all_workers() -> Iterator[tuple[str, WorkerSpec]]:
    for stage, workers in makers().items():
        yield from ((f"{stage}.{name}", worker) for name, worker in workers.items())
    for one in SPEC.stages:
        if one.rollback:
            yield f"{one.name}.rollback", one.rollback


def test_the_stages_are_those_of_the_example() -> None:
    shape = {
        stage.name: (list(stage.workers), list(stage.checks), stage.rollback is not None)
        for stage in SPEC.stages
    }

    assert shape == {
        "validate": (["security-validator", "test-validator"], [], False),
        "staging": (["staging-deployer"], ["staging-validator"], True),
        "production": (["production-deployer"], ["production-validator"], True),
    }
    assert [stage.name for stage in SPEC.stages if stage.approval] == ["production"]
    assert SPEC.stages[2].roll_back == ("staging",)
    assert SPEC.safe_outputs.create_comment
    assert SPEC.safe_outputs.create_comment.max == 5
    assert set(SPEC.on.workflow_dispatch.inputs if SPEC.on.workflow_dispatch else ()) == set(INPUTS)


@pytest.mark.parametrize(("name", "worker"), list(all_workers()), ids=lambda one: str(one)[:40])
def test_each_worker_takes_the_inputs_that_it_is_given(name: str, worker: WorkerSpec) -> None:
    stages = {
        stage: {maker: {"outputs": OUTPUTS} for maker in workers}
        for stage, workers in makers().items()
    }
    inputs = rendered(worker, {"inputs": INPUTS, "stages": stages})
    declared = EXAMPLE.declaration(worker.workflow)

    assert request_problems(declared, inputs | {"dispatch_id": "x"}) == []
    assert declared.correlated


def test_every_output_that_is_read_is_promised_by_the_schema_of_its_worker() -> None:
    read = [path for _, worker in all_workers() for path in paths_of(worker)]
    stages = [path for path in read if path[0] == "stages"]

    assert len(stages) == 7, "the guard would be vacuous"
    for _, stage, maker, _, name in stages:
        schema = makers()[stage][maker].result.schema_
        assert name in EXAMPLE.schema(str(schema))["required"], f"{stage}.{maker}: {name}"
    assert stage_paths("${{ inputs.version }}") == []


def test_every_worker_file_is_used_and_keeps_the_rules() -> None:
    used = {worker.workflow for _, worker in all_workers()}

    assert used == set(EXAMPLE.workflows())
    for name in used:
        check_worker_file(EXAMPLE.workflow(name), {"contents": "read"})


def test_every_schema_is_used() -> None:
    used = {str(worker.result.schema_) for _, worker in all_workers()}

    assert used == {f"schemas/{path.name}" for path in (EXAMPLE.folder / "schemas").iterdir()}
