"""What a pool of workers carries: items in batches, and what was measured."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Batch(BaseModel):
    """Items that go out together. Mutable."""

    model_config = ConfigDict(extra="ignore")

    items: list[dict[str, Any]]
    """As the worker gets them: an item's fields, and its key as `key`."""
    attempt: int = 1
    """How often each of them is dispatched with this."""
    retry_at: datetime | None = None


class PoolState(BaseModel):
    """A pool of workers. Mutable; of items that are done only counts are kept."""

    model_config = ConfigDict(extra="ignore")

    workload: int | None = None
    """Items counted before the start, within the limit; None where they could not be counted."""
    size: int = 0
    """Batches that may be in flight at once; 0 before it was computed."""
    largest: int = 0
    batches: int = 0
    """Batches made so far; the number of the last one."""
    fresh: list[dict[str, Any]] = Field(default_factory=list)
    """Taken from the source, and in no batch yet."""
    again: list[Batch] = Field(default_factory=list)
    """Halves of lost batches."""
    named: dict[int, list[dict[str, Any]]] = Field(default_factory=dict)
    """Items that a worker named as failed, by the attempt that is to come."""
    reasons: dict[str, str] = Field(default_factory=dict)
    """Why items failed that are to go out again; only of so many as a report has rows."""
    began_at: datetime | None = None
    """When the first batch was dispatched."""
    ended_at: datetime | None = None
    """When the last outcome came."""
    processed: int = 0
    """Items that a worker said something of, or was asked in vain for, in the end."""
    finished: int = 0
    redistributed: int = 0
    """Times that an item went into another batch."""
    poison: int = 0
    paced_items: int = 0
    paced_seconds: float = 0
    """Items that runs said something of, and how long these runs took."""
