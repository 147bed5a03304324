"""What long workers tell of their progress, read now and then while their runs go on."""

import asyncio
from datetime import datetime

from temporalio import workflow

from contracts.fleet import Entry
from contracts.runs import RunRef
from workflows.parts.clock import Clock
from workflows.parts.crew import Crew
from workflows.parts.fleet import Fleet
from workflows.parts.flights import is_due
from workflows.parts.journal import Journal
from workflows.parts.timeline import progressed

_AT_ONCE = 10
"""Reads under way at once; the rest follow."""


class Interim:
    """Reads the progress of runs whose worker has `progress-every`; it only ever informs."""

    def __init__(self, crew: Crew, fleet: Fleet, *, clock: Clock, journal: Journal) -> None:
        self._crew, self._fleet, self._clock, self._journal = crew, fleet, clock, journal
        self._reading: set[asyncio.Task[None]] = set()
        self._settling = False
        clock.call(self._on_time, self._next_time)

    async def settle(self) -> None:
        """Read nothing more, and let what is under way end."""
        self._settling = True
        await workflow.wait_condition(lambda: not self._reading)

    def _due_at(self, entry: Entry) -> datetime | None:
        every = self._crew.of(entry).assignment.worker.result.progress_every
        if every is None or entry.run is None or entry.completion or entry.cancelled_at:
            return None
        return (entry.asked_at or entry.run.dispatched_at) + every

    def _next_time(self) -> datetime | None:
        if self._settling or len(self._reading) >= _AT_ONCE:
            return None
        return min(filter(None, map(self._due_at, self._fleet.running)), default=None)

    def _on_time(self) -> None:
        for entry in self._fleet.running:
            if entry.run is None or self._settling or len(self._reading) >= _AT_ONCE:
                continue
            if is_due(self._due_at(entry)):
                entry.asked_at = workflow.now()
                reading = asyncio.create_task(self._read(entry, entry.run))
                self._reading.add(reading)
                reading.add_done_callback(self._reading.discard)

    async def _read(self, entry: Entry, run: RunRef) -> None:
        told = await self._crew.of(entry).progress(entry, run)
        if told is not None and told.share is not None and told != entry.told:
            entry.told = told
            progressed(self._fleet.state, self._journal)
        self._clock.rearm()
