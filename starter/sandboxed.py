"""The sandbox as a child process: its command line, and `podium sandbox`."""

import asyncio
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from activities.rates import UNHURRIED
from starter.children import LOCALHOST, ROOT, Child, free_ports, is_free, stop_all
from starter.console import say
from starter.exits import CliError
from starter.issue_export import read_issues

START_SECONDS = 30.0
STOP_SECONDS = 5.0
"""It ends every workflow run that it started, within three seconds by its own promise."""

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Asked:
    """What a sandbox shall serve, and how; as the options of `python -m sandbox`."""

    repositories: Mapping[str, str] = field(default_factory=dict)
    """Folder by `owner/name`."""
    issues: Mapping[str, str] = field(default_factory=dict)
    """Export by `owner/name`."""
    tokens: Mapping[str, str] = field(default_factory=dict)
    """Login by token."""
    mode: Literal["act", "timed"] = "act"
    host: str = LOCALHOST
    port: int = 0
    runners: int = 10
    state_file: Path | None = None
    work_dir: Path | None = None


def command(asked: Asked, *, port: int, issues: Mapping[str, Path]) -> list[str]:
    """Make the command line of a sandbox.

    Args:
        asked: everything but what follows.
        port: the one to listen on.
        issues: file by `owner/name`, each one flat array.
    """
    words = [sys.executable, "-m", "sandbox", "--host", asked.host, "--port", str(port)]
    words += ["--mode", asked.mode, "--runners", str(asked.runners)]
    words += ["--parent-pid", str(os.getpid())]
    for option, pairs in (
        ("--repository", {name: Path(one).resolve() for name, one in asked.repositories.items()}),
        ("--issues", issues),
        ("--token", asked.tokens),
    ):
        for name, value in pairs.items():
            words += [option, f"{name}={value}"]
    for option, path in (("--state-file", asked.state_file), ("--work-dir", asked.work_dir)):
        words += [option, str(path.resolve())] if path else []
    return words


def write_issues(issues: list[dict[str, Any]], file: Path) -> Path:
    """Write issues as the one array that a sandbox reads."""
    file.write_text(json.dumps(issues), encoding="ascii")
    return file


async def serve(asked: Asked) -> None:
    """Serve until told to stop.

    Raises:
        CliError: bad input (2), or it does not come up, or ends by itself (3).
    """
    _check(asked)
    exports = {name: read_issues(Path(file)) for name, file in asked.issues.items()}
    port = asked.port or free_ports(1)[0]
    with tempfile.TemporaryDirectory(prefix="podium-sandbox-") as scratch:
        folder = Path(scratch)
        issues = {
            name: write_issues(found, folder / f"{position}.json")
            for position, (name, found) in enumerate(exports.items())
        }
        child = Child(
            "the sandbox",
            command(asked, port=port, issues=issues),
            environment=os.environ,
            log=folder / "sandbox.log",
            grace=STOP_SECONDS,
        )
        try:
            await child.listening(port, timeout=START_SECONDS, host=asked.host)
            _tell(await _first_line(child), asked)
            while True:
                await asyncio.sleep(_LOOK_SECONDS)
                child.require_alive()
        except asyncio.CancelledError:
            say("stopped")
        finally:
            stop_all([child])


def _check(asked: Asked) -> None:
    if asked.port and not is_free(asked.port):
        raise CliError(f"--port {asked.port}: in use, or not allowed; leave it out for a free one")
    for name, folder in asked.repositories.items():
        if not _REPOSITORY.fullmatch(name):
            raise CliError(f"--repository {name}: write OWNER/NAME=DIR")
        if not Path(folder).is_dir():
            raise CliError(f"--repository {name}={folder}: no such folder")
    for name in asked.issues:
        if name not in asked.repositories:
            raise CliError(f"--issues {name}: not served; add --repository {name}=DIR")


async def _first_line(child: Child) -> dict[str, str]:
    """Read the line that it prints as soon as it serves; a warning may stand before it."""
    while True:
        for line in child.log.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.startswith("{") and line.endswith("\n"):
                told: dict[str, str] = json.loads(line)
                return told
        child.require_alive()
        await asyncio.sleep(_LOOK_SECONDS)


def _tell(told: Mapping[str, str], asked: Asked) -> None:
    say(
        f"The sandbox serves {', '.join(asked.repositories) or 'no repository yet'}; Ctrl-C ends it."
    )
    say("Point Podium at it, the Temporal Worker included:\n")
    say(f"  export GITHUB_API_URL={told['api_url']}")
    say(f"  export GITHUB_TOKEN={told['token']}")
    say(f"  export {' '.join(f'{name}={rate}' for name, rate in UNHURRIED.items())}")
    checkout = "" if Path.cwd() == ROOT else f"  (cd {ROOT})\n"
    say(f"{checkout}  python worker_main.py &\n  podium start SPEC --wait")
