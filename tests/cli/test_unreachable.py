"""A server that does not answer: exit code 3, with what to check."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.report import Progress
from starter import display, follow
from starter.children import free_ports
from tests.cli.backstage import Backstage
from tests.cli.conftest import Podium, Write
from tests.conftest import binary
from tests.system.stand import end


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens."""
    return f"127.0.0.1:{free_ports(1)[0]}"


def test_temporal_that_is_down_exits_3(
    podium: Podium, write: Write, backstage: Backstage, monkeypatch: pytest.MonkeyPatch, nobody: str
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", nobody)

    started = podium("start", write())
    watched = podium("watch", "podium/nightly/1")

    assert started.code == watched.code == 3
    told = f"cannot reach Temporal at {nobody}: connection refused; is it running, and is "
    assert told in started.err
    assert told in watched.err


def test_github_that_is_down_exits_3_and_starts_nothing(
    podium: Podium, write: Write, backstage: Backstage, monkeypatch: pytest.MonkeyPatch, nobody: str
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", f"http://{nobody}")

    said = podium("start", write(), "--workflow-id", "podium/nightly/unreachable")

    assert said.code == 3
    assert "is GitHub reachable, and is GITHUB_API_URL right?" in said.err
    assert backstage.status("podium/nightly/unreachable") is None


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "status", "status": 502}, "is GitHub reachable"),
        ({"kind": "reset"}, "is GitHub reachable"),
        ({"kind": "rate-limit", "seconds": 60}, "wait, or use another token"),
    ],
    ids=["bad gateway", "reset", "rate limit"],
)
def test_github_that_answers_with_trouble_exits_3(
    podium: Podium, write: Write, backstage: Backstage, fault: dict[str, object], words: str
) -> None:
    backstage.control.faults([{**fault, "path": "^/repos/"}])

    said = podium("start", write(), "--dry-run")

    assert said.code == 3
    assert words in said.err


@contextmanager
def temporal_of_its_own() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server that a test may end; with a workflow `lonely` that nobody works on."""
    port = free_ports(1)[0]
    address = f"127.0.0.1:{port}"
    command = [binary("temporal"), "server", "start-dev", "--headless", "--ip", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--log-level", "error"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(lambda: answers(port))
        named = ("--type", "Lonely", "--task-queue", "none", "--workflow-id", "lonely")
        start = [binary("temporal"), "workflow", "start", *named, "--address", address]
        wait_for(lambda: subprocess.run(start, capture_output=True, check=False).returncode == 0)
        yield address, process
    finally:
        end(process)


def wait_for(done: Callable[[], bool]) -> None:
    """Look until it is done; the test's own time limit ends it otherwise."""
    while not done():
        time.sleep(0.05)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def test_temporal_that_goes_away_while_it_is_watched_exits_3_and_says_that_work_goes_on(
    podium: Podium, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    notes: list[str] = []
    with temporal_of_its_own() as (address, server):

        @contextmanager
        def display_that_ends_the_server() -> Iterator[follow.Show]:
            def show(_progress: Progress | None, note: str) -> None:
                notes.append(note)
                end(server)

            yield show

        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        monkeypatch.setattr(display, "progress_display", display_that_ends_the_server)
        monkeypatch.setattr(follow, "PATIENCE_SECONDS", 0.5)
        monkeypatch.setattr(follow, "_CALL", timedelta(seconds=1))

        said = podium("watch", "lonely", "--interval", "0.1")

    assert said.code == 3
    assert "no Temporal Worker answers" in notes[0]
    assert "Temporal has not answered for 0 s" in said.err
    assert "the orchestration goes on: podium watch lonely" in said.err


def test_the_sandbox_that_ends_by_itself_exits_3_with_its_last_words(
    podium: Podium, tmp_path: Path
) -> None:
    """A state file that is none ends it after it has begun to listen."""
    state = tmp_path / "state.json"
    state.write_text("no state")

    said = podium("sandbox", "--mode", "timed", "--state-file", state)

    assert said.code == 3
    assert "the sandbox ended with code 1; its log " in said.err


def test_a_port_in_use_exits_2(podium: Podium) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        said = podium("sandbox", "--port", str(port))

    assert said.code == 2
    assert f"--port {port}: in use" in said.err
