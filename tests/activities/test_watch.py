"""Who still waits, asked of a real server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from activities.watch import WatchActivities
from contracts.runs import Waiter
from contracts.watch import CheckWaiters
from tests.conftest import binary


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=binary("temporal"),
        dev_server_extra_args=["--dynamic-config-value", "frontend.WorkflowPauseEnabled=true"],
    ) as environment:
        yield environment.client


async def start(client: Client, workflow_id: str) -> Waiter:
    """Start a workflow that nobody works on."""
    handle = await client.start_workflow("Any", id=workflow_id, task_queue="nobody")
    assert handle.first_execution_run_id
    return Waiter(workflow_id=workflow_id, first_execution_run_id=handle.first_execution_run_id)


async def pause(client: Client, workflow_id: str) -> None:
    command = ["workflow", "pause", "--workflow-id", workflow_id, "--reason", "to look"]
    address = client.service_client.config.target_host
    paused = await asyncio.create_subprocess_exec(
        binary("temporal"), *command, "--address", address
    )
    assert await paused.wait() == 0


async def test_an_orchestration_goes_on_until_it_has_ended(client: Client) -> None:
    """A paused one goes on too: its runs are not orphans."""
    running, paused, ended, again = [
        await start(client, name) for name in ("running", "paused", "ended", "again")
    ]
    never = Waiter(workflow_id="never", first_execution_run_id="x")
    await pause(client, "paused")
    await client.get_workflow_handle("ended").terminate()
    await client.get_workflow_handle("again").terminate()
    await start(client, "again")
    github: Any = None
    watching: Any = None

    gone = await WatchActivities(github, watching, client).gone(
        CheckWaiters(waiters=(running, paused, ended, again, never))
    )

    assert gone.waiters == (ended, again, never)
