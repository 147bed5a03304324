"""What the time-skipping server now and then does to a test: it stands still for ever.

It refuses the completion of a workflow task that cancels a timer which fired meanwhile, and never
offers that task again (temporalio/sdk-java issues 2606 and 3088). The real server takes such a
completion. A test that this happened to is run once more, and no other.
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import ParamSpec, TypeVar

from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

RERUNS = 2
LONGEST = 80
"""Seconds. The longest test on this server needs about 40 on a loaded machine, and all its runs together
have to fit into one test's limit."""
_REFUSED = "invalid history builder state for action"
_AFTER_REFUSAL = 10
"""Seconds that a test may go on: what hangs may be a workflow that it does not wait for."""
_CORE = logging.getLogger("temporal_core")

P = ParamSpec("P")
T = TypeVar("T")


class StoodStillError(Exception):
    """A test on the time-skipping server took far longer than any of them needs."""


def limited(test: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Have what stands still raise `StoodStillError`."""

    @functools.wraps(test)
    async def run(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            async with asyncio.timeout(LONGEST) as limit:
                with _hurried_when_refused(limit):
                    return await test(*arguments, **named)
        except TimeoutError as error:
            if limit.expired():
                raise StoodStillError("a workflow task is never offered again") from error
            raise

    return run


def again(test: Callable[[], Awaitable[T]]) -> T:
    """Run a part of a test in an event loop of its own, and once more where it stood still."""

    async def run() -> T:
        return await limited(test)()

    for _ in range(RERUNS):
        with suppress(StoodStillError):
            return asyncio.run(run())
    return asyncio.run(run())


@functools.cache
def listening_runtime() -> Runtime:
    """One for all clients of the time-skipping server: its core's warnings come to Python."""
    forwarding = LogForwardingConfig(logger=_CORE)
    logs = LoggingConfig(filter=TelemetryFilter("WARN", "ERROR"), forwarding=forwarding)
    return Runtime(telemetry=TelemetryConfig(logging=logs))


@contextmanager
def _hurried_when_refused(limit: asyncio.Timeout) -> Iterator[None]:
    """Shorten the limit when the SDK's core logs that the server refused a completion."""
    loop = asyncio.get_running_loop()

    def hurry() -> None:
        if not limit.expired():
            limit.reschedule(loop.time() + _AFTER_REFUSAL)

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if _REFUSED in record.getMessage():
                loop.call_soon_threadsafe(hurry)

    ear = Ear()
    _CORE.addHandler(ear)
    try:
        yield
    finally:
        _CORE.removeHandler(ear)
