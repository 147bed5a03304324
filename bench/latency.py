"""How long after a run's end its orchestration schedules what comes next: the result's collection.

From the sandbox's own time of the end to the event in the history, with a delivery and `RunWatch` in
between; and by polling alone, as a multiple of the interval. All on one machine, whose cores the
server, the sandbox, the receiver and the Temporal Workers share.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from setting import Stand, open_stand, promised, spec, table

from tests.webhooks.process import delivered, receiver

MEDIAN, TAIL = 0.5, 2.0
"""Seconds promised for the median and the 99th percentile, with webhooks."""
HEADROOM = 1.3
"""Runs at once, of those that the rate wants: a slot is empty for a while between two runs."""
INTERVAL = 1.0
"""Seconds between two polls of runs as short as these."""


@dataclass(frozen=True)
class Options:
    """What is measured."""

    runs: int
    seconds: float
    rate: float


def options() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=600, help="worker runs (default: 600)")
    parser.add_argument("--seconds", type=float, default=5, help="length of each (default: 5)")
    parser.add_argument("--rate", type=float, default=20, help="ends a second (default: 20)")
    return Options(**vars(parser.parse_args()))


@dataclass(frozen=True)
class Measured:
    """What was measured, in one way of being told."""

    taken: list[float]
    """Seconds from each run's end to its collection being scheduled, the shortest first."""
    rate: float
    """Ends a second, from the first end to the last."""


async def latencies(asked: Options, *, hooked: bool) -> Measured:
    """Run all of them."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            stand = await stack.enter_async_context(open_stand(Path(folder)))
            stand.control.timed([{"duration_seconds": asked.seconds}])
            if hooked:
                delivered(stand, await stack.enter_async_context(receiver(stand, quiet=True)))
            await stack.enter_async_context(stand.workers())
            window = max(1, round(asked.rate * asked.seconds * HEADROOM))
            data = spec(asked.runs, **{"max-parallel": window})
            data["for-each"]["limit"] = asked.runs
            handle = await stand.start(data)
            await handle.result()
            ended = {run.run_id: run.completed_at or 0.0 for run in stand.control.runs()}
            scheduled = await _scheduled(stand, handle.id)
    taken = sorted(at - ended[run_id] for run_id, at in scheduled.items())
    return Measured(taken, len(ended) / (max(ended.values()) - min(ended.values())))


async def _scheduled(stand: Stand, workflow_id: str) -> dict[int, float]:
    """When each run's collection was scheduled, over the whole chain."""
    found: dict[int, float] = {}
    async for one in stand.client.list_workflows(f"WorkflowId = '{workflow_id}'"):
        handle = stand.client.get_workflow_handle(workflow_id, run_id=one.run_id)
        async for event in handle.fetch_history_events():
            planned = event.activity_task_scheduled_event_attributes
            if planned.activity_type.name == "github.run.collect":
                order = json.loads(planned.input.payloads[0].data)
                found[order["run"]["run_id"]] = event.event_time.ToNanoseconds() / 1e9
    return found


async def measure(asked: Options) -> int:
    """Measure, print, and judge."""
    rows, reached, kept = [], False, False
    for name, hooked in (("webhooks", True), ("polling alone", False)):
        measured = await latencies(asked, hooked=hooked)
        taken = measured.taken
        assert len(taken) == asked.runs, f"{len(taken)} of {asked.runs}"
        median, tail = statistics.median(taken), taken[int(0.99 * len(taken))]
        rows.append([name, len(taken), measured.rate, median, tail, taken[-1], median / INTERVAL])
        if hooked:
            reached = measured.rate >= asked.rate
            kept = median <= MEDIAN and tail <= TAIL
    print(f"\n{asked.runs} runs of {asked.seconds:g} s; seconds:\n")
    table(["told by", "runs", "ends / s", "median", "99 %", "longest", "median / interval"], rows)
    what = f"with webhooks: median at most {MEDIAN} s, 99th percentile at most {TAIL} s"
    rate = f"{asked.rate:g} ends a second reached with webhooks"
    return max(promised(rate, kept=reached), promised(what, kept=kept))


if __name__ == "__main__":
    code = asyncio.run(measure(options()))
    sys.stdout.flush()
    os._exit(code)  # a process that ran a Worker may abort on an ordinary exit
