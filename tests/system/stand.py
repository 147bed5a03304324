"""A whole Podium on loopback: a real Temporal server, a sandbox GitHub, and Temporal Workers."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributeKey
from temporalio.testing import WorkflowEnvironment

from activities.rates import UNHURRIED
from activities.settings import Settings, settings_from
from contracts import names
from contracts.specs import WORKFLOW_TYPES
from sandbox.control import SandboxControl
from sandbox.launch import SandboxProcess, start_sandbox
from tests.conftest import binary
from worker_main import activities_by_queue, workers_for
from workflows.plugin import podium_plugin

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "octo-org/widgets"
TOKEN = "podium-token"

WORKER_FILE = """
name: analyzer
run-name: "analyzer ${{ inputs.item }} [${{ inputs.dispatch_id }}]"
on:
  workflow_dispatch:
    inputs:
      item: {required: true}
      dispatch_id: {required: false}
jobs:
  work:
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
"""

UNCORRELATED_WORKER_FILE = """
name: nameless
on:
  workflow_dispatch:
    inputs:
      item: {required: true}
jobs:
  work:
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
"""


def spec(items: int | list[Any], **changes: Any) -> dict[str, Any]:
    """A spec over a list; by default of numbered items for the worker `analyzer.yml`."""
    listed = [f"item-{n}" for n in range(items)] if isinstance(items, int) else items
    base: dict[str, Any] = {
        "name": "test",
        "pattern": "orchestrator-worker",
        "repository": REPOSITORY,
        "for-each": {"source": "list", "items": listed},
        "worker": {"workflow": "analyzer.yml", "inputs": {"item": "${{ item.value }}"}},
    }
    return base | changes


@dataclass
class Stand:
    """What a test talks to."""

    client: Client
    sandbox: SandboxProcess
    address: str

    @property
    def control(self) -> SandboxControl:
        return self.sandbox.control

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a Temporal Worker process of this stand."""
        return os.environ | {
            "TEMPORAL_ADDRESS": self.address,
            "TEMPORAL_NAMESPACE": self.client.namespace,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_API_URL": self.sandbox.api_url,
            "PODIUM_SETTLE_SECONDS": "20",
            **UNHURRIED,
            **more,
        }

    def settings(self, **more: str) -> Settings:
        return settings_from(self.environment(**more))

    async def start(self, data: dict[str, Any], workflow_id: str = "") -> WorkflowHandle[Any, Any]:
        return await self.client.start_workflow(
            WORKFLOW_TYPES[data["pattern"]],
            {"spec": data, "initiator": "octo-starter"},
            id=workflow_id or names.workflow_id(data["name"], uuid4().hex[:8]),
            task_queue=names.TASK_QUEUE,
        )

    @asynccontextmanager
    async def workers(
        self, settings: Settings | None = None, cached: int = 500
    ) -> AsyncIterator[None]:
        """Temporal Workers in this process, composed as in production."""
        by_queue = activities_by_queue(self.client, settings or self.settings())
        async with AsyncExitStack() as running:
            for worker in workers_for(self.client, by_queue, max_cached_workflows=cached):
                await running.enter_async_context(worker)
            yield

    async def namespace(self, name: str) -> Client:
        """Make another namespace on the Temporal server; a client of it."""
        await self.client.workflow_service.register_namespace(
            RegisterNamespaceRequest(
                namespace=name, workflow_execution_retention_period=Duration(seconds=86_400)
            )
        )
        keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        await self.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=name, search_attributes=dict.fromkeys(names.SEARCH_ATTRIBUTES, keyword)
            )
        )
        return await Client.connect(self.address, namespace=name, plugins=[podium_plugin()])

    @asynccontextmanager
    async def beside(self, folder: Path, **served: Any) -> AsyncIterator["Stand"]:
        """A stand on the same Temporal server: waits overlap, and no record is shared.

        Args:
            folder: scratch; its name is the namespace's too.
            served: what `open_stand` takes for the sandbox.
        """
        client = await self.namespace(folder.name)
        sandbox = _sandbox(folder, **served)
        try:
            yield Stand(client, sandbox, self.address)
        finally:
            sandbox.stop()

    def worker_process(
        self, main: str = "worker_main.py", log: Path | None = None, **more: str
    ) -> subprocess.Popen[bytes]:
        """A Temporal Worker in a process of its own; the test ends it by its id."""
        with (log or Path(os.devnull)).open("ab") as output:
            return subprocess.Popen(
                [sys.executable, main],
                cwd=ROOT,
                env=self.environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process that a test started, also one that is stopped."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.kill()
    process.wait(10)


@asynccontextmanager
async def open_stand(
    folder: Path,
    *,
    dynamic: Mapping[str, str] | None = None,
    mode: Any = "timed",
    repository: Path | None = None,
    issues: Path | None = None,
) -> AsyncIterator[Stand]:
    """Start a server and a sandbox with the workers of this module.

    Args:
        folder: scratch; the repository that the sandbox serves is written there.
        dynamic: dynamic configuration of the Temporal server, as JSON values by key.
        mode: `timed` or `act`.
        repository: the folder that the sandbox serves; by default one with this module's workers.
        issues: a file of issues, as GitHub lists them.
    """
    extra = [
        part
        for key, value in (dynamic or {}).items()
        for part in ("--dynamic-config-value", f"{key}={value}")
    ]
    extra += ["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"]
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    environment = await _server(folder / "temporal.db", extra)
    sandbox = _sandbox(folder, mode=mode, repository=repository, issues=issues)
    try:
        target = environment.client.service_client.config.target_host
        yield Stand(environment.client, sandbox, target)
    finally:
        sandbox.stop()
        await environment.shutdown()


async def _server(database: Path, extra: Sequence[str]) -> WorkflowEnvironment:
    """Start Temporal; once more where a busy machine does not let it start in the SDK's five seconds."""
    for last in (False, True):
        try:
            return await WorkflowEnvironment.start_local(
                dev_server_existing_path=binary("temporal"),
                dev_server_database_filename=str(database),
                dev_server_extra_args=extra,
                dev_server_log_level="error",
                search_attributes=[
                    SearchAttributeKey.for_keyword(n) for n in names.SEARCH_ATTRIBUTES
                ],
                plugins=[podium_plugin()],
            )
        except RuntimeError:
            if last:
                raise
    raise AssertionError("one of the two was returned or raised")


def _sandbox(
    folder: Path, *, mode: Any = "timed", repository: Path | None = None, issues: Path | None = None
) -> SandboxProcess:
    if repository is None:
        repository = folder / "repository"
        workflows = repository / ".github" / "workflows"
        workflows.mkdir(parents=True)
        (workflows / "analyzer.yml").write_text(WORKER_FILE)
        (workflows / "nameless.yml").write_text(UNCORRELATED_WORKER_FILE)
    return start_sandbox(
        mode=mode,
        repositories={REPOSITORY: repository},
        issues={REPOSITORY: issues} if issues else None,
        tokens={TOKEN: "podium-operator"},
    )
