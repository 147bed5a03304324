"""The workers of one fleet, each under the name that its entries carry."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from contracts.fleet import Entry, OrchestrationState, Pace
from contracts.runs import Completion, RunRef, ToldResult, Verdict
from contracts.specs.breaker import BreakerSettings
from contracts.specs.worker import WorkerSpec
from workflows import policies
from workflows.parts.assignment import Assignment
from workflows.parts.worker_run import WorkerRuns


class Crew:
    """Who does what: one `WorkerRuns` per worker, all of one repository."""

    def __init__(
        self,
        workers: Mapping[str, WorkerSpec],
        repository: str,
        state: OrchestrationState,
        context: Mapping[str, Any],
        breaker: BreakerSettings | None = None,
    ) -> None:
        """Make it of workers that were described.

        Args:
            workers: by name; each name must be in `state.workers`.
            repository: where they run.
            state: of the orchestration.
            context: what the expressions of all of them read.
            breaker: how their circuit breakers are set; None for none.
        """
        self.repository = repository
        self._runs = {
            name: WorkerRuns(
                Assignment(
                    worker=worker,
                    repository=repository,
                    described=state.workers[name],
                    context=context,
                    state=state,
                    breaker=breaker,
                ),
                state.fleet.paces.setdefault(name, Pace()),
            )
            for name, worker in workers.items()
        }
        self._collecting = {name: _room(worker) for name, worker in workers.items()}

    @property
    def correlated(self) -> bool:
        """Whether the runs of all of them can be told apart by their titles."""
        return all(runs.assignment.correlated for runs in self._runs.values())

    async def collect(
        self, entry: Entry, run: RunRef, completion: Completion, told: tuple[ToldResult, ...]
    ) -> Verdict:
        """Collect a result, when not too many are being collected."""
        async with self._collecting[entry.worker]:
            return await self.of(entry).collect(entry, run, completion, told)

    def of(self, entry: Entry) -> WorkerRuns:
        """Find who does an entry."""
        return self._runs[entry.worker]


def _room(worker: WorkerSpec) -> asyncio.Semaphore:
    """So many collections at once as their schemas leave room for in one workflow task."""
    size = len(json.dumps(worker.result.schema_)) + 1
    return asyncio.Semaphore(
        max(1, min(policies.MAX_COLLECTING, policies.MAX_COMMAND_BYTES // size))
    )
