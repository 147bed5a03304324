"""Tasks behind circuit breakers: what keeps failing is left alone, and the rest goes on."""

from typing import Any

from temporalio import workflow

from contracts.fleet import Entry
from contracts.report import COMPLETES, OrchestrationReport, OrchestrationStatus
from contracts.runs import Item, OutcomeStatus, WorkerOutcome
from contracts.specs.circuit_breaker import CircuitBreakerSpec, Task
from workflows.parts.answering import Answering
from workflows.parts.assembly import FleetWork
from workflows.parts.course import Verdict
from workflows.parts.items import FixedSource
from workflows.parts.orchestration import Orchestration
from workflows.parts.tally import Tally

_MISSED = "missed"
"""Key of the pattern's state: required tasks that were not done, each with its status."""
_STOPPED = frozenset({OutcomeStatus.CANCELLED, OutcomeStatus.NOT_DISPATCHED})
"""Not the task's fault."""


@workflow.defn(name="CircuitBreaker")
class CircuitBreaker(Answering):
    """See docs/patterns/circuit-breaker.md for the state machine."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        self._frame = Orchestration(arguments, CircuitBreakerSpec)

    @workflow.run
    async def run(self, *_: Any) -> OrchestrationReport:
        """Run all tasks, and leave out those whose circuit is open."""
        return await self._frame.run(self._work)

    async def _work(self) -> Verdict | None:
        frame, tasks = self._frame, {task.name: task for task in self._frame.spec.tasks}
        crew = await frame.crew({name: task.worker for name, task in tasks.items()})
        entries = [Entry(item=Item(key=name), sequence=0, worker=name) for name in tasks]
        source = FixedSource(entries, frame.state.fleet.source)
        outcomes = _Outcomes(frame.tally, tasks, frame.state.pattern)
        work = FleetWork(frame, crew, source, outcomes=outcomes)
        frame.begin(work)
        if not await work.run():
            return None
        frame.stopping = work.flights.stopping
        status, reason = frame.verdict()
        if outcomes.missed and status in COMPLETES:
            said = ", ".join(f"{name} {how}" for name, how in outcomes.missed.items())
            return OrchestrationStatus.FAILED, f"required: {said}"
        return status, reason


class _Outcomes:
    """The tally, and besides it advice for tasks that were skipped or failed."""

    def __init__(self, tally: Tally, tasks: dict[str, Task], state: dict[str, Any]) -> None:
        self._tally, self._tasks = tally, tasks
        self.missed: dict[str, str] = state.setdefault(_MISSED, {})

    def taken(self, items: int) -> None:
        """Count the tasks."""
        self._tally.taken(items)

    def dispatched(self) -> None:
        """Count a dispatch."""
        self._tally.dispatched()

    def retried(self) -> None:
        """Count a retry."""
        self._tally.retried()

    def add(self, sequence: int, outcome: WorkerOutcome, run_seconds: float | None) -> None:
        """Take a task's outcome in."""
        self._tally.add(sequence, outcome, run_seconds)
        task = self._tasks[outcome.key]
        if outcome.good:
            return
        if task.required:
            self.missed[task.name] = outcome.status.value
        if task.advice and outcome.status not in _STOPPED:
            self._tally.advise(f"{task.name} ({outcome.status.value}): {task.advice}")
