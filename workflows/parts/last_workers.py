"""Last workers: each gets the references of all results, and its result is a reduction."""

import json
from typing import Any

from contracts.base import clip
from contracts.fleet import Entry
from contracts.reductions import MapReduceState
from contracts.runs import Item, WorkerOutcome
from contracts.specs.map_reduce import MapReduceSpec, WorkerReducer
from contracts.specs.worker import WorkerSpec
from workflows.parts.tally import Tally

PREFIX = "reduce."
"""Of the names of last workers among an orchestration's workers."""
_MAX_OUTPUT_BYTES = 16 * 1024


def last_workers(spec: MapReduceSpec) -> dict[str, WorkerSpec]:
    """Find the workers among a spec's reducers."""
    return {
        f"{PREFIX}{name}": one.worker
        for name, one in spec.reduce.items()
        if isinstance(one, WorkerReducer)
    }


def entries_for(spec: MapReduceSpec, results: dict[str, Any]) -> list[Entry]:
    """Make one entry for each; expressions read the results."""
    return [
        Entry(
            item=Item(key=name.removeprefix(PREFIX), fields={"title": name}),
            sequence=0,
            worker=name,
            part="reduce",
            roots={"results": results},
        )
        for name in last_workers(spec)
    ]


class LastOutcomes:
    """Who is told what becomes of last workers; they are no items, and count as none."""

    def __init__(self, tally: Tally, state: MapReduceState) -> None:
        self._tally, self._state = tally, state

    def taken(self, items: int) -> None:
        """No items."""

    def dispatched(self) -> None:
        """Count a dispatch."""
        self._tally.dispatched()

    def retried(self) -> None:
        """Count a retry."""
        self._tally.retried()

    def add(
        self,
        sequence: int,  # noqa: ARG002 - as every `Outcomes` takes it
        outcome: WorkerOutcome,
        run_seconds: float | None,  # noqa: ARG002 - the same
    ) -> None:
        """Keep the result, bounded."""
        fits = len(json.dumps(outcome.outputs).encode()) <= _MAX_OUTPUT_BYTES
        self._state.workers[outcome.key] = {
            "status": outcome.status.value,
            "worker": outcome.worker,
            "attempts": outcome.attempts,
            "summary": clip(outcome.summary, 500),
            "reason": clip(outcome.reason, 300),
            "outputs": outcome.outputs if fits else {},
            "outputs_omitted": not fits,
            "run_url": outcome.run_url,
            "result_url": outcome.result_url,
        }
