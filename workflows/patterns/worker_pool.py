"""A pool of workers: items in batches, and what a batch leaves undone in other batches."""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from contracts.pool import PoolState
from contracts.report import OrchestrationReport
from contracts.specs.worker import Retry
from contracts.specs.worker_pool import WorkerPoolSpec
from workflows.parts.answering import Answering
from workflows.parts.assembly import FleetWork
from workflows.parts.batches import BatchLimits, BatchSource
from workflows.parts.course import Verdict
from workflows.parts.items import ItemSource
from workflows.parts.orchestration import Orchestration
from workflows.parts.pool import PoolOutcomes
from workflows.parts.sizing import Pool, largest

_ONCE = Retry(maximum_attempts=1)
"""No batch is repeated as it is: its items go out again in others."""


@workflow.defn(name="WorkerPool")
class WorkerPool(Answering):
    """See docs/patterns/worker-pool.md for the state machine."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        self._frame = Orchestration(arguments, WorkerPoolSpec)

    @workflow.run
    async def run(self, *_: Any) -> OrchestrationReport:
        """Measure, size the pool, work through the batches, report."""
        return await self._frame.run(self._work)

    async def _work(self) -> Verdict | None:
        frame, spec, state = self._frame, self._frame.spec, self._frame.state
        crew = await frame.crew({"": spec.worker.model_copy(update={"retry": _ONCE})})
        items = ItemSource(spec.for_each, spec.repository, state.started_at, state.fleet.source)
        pool = Pool(
            spec.pool, largest(spec), PoolState.model_validate(state.pattern), frame.journal
        )
        if not pool.state.size:
            pool.open(await self._workload(items))
        source = BatchSource(
            items,
            BatchLimits.of(spec.pool.items_per_worker, largest(spec), spec.worker.result.max_bytes),
            spec.worker.retry.backoff,
            pool.state,
            state.fleet.entries,
        )
        outcomes = PoolOutcomes(
            pool,
            source,
            frame.tally,
            frame.journal,
            item_results=spec.item_results,
            max_attempts=spec.pool.max_attempts,
            stopping=lambda: work.flights.stopping,
        )
        work = FleetWork(frame, crew, source, outcomes=outcomes, max_parallel=pool.state.size)
        pool.on_size = work.resize
        frame.begin(work)
        if not await work.run():
            state.pattern = pool.state.model_dump(mode="json", exclude_defaults=True)
            return None
        if not work.flights.stopping:
            await frame.leave_out(items)
        frame.stopping = work.flights.stopping
        return frame.verdict()

    async def _workload(self, items: ItemSource) -> int | None:
        """Count the items within the limit; None where they cannot be counted."""
        try:
            found = await items.beyond()
        except ActivityError as error:
            self._frame.journal.decide("uncounted", reason=str(error.cause))
            return None
        limit = self._frame.spec.for_each.limit
        return min(found.count, limit) if found.exact or found.count >= limit else limit
