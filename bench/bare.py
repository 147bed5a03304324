"""What Temporal alone costs: the activities and signals of a worker run, and none of the work.

A fan-out over a window; each item is an activity that sends two signals, a batched signal back,
and a second activity.
"""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

QUEUE = "bare"
WATCH = "bare-watch"
FLUSH = timedelta(seconds=1)
"""As often as `RunWatch` polls at most."""


class BareActivities:
    """No-ops, but for the signals."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @activity.defn(name="bare.first")
    async def first(self, item: int) -> int:
        """Announce, and register."""
        for name in ("announce", "watch"):
            await self._client.start_workflow(
                "BareWatch",
                id=WATCH,
                task_queue=QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=name,
                start_signal_args=[item],
            )
        return item

    @activity.defn(name="bare.second")
    async def second(self, item: int) -> int:
        """Nothing."""
        return item


@workflow.defn
class BareWatch:
    """Tells the fan-out, once in a while, of all items that were registered."""

    def __init__(self) -> None:
        self._registered: list[int] = []

    @workflow.signal
    def announce(self, item: int) -> None:
        """Take note of nothing."""

    @workflow.signal
    def watch(self, item: int) -> None:
        """Take note of an item."""
        self._registered.append(item)

    @workflow.run
    async def run(self) -> None:
        """Send batches until cancelled."""
        fan = workflow.get_external_workflow_handle("bare-fan")
        while True:
            await workflow.sleep(FLUSH)
            batch, self._registered = self._registered, []
            if batch:
                await fan.signal("completed", batch)


@workflow.defn
class BareFan:
    """The items, a window of them at a time."""

    def __init__(self) -> None:
        self._waits: dict[int, asyncio.Future[None]] = {}

    @workflow.signal
    def completed(self, items: list[int]) -> None:
        """Wake what waits."""
        for item in items:
            self._wait(item).set_result(None)

    def _wait(self, item: int) -> asyncio.Future[None]:
        """A signal may come before its activity's own answer."""
        return self._waits.setdefault(item, asyncio.get_running_loop().create_future())

    @workflow.run
    async def run(self, items: int, window: int) -> int:
        """Do all of them."""
        places = asyncio.Semaphore(window)

        async def one(item: int) -> None:
            async with places:
                limit = timedelta(seconds=60)
                await workflow.execute_activity("bare.first", item, start_to_close_timeout=limit)
                await self._wait(item)
                await workflow.execute_activity("bare.second", item, start_to_close_timeout=limit)

        await asyncio.gather(*(one(item) for item in range(items)))
        return items
