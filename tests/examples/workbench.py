"""Workers of an example tried alone: their scripts, their files, and their runs in a sandbox."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from activities import yaml12
from activities.workers import parse_worker
from contracts import expressions
from contracts.names import RESULT_ARTIFACT, RESULT_FILE
from contracts.specs.worker import WorkerSpec
from contracts.worker import WorkerDeclaration, WorkerResult
from tests.sandbox.conftest import Repo

EXAMPLES = Path(__file__).parents[2] / "examples"
DISPATCH_ID = "pd-0123456789abcdef01234567"
RUN = {"GITHUB_RUN_ID": "26000000042", "GITHUB_RUN_ATTEMPT": "2", "DISPATCH_ID": DISPATCH_ID}


class Example:
    """One folder under `examples/`."""

    def __init__(self, name: str) -> None:
        self.folder = EXAMPLES / name
        self.repository = self.folder / "repository"

    def spec(self, name: str = "orchestration.yml") -> Any:
        """A spec as it is written."""
        return yaml12.load((self.folder / name).read_text())

    def workflows(self) -> list[str]:
        """Names of all workflow files."""
        folder = self.repository / ".github" / "workflows"
        return sorted(path.name for path in folder.glob("*.yml"))

    def workflow(self, name: str) -> Any:
        """A workflow file."""
        return yaml12.load(self._text(name))

    def declaration(self, name: str) -> WorkerDeclaration:
        """What a workflow file declares."""
        return parse_worker(name, self._text(name))

    def _text(self, name: str) -> str:
        return (self.repository / ".github" / "workflows" / name).read_text()

    def schema(self, name: str) -> dict[str, Any]:
        """A schema, by its path in the specs."""
        return dict(json.loads((self.folder / name).read_text()))

    def valid(self, result: WorkerResult, schema: str) -> WorkerResult:
        """Hold the outputs of a result against a schema."""
        Draft202012Validator(self.schema(schema)).validate(result.outputs)
        return result

    def run(self, script: str, folder: Path, **environment: str) -> tuple[int, WorkerResult]:
        """Run a script in a folder, as a step of a job would; give exit code and result."""
        ended = subprocess.run(
            [sys.executable, str(self.repository / ".github" / "scripts" / script)],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | RUN | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert not ended.stderr, ended.stderr
        written = (folder / RESULT_FILE).read_text()
        return ended.returncode, WorkerResult.model_validate_json(written)


def check_worker_file(file: Any, permissions: dict[str, str]) -> None:
    """Hold a workflow file against what every worker of the examples promises."""
    inputs = file["on"]["workflow_dispatch"]["inputs"]
    (job,) = file["jobs"].values()
    steps = job["steps"]
    upload = steps[-1]

    assert list(file["on"]) == ["workflow_dispatch"]
    assert inputs["dispatch_id"]["default"] == ""
    assert "${{ inputs.dispatch_id }}" in file["run-name"]
    assert file["permissions"] == permissions
    assert job["timeout-minutes"] <= 10
    assert not [step for step in steps if "${{" in step.get("run", "")]
    uses = [step["uses"] for step in steps if "uses" in step]
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", one) for one in uses)
    assert upload["if"] == "always()"
    assert (upload["with"]["name"], upload["with"]["path"]) == (RESULT_ARTIFACT, RESULT_FILE)


def result_of(repo: Repo, run_id: int) -> WorkerResult:
    """Read the result that a run in the sandbox published."""
    with zipfile.ZipFile(io.BytesIO(repo.artifact(run_id))) as archive:
        return WorkerResult.model_validate_json(archive.read(RESULT_FILE))


def dispatched(repo: Repo, workflow: str, **inputs: str) -> tuple[str, WorkerResult]:
    """Dispatch a worker directly, wait, and give its conclusion and result."""
    run_id = repo.dispatch(workflow, dispatch_id=DISPATCH_ID, **inputs)
    ended = repo.ended(run_id)
    result = result_of(repo, run_id)
    assert (result.dispatch_id, result.run_id, result.run_attempt) == (DISPATCH_ID, run_id, 1)
    assert DISPATCH_ID in ended["display_title"]
    return str(ended["conclusion"]), result


def rendered(worker: WorkerSpec, context: dict[str, Any]) -> dict[str, str]:
    """Fill in the inputs of a worker as an orchestration would."""
    return {
        name: expressions.render(value, context)
        if isinstance(value, str)
        else expressions.to_text(value)
        for name, value in worker.inputs.items()
    }


def paths_of(worker: WorkerSpec) -> Iterator[list[str]]:
    """Yield the steps of each path that a worker's inputs read."""
    for value in worker.inputs.values():
        yield from (path.split(".") for path in expressions.paths(str(value)))
