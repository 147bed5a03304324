"""How activities talk to `RunWatch`: durable signals before and after a dispatch, and questions."""

from typing import Any

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from activities.executions import RPC_TIMEOUT
from contracts import names
from contracts.watch import (
    MAX_BATCH,
    Claim,
    Intent,
    Lookup,
    LookupRun,
    Release,
    RunWatchState,
    WatchedRun,
    WatchRuns,
)


class Watching:
    """The watchers of all repositories, reached through one Temporal client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def announce(self, repository: str, intent: Intent) -> None:
        """Tell the watcher of a dispatch before it is sent; starts the watcher if need be.

        Raises:
            RPCError: Temporal did not answer in time.
        """
        await self._tell(repository, names.SIGNAL_ANNOUNCE, intent)

    async def watch(self, repository: str, runs: tuple[WatchedRun, ...]) -> None:
        """Have runs watched; starts the watcher if need be."""
        for start in range(0, len(runs), MAX_BATCH):
            batch = WatchRuns(runs=runs[start : start + MAX_BATCH])
            await self._tell(repository, names.SIGNAL_WATCH, batch)

    async def release(self, repository: str, dispatch_id: str) -> None:
        """Take an announcement back: nothing was started."""
        await self._tell(repository, names.SIGNAL_RELEASE, Release(dispatch_ids=(dispatch_id,)))

    async def lookup(self, repository: str, ask: LookupRun) -> Lookup:
        """Ask what the watcher knows of a dispatch; an unknown watcher knows nothing.

        Raises:
            RPCError: Temporal did not answer in 5 s.
        """
        handle = self._client.get_workflow_handle(names.run_watch_id(repository))
        try:
            known: Lookup = await handle.query(
                names.QUERY_LOOKUP, ask, result_type=Lookup, rpc_timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return Lookup(free=ask.candidates)
            raise
        return known

    async def claim(self, repository: str, run_id: int, dispatch_id: str) -> bool:
        """Claim a run for a dispatch; False when another dispatch has it."""
        await self._tell(repository, names.SIGNAL_WATCH, WatchRuns(runs=()))
        handle = self._client.get_workflow_handle(names.run_watch_id(repository))
        granted: bool = await handle.execute_update(
            names.UPDATE_CLAIM,
            Claim(run_id=run_id, dispatch_id=dispatch_id),
            id=f"claim-{run_id}-{dispatch_id}",
            result_type=bool,
        )
        return granted

    async def _tell(self, repository: str, signal: str, message: Any) -> None:
        """Signal the watcher, and start it only where there is none: that costs a third more."""
        handle = self._client.get_workflow_handle(names.run_watch_id(repository))
        try:
            await handle.signal(signal, message, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            await self._start(repository, signal, message)

    async def _start(self, repository: str, signal: str, message: Any) -> None:
        await self._client.start_workflow(
            "RunWatch",
            RunWatchState(repository=repository),
            id=names.run_watch_id(repository),
            task_queue=names.TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal=signal,
            start_signal_args=[message],
            static_summary=f"Watches the worker runs of {repository}",
            rpc_timeout=RPC_TIMEOUT,
        )
