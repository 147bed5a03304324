"""Runs are started, watched and read with Temporal's own command line, as the README prints it."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from contracts.specs import WORKFLOW_TYPES
from tests.conftest import binary
from tests.patience import PATIENCE
from tests.system.stand import ROOT, Stand, spec

RUNNING = "WORKFLOW_EXECUTION_STATUS_RUNNING"


async def temporal(stand: Stand, *arguments: str) -> tuple[int, str]:
    """Run the real `temporal` program; its exit code and all it said."""
    process = await asyncio.create_subprocess_exec(
        binary("temporal"),
        *arguments,
        "--address",
        stand.address,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, said.decode()


async def start(
    stand: Stand, workflow_id: str, *arguments: str, kind: str = "OrchestratorWorker"
) -> tuple[int, str]:
    named = ("--type", kind, "--task-queue", "podium", "--workflow-id", workflow_id)
    return await temporal(stand, "workflow", "start", *named, *arguments)


async def test_a_run_is_started_queried_and_read_with_the_temporal_cli(
    stand: Stand, tmp_path: Path
) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"spec": spec(3)}))
    async with stand.workers():
        code, said = await start(stand, "podium/test/cli", "--input-file", str(file))
        assert code == 0, said

        code, said = await temporal(
            stand, "workflow", "result", "--workflow-id", "podium/test/cli", "--output", "json"
        )
        assert code == 0, said
        report = json.loads(said)["result"]
        assert report["status"] == "succeeded"
        assert report["totals"]["by_status"] == {"success": 3}

        code, said = await temporal(stand, "workflow", "show", "--workflow-id", "podium/test/cli")
        assert code == 0
        assert "WorkflowExecutionCompleted" in said

        code, said = await temporal(
            stand, "workflow", "query", "--workflow-id", "podium/test/cli", "--type", "status",
            "--output", "json",
        )  # fmt: skip
        assert code == 0, said
        assert '"finished":3' in said.replace(" ", "").replace("\\", "")


async def test_mistakes_sent_as_json_fail_the_workflow_at_once(
    stand: Stand, tmp_path: Path
) -> None:
    """No workflow ever hangs on an input that does not decode."""
    bad = {
        "key": ({"spec": spec(1, **{"max-paralel": 3})}, "did you mean max-parallel?"),
        "type": ({"spec": spec(1, **{"max-parallel": "many"})}, "valid integer"),
        "path": (
            {"spec": spec(1, worker={"workflow": "w.yml", "inputs": {"x": "${{ itm.value }}"}})},
            "did you mean item?",
        ),
        "list": ([1], "start with one JSON object"),
        "text": ("text", "start with one JSON object"),
    }
    async with stand.workers():
        for name, (data, words) in bad.items():
            file = tmp_path / f"{name}.json"
            file.write_text(json.dumps(data))
            await start(stand, name, "--input-file", str(file))
            code, said = await temporal(stand, "workflow", "result", "--workflow-id", name)
            assert code == 1
            assert words in said, said
            assert "bad input" in said


async def test_an_unknown_worker_file_fails_the_workflow_and_names_the_nearest(
    stand: Stand, tmp_path: Path
) -> None:
    file = tmp_path / "run.json"
    worker = {"workflow": "analyser.yml", "inputs": {"item": "x"}}
    file.write_text(json.dumps({"spec": spec(1, worker=worker)}))

    async with stand.workers():
        await start(stand, "unknown", "--input-file", str(file))
        code, said = await temporal(stand, "workflow", "result", "--workflow-id", "unknown")

    assert code == 1
    assert "did you mean analyzer.yml?" in said


LONG = {"duration_seconds": 600}
"""A run that is in flight for as long as anybody looks."""
EXAMPLES: dict[str, tuple[str, ...]] = {
    "daily-issue-analysis": (),
    "repository-health": (),
    "deployment-pipeline": (
        *("--input", "version=1.0.0", "--input", "issue_number=1"),
        *("--input", "target_url=https://deploy.example.com"),
    ),
    "issue-router": ("--event", "examples/issue-router/events/bug-complete.json"),
    "security-audit": (),
    "documentation-reflection": (),
    "guarded-tasks": (),
    "batch-pool": (),
}


def serve(stand: Stand, example: str, repository: str) -> None:
    """Have an example's repository in the sandbox, in place of the one before."""
    folder = ROOT / "examples" / example
    stand.control.add_repository(repository, folder / "repository")
    issues = folder / "issues.json"
    if issues.exists():
        stand.control.seed_issues(repository, json.loads(issues.read_text()))


async def rendered(example: str, options: tuple[str, ...]) -> dict[str, Any]:
    """What `podium render` prints of an example."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "starter", "render", f"examples/{example}/orchestration.yml", *options,
        cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    found: dict[str, Any] = json.loads(said)
    return found


async def test_each_pattern_starts_with_the_temporal_cli_and_what_render_prints(
    stand: Stand, tmp_path: Path
) -> None:
    """Each dispatches a worker of its own file, and is at work on it: none has failed, or waits."""
    kinds = set()
    stand.control.timed([LONG])
    async with stand.workers():
        for example, options in EXAMPLES.items():
            data = await rendered(example, options)
            serve(stand, example, data["spec"]["repository"])
            kind = WORKFLOW_TYPES[data["spec"]["pattern"]]
            kinds.add(kind)
            file = tmp_path / f"{example}.json"
            file.write_text(json.dumps(data))
            code, said = await start(stand, example, "--input-file", str(file), kind=kind)
            assert code == 0, said

            await one_of_its_workers(stand, example)
            named = ("--workflow-id", example, "--output", "json")
            code, said = await temporal(stand, "workflow", "describe", *named)
            assert code == 0, said
            told = json.loads(said)["workflowExecutionInfo"]
            assert (told["type"]["name"], told["status"]) == (kind, RUNNING), said
            code, said = await temporal(
                stand, "workflow", "query", *named[:2], "--type", "status", "--output", "json"
            )
            assert code == 0, said
            (shown,) = json.loads(said)["queryResult"]
            assert shown["status"] == "running", said
            await temporal(stand, "workflow", "terminate", *named[:2])

    assert kinds == set(WORKFLOW_TYPES.values())


async def one_of_its_workers(stand: Stand, example: str) -> None:
    """Wait until a worker of an example was dispatched; each has files of its own."""
    files = {path.name for path in (ROOT / "examples" / example).glob("**/workflows/*.yml")}
    assert files
    async with asyncio.timeout(PATIENCE):
        while True:
            if files & {run.workflow.rpartition("/")[2] for run in stand.control.runs()}:
                return
            await asyncio.sleep(0.1)
