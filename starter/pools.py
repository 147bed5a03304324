"""What a pool of workers would do: how large it would be, and what its first worker would get."""

from datetime import datetime
from typing import Any

from contracts.fleet import SourceState
from contracts.pool import PoolState
from contracts.specs.worker_pool import WorkerPoolSpec
from starter.items import Found
from workflows.parts.batches import BatchLimits, BatchSource
from workflows.parts.items import ItemSource
from workflows.parts.sizing import largest, size_by_count


async def first_batch(spec: WorkerPoolSpec, found: Found, now: datetime) -> dict[str, Any]:
    """Make what expressions read as `batch` for the first worker; nothing where there are no items."""
    state = SourceState(buffer=list(found.items), exhausted=True)
    source = BatchSource(
        ItemSource(spec.for_each, spec.repository, now, state),
        BatchLimits.of(spec.pool.items_per_worker, largest(spec), spec.worker.result.max_bytes),
        spec.worker.retry.backoff,
        PoolState(),
        (),
    )
    entries = await source.next() if found.items else ()
    return dict(entries[0].roots["batch"]) if entries else {}


def told(spec: WorkerPoolSpec, items: int, first: dict[str, Any]) -> str:
    """Say how large batches and pool would be."""
    size, batches = size_by_count(items, spec.pool.items_per_worker, largest(spec))
    aim = f", fewer when {spec.pool.target_duration} allow it" if spec.pool.target_duration else ""
    return (
        f"a pool of {size} workers{aim}; {batches} batches of {spec.pool.items_per_worker} items at "
        f"most, the first of {first.get('size', 0)}"
    )
