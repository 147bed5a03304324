"""Items in batches over a pool of workers that is as large as the work needs."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from contracts.base import Duration, Written
from contracts.specs.common import Spec, check_worker
from contracts.specs.reporting import OutputPath
from contracts.specs.sources import ForEach
from contracts.specs.worker import WorkerSpec

BATCH_FIELDS = ("items", "number", "size", "attempt")
"""What `${{ batch.* }}` knows; `items` is a JSON list of keys, or of the items' fields."""


class PoolSpec(Written):
    """How large batches and pool are."""

    items_per_worker: int = Field(default=20, ge=1, le=1_000)
    """Items of one batch."""
    max_workers: int = Field(default=10, ge=1, le=100)
    target_duration: Duration | None = Field(default=None, gt=timedelta())
    """With it, the pool is as small as it may be to be done in so long, by the measured pace."""
    max_attempts: int = Field(default=3, ge=1, le=10)
    """Dispatches that one item may take part in before it is named as failed."""


class WorkerPoolSpec(Spec):
    """The spec of pattern `worker-pool`."""

    pattern: Literal["worker-pool"]
    for_each: ForEach
    worker: WorkerSpec
    pool: PoolSpec = PoolSpec()
    item_results: OutputPath = "outputs.items"
    """An object in the batch's result: each item's key, and `success` or why it failed."""

    @model_validator(mode="after")
    def _expressions_are_known(self) -> "WorkerPoolSpec":
        check_worker("worker", self.worker, self.roots(batch=BATCH_FIELDS))
        return self
