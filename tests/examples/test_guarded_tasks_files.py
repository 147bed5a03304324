"""The files of X7: the spec, the workers that it names, and what the examples share."""

import ast
import sys

import pytest

from contracts.specs.circuit_breaker import CircuitBreakerSpec
from contracts.worker import build_request
from tests.examples.workbench import DISPATCH_ID, Example, check_worker_file, rendered

X7 = Example("guarded-tasks")
SCRIPTS = X7.repository / ".github" / "scripts"
READ = {"contents": "read"}
PERMISSIONS = {
    "link-checker.yml": READ,
    "label-sync.yml": READ | {"issues": "write"},
    "stale-branches.yml": READ,
    "licence-headers.yml": READ,
}


def test_the_spec_gives_its_workers_what_they_declare() -> None:
    spec = CircuitBreakerSpec.model_validate(X7.spec(), by_alias=True, by_name=False)
    trigger = spec.on.workflow_dispatch
    assert trigger is not None
    inputs = {name: one.default for name, one in trigger.inputs.items()}

    for task in spec.tasks:
        build_request(
            X7.declaration(task.worker.workflow),
            rendered(task.worker, {"inputs": inputs}),
            repository=spec.repository,
            ref="main",
            dispatch_id=DISPATCH_ID,
        )
        assert isinstance(task.worker.result.schema_, str)
        assert X7.schema(task.worker.result.schema_)["type"] == "object"
    links = [task for task in spec.tasks if task.worker.workflow == "link-checker.yml"]
    assert len(links) > spec.breaker.failure_threshold, "or the breaker would open for nobody"
    assert {task.worker.workflow for task in spec.tasks} == set(PERMISSIONS)


@pytest.mark.parametrize("worker", PERMISSIONS)
def test_each_worker_asks_for_little_and_publishes_whatever_happened(worker: str) -> None:
    check_worker_file(X7.workflow(worker), PERMISSIONS[worker])


@pytest.mark.parametrize("shared", ["job_result.py", "github_rest.py"])
def test_what_the_examples_share_is_the_same_in_each(shared: str) -> None:
    copies = X7.folder.parent.glob(f"*/repository/.github/scripts/{shared}")

    assert len({path.read_text() for path in copies}) == 1


def test_all_is_written_for_python_3_9_and_the_standard_library() -> None:
    own = {path.stem for path in SCRIPTS.glob("*.py")}
    for path in [*SCRIPTS.glob("*.py"), *X7.folder.glob("target/*.py")]:
        tree = ast.parse(path.read_text(), feature_version=(3, 9))
        names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | own
