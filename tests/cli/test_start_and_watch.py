"""`podium start` and `podium watch` against a real Temporal server, sandbox and Temporal Worker."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from uuid import uuid4

import pytest
from temporalio.client import WorkflowExecutionStatus

from starter.children import ROOT
from tests.cli.backstage import Backstage
from tests.cli.conftest import Podium, Write
from tests.system.stand import end

RUNNING = WorkflowExecutionStatus.RUNNING


@pytest.fixture
def name() -> str:
    return f"podium/nightly/{uuid4().hex}"


@contextmanager
def watching(workflow_id: str) -> Iterator[subprocess.Popen[bytes]]:
    """`podium watch` as a process, its output in pipes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "starter", "watch", workflow_id, "--interval", "0.2"],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        end(process)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


def read_until(pipe: IO[bytes] | None, words: str) -> str:
    """Read lines until one has the words; the test's own time limit ends it otherwise."""
    assert pipe
    for line in pipe:
        if words in line.decode():
            return line.decode()
    raise AssertionError(f"it ended without {words!r}")


def test_start_tells_how_to_follow_and_returns_at_once(
    podium: Podium, write: Write, backstage: Backstage, name: str
) -> None:
    backstage.control.hold()

    said = podium("start", write(), "--workflow-id", name)

    assert said.code == 0
    assert f"started {name} (run " in said.out
    assert f"podium watch {name}" in said.out
    assert "no Temporal Worker" not in said.err
    assert backstage.status(name) is RUNNING
    backstage.control.release()
    assert podium("watch", name, "--interval", "0.1").code == 0


def test_the_key_is_the_last_part_of_the_workflow_id(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    key = uuid4().hex

    said = podium("start", write(), "--key", key, "--wait")

    assert said.code == 0
    assert backstage.status(f"podium/nightly/{key}") is WorkflowExecutionStatus.COMPLETED


def test_start_and_wait_prints_the_report_and_exits_0(
    podium: Podium, write: Write, backstage: Backstage, name: str
) -> None:
    said = podium("start", write(), "--workflow-id", name, "--wait", "--input", "severity=high")

    assert said.code == 0
    assert "# nightly - " in said.out
    assert "| 2 | 2 | 0 | 0 | 0 | 2 | 0 |" in said.out
    assert said.out.endswith("\nsucceeded\n")
    mine = [run for run in backstage.control.dispatches() if run.inputs.get("thing")][-2:]
    assert {run.inputs["severity"] for run in mine} == {"high"}, "inputs reach the workers"


FAILED: dict[str, object] = {"conclusion": "failure", "duration_seconds": 0.2}


@pytest.mark.parametrize(
    ("rule", "status"),
    [({**FAILED, "inputs": {"thing": "beta"}}, "partial"), (FAILED, "failed")],
    ids=["partial", "failed"],
)
def test_what_did_not_succeed_exits_1_and_still_reports(
    podium: Podium,
    write: Write,
    backstage: Backstage,
    name: str,
    rule: dict[str, object],
    status: str,
) -> None:
    backstage.control.timed([rule, {"duration_seconds": 0.2}])
    spec = write(more="success: {min-success-rate: 0.5}\n")

    waited = podium("start", spec, "--workflow-id", name, "--wait")
    watched = podium("watch", name)

    assert waited.code == watched.code == 1
    assert "# nightly - " in watched.out
    assert watched.out.rsplit("\n\n", 1)[1].startswith(status)
    assert watched.out in waited.out


def test_a_cancelled_orchestration_exits_1_with_its_report(
    podium: Podium, write: Write, backstage: Backstage, name: str
) -> None:
    backstage.control.hold()
    assert podium("start", write(), "--workflow-id", name).code == 0
    backstage.ask(backstage.stand.client.get_workflow_handle(name).cancel())

    said = podium("watch", name, "--interval", "0.1")

    assert said.code == 1
    assert "# nightly - " in said.out
    assert "\ncancelled" in said.out


def test_a_terminated_orchestration_exits_1(
    podium: Podium, write: Write, backstage: Backstage, name: str
) -> None:
    backstage.control.hold()
    assert podium("start", write(), "--workflow-id", name).code == 0
    backstage.ask(backstage.stand.client.get_workflow_handle(name).terminate("enough"))

    assert podium("watch", name).code == 1


def test_what_only_the_worker_can_see_to_be_wrong_exits_1_with_the_reason(
    podium: Podium, write: Write, backstage: Backstage, name: str
) -> None:
    spec = write({"look.yml": "lok.yml"})

    said = podium("start", spec, "--skip-preflight", "--wait", "--workflow-id", name)

    assert said.code == 1
    assert "did you mean look.yml?" in said.out


def test_an_id_that_runs_is_refused_with_a_pointer_to_what_runs(
    podium: Podium, write: Write, backstage: Backstage, name: str
) -> None:
    backstage.control.hold()
    first = podium("start", write(), "--workflow-id", name)

    second = podium("start", write(), "--workflow-id", name, "--wait")

    assert (first.code, second.code) == (0, 2)
    run = first.out.split("(run ")[1].split(")")[0]
    assert f"{name} is running already (run {run})" in second.err
    assert f"`podium watch {name}`" in second.err
    backstage.control.release()
    assert podium("watch", name, "--interval", "0.1").code == 0, "the first goes on unharmed"


def test_watch_shows_progress_and_then_the_report(
    podium: Podium, write: Write, backstage: Backstage, name: str
) -> None:
    backstage.control.hold()
    assert podium("start", write(), "--workflow-id", name).code == 0

    with watching(name) as process:
        line = read_until(process.stdout, "0 of 2 finished")
        backstage.control.release()
        out, err = process.communicate(timeout=60)

    assert "running, 0 of 2 finished" in line
    assert process.returncode == 0
    assert b"# nightly - " in out
    assert out.endswith(b"\nsucceeded\n")
    assert err == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch_that_is_interrupted_leaves_the_orchestration_running(
    podium: Podium, write: Write, backstage: Backstage, name: str, number: signal.Signals
) -> None:
    backstage.control.hold()
    assert podium("start", write(), "--workflow-id", name).code == 0

    with watching(name) as process:
        read_until(process.stdout, "0 of 2 finished")
        os.kill(process.pid, number)
        _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert err == b"interrupted\n"
    assert backstage.status(name) is RUNNING
    backstage.control.release()
    assert podium("watch", name, "--interval", "0.1").code == 0


def test_watching_what_is_not_there_exits_2_and_names_what_runs(
    podium: Podium, write: Write, backstage: Backstage, name: str
) -> None:
    said = podium("watch", name)

    assert said.code == 2
    assert f"no workflow {name} in namespace default; " in said.err


def test_a_workflow_id_that_temporal_does_not_take_exits_2(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    said = podium("start", write(), "--workflow-id", "x" * 2_000)

    assert said.code == 2
    assert "Temporal did not start it: WorkflowId exceeds" in said.err
