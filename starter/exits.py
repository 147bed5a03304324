"""How commands end: exit codes, and errors that are told in plain words."""

import asyncio
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
    """Run a command's asynchronous part.

    Raises:
        CliError: `INTERRUPTED`, after Ctrl-C.
    """
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise CliError("interrupted", INTERRUPTED) from None
