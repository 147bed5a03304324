"""Limited queues serve repositories in turn, where the server has fairness on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.enums.v1 import EventType, IndexedValueType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.github.actions import Dispatched
from activities.rates import Limits, set_where_none_is
from contracts import names
from tests.conftest import WorkersFor, binary
from tests.fakes import FakeGitHub
from tests.patience import PATIENCE
from tests.system.rooms import until
from tests.workflows.test_orchestrator_worker import spec
from workflows.plugin import podium_plugin

CONFIGURED = (
    "matching.enableFairness=true",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
)
DISPATCHED = "github.run.dispatch"


class Orderly(FakeGitHub):
    """Remembers in which order repositories were dispatched to."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []

    def dispatch(
        self, repository: str, workflow: str, ref: str, inputs: dict[str, str]
    ) -> Dispatched:
        self.order.append(repository)
        return super().dispatch(repository, workflow, ref, inputs)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=binary("temporal"),
        dev_server_log_level="error",
        dev_server_extra_args=[f"--dynamic-config-value={name}" for name in CONFIGURED],
        plugins=[podium_plugin()],
    ) as environment:
        keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        await environment.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=environment.client.namespace,
                search_attributes=dict.fromkeys(names.SEARCH_ATTRIBUTES, keyword),
            )
        )
        yield environment.client


async def start(client: Client, repository: str, items: int) -> WorkflowHandle[Any, Any]:
    listed = {"source": "list", "items": [f"{repository}-{n}" for n in range(items)]}
    data = spec(repository=repository, **{"for-each": listed, "max-parallel": 50})
    return await client.start_workflow(
        "OrchestratorWorker",
        {"spec": data},
        id=f"podium/test/{uuid4()}",
        task_queue=names.TASK_QUEUE,
    )


async def scheduled(handle: WorkflowHandle[Any, Any]) -> list[HistoryEvent]:
    """Dispatches that wait in the queue, or waited there."""
    kind = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    events = [event async for event in handle.fetch_history_events() if event.event_type == kind]
    attributes = [(e, e.activity_task_scheduled_event_attributes) for e in events]
    return [event for event, told in attributes if told.activity_type.name == DISPATCHED]


async def test_a_small_orchestration_is_not_held_up_by_another_repositorys_backlog(
    client: Client, workers_for: WorkersFor
) -> None:
    github = Orderly()
    await set_where_none_is(client, Limits({names.DISPATCH_QUEUE: 8}))
    async with workers_for(client, github, cached=50):
        large = await start(client, "octo-org/large", 60)
        async with asyncio.timeout(PATIENCE):
            await until(lambda: bool(github.order))
            small = await start(client, "octo-org/small", 3)
            while len(waiting := await scheduled(small)) < 3:  # noqa: ASYNC110 - a server's
                await asyncio.sleep(0.05)
            before = len(github.order)
            await until(lambda: github.order.count("octo-org/small") == 3)
        between = github.order[before:].count("octo-org/large")
        await asyncio.gather(large.cancel(), small.cancel())

    keys = {e.activity_task_scheduled_event_attributes.priority.fairness_key for e in waiting}
    assert keys == {"octo-org/small"}
    assert between <= 10, "twenty of the large one waited already"


def test_a_long_name_is_cut_to_what_the_server_takes_and_stays_its_own() -> None:
    long = f"octo-org/{'w' * 90}"

    keys = {names.fairness_key(long), names.fairness_key(f"{long}2"), names.fairness_key("A/b")}

    assert len(keys) == 3
    assert "a/b" in keys
    assert all(len(key.encode()) <= 64 for key in keys)
