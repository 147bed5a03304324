"""Start, end, sudden death, and what a state file keeps."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from sandbox.launch import SandboxProcess, start_sandbox
from sandbox.runs.processes import MARK_VARIABLE
from tests.sandbox.conftest import WORKER, Repo

NAME = "octo-org/widgets"
# Tells our sleeping steps from those of another test process on the same machine.
SECONDS = str(100_000 + os.getpid())
SLEEPER = f"""
on: workflow_dispatch
jobs: {{a: {{runs-on: ubuntu-latest, steps: [{{run: 'sleep {SECONDS} & sleep {SECONDS}'}}]}}}}
"""
ROOT = Path(__file__).resolve().parents[2]


def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


def sleepers() -> list[psutil.Process]:
    """The sleeping steps of runs that are alive."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.cmdline() == ["sleep", SECONDS] and MARK_VARIABLE in process.environ():
                found.append(process)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository's folder with a worker and a run that sleeps."""
    workflows = tmp_path / "repository" / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "worker.yml").write_text(WORKER)
    (workflows / "sleep.yml").write_text(SLEEPER)
    return tmp_path / "repository"


def sleeping(sandbox: SandboxProcess) -> None:
    """Start a run and wait until its steps sleep."""
    Repo(sandbox, NAME).dispatch("sleep.yml")
    until(lambda: len(sleepers()) == 2)


def test_a_stop_leaves_no_process_and_no_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    with start_sandbox(repositories={NAME: folder}) as sandbox:
        sleeping(sandbox)
        children = psutil.Process(sandbox.pid).children(recursive=True)
        assert list(scratch.iterdir())
        sandbox.stop(timeout=10)

    assert sandbox.exit_code == 0, "it ended by itself and was not killed"
    assert len(children) >= 4, "the guardian, act and the sleeping steps"
    until(lambda: not [c for c in children if alive(c)])
    assert list(scratch.iterdir()) == []


def alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    with contextlib.suppress(psutil.Error):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def test_a_kill_of_the_sandbox_still_ends_its_runs(folder: Path) -> None:
    with start_sandbox(repositories={NAME: folder}) as sandbox:
        sleeping(sandbox)
        os.kill(sandbox.pid, signal.SIGKILL)

        until(lambda: not sleepers())


def test_it_ends_when_its_parent_dies(folder: Path) -> None:
    code = (
        "import os, sys, time\nfrom pathlib import Path\nfrom sandbox.launch import start_sandbox\n"
        f"sandbox = start_sandbox(mode='timed', repositories={{{NAME!r}: Path({str(folder)!r})}})\n"
        "print(sandbox.pid, flush=True)\ntime.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    until(lambda: not alive(child))


def test_a_start_that_fails_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with code"):
        start_sandbox(repositories={NAME: tmp_path / "nothing"})


def test_a_state_file_keeps_issues_runs_artifacts_and_the_token(
    folder: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state.json"
    first = start_sandbox(mode="timed", repositories={NAME: folder}, state_file=state)
    with first:
        repo = Repo(first, NAME)
        repo.ask("POST", "/issues", {"title": "kept", "labels": ["l"]})
        repo.ask("POST", "/issues/1/comments", {"body": "\U0001f600"})
        first.control.timed([{"duration_seconds": 0, "times": 1}, {"hang": True}])
        done, open_run = repo.dispatch(dispatch_id="d-1"), repo.dispatch()
        repo.ended(done)
        repo.wait_for(open_run, "in_progress")
    with start_sandbox(mode="timed", repositories={NAME: folder}, state_file=state) as second:
        again = Repo(second, NAME, first.token)
        conclusions = {
            r["id"]: r["conclusion"] for r in again.get("/actions/runs")["workflow_runs"]
        }

        assert again.get("/issues/1")["title"] == "kept"
        assert again.get("/issues/1/comments")[0]["body"] == "\U0001f600"
        assert conclusions == {done: "success", open_run: "cancelled"}
        assert again.artifact(done).startswith(b"PK")
        assert again.dispatch() > open_run
        assert again.ask("POST", "/issues", {"title": "next"}).json()["number"] == 2


def test_a_sudden_death_loses_at_most_the_last_moments(folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with start_sandbox(
        mode="timed", repositories={NAME: folder}, state_file=state, work_dir=tmp_path
    ) as first:
        Repo(first, NAME).ask("POST", "/issues", {"title": "kept"})
        until(lambda: state.exists() and b"kept" in state.read_bytes())
        os.kill(first.pid, signal.SIGKILL)
    with start_sandbox(mode="timed", repositories={NAME: folder}, state_file=state) as second:
        assert Repo(second, NAME).get("/issues/1")["title"] == "kept"


def test_given_tokens_speak_for_their_logins(folder: Path) -> None:
    tokens = {"first-token": "octo-one", "second-token": "octo-two"}
    with start_sandbox(mode="timed", repositories={NAME: folder}, tokens=tokens) as sandbox:
        repos = [Repo(sandbox, NAME, token) for token in tokens]
        made = [r.ask("POST", "/issues", {"title": "t"}).json()["user"]["login"] for r in repos]

    assert sandbox.token == "first-token"
    assert made == ["octo-one", "octo-two"]


def test_only_this_machine_can_reach_it(folder: Path) -> None:
    with start_sandbox(repositories={NAME: folder}) as sandbox:
        sleeping(sandbox)
        process = psutil.Process(sandbox.pid)
        listening = [
            c.laddr.ip
            for p in [process, *process.children(recursive=True)]
            for c in p.net_connections("inet")
            if c.status == psutil.CONN_LISTEN
        ]

    assert listening
    assert set(listening) == {"127.0.0.1"}
