"""The files of X5 fit together: spec, worker file, schema, manifest and README."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from activities import yaml12
from activities.workers import parse_worker
from contracts import expressions
from contracts.names import RESULT_ARTIFACT, RESULT_FILE
from contracts.specs.map_reduce import MapReduceSpec, SarifReducer, TableReducer
from contracts.worker import request_problems

EXAMPLE = Path(__file__).parents[2] / "examples" / "security-audit"
WORKFLOWS = EXAMPLE / "repository" / ".github" / "workflows"
SCHEMA = json.loads((EXAMPLE / "schemas" / "security-scan.json").read_text())


@pytest.fixture
def spec() -> MapReduceSpec:
    data = yaml12.load((EXAMPLE / "orchestration.yml").read_text())
    return MapReduceSpec.model_validate(data, by_alias=True, by_name=False)


@pytest.fixture
def plain(spec: MapReduceSpec) -> dict[str, Any]:
    return dict(yaml12.load((WORKFLOWS / spec.worker.workflow).read_text()))


def test_the_worker_exists_and_takes_what_the_spec_gives(spec: MapReduceSpec) -> None:
    declared = parse_worker(spec.worker.workflow, (WORKFLOWS / spec.worker.workflow).read_text())
    context = {"item": {"full_name": "octo-org/widgets"}}
    given = {
        name: expressions.render(str(text), context) for name, text in spec.worker.inputs.items()
    }

    assert declared.correlated
    assert request_problems(declared, given | {"dispatch_id": "pd-1"}) == []
    assert request_problems(declared, {}) != []


def test_all_output_fields_that_the_spec_names_are_in_the_schema(spec: MapReduceSpec) -> None:
    named = [r.field for r in spec.reduce.values() if hasattr(r, "field")]
    named += list(spec.report.columns.values())
    for reducer in spec.reduce.values():
        named += list(reducer.columns.values()) if isinstance(reducer, TableReducer) else []
    named += [one.field for one in spec.report.recommendations]

    Draft202012Validator.check_schema(SCHEMA)
    assert len(named) >= 10
    for path in named:
        known = SCHEMA
        for step in path.split(".")[1:]:
            assert step in known["properties"], path
            known = known["properties"][step]


def test_the_worker_reads_only_is_bounded_and_publishes_whatever_happened(
    plain: dict[str, Any], spec: MapReduceSpec
) -> None:
    (job,) = plain["jobs"].values()
    steps = job["steps"]
    used = [step["uses"] for step in steps if "uses" in step]
    (sarif,) = (one for one in spec.reduce.values() if isinstance(one, SarifReducer))

    assert plain["permissions"] == {"contents": "read"}
    assert job["timeout-minutes"] <= spec.worker.timeout_minutes
    assert not [step for step in steps if "${{" in step.get("run", "")]
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", name) for name in used)
    assert [step["if"] for step in steps[-2:]] == ["always()", "always()"]
    assert [step["with"]["name"] for step in steps[-2:]] == [sarif.artifact, RESULT_ARTIFACT]
    assert steps[-1]["with"]["path"] == RESULT_FILE
