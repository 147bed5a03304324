"""The worker's two workflow files: one contract, and the plain one really runs."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from contracts.names import RESULT_ARTIFACT, RESULT_BLOCK, RESULT_FILE
from contracts.worker import PROTOCOL, WorkerResult
from tests.examples.small_github import DISPATCH_ID, SmallGitHub, environment, served

EXAMPLE = Path(__file__).parents[2] / "examples" / "daily-issue-analysis"
REPOSITORY = EXAMPLE / "repository"
WORKFLOWS = REPOSITORY / ".github" / "workflows"
SCHEMA = json.loads((EXAMPLE / "schemas" / "issue-analysis.json").read_text())

UPLOAD_STAND_IN = """\
name: upload-artifact
inputs: {name: {}, path: {}, if-no-files-found: {}, retention-days: {}, overwrite: {}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {SOURCE: "${{ inputs.path }}", NAME: "${{ inputs.name }}"}
      run: mkdir -p "$ARTIFACTS/$NAME" && cp "$SOURCE" "$ARTIFACTS/$NAME/"
"""


class Yaml12(yaml.SafeLoader):
    """Read `on` and `off` as words, as GitHub does."""


Yaml12.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))


def load(text: str) -> dict[str, Any]:
    """Read YAML with the booleans of version 1.2."""
    return dict(yaml.load(text, Yaml12))  # noqa: S506 - the loader is a SafeLoader


@pytest.fixture
def plain() -> dict[str, Any]:
    return load((WORKFLOWS / "issue-analyzer.yml").read_text())


@pytest.fixture
def agent() -> tuple[dict[str, Any], str]:
    """Frontmatter and prompt."""
    text = (WORKFLOWS / "issue-analyzer-agent.md").read_text()
    _, frontmatter, prompt = text.split("---\n", 2)
    return load(frontmatter), prompt


def test_the_plain_worker_asks_for_little_and_is_bounded(plain: dict[str, Any]) -> None:
    jobs = plain["jobs"]
    steps = jobs["analyze"]["steps"]

    assert plain["permissions"] == {"contents": "read", "issues": "write"}
    assert list(jobs) == ["analyze"]
    assert jobs["analyze"]["timeout-minutes"] <= 10
    assert not [step for step in steps if "${{" in step.get("run", "")]
    assert all(
        re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", s["uses"]) for s in steps if "uses" in s
    )


def test_the_plain_worker_publishes_its_result_whatever_happened(plain: dict[str, Any]) -> None:
    upload = plain["jobs"]["analyze"]["steps"][-1]

    assert upload["if"] == "always()"
    assert (upload["with"]["name"], upload["with"]["path"]) == (RESULT_ARTIFACT, RESULT_FILE)


def test_both_workers_take_the_same_inputs_and_are_found_by_the_same_title(
    plain: dict[str, Any], agent: tuple[dict[str, Any], str]
) -> None:
    assert list(plain["on"]) == ["workflow_dispatch"]
    assert agent[0]["on"] == plain["on"]
    assert agent[0]["run-name"] == plain["run-name"]
    assert plain["on"]["workflow_dispatch"]["inputs"]["dispatch_id"]["default"] == ""
    assert "${{ inputs.dispatch_id }}" in plain["run-name"]


def test_the_agent_is_asked_for_the_block_that_the_plain_worker_writes(
    agent: tuple[dict[str, Any], str],
) -> None:
    found = re.findall(rf"^```{RESULT_BLOCK}\n(.*?)^```$", agent[1], re.MULTILINE | re.DOTALL)
    block = json.loads(found[0])
    labels = SCHEMA["properties"]["suggested_labels"]["items"]["enum"]

    assert len(found) == 1
    assert block["protocol"] == PROTOCOL
    assert set(block) == set(WorkerResult.model_fields) - {"progress"}
    assert list(block["outputs"]) == SCHEMA["required"]
    assert not [label for label in labels if f"`{label}`" not in agent[1]]
    assert all(f"**{row}**" in agent[1] for row in ("Status", "Suggested Labels", "Action"))


def test_the_agent_writes_through_safe_outputs_only_and_fan_out_displaces_no_run(
    agent: tuple[dict[str, Any], str],
) -> None:
    frontmatter, prompt = agent

    assert "write" not in frontmatter["permissions"].values()
    assert frontmatter["safe-outputs"]["add-comment"]["max"] == 1
    assert frontmatter["safe-outputs"]["add-comment"]["target"] == "${{ inputs.issue_number }}"
    assert "inputs.issue_number" in frontmatter["concurrency"]["group"]
    assert "inputs.issue_number" in frontmatter["concurrency"]["job-discriminator"]
    assert frontmatter["timeout-minutes"] <= 20
    assert set(re.findall(r"\$\{\{ (.*?) \}\}", prompt)) == {
        "inputs.issue_number",
        "github.repository",
    }


@pytest.fixture
def api() -> Iterator[str]:
    """Serve the sample issues, without comments."""
    SmallGitHub.issues = json.loads((EXAMPLE / "issues.json").read_text())
    SmallGitHub.comments, SmallGitHub.calls, SmallGitHub.faults = [], [], []
    with served() as url:
        yield url


def act(folder: Path, url: str, issue_number: str) -> tuple[int, WorkerResult]:
    """Run the workflow file as it is, with a stand-in for the upload alone."""
    shutil.copytree(REPOSITORY, folder / "repository")
    (folder / "upload").mkdir()
    (folder / "upload" / "action.yml").write_text(UPLOAD_STAND_IN)
    workflow = WORKFLOWS / "issue-analyzer.yml"
    upload = re.findall(r"actions/upload-artifact@\w+", workflow.read_text())[0]
    given = environment(url) | {"ARTIFACTS": str(folder / "artifacts")}
    command = [
        str(Path(sys.executable).with_name("act")),
        "workflow_dispatch",
        "--workflows=.github/workflows/issue-analyzer.yml",
        "--platform=ubuntu-latest=-self-hosted",
        f"--input=issue_number={issue_number}",
        f"--input=dispatch_id={DISPATCH_ID}",
        "--no-cache-server",
        "--artifact-server-addr=127.0.0.1",
        f"--local-repository={upload}={folder / 'upload'}",
        f"--secret=GITHUB_TOKEN={given.pop('GITHUB_TOKEN')}",
        *(f"--env={k}={v}" for k, v in given.items() if k != "DISPATCH_ID"),
    ]
    ended = subprocess.run(
        command,
        cwd=folder / "repository",
        env=os.environ | {"XDG_CACHE_HOME": str(folder / "cache")},
        capture_output=True,
        timeout=120,
        check=False,
    )
    written = folder / "artifacts" / RESULT_ARTIFACT / RESULT_FILE
    return ended.returncode, WorkerResult.model_validate_json(written.read_text())


def test_the_workflow_file_runs_and_publishes_by_artifact_and_comment(
    api: str, tmp_path: Path
) -> None:
    code, result = act(tmp_path, api, "58")

    assert code == 0
    assert (result.status, result.dispatch_id, result.run_id) == (
        "success",
        DISPATCH_ID,
        26_000_000_042,
    )
    Draft202012Validator(SCHEMA).validate(result.outputs)
    assert result.outputs["duplicate_of"] == 15
    assert [c["id"] for c in SmallGitHub.comments] == [result.outputs["comment_id"]]


def test_the_workflow_fails_and_still_publishes_when_there_is_no_such_issue(
    api: str, tmp_path: Path
) -> None:
    code, result = act(tmp_path, api, "4711")

    assert code == 1
    assert (result.status, result.errors[0].code) == ("failure", "not-found")
    assert SmallGitHub.comments == []
