"""The servers behind the command line, kept alive by a thread while commands own the main one."""

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from contracts import names
from sandbox.control import RequestRecord, SandboxControl
from starter.starting import unpolled
from tests.cli.specs import REPOSITORY, WORKER_FILES
from tests.system.stand import Stand, end, open_stand

CLI_TOKEN = "cli-token"
CLI_LOGIN = "cli-person"
MARKER_KEY = "known to both"

T = TypeVar("T")

ISSUES = [
    {"number": 1, "title": "First", "body": None},
    {
        "number": 2,
        "title": "A pull request",
        "pull_request": {"url": "https://api.github.com/pulls/2"},
    },
    {"number": 3, "title": "Third", "body": "text"},
]


class Backstage:
    """A stand, asked from outside its event loop."""

    def __init__(self, stand: Stand, loop: asyncio.AbstractEventLoop) -> None:
        self.stand = stand
        self._loop = loop

    @property
    def control(self) -> SandboxControl:
        return self.stand.control

    def ask(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def status(self, workflow_id: str) -> WorkflowExecutionStatus | None:
        """How the newest run of a workflow stands; None where there is none."""

        async def describe() -> WorkflowExecutionStatus | None:
            return (await self.stand.client.get_workflow_handle(workflow_id).describe()).status

        try:
            return self.ask(describe())
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise

    def forget_failures(self) -> None:
        """End the circuit breakers: what failed in one test is not held against the next."""

        async def end_breaker(name: str) -> None:
            handle = self.stand.client.get_workflow_handle(name)
            try:
                await handle.terminate("another test begins")
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise

        for file in WORKER_FILES:
            self.ask(end_breaker(names.breaker_id(REPOSITORY, file, "worker")))

    def requests_of_cli(self) -> list[RequestRecord]:
        """All that the command line has asked the sandbox, by its token."""
        return [r for r in self.control.requests() if r.login == CLI_LOGIN]


async def served(stand: Stand) -> None:
    """Wait until the Temporal Worker asks for work."""
    while await unpolled(stand.client):  # noqa: ASYNC110 - the server tells of no change
        await asyncio.sleep(0.05)


@contextmanager
def open_backstage(folder: Path) -> Iterator[Backstage]:
    """Start the servers and a Temporal Worker, and end them."""
    workflows = folder / "served" / ".github" / "workflows"
    workflows.mkdir(parents=True)
    for name, text in WORKER_FILES.items():
        (workflows / name).write_text(text, encoding="utf-8")
    issues = folder / "issues.json"
    issues.write_text(json.dumps(ISSUES), encoding="utf-8")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opening = open_stand(folder, repository=folder / "served", issues=issues)
    try:
        stand = asyncio.run_coroutine_threadsafe(opening.__aenter__(), loop).result(60)
        worker = stand.worker_process(PODIUM_MARKER_KEY=MARKER_KEY)
        try:
            stand.control.add_token(CLI_LOGIN, CLI_TOKEN)
            opened = Backstage(stand, loop)
            opened.ask(served(stand))
            yield opened
        finally:
            end(worker)
            asyncio.run_coroutine_threadsafe(opening.__aexit__(None, None, None), loop).result(60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
