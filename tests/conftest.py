"""Servers, clients and workers for all tests; every server is ended by the test that started it."""

import shutil
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker._workflow import _WorkflowWorker

from activities.markers import Markers
from activities.settings import Settings
from contracts import names
from tests.fakes import FakeGitHub
from tests.standing_still import RERUNS, StoodStillError, limited, listening_runtime
from worker_main import activities_by_queue
from worker_main import workers_for as composed
from workflows.plugin import WORKFLOWS, podium_plugin
from workflows.runner import ContextFreeRunner

_CACHED = 50
"""Workflows in a Temporal Worker's cache, more than any test has."""
_EARLY = 0.7
"""Before this share of the run is over, the last of the system's tests have begun."""
# A busy machine is no failure.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

_YIELDS_WITHIN = 30
"""Seconds, for the SDK's 2 until it interrupts a workflow task: a busy machine takes more for some."""

_prepare = ContextFreeRunner.prepare_workflow
_prepared: set[str] = set()


@pytest.fixture(autouse=True)
def prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check once per process, not per Temporal Worker, that the sandbox can load each workflow."""

    def prepare(self: ContextFreeRunner, defn: Any) -> None:
        if defn.name not in _prepared:
            _prepare(self, defn)
            _prepared.add(defn.name)

    monkeypatch.setattr(ContextFreeRunner, "prepare_workflow", prepare)


@pytest.fixture(autouse=True)
def patient_with_workflow_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a workflow for stuck only when it is."""
    begin = _WorkflowWorker.__init__

    def patiently(self: _WorkflowWorker, **named: Any) -> None:
        begin(self, **named)
        self._deadlock_timeout_seconds = _YIELDS_WITHIN

    monkeypatch.setattr(_WorkflowWorker, "__init__", patiently)


WorkersFor = Callable[..., AbstractAsyncContextManager[None]]


def binary(name: str) -> str:
    """Find a program that a wheel installed beside the interpreter."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"{name} is not installed"
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the long tests, and run what the time-skipping server stood still in once more."""
    places = _places(items)
    items.sort(key=lambda item: places[item.path])
    for item in items:
        if isinstance(item, pytest.Function) and "skipping" in item.fixturenames:
            item.obj = limited(item.obj)
            item.add_marker(pytest.mark.flaky(reruns=RERUNS, only_rerun=[StoodStillError.__name__]))


def _places(items: Sequence[pytest.Item]) -> dict[Path, float]:
    """Spread each room's files over the run: some tests wait, as for a killed process, and some work.

    Those of the longest room come early, so that no process is left with one at the end.
    """
    rooms: dict[str, dict[Path, None]] = {}
    for item in items:
        rooms.setdefault(item.path.parent.name, {})[item.path] = None
    return {
        path: number / len(files) * (_EARLY if room == "system" else 1)
        for room, files in rooms.items()
        for number, path in enumerate(files)
    }


@pytest.fixture
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A time-skipping server of the test's own, in which days pass in moments."""
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=binary("temporal-test-server"),
        plugins=[podium_plugin()],
        runtime=listening_runtime(),
    )
    async with environment:
        # This server knows how to add search attributes, and not how to list them.
        keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        await environment.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=environment.client.namespace,
                search_attributes=dict.fromkeys(names.SEARCH_ATTRIBUTES, keyword),
            )
        )
        yield environment


@pytest.fixture
def settings_for() -> Callable[[FakeGitHub], Settings]:
    """Settings of a Temporal Worker whose GitHub is a fake one."""

    def make(github: Any, settle: float = 5) -> Settings:
        return Settings(
            github=github, markers=Markers(b"test key"), settle=timedelta(seconds=settle)
        )

    return make


@pytest.fixture
def workers_for(settings_for: Callable[..., Settings]) -> WorkersFor:
    """All Workers, as production composes them, over a fake GitHub.

    By default what the workflows did is replayed from the start at the end of the test: as strict as
    no cache at all, and a tenth of its cost, which grows with the square of the history.
    """

    @asynccontextmanager
    async def run(
        client: Client, github: Any, settle: float = 5, cached: int | None = None
    ) -> AsyncIterator[None]:
        by_queue = activities_by_queue(client, settings_for(github, settle))
        size = _CACHED if cached is None else cached
        async with (
            _replayed(client) if cached is None else nullcontext(),
            AsyncExitStack() as running,
        ):
            for worker in composed(client, by_queue, max_cached_workflows=size):
                await running.enter_async_context(worker)
            yield

    return run


@asynccontextmanager
async def _replayed(client: Client) -> AsyncIterator[None]:
    """Replay the history of each workflow that runs meanwhile."""
    seen: dict[tuple[str, str], None] = {}
    create = ContextFreeRunner.create_instance

    def noting(self: ContextFreeRunner, det: WorkflowInstanceDetails) -> WorkflowInstance:
        if not det.info.workflow_id.startswith("sandbox-validate"):
            seen[det.info.workflow_id, det.info.run_id] = None
        return create(self, det)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ContextFreeRunner, "create_instance", noting)
        yield
    replayer = Replayer(workflows=WORKFLOWS, plugins=[podium_plugin()])
    for workflow_id, run_id in seen:
        handle = client.get_workflow_handle(workflow_id, run_id=run_id)
        await replayer.replay_workflow(await handle.fetch_history())
