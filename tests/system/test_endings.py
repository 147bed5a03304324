"""Cancelled, terminated, talked to in nonsense: everything ends in order, and nothing wedges."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from contracts import names
from sandbox.control import RunRecord
from tests.system import judging
from tests.system.rooms import final_report
from tests.system.stand import WORKER_FILE, Stand, open_stand, spec

WIDTH, ITEMS = 10, 30
FOREVER = {"duration_seconds": 3_600}


@dataclass(frozen=True)
class Place:
    """A repository, and so a watcher, of its own: what ends here disturbs nobody else."""

    stand: Stand
    repository: str

    @property
    def watcher(self) -> WorkflowHandle[Any, Any]:
        """The one watcher of the repository."""
        return self.stand.client.get_workflow_handle(names.run_watch_id(self.repository))

    def runs(self) -> list[RunRecord]:
        """All runs of the repository."""
        return self._mine(self.stand.control.runs())

    def dispatched(self) -> int:
        """How many runs were asked for here."""
        sent = self.stand.control.dispatches()
        return sum(one.repository == self.repository for one in sent)

    async def until(self, done: Callable[[Sequence[RunRecord]], bool]) -> None:
        """Wait for a state of the repository's runs."""
        await judging.until(self.stand.control, lambda runs: done(self._mine(runs)))

    async def start_full(self, **changes: Any) -> WorkflowHandle[Any, Any]:
        """Start more items than the window holds, and wait until it is full."""
        wide = {"repository": self.repository, "max-parallel": WIDTH}
        handle = await self.stand.start(spec(ITEMS, **wide, **changes))
        await self.until(lambda runs: len(runs) >= WIDTH)
        return handle

    def _mine(self, runs: Sequence[RunRecord]) -> list[RunRecord]:
        return [run for run in runs if run.repository == self.repository]


async def a_cancelled_orchestration_cancels_every_run_and_reports(place: Place) -> None:
    handle = await place.start_full()
    await handle.cancel()
    report = await final_report(handle)

    assert {run.conclusion for run in place.runs()} == {"cancelled"}
    assert place.dispatched() == WIDTH
    assert report["status"] == "cancelled"
    assert report["totals"]["by_status"] == {
        "cancelled": WIDTH,
        "not-dispatched": ITEMS - WIDTH,
    }
    described = await handle.describe()
    assert described.status is WorkflowExecutionStatus.CANCELED


async def runs_of_a_terminated_orchestration_are_cancelled_as_orphans(place: Place) -> None:
    handle = await place.start_full()
    await handle.terminate("by hand")

    await place.until(lambda runs: {run.conclusion for run in runs} == {"cancelled"})
    assert place.dispatched() == WIDTH


async def a_terminated_watcher_is_not_missed(place: Place) -> None:
    """Nobody tells of what runs; silence gives that away."""
    handle = await place.start_full()
    await place.until(lambda runs: len(runs) >= 2 * WIDTH)
    await place.watcher.terminate("by hand")
    report = await final_report(handle)

    assert report["totals"]["by_status"] == {"success": ITEMS}
    assert place.dispatched() == ITEMS


async def a_watcher_started_again_is_told_what_it_cannot_know(place: Place) -> None:
    """It would tell of newer runs for ever, and so hide that it knows nothing of the older ones."""
    handle = await place.start_full()
    await handle.signal(names.SIGNAL_PAUSE)
    await place.until(lambda runs: any(run.status == "completed" for run in runs))
    await asyncio.sleep(3)  # its end is told: the watcher is known from now on
    await place.watcher.terminate("by hand")
    await handle.signal(names.SIGNAL_RESUME)
    report = await final_report(handle)

    assert report["totals"]["by_status"] == {"success": ITEMS}
    renewed = [d["reason"] for d in report["decisions"] if d["kind"] == "watcher-renewed"]
    assert len(renewed) == 1
    assert place.dispatched() == ITEMS


NONSENSE: list[tuple[str, list[Any]]] = [
    ("runs_completed", []),
    ("runs_completed", ["text"]),
    ("runs_completed", [{"completions": "none"}]),
    ("runs_completed", [{"completions": [{"run_id": "x"}]}]),
    ("runs_completed", [{"completions": []}, 2]),
    ("pause", []),
    ("resume", [{"deep": [1, None]}]),
    ("approve", [7]),
    ("no-such-signal", [{"a": 1}]),
    ("no-such-signal", []),
]
WATCHER_NONSENSE: list[tuple[str, list[Any]]] = [
    *(
        (signal, arguments)
        for signal in ("announce", "watch", "release", "hush", "unknown")
        for arguments in ([], ["text"], [{"runs": 1}], [1, 2])
    ),
    # Temporal fails each workflow task that signals an execution of a name which can be none.
    *(("hush", [{"workflow_id": name}]) for name in ("", "x" * 2_000, "no-such-workflow")),
]


async def no_signal_can_wedge_anything(place: Place) -> None:
    handle = await place.start_full()
    for name, arguments in NONSENSE:
        await handle.signal(name, args=arguments)
    for name, arguments in WATCHER_NONSENSE:
        await place.watcher.signal(name, args=arguments)
    report = await final_report(handle)

    assert report["totals"]["by_status"] == {"success": ITEMS}
    refused = [d["subject"] for d in report["decisions"] if d["kind"] == "signal-refused"]
    assert refused.count("runs_completed") == 5
    assert refused.count("no-such-signal") == 2
    assert await failed_tasks(handle) == 0
    assert await failed_tasks(place.watcher) == 0


SCENARIOS: dict[Callable[[Place], Coroutine[Any, Any, None]], list[dict[str, Any]]] = {
    a_cancelled_orchestration_cancels_every_run_and_reports: [FOREVER],
    runs_of_a_terminated_orchestration_are_cancelled_as_orphans: [FOREVER],
    a_terminated_watcher_is_not_missed: [{"duration_seconds": 3}],
    a_watcher_started_again_is_told_what_it_cannot_know: [
        {"inputs": {"item": "item-0"}, "duration_seconds": 2},
        {"inputs": {"item": f"item-{WIDTH}"}, "duration_seconds": 2},
        {"duration_seconds": 10},
    ],
    no_signal_can_wedge_anything: [{"duration_seconds": 5}],
}
"""What happens side by side, as most of it is waiting, and how the runs go there."""


async def test_whatever_is_ended_or_sent_all_else_ends_in_order(stand: Stand) -> None:
    """Each scenario in a place of its own; a group of failures names those that failed."""
    places = {play: Place(stand, f"octo-org/place-{n}") for n, play in enumerate(SCENARIOS)}
    for place in places.values():
        files = {".github/workflows/analyzer.yml": WORKER_FILE}
        stand.control.add_repository(place.repository, files=files)
    stand.control.timed(
        [
            {**rule, "repository": place.repository}
            for play, place in places.items()
            for rule in SCENARIOS[play]
        ]
    )
    async with stand.workers():
        ended = await asyncio.gather(
            *(play(place) for play, place in places.items()), return_exceptions=True
        )
    failures = [one for one in ended if one is not None]
    if failures:
        raise BaseExceptionGroup("not all ended in order", failures)


async def failed_tasks(handle: WorkflowHandle[Any, Any]) -> int:
    """How many workflow tasks failed: each would be tried again for ever."""
    events = [event async for event in handle.fetch_history_events()]
    return sum(e.HasField("workflow_task_failed_event_attributes") for e in events)


async def test_starts_with_none_two_or_a_list_of_inputs_fail_at_once(tmp_path: Path) -> None:
    odd: list[list[Any]] = [[], [{"spec": spec(1)}, 2], [[1, 2]], ["x"], [None], [{"spek": 1}]]
    async with open_stand(tmp_path) as stand, stand.workers():
        for kind in ("OrchestratorWorker", "RunWatch"):
            for number, arguments in enumerate(odd):
                handle = await stand.client.start_workflow(
                    kind, args=arguments, id=f"odd/{kind}/{number}", task_queue=names.TASK_QUEUE
                )
                await asyncio.wait({asyncio.ensure_future(an_end(handle))}, timeout=20)
                closed = (await handle.describe()).status
                expected = "FAILED" if kind == "OrchestratorWorker" else "COMPLETED"
                assert closed is WorkflowExecutionStatus[expected], (kind, arguments)
                assert await failed_tasks(handle) == 0


async def an_end(handle: WorkflowHandle[Any, Any]) -> None:
    """Wait for an end of any kind."""
    async for event in handle.fetch_history_events(wait_new_event=True):
        if event.event_type in {2, 3}:
            return
