"""The workers of one fleet, each under the name that its entries carry."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from temporalio import workflow

from activities.workers import WorkerActivities
from contracts.fleet import Entry, OrchestrationState, Pace
from contracts.runs import Completion, DescribeWorker, RunRef, ToldResult, Verdict
from contracts.specs import placing
from contracts.specs.breaker import BreakerSettings
from contracts.specs.sources import ForEach
from contracts.specs.worker import PlacedWorkerSpec, WorkerSpec
from workflows import policies
from workflows.parts.assignment import Assignment
from workflows.parts.worker_run import WorkerRuns


class Crew:
    """Who does what: one `WorkerRuns` per worker."""

    def __init__(
        self,
        workers: Mapping[str, WorkerSpec],
        repository: str,
        state: OrchestrationState,
        context: Mapping[str, Any],
        breaker: BreakerSettings | None = None,
        over: ForEach | None = None,
        *,
        staged: bool = False,
    ) -> None:
        """Make it of workers that were described.

        Args:
            workers: by name; each name must be in `state.workers`, unless its items say where it runs.
            repository: where they run.
            state: of the orchestration.
            context: what the expressions of all of them read.
            breaker: how their circuit breakers are set; None for none.
            over: where the items come from that may say where a worker runs.
            staged: whether only those that cannot write are dispatched.
        """
        self.repository = repository
        self._runs = {
            name: WorkerRuns(
                Assignment(
                    worker=worker,
                    repository=repository,
                    described=None if worker.scattered else state.workers[name],
                    context=context,
                    state=state,
                    breaker=breaker,
                    owners=_owners(worker, over, repository),
                    staged=staged,
                ),
                state.fleet.paces.setdefault(name, Pace()),
            )
            for name, worker in workers.items()
        }
        self._collecting = {name: _room(worker) for name, worker in workers.items()}

    @property
    def scattered(self) -> bool:
        """Whether their runs are in many repositories, each with a watcher of its own."""
        return any(runs.assignment.worker.scattered for runs in self._runs.values())

    @property
    def one_by_one(self) -> bool:
        """Whether dispatches wait for each other, as runs cannot be told apart by their titles."""
        described = (runs.assignment.described for runs in self._runs.values())
        return any(one is not None and not one.declaration.correlated for one in described)

    async def collect(
        self, entry: Entry, run: RunRef, completion: Completion, told: tuple[ToldResult, ...]
    ) -> Verdict:
        """Collect a result, when not too many are being collected."""
        async with self._collecting[entry.worker]:
            return await self.of(entry).collect(entry, run, completion, told)

    def of(self, entry: Entry) -> WorkerRuns:
        """Find who does an entry."""
        return self._runs[entry.worker]


def _owners(worker: WorkerSpec, over: ForEach | None, home: str) -> tuple[str, ...]:
    if over is None or not isinstance(worker, PlacedWorkerSpec):
        return ()
    return placing.owners_of(worker, over, home)


def _room(worker: WorkerSpec) -> asyncio.Semaphore:
    """So many collections at once as their schemas leave room for in one workflow task."""
    size = len(json.dumps(worker.result.schema_)) + 1
    return asyncio.Semaphore(
        max(1, min(policies.MAX_COLLECTING, policies.MAX_COMMAND_BYTES // size))
    )


async def read_declarations(
    workers: Mapping[str, WorkerSpec], repository: str, state: OrchestrationState
) -> None:
    """Have the file of each worker read that was not yet; the whole chain uses what it says.

    Raises:
        ActivityError: a worker's file cannot be read, or is no workflow.
    """
    unread = [n for n, one in workers.items() if n not in state.workers and not one.scattered]
    asks = (
        DescribeWorker(repository=repository, workflow=one.workflow, ref=one.ref)
        for one in (workers[name] for name in unread)
    )
    reads = (
        workflow.execute_activity_method(
            WorkerActivities.describe, ask, **policies.named(policies.READ, f"read {ask.workflow}")
        )
        for ask in asks
    )
    for name, described in zip(unread, await asyncio.gather(*reads), strict=True):
        state.workers[name] = described
