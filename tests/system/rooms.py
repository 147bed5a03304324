"""Rooms: many orchestrations side by side on one stand, each with Temporal Workers of its own.

A room is a namespace and a repository. Killing the Workers of one room leaves the others alone,
so that waiting for server timeouts costs the time of one room and not of all.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle

from activities.settings import settings_from
from contracts import names
from contracts.specs import WORKFLOW_TYPES
from sandbox.control import RunRecord
from tests.conftest import binary
from tests.patience import PATIENCE
from tests.system import moments
from tests.system.killable_worker import fork
from tests.system.stand import TOKEN, UNCORRELATED_WORKER_FILE, Stand
from worker_main import activities_by_queue, workers_for

SETTLE_SECONDS = 1
"""The sandbox's lists are never stale here, so little is enough."""
_LOOK = 0.1
_MAX_SECONDS = PATIENCE

COMMENTER_FILE = """
name: commenter
run-name: "comment on ${{ inputs.issue_number }} [${{ inputs.dispatch_id }}]"
on:
  workflow_dispatch:
    inputs:
      issue_number: {required: true}
      dispatch_id: {required: false}
jobs:
  work:
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
"""


@dataclass
class Room:
    """A namespace, a repository with open issues, and the processes that a test started here."""

    stand: Stand
    name: str
    client: Client
    folder: Path
    processes: list[BaseProcess] = field(default_factory=list)

    @property
    def repository(self) -> str:
        return f"octo-org/{self.name}"

    @property
    def marker(self) -> Path:
        """Exists from the moment on at which a fuse blew."""
        return self.folder / f"{self.name}.blown"

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a Temporal Worker of this room."""
        return self.stand.environment(
            TEMPORAL_NAMESPACE=self.name, PODIUM_SETTLE_SECONDS=str(SETTLE_SECONDS), **more
        )

    @asynccontextmanager
    async def successor(self) -> AsyncIterator[None]:
        """Temporal Workers in this process, composed as in production; costs no new interpreter."""
        settings = settings_from(self.environment())
        by_queue = activities_by_queue(self.client, settings)
        async with AsyncExitStack() as running:
            for worker in workers_for(self.client, by_queue):
                await running.enter_async_context(worker)
            yield
        settings.github.close()

    def fused_worker(self, moment: str, passing: int = 1, signal: str = "SIGKILL") -> BaseProcess:
        """A Temporal Worker in a process of its own, that gets a signal at a moment's N-th passing."""
        fuse = {
            moments.MOMENT: moment,
            moments.PASSING: str(passing),
            moments.SIGNAL: signal,
            moments.MARKER: str(self.marker),
        }
        process = fork(self.environment(**fuse), self.folder / f"{self.name}.log")
        self.processes.append(process)
        return process

    def spec(self, **changes: Any) -> dict[str, Any]:
        """Comment on each open issue, and write one report issue."""
        base: dict[str, Any] = {
            "name": "survive",
            "pattern": "orchestrator-worker",
            "repository": self.repository,
            "for-each": {"source": "open-issues"},
            "worker": {
                "workflow": "commenter.yml",
                "inputs": {"issue_number": "${{ item.number }}"},
            },
            "safe-outputs": {"create-issue": {"max": 1}},
            "max-parallel": 10,
        }
        return base | changes

    async def start(
        self, data: Mapping[str, Any] | None = None, workflow_id: str = ""
    ) -> WorkflowHandle[Any, Any]:
        """Start an orchestration; the handle follows resets and continue-as-new."""
        key = workflow_id or names.workflow_id("survive", uuid4().hex[:8])
        whole = dict(data or self.spec())
        await self.client.start_workflow(
            WORKFLOW_TYPES[whole["pattern"]],
            {"spec": whole},
            id=key,
            task_queue=names.TASK_QUEUE,
        )
        return self.client.get_workflow_handle(key)

    async def temporal(self, *arguments: str) -> tuple[int, str]:
        """Run the real `temporal` program on this room's namespace; its exit code and words."""
        place = ("--address", self.stand.address, "--namespace", self.name)
        process = await asyncio.create_subprocess_exec(
            binary("temporal"),
            *arguments,
            *place,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={key: value for key, value in os.environ.items() if "TEMPORAL" not in key},
        )
        said, _ = await asyncio.wait_for(process.communicate(), 30)
        return process.returncode or 0, said.decode()

    def runs(self) -> list[RunRecord]:
        """All runs of this room's repository, by id."""
        mine = [r for r in self.stand.control.runs() if r.repository == self.repository]
        return sorted(mine, key=lambda run: run.run_id)

    def comments(self) -> Counter[int]:
        """How many results were commented, by issue number."""
        found = self._read("issues/comments")
        return Counter(int(one["issue_url"].rsplit("/", 1)[1]) for one in found)

    def reports(self) -> list[dict[str, Any]]:
        """Issues that Podium wrote."""
        return [
            i for i in self._read("issues?state=all") if i["user"]["login"] == "podium-operator"
        ]

    def _read(self, path: str) -> list[dict[str, Any]]:
        joint = "&" if "?" in path else "?"
        url = f"{self.stand.sandbox.api_url}/repos/{self.repository}/{path}{joint}per_page=100"
        found: list[dict[str, Any]] = []
        while url:
            answer = requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20)
            answer.raise_for_status()
            found += answer.json()
            url = answer.links.get("next", {}).get("url", "")
        return found


@asynccontextmanager
async def open_room(stand: Stand, name: str, folder: Path, issues: int = 0) -> AsyncIterator[Room]:
    """Make a room; at its end, all processes that were started in it are ended."""
    client = await stand.namespace(name)
    room = Room(stand, name, client, folder)
    workflows = ".github/workflows"
    files = {
        f"{workflows}/commenter.yml": COMMENTER_FILE,
        f"{workflows}/nameless.yml": UNCORRELATED_WORKER_FILE,
    }
    stand.control.add_repository(room.repository, files=files)
    if issues:
        stand.control.seed_issues(room.repository, [_issue(n) for n in range(1, issues + 1)])
    try:
        yield room
    finally:
        for process in room.processes:
            process.kill()  # also one that is stopped
            process.join(10)


def _issue(number: int) -> dict[str, Any]:
    return {
        "number": number,
        "title": f"Issue {number}",
        "body": "Something is wrong.",
        "state": "open",
        "user": {"login": "octo-reporter", "type": "User"},
        "labels": [],
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "comments": 0,
    }


async def until(what: Callable[[], bool], seconds: float = _MAX_SECONDS) -> None:
    """Wait for something to become true.

    Raises:
        TimeoutError: after `seconds`.
    """
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(_LOOK)


async def final_report(handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    """Wait for an orchestration to end; its report, however it closed.

    Raises:
        TimeoutError: it did not; the message says where it stands.
    """
    try:
        async with asyncio.timeout(_MAX_SECONDS):
            report: dict[str, Any] = await handle.result()
    except TimeoutError as error:
        standing = await handle.query(names.QUERY_STATUS)
        described = await handle.describe()
        pending = described.raw_description.pending_activities
        raise TimeoutError(f"{handle.id} goes on: {standing}; pending: {pending}") from error
    except WorkflowFailureError:
        report = await handle.query(names.QUERY_REPORT)
    return report
