"""How large a pool of workers need be."""

import math
from collections.abc import Callable

from temporalio import workflow

from contracts.pool import PoolState
from contracts.specs.worker_pool import PoolSpec, WorkerPoolSpec
from workflows.parts.journal import Journal

_SLACK = 1.25
"""A pool shrinks only when it is so much too large, so that it does not go up and down."""


class Pool:
    """How many batches may be in flight: by the count of items, or by the measured pace."""

    def __init__(self, spec: PoolSpec, limit: int, state: PoolState, journal: Journal) -> None:
        """Make it.

        Args:
            spec: how large batches and pool are.
            limit: the largest pool.
            state: of the pool.
            journal: where its sizes are told.
        """
        self.state = state
        self.on_size: Callable[[int], None] = lambda _: None
        self._spec, self._limit, self._journal = spec, limit, journal

    def open(self, workload: int | None) -> None:
        """Size the pool by the measured workload; one that cannot be measured gets all workers."""
        self.state.workload = workload
        if workload is None:
            self._set(self._limit, f"the items could not be counted: at most {self._limit}")
            return
        per = self._spec.items_per_worker
        size, needed = size_by_count(workload, per, self._limit)
        self._set(
            size, f"{workload} items, {per} per worker: {needed} batches, at most {self._limit}"
        )

    def resize(self) -> None:
        """Size the pool by the pace, where the spec says when it should be done."""
        target, state = self._spec.target_duration, self.state
        if target is None or state.began_at is None or not (state.paced_items and state.workload):
            return
        left = state.workload - state.finished
        if left <= 0:
            return
        pace = state.paced_seconds / state.paced_items
        seconds = (state.began_at + target - workflow.now()).total_seconds()
        wanted = left * pace / seconds if seconds > 0 else math.inf
        batches = math.ceil(left / self._spec.items_per_worker)
        needed, slack = (_bounded(wanted * f, self._limit, batches) for f in (1, _SLACK))
        if needed > state.size or slack < state.size:
            size = max(needed, slack)
            told = (
                f"{left} items left at {pace:.3g} s each, {max(seconds, 0):.0f} s of {target} left"
            )
            self._set(size, told)

    def _set(self, size: int, reason: str) -> None:
        self.state.size = size
        self.state.largest = max(self.state.largest, size)
        self._journal.decide("pool-sized", str(size), reason)
        self.on_size(size)


def largest(spec: WorkerPoolSpec) -> int:
    """Tell the largest pool; `max-parallel` bounds it only where it is given."""
    given = spec.max_parallel if "max_parallel" in spec.model_fields_set else spec.pool.max_workers
    return min(given, spec.pool.max_workers)


def size_by_count(items: int, per_worker: int, limit: int) -> tuple[int, int]:
    """Tell how many workers so many items need, and how many batches they are."""
    batches = math.ceil(items / per_worker)
    return max(1, min(limit, batches)), batches


def _bounded(wanted: float, limit: int, batches: int) -> int:
    """Spell a wanted size as one that there can be; more workers than batches have nothing to do."""
    most = min(limit, batches)
    return max(1, math.ceil(wanted) if wanted < most else most)
