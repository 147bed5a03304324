"""The receiver in a process of its own."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from starter.children import free_ports
from tests.patience import PATIENCE
from tests.system.stand import ROOT, Stand, end
from tests.webhooks.posting import SECRET


@asynccontextmanager
async def receiver(
    stand: Stand,
    *options: str,
    environment: Mapping[str, str] | None = None,
    quiet: bool = False,
    **more: str,
) -> AsyncIterator[httpx.AsyncClient]:
    """A receiver, by default with the environment of the stand; a quiet one's log is not kept."""
    given = environment or stand.environment(PODIUM_WEBHOOK_SECRET=SECRET, **more)
    async with receiver_process(stand, *options, environment=given, quiet=quiet) as (web, _):
        yield web


@asynccontextmanager
async def receiver_process(
    stand: Stand,
    *options: str,
    environment: Mapping[str, str] | None = None,
    quiet: bool = False,
    main: Sequence[str] = ("-m", "starter"),
    log: Path | None = None,
) -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
    """A receiver, and its process id."""
    (port,) = free_ports(1)
    with (log or Path(os.devnull)).open("ab") as kept:
        output = kept if quiet or log else None
        process = subprocess.Popen(  # noqa: ASYNC220 - it only starts, and is not waited for
            [sys.executable, *main, "webhooks", "--port", str(port), *options],
            cwd=ROOT,
            env=environment or stand.environment(PODIUM_WEBHOOK_SECRET=SECRET),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    base = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=20) as web:
            await _up(web, process)
            yield web, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, 20)
        finally:
            end(process)


async def _up(web: httpx.AsyncClient, process: "subprocess.Popen[bytes]") -> None:
    async with asyncio.timeout(PATIENCE):
        while process.poll() is None:
            try:
                if (await web.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)
    raise AssertionError(f"the receiver ended with {process.returncode}")


def delivered(stand: Stand, web: httpx.AsyncClient, **faults: Any) -> None:
    """Have the sandbox deliver to a receiver from now on; `faults` are fields of its `Hook`."""
    stand.control.deliver(f"{web.base_url}/webhooks", **{"secret": SECRET, **faults})
