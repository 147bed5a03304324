"""Keeping state in a file, so that a restarted sandbox goes on where it was.

Issues, comments, runs, logs and artifacts survive; the ledger does not. A run that had not
ended when the sandbox did is `cancelled` afterwards: its processes are gone.
"""

import asyncio
import contextlib
import time
from pathlib import Path

from pydantic import TypeAdapter

from sandbox.model import Run, RunState, World
from sandbox.wire import now

_WORLD = TypeAdapter(World)
_SAVE_AFTER_SECONDS = 0.5
_SHARE_OF_TIME = 20
"""Saving takes at most one twentieth of the time."""


class Store:
    """Writes the world to a file, some time after each change."""

    def __init__(self, path: Path, world: World) -> None:
        self._path = path
        self._world = world
        self._timer: asyncio.TimerHandle | None = None
        self._delay = _SAVE_AFTER_SECONDS

    def changed(self) -> None:
        """Note a change; cheap, since many changes become one write."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._delay, self._save_later)

    def save(self) -> None:
        """Write now. A crash in between leaves the old file whole."""
        began = time.monotonic()
        spare = self._path.with_name(f"{self._path.name}.new")
        spare.write_bytes(_WORLD.dump_json(self._world))
        spare.replace(self._path)
        self._delay = max(_SAVE_AFTER_SECONDS, _SHARE_OF_TIME * (time.monotonic() - began))

    def close(self) -> None:
        """Write for the last time."""
        if self._timer is not None:
            self._timer.cancel()
        self.save()

    def _save_later(self) -> None:
        self._timer = None
        self.save()


def load_world(path: Path | None) -> World:
    """The world in a state file; an empty one when there is no file.

    Raises:
        ValidationError: the file is not a state file.
    """
    if path is None:
        return World()
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        world = _WORLD.validate_json(path.read_bytes())
        for run in world.runs.values():
            _end(run)
        return world
    return World()


def _end(run: Run) -> None:
    state, moment = run.state, now()
    if state.status == "completed":
        return
    for job in run.attempt.jobs:
        if job.status != "completed":
            job.status, job.conclusion, job.completed_at = "completed", "cancelled", moment
    run.history.append(RunState(moment, "completed", "cancelled", state.attempt, state.started_at))
