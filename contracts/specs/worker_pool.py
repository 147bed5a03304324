"""Items in batches over a pool of workers that is as large as the work needs."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from contracts import expressions
from contracts.base import Duration, Written, kebab
from contracts.specs.common import Spec, check_worker
from contracts.specs.reporting import OutputPath
from contracts.specs.sources import ForEach
from contracts.specs.worker import WorkerSpec

BATCH_FIELDS = ("items", "number", "size", "attempt")
"""What `${{ batch.* }}` knows; `items` is a JSON list of the items' fields, each with its `key`."""
_OF_OUTPUTS = ("counts", "columns", "highlights", "recommendations")
"""Parts of a report that read a worker's outputs."""


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
        texts = [text for text in self.worker.inputs.values() if isinstance(text, str)]
        if not any("batch.items" in expressions.paths(text) for text in texts):
            raise ValueError(
                "worker.inputs: no input reads ${{ batch.items }}, so no worker would know its "
                'items; add one, as items: "${{ batch.items }}"'
            )
        return self

    @model_validator(mode="after")
    def _items_have_results(self) -> "WorkerPoolSpec":
        if set(self.worker.result.channels) == {"conclusion"}:
            raise ValueError(
                "worker.result.channels: a conclusion says nothing of single items; add artifact"
            )
        if "maximum_attempts" in self.worker.retry.model_fields_set:
            raise ValueError(
                "worker.retry.maximum-attempts: a batch is not repeated, its items go out in other "
                "batches; say pool.max-attempts"
            )
        told = [name for name in _OF_OUTPUTS if getattr(self.report, name)]
        if told:
            raise ValueError(
                f"report.{kebab(told[0])}: a pool's rows are items, which have no outputs of "
                "their own; leave it out"
            )
        return self
