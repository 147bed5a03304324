"""The receiver in a process of its own, and ends of the sandbox's runs delivered to it."""

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
from tests.system.stand import REPOSITORY, ROOT, TOKEN, Stand, end
from tests.webhooks.posting import SECRET, completed, delivery


@asynccontextmanager
async def receiver(
    stand: Stand, *options: str, environment: Mapping[str, str] | None = None, **more: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A receiver, by default with the environment of the stand."""
    (port,) = free_ports(1)
    process = subprocess.Popen(  # noqa: ASYNC220 - it only starts, and is not waited for
        [sys.executable, "-m", "starter", "webhooks", "--port", str(port), *options],
        cwd=ROOT,
        env=environment or stand.environment(PODIUM_WEBHOOK_SECRET=SECRET, **more),
        stdin=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=20) as web:
            await _up(web, process)
            yield web
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


class Deliverer:
    """Delivers the ends of the sandbox's runs, as the sandbox's own API tells each run."""

    def __init__(self, stand: Stand, web: httpx.AsyncClient, secret: str = SECRET) -> None:
        self._stand, self._web, self._secret = stand, web, secret
        self.delivered: set[int] = set()

    async def until(self, done: "asyncio.Future[Any]") -> None:
        """Deliver each end, twice, until something is done."""
        api = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(headers=api, trust_env=False) as github:
            while not done.done():
                for run in self._stand.control.runs():
                    if run.status == "completed" and run.run_id not in self.delivered:
                        self.delivered.add(run.run_id)
                        await self._one(github, run.run_id)
                await asyncio.sleep(0.05)

    async def _one(self, github: httpx.AsyncClient, run_id: int) -> None:
        url = f"{self._stand.sandbox.api_url}/repos/{REPOSITORY}/actions/runs/{run_id}"
        told = delivery(completed((await github.get(url)).json(), REPOSITORY), secret=self._secret)
        for _ in range(2):
            answer = await self._web.post("/webhooks", **told)
            assert answer.is_success, answer.text
