"""Rate limits of task queues: set where none is, kept by the server, an operator's never touched."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.rates import RATES, UNHURRIED, Limits, RateError, limits_from, set_where_none_is
from activities.settings import SettingsError, settings_from
from contracts import names
from contracts.content import ContentLimits
from tests.conftest import binary

QUEUES = {rate.queue for rate in RATES}
ONE_PARTITION = ("matching.numTaskqueueReadPartitions=1", "matching.numTaskqueueWritePartitions=1")
SENT: list[float] = []


@activity.defn
async def send(_: int) -> None:
    SENT.append(time.monotonic())


@workflow.defn(sandboxed=False)
class Sends:
    """Sends so often at once."""

    @workflow.run
    async def run(self, times: int, queue: str) -> None:
        sends = [
            workflow.start_activity(
                send, number, task_queue=queue, start_to_close_timeout=timedelta(seconds=30)
            )
            for number in range(times)
        ]
        await asyncio.gather(*sends)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=binary("temporal"),
        dev_server_log_level="error",
        dev_server_extra_args=[f"--dynamic-config-value={name}" for name in ONE_PARTITION],
    ) as environment:
        yield environment.client


def temporal(client: Client, *words: str) -> str:
    """Run the Temporal CLI as an operator does."""
    address = client.service_client.config.target_host
    command = [binary("temporal"), "--address", address, "task-queue", "config", *words]
    done = subprocess.run(
        [*command, "--task-queue-type", "activity"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout


def shown(client: Client, queue: str) -> str:
    return temporal(client, "get", "--task-queue", queue)


async def test_each_queue_of_writes_and_polls_gets_its_limit(client: Client) -> None:
    limits = limits_from({"PODIUM_POLLS_PER_SECOND": "7"})

    await set_where_none_is(client, limits)

    assert set(limits.by_queue) == QUEUES
    assert "7" in await asyncio.to_thread(shown, client, names.WATCH_QUEUE)
    assert "Podium's default" in await asyncio.to_thread(shown, client, names.DISPATCH_QUEUE)


async def test_an_operators_limit_stays_zero_included(client: Client) -> None:
    queue = names.DISPATCH_QUEUE
    stop = ["set", "--task-queue", queue, "--queue-rps-limit", "0"]
    await asyncio.to_thread(temporal, client, *stop, "--queue-rps-limit-reason", "incident 7")

    await set_where_none_is(client, limits_from({}))

    assert "incident 7" in await asyncio.to_thread(shown, client, queue)


async def test_the_server_keeps_the_limit_over_two_workers(client: Client) -> None:
    """Over all of them at most as many a second; how many fewer is the machine's business."""
    queue, rate, times = names.CONTENT_QUEUE, 10, 40
    await set_where_none_is(client, Limits({queue: rate}))
    other = await Client.connect(client.service_client.config.target_host)
    SENT.clear()

    async with (
        Worker(client, task_queue="w", workflows=[Sends]),
        Worker(client, task_queue=queue, activities=[send]),
        Worker(other, task_queue=queue, activities=[send]),
    ):
        await client.execute_workflow(
            Sends.run, args=[times, queue], id=uuid4().hex, task_queue="w"
        )

    took = max(SENT) - min(SENT)
    assert len(SENT) == times
    assert times / took < 2 * rate, "bursts are smoothed, not forbidden"


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1001", "fast", "1/s"])
def test_what_is_no_rate_is_refused_with_its_setting(value: str) -> None:
    setting = "PODIUM_DISPATCHES_PER_SECOND"
    with pytest.raises(RateError, match=f"{setting}='{value}'"):
        limits_from({setting: value})
    with pytest.raises(SettingsError, match="write a number above 0, and at most 1000"):
        settings_from({"GITHUB_TOKEN": "x", setting: value})


def test_githubs_limits_on_content_hold_unless_others_are_set() -> None:
    changed = {"PODIUM_CONTENT_PER_MINUTE": "20", "PODIUM_CONTENT_PER_HOUR": "unlimited"}

    assert limits_from({}).content == ContentLimits(per_minute=80, per_hour=500)
    assert limits_from(changed).content == ContentLimits(per_minute=20, per_hour=None)
    assert limits_from(UNHURRIED).content.unlimited


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "5001", "many", "1e3", "٣", "9" * 5_000])
@pytest.mark.parametrize("setting", ["PODIUM_CONTENT_PER_MINUTE", "PODIUM_CONTENT_PER_HOUR"])
def test_what_is_no_number_of_writes_is_refused_with_its_setting(setting: str, value: str) -> None:
    fix = "write a whole number from 1 to 5000, or unlimited"
    with pytest.raises(SettingsError, match=f"{setting}='.*' is no number of writes: {fix}"):
        settings_from({"GITHUB_TOKEN": "x", setting: value})
