"""Runs are started, watched and read with Temporal's own command line, as the README prints it."""

import asyncio
import json
from pathlib import Path

from tests.conftest import binary
from tests.system.stand import Stand, spec


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


async def start(stand: Stand, workflow_id: str, *arguments: str) -> tuple[int, str]:
    named = ("--type", "OrchestratorWorker", "--task-queue", "podium", "--workflow-id", workflow_id)
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
