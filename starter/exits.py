"""How commands end: exit codes, and errors that are told in plain words."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

SUCCEEDED = 0
NOT_SUCCEEDED = 1
"""The orchestration ended otherwise than `succeeded`: failed, partial, cancelled, timed out."""
BAD_INPUT = 2
UNREACHABLE = 3
"""Temporal, GitHub or the sandbox does not answer."""
INTERRUPTED = 130
"""Ended by Ctrl-C or SIGTERM, as shells count it."""

T = TypeVar("T")


class CliError(Exception):
    """An end with a reason; it is told on stderr without a traceback.

    Attributes:
        code: the exit code.
    """

    code = BAD_INPUT

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part; the first signal to end cancels it, later ones wait.

    Raises:
        CliError: `INTERRUPTED`, after SIGINT, SIGTERM or SIGHUP.
    """
    try:
        return asyncio.run(_until_signal(work))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise CliError("interrupted", INTERRUPTED) from None


async def _until_signal(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    asked = False

    def stop() -> None:
        nonlocal asked
        if not asked:  # cleaning up is bounded, and must come to its end
            asked = True
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return await task
