"""`podium` as a process: what `./podium`, `python -m starter` and the installed script run."""

import signal
from typing import NoReturn

# Ctrl-C before a command has begun ends it without a traceback; commands set their own handlers.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from starter import exits  # noqa: E402 - reading it takes time in which Ctrl-C may come
from starter.cli import main  # noqa: E402 - same


def process() -> NoReturn:
    """Run a command, and leave with its exit code."""
    exits.leave(main)


if __name__ == "__main__":
    process()
