"""How commands end: exit codes, and errors that are told in plain words."""

import asyncio
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

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


def leave(main: Callable[[], object]) -> NoReturn:
    """Be a whole process: run `main`, then end without the interpreter's own clean-up.

    That clean-up aborts now and then where a client of Temporal was used (sdk-python issue 300),
    and the exit code would be the abort's.
    """
    os._exit(_flushed(_code_of(main)))


def _code_of(main: Callable[[], object]) -> int:
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        return end.code if isinstance(end.code, int) else bool(end.code)
    except BaseException:  # noqa: BLE001 - told as the interpreter tells it
        traceback.print_exc()
        return NOT_SUCCEEDED
    return SUCCEEDED


def _flushed(code: int) -> int:
    """Write what is still buffered; a success whose output was lost is none."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # nobody reads it any more, or the disk is full
            code = code or NOT_SUCCEEDED
    return code
