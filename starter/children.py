"""Child processes: started on a leash, waited for until they serve, ended by process id."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess  # nosec - starts this project's own programs
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from starter import leash
from starter.exits import UNREACHABLE, CliError

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: children run there."""
LOCALHOST = "127.0.0.1"

_LOOK_SECONDS = 0.02
_CONNECT_SECONDS = 1.0
_KILLED_SECONDS = 5.0
_LAST_LINES = 5


class ChildError(CliError):
    """A child that ended by itself, or never served; the message has its last words."""

    code = UNREACHABLE


class Child:
    """One child process, leader of a process group of its own, logging to a file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        grace: float,
    ) -> None:
        """Start it.

        Args:
            name: what people are told that it is.
            command: the program's path, and its arguments.
            environment: all of its environment.
            log: where stdout and stderr go; an older file is replaced.
            grace: seconds between SIGTERM and SIGKILL when it is stopped.
        """
        self.name = name
        self.log = log
        self.grace = grace
        tied = [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *command]
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - this project's own programs
                tied,
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C in a terminal goes to the whole group; the command decides about its end.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id, which is the id of its process group too."""
        return self._process.pid

    def require_alive(self) -> None:
        """Notice an end that nobody asked for.

        Raises:
            ChildError: it has ended.
        """
        code = self._process.poll()
        if code is not None:
            raise ChildError(f"{self.name} ended with code {code}{self._last_words()}")

    async def listening(self, port: int, *, timeout: float, host: str = LOCALHOST) -> None:  # noqa: ASYNC109 - its own bound
        """Wait until it accepts connections on a port.

        Raises:
            ChildError: it ended, or did not listen within `timeout` seconds.
        """
        end = time.monotonic() + timeout
        while not await _accepts(host, port):
            self.require_alive()
            if time.monotonic() > end:
                words = self._last_words()
                raise ChildError(f"{self.name} does not listen after {timeout:g} s{words}")
            await asyncio.sleep(_LOOK_SECONDS)

    def terminate(self) -> None:
        """Ask it to end; may be called at any time."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and its process group."""
        self._signal(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILLED_SECONDS)

    def ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    def _signal(self, number: signal.Signals) -> None:
        # Until it is reaped its id cannot belong to anybody else.
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _last_words(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()[-_LAST_LINES:]
        except OSError:
            return ""
        said = "".join(f"\n  {line[:500]}" for line in lines)
        return f"; its log {self.log} ends:{said}" if said else f"; its log is {self.log}"


def stop_all(children: Sequence[Child]) -> None:
    """Ask all to end at once, kill each after its grace, and return when all are gone."""
    began = time.monotonic()
    for child in children:
        child.terminate()
    left = [child for child in children if not child.ended()]
    while left:
        time.sleep(_LOOK_SECONDS)
        for child in [one for one in left if time.monotonic() - began >= one.grace]:
            child.kill()
            left.remove(child)
        left = [child for child in left if not child.ended()]


def free_ports(count: int) -> list[int]:
    """Find ports of 127.0.0.1 that nobody uses, all different, and that only servers get for a minute.

    Each has had a connection that its listening side closed. So long, the system gives its number to no
    outgoing connection, which could take it before a server does.
    """
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server((LOCALHOST, 0))) for _ in range(count)]
        for one in sockets:
            with socket.create_connection(one.getsockname()), one.accept()[0]:
                pass  # left in this order: first the side that listens
        return [int(one.getsockname()[1]) for one in sockets]


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((LOCALHOST, port))
        except (OSError, OverflowError):
            return False
        return True


async def _accepts(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
