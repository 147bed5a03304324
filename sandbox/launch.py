"""Starting a sandbox as a child process and ending it again."""

import json
import os
import select
import subprocess  # nosec - starts this project's own module
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.control import SandboxControl
from sandbox.settings import Mode

START_SECONDS = 30.0
"""How long a sandbox may take to listen."""
_ROOT = Path(__file__).resolve().parent.parent


class SandboxProcess:
    """A running sandbox; as a context manager it is ended at the end of the block.

    Attributes:
        api_url: what a GitHub client takes as its base URL.
        token: a token of the first login.
        control: a client of the control endpoints.
    """

    def __init__(self, process: subprocess.Popen[str], api_url: str, token: str) -> None:
        self._process = process
        self.api_url = api_url
        self.token = token
        self.control = SandboxControl(api_url)

    @property
    def pid(self) -> int:
        """The id of the child process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """0 after an orderly end, negative when it was killed, None while it runs."""
        return self._process.poll()

    def stop(self, timeout: float = 5.0) -> None:
        """End it and wait; after `timeout` seconds it is killed. May be called again."""
        self.control.close()
        _end(self._process, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start_sandbox(
    *,
    mode: Mode = "act",
    repositories: Mapping[str, Path] | None = None,
    issues: Mapping[str, Path] | None = None,
    tokens: Mapping[str, str] | None = None,
    runners: int = 10,
    port: int = 0,
    state_file: Path | None = None,
    work_dir: Path | None = None,
) -> SandboxProcess:
    """Start a sandbox and wait until it listens.

    Args:
        mode: run workflow files with `act`, or let runs end by the clock.
        repositories: folder by `owner/name`.
        issues: file of issues, as GitHub lists them, by `owner/name`.
        tokens: login by token; without any there is one token for `octo-operator`.
        runners: most `act` processes at once.
        port: 0 for a free one.
        state_file: where state is kept over restarts.
        work_dir: scratch folder; a temporary one by default.

    Raises:
        RuntimeError: it ended, or did not listen in time; the text has its last words.
    """
    command = [sys.executable, "-m", "sandbox", "--mode", mode, "--runners", str(runners)]
    command += ["--port", str(port), "--parent-pid", str(os.getpid())]
    for option, pairs in (
        ("--repository", repositories),
        ("--issues", issues),
        ("--token", tokens),
    ):
        for name, value in (pairs or {}).items():
            command += [option, f"{name}={value}"]
    for option, path in (("--state-file", state_file), ("--work-dir", work_dir)):
        command += [option, str(path)] if path else []
    process = subprocess.Popen(  # noqa: S603 - this project's own module
        command,
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C in a terminal goes to the whole group; whoever started this decides its end.
        start_new_session=True,
    )
    try:
        line = _first_line(process, START_SECONDS)
        said = json.loads(line)
        return SandboxProcess(process, said["api_url"], said["token"])
    except BaseException:
        _end(process, timeout=1.0)
        raise


def _first_line(process: subprocess.Popen[str], timeout: float) -> str:
    end = time.monotonic() + timeout
    if process.stdout is None:
        raise RuntimeError("The sandbox has no output to read")
    while time.monotonic() < end:
        ready, _, _ = select.select([process.stdout], [], [], 0.2)
        if ready:
            line = process.stdout.readline()
            if line:
                return line
        if process.poll() is not None:
            raise RuntimeError(f"The sandbox ended with code {process.returncode}")
    raise RuntimeError(f"The sandbox did not listen within {timeout} s")


def _end(process: subprocess.Popen[str], timeout: float) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout)
    if process.stdout:
        process.stdout.close()
