"""The files of X6: the spec, the workers that it names, and the agentic twins of these."""

import ast
import sys
from typing import Any

import pytest

from activities import yaml12
from contracts.specs.reflection import ReflectionSpec
from contracts.worker import build_request
from tests.examples.workbench import DISPATCH_ID, Example, check_worker_file, rendered

X6 = Example("documentation-reflection")
SCRIPTS = X6.repository / ".github" / "scripts"
PERMISSIONS = {
    "doc-generator.yml": {"contents": "write", "issues": "read"},
    "doc-critic.yml": {"contents": "read"},
}


def agentic(worker: str) -> tuple[Any, str]:
    """Frontmatter and prompt of a worker's agentic twin."""
    path = X6.repository / ".github" / "workflows" / worker.replace(".yml", "-agent.md")
    _, frontmatter, prompt = path.read_text().split("---\n", 2)
    return yaml12.load(frontmatter), prompt


def test_the_spec_gives_its_workers_what_they_declare() -> None:
    spec = ReflectionSpec.model_validate(X6.spec(), by_alias=True, by_name=False)
    reflection = {"iteration": 1, "feedback": None, "feedback_url": None, "score": None}
    context: dict[str, Any] = {
        "inputs": {"module": "widgets.cache"},
        "run": {"id": "0199-ab"},
        "reflection": reflection,
        "draft": {"outputs": {"branch": "docs/widgets.cache-0199-ab"}},
    }
    for worker in (spec.generator, spec.critic):
        build_request(
            X6.declaration(worker.workflow),
            rendered(worker, context),
            repository=spec.repository,
            ref="main",
            dispatch_id=DISPATCH_ID,
        )
        assert isinstance(worker.result.schema_, str)
        assert X6.schema(worker.result.schema_)["type"] == "object"
    assert (spec.threshold, spec.max_iterations) == (8, 3)


@pytest.mark.parametrize("worker", PERMISSIONS)
def test_each_worker_asks_for_little_and_publishes_whatever_happened(worker: str) -> None:
    check_worker_file(X6.workflow(worker), PERMISSIONS[worker])


@pytest.mark.parametrize("worker", PERMISSIONS)
def test_an_agentic_twin_has_the_same_contract_and_writes_in_one_safe_output(worker: str) -> None:
    plain, (agent, prompt) = X6.workflow(worker), agentic(worker)
    ((tool, job),) = agent["safe-outputs"]["jobs"].items()
    own = plain["jobs"].popitem()[1]["steps"][1]
    given = job["steps"][1]["env"]

    assert agent["on"] == plain["on"]
    assert agent["run-name"] == plain["run-name"]
    assert "write" not in agent["permissions"].values()
    assert job["permissions"] == plain["permissions"]
    assert own["env"].items() <= given.items()
    assert own["run"] in job["steps"][1]["run"]
    assert job["steps"][2]["with"]["name"] == "podium-result"
    assert "${{" not in prompt
    assert "${{" not in "".join(step.get("run", "") for step in agent["steps"] + job["steps"])
    assert f"`{tool.replace('-', '_')}`" in prompt
    assert agent["concurrency"]["job-discriminator"].endswith("|| github.run_id }}")


def test_the_scripts_are_written_for_python_3_9_and_the_standard_library() -> None:
    own = {path.stem for path in SCRIPTS.glob("*.py")}
    for path in SCRIPTS.glob("*.py"):
        tree = ast.parse(path.read_text(), feature_version=(3, 9))
        names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | own
