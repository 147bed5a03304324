"""The receiver in a process of its own."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
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
    process = receiver_process(stand, *options, environment=environment, quiet=quiet, **more)
    async with process as (web, _):
        yield web


@asynccontextmanager
async def receiver_process(
    stand: Stand,
    *options: str,
    environment: Mapping[str, str] | None = None,
    quiet: bool = False,
    **more: str,
) -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
    """A receiver, and its process id."""
    (port,) = free_ports(1)
    process = subprocess.Popen(  # noqa: ASYNC220 - it only starts, and is not waited for
        [sys.executable, "-m", "starter", "webhooks", "--port", str(port), *options],
        cwd=ROOT,
        env=environment or stand.environment(PODIUM_WEBHOOK_SECRET=SECRET, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if quiet else None,
        stderr=subprocess.DEVNULL if quiet else None,
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
