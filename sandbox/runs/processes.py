"""Ending everything that a run has started.

`act` puts each step into a session of its own, so neither a process group nor a session
holds a whole run. Every process inherits a mark in its environment instead.
"""

import contextlib
import time

import psutil

MARK_VARIABLE = "PODIUM_SANDBOX_MARK"
_ROUNDS = 20
_ROUND_SECONDS = 0.02


def kill_marked(mark: str) -> int:
    """Kill every process whose mark is, or starts with, `mark`, until none is left.

    A process may fork while it is being killed; hence rounds, bounded to about a second.

    Returns:
        How many were killed.
    """
    killed = 0
    for _ in range(_ROUNDS):
        found = _marked(mark)
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if not found:
            break
        killed += len(found)
        time.sleep(_ROUND_SECONDS)
    return killed


def _marked(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            carried = process.environ().get(MARK_VARIABLE, "")
            # The slash keeps run 1 apart from run 11.
            if f"{carried}/".startswith(f"{mark}/") and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
