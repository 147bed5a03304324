"""Deliveries of `workflow_run`: runs that have ended wake the watcher of their repository."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities import metrics
from activities.batches import Batches
from activities.github.actions import DISPATCHED, Run, run_of
from contracts import names
from contracts.watch import MAX_BATCH, RunRow, SeenRuns
from starter.starting import CALL
from starter.webhooks.receiver import Delivery, NotNowError


class RunNews:
    """Tells watchers of ended runs: one signal at a time to each, with all that came meanwhile."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._batches: Batches[str, RunRow, str] = Batches(self._send, MAX_BATCH)

    async def take(self, delivery: Delivery) -> str:
        """Pass a `workflow_run` delivery on, where it may be of a run that Podium started.

        Raises:
            NotNowError: Temporal did not take it.
        """
        if delivery.payload.get("action") != "completed":
            return "not an end"
        repository, run = _read(delivery.payload)
        if run is None or not repository:
            return "not a run that was dispatched"
        metrics.seen(run.ended_at, "delivery")
        return await self._batches.put(repository, run.row)

    async def _send(self, repository: str, rows: Sequence[RunRow]) -> Sequence[str]:
        handle = self._client.get_workflow_handle(names.run_watch_id(repository))
        try:
            await handle.signal(
                names.SIGNAL_RUNS_SEEN, SeenRuns(rows=tuple(rows)), rpc_timeout=CALL
            )
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return ["nobody waits for a run of this repository"] * len(rows)
            raise NotNowError(error.message) from error
        return ["its watcher is told"] * len(rows)


def _read(payload: dict[str, Any]) -> tuple[str, Run | None]:
    """Read what a payload says of a run; nothing of what has another shape than GitHub's."""
    try:
        run = run_of(payload["workflow_run"])
        repository = payload["repository"]["full_name"]
    except (KeyError, TypeError, ValueError, AttributeError, ValidationError):
        return "", None
    if run.event != DISPATCHED or not isinstance(repository, str):
        return "", None
    return repository, run
