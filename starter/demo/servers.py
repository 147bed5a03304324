"""The demo's three children, and how the outside world is kept away from them."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from activities.rates import UNHURRIED
from contracts.names import SEARCH_ATTRIBUTES
from starter.children import LOCALHOST, ROOT, Child, free_ports, stop_all
from starter.demo.state import REPOSITORY, DemoState
from starter.exits import CliError
from starter.sandboxed import START_SECONDS, STOP_SECONDS, Asked, command

Mode = Literal["act", "timed"]

LOGIN = "octo-operator"
"""Who Podium is on the sandbox."""
RUNNERS = 10

_TEMPORAL_START_SECONDS = 30.0
_GUARD_SECONDS = 0.3
_FOREIGN = ("TEMPORAL_", "GITHUB_", "PODIUM_")
"""Settings of the user's own servers."""


class Servers:
    """Temporal, the sandbox and the Temporal Worker, each on free ports of 127.0.0.1."""

    def __init__(self, state: DemoState, mode: Mode) -> None:
        self._state = state
        self._mode = mode
        self._children: list[Child] = []
        self._temporal_port, self._ui_port, spare = free_ports(3)
        self._github_port = state.github_port(spare)
        self.environment = self._environment()

    @property
    def temporal(self) -> str:
        """Temporal's address."""
        return f"{LOCALHOST}:{self._temporal_port}"

    @property
    def github(self) -> str:
        """The sandbox's REST API."""
        return f"http://{LOCALHOST}:{self._github_port}"

    def page(self, workflow_id: str, run_id: str) -> str:
        """Link to a run in the Temporal UI."""
        run = f"{quote(workflow_id, safe='')}/{run_id}/history"
        return f"http://{LOCALHOST}:{self._ui_port}/namespaces/default/workflows/{run}"

    async def start(self) -> None:
        """Start Temporal and the sandbox at once, and return when Temporal listens.

        Raises:
            CliError: a program that is not installed (2), or that does not come up (3).
        """
        asked = Asked(
            repositories={REPOSITORY: str(self._state.repository)},
            tokens={self._state.token: LOGIN},
            mode=self._mode,
            runners=RUNNERS,
            state_file=self._state.sandbox_state,
        )
        issues = {REPOSITORY: self._state.issues_file}
        temporal = self._child("temporal", self._temporal_command(), grace=1.0)
        sandbox = command(asked, port=self._github_port, issues=issues)
        self._sandbox = self._child("sandbox", sandbox, grace=STOP_SECONDS)
        await temporal.listening(self._temporal_port, timeout=_TEMPORAL_START_SECONDS)

    def start_worker(self) -> None:
        """Start the Temporal Worker, which wants Temporal to listen already."""
        self._child("worker", [sys.executable, str(ROOT / "worker_main.py")], grace=2.0)

    async def sandbox_listening(self) -> None:
        """Wait for the sandbox.

        Raises:
            CliError: it does not come up.
        """
        await self._sandbox.listening(self._github_port, timeout=START_SECONDS)

    async def guard(self) -> None:
        """Watch over the children for ever.

        Raises:
            CliError: one of them ended.
        """
        while True:
            for child in self._children:
                child.require_alive()
            await asyncio.sleep(_GUARD_SECONDS)

    def stop(self) -> None:
        """End all of them."""
        stop_all(self._children)

    def _child(self, name: str, words: list[str], *, grace: float) -> Child:
        child = Child(
            f"the demo's {name}",
            words,
            environment=self.environment,
            log=self._state.log(name),
            grace=grace,
        )
        self._children.append(child)
        return child

    def _environment(self) -> dict[str, str]:
        mine = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        log_level = {k: v for k, v in os.environ.items() if k == "PODIUM_LOG_LEVEL"}
        # A proxy that the environment names must not see requests to this machine.
        direct = ",".join(filter(None, (os.environ.get("NO_PROXY"), LOCALHOST, "localhost")))
        return {
            **mine,
            **log_level,
            "NO_PROXY": direct,
            "no_proxy": direct,
            "TEMPORAL_ADDRESS": self.temporal,
            "TEMPORAL_CONFIG_FILE": str(self._state.temporal_config),
            "GITHUB_API_URL": self.github,
            "GITHUB_TOKEN": self._state.token,
            "PODIUM_MARKER_KEY": self._state.marker_key,
            **UNHURRIED,
        }

    def _temporal_command(self) -> list[str]:
        words = [str(program("temporal")), "server", "start-dev", "--ip", LOCALHOST]
        words += ["--port", str(self._temporal_port), "--ui-port", str(self._ui_port)]
        words += ["--ui-disable-news-fetch", "--log-level", "error"]
        words += ["--db-filename", str(self._state.database)]
        # Without these, each commit waits for the disk: three to five times slower.
        words += ["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"]
        for name in SEARCH_ATTRIBUTES:
            words += ["--search-attribute", f"{name}=Keyword"]
        return words


def program(name: str) -> Path:
    """Find a program that a dependency installs beside the interpreter.

    Raises:
        CliError: it is not there.
    """
    found = Path(sys.executable).parent / name
    if not found.exists():
        raise CliError(f"{found} is not there; install the dependencies: make setup")
    return found
