"""What every pattern is framed by: input, handlers, deadline, cancellation, report, closing."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

from contracts import expressions
from contracts.base import clip
from contracts.fleet import OrchestrationState
from contracts.orchestration import BadInputError, parse_input
from contracts.outputs import MAX_TITLE
from contracts.report import OrchestrationReport, OrchestrationStatus, Progress
from contracts.sources import ItemsCount
from contracts.specs.breaker import BreakerSettings
from contracts.specs.common import Spec
from contracts.specs.sources import ForEach
from contracts.specs.worker import WorkerSpec
from workflows.parts import closing, progress
from workflows.parts.asked import Asked
from workflows.parts.breakers import Breakers
from workflows.parts.budget import Budget
from workflows.parts.clock import Clock
from workflows.parts.comment_answers import CommentAnswers
from workflows.parts.consent import Consent
from workflows.parts.console import Console
from workflows.parts.course import Course, Doing, Verdict
from workflows.parts.crew import Crew, read_declarations
from workflows.parts.gate import Gates
from workflows.parts.items import ItemSource
from workflows.parts.journal import Journal
from workflows.parts.outbox import Outbox
from workflows.parts.reporting import Reporting
from workflows.parts.tally import Tally
from workflows.parts.timeline import Timeline
from workflows.parts.work import Work

S = TypeVar("S", bound=Spec)


class Orchestration(Generic[S]):
    """One Workflow Execution chain around a pattern's own work."""

    def __init__(self, arguments: tuple[object, ...], model: type[S]) -> None:
        self.stopping = self._owed = ""
        self.refused: BadInputError | None = None
        """Why there is neither spec nor state: the input did not decode."""
        self._work: Work = Work()
        self._final: OrchestrationReport | None = None
        self._published: OrchestrationStatus | None = None
        try:
            self.given = parse_input(arguments, model)
            """What it was started with."""
        except BadInputError as error:
            self.refused = error
            return
        self.spec: S = self.given.spec
        self.state = OrchestrationState.resume(
            self.given.carry, workflow.info().workflow_start_time, self.spec.deadline
        )
        self.context = progress.run_context(self.spec, self.state) | {
            "inputs": self.given.inputs,
            "event": self.given.event,
        }
        self.title = clip(expressions.render(self.spec.report.title, self.context), MAX_TITLE)
        self._assemble()

    def _assemble(self) -> None:
        """Make the parts, each over its share of the state."""
        self.tally = Tally(self.state.tally, self.spec.report)
        self.journal = Journal(self.state.journal, on_decision=self.show)
        self.clock = Clock()
        self.outbox = Outbox(self.spec, self.context, self.state, self.journal)
        self.asked = Asked(self.spec, self.state, self.outbox, self.journal)
        self.tally.heard = self.asked.heard
        self.breakers = Breakers(self.state.breakers, self.journal)
        self.budget = Budget(
            self.spec.budget, self.state.budget, self.journal, pause=self._pause, stop=self.stop
        )
        self._reporting = Reporting(
            self.spec, self.state, self.tally, self.journal, self.title, self.breakers, self.budget
        )
        self.gates = Gates(
            self.state.gates,
            self.journal,
            self.clock,
            paused=self.state.paused_at is not None,
            parks=lambda: self._work.parks,
        )
        self.consent = Consent(self)
        self.comments = CommentAnswers(self.spec.repository, self.gates, self.journal, self.clock)
        self._timeline = Timeline(
            self.state,
            self.spec.deadline,
            self.spec.stall_after,
            clock=self.clock,
            journal=self.journal,
            on_deadline=lambda: self.stop("the deadline was reached"),
        )
        self._console = Console(
            self.journal,
            pause=self._pause,
            resume=self._resume,
            status=self.status,
            report=self.report,
            gates=self.gates.shown,
        )

    @property
    def is_child(self) -> bool:
        """Whether another orchestration started this one."""
        return bool(self.given.lineage.ancestors)

    @property
    def parked(self) -> bool:
        """Whether the work waits for the chain's next run."""
        return self._work.parked

    def begin(self, work: Work) -> None:
        """Connect the pattern's work: it hears of completed runs, pauses and stops from now on."""
        self._work = work
        work.pause(paused=self._timeline.paused)
        self._console.connect(work.runs_completed)
        self.stopping = self.stopping or self._owed
        if self.stopping:
            work.stop(self.stopping)

    def tell_reductions(self, told: Callable[[], dict[str, Any]]) -> None:
        """Have the report say what results were reduced to."""
        self._reporting.reductions = told

    async def crew(
        self,
        workers: Mapping[str, WorkerSpec],
        *,
        guarded: bool = True,
        over: ForEach | None = None,
        **context: Any,
    ) -> Crew:
        """Make the crew of a fleet; each declaration is read once, and the whole chain uses it.

        Args:
            workers: by name.
            guarded: false where circuit breakers have no say.
            over: where the items come from that may say where a worker runs.
            context: what expressions read besides `inputs`, `event` and `run`.

        Raises:
            ActivityError: a worker's file cannot be read, or is no workflow.
        """
        await read_declarations(workers, self.spec.repository, self.state)
        return Crew(
            workers,
            self.spec.repository,
            self.state,
            {**self.context, **context},
            self._breaker_settings() if guarded else None,
            over,
            staged=self.outbox.staged,
        )

    async def run(self, work: Doing) -> OrchestrationReport:
        """Do the work to its end, report, and close as Temporal should show it.

        Args:
            work: ends with a verdict, or with None when it is time to continue as new.

        Raises:
            ApplicationError: `BadInput`, or `OrchestrationFailed` with the report.
            asyncio.CancelledError: after a cancellation, in order.
        """
        if self.refused is not None:
            raise closing.refuse(self.refused)
        self._console.refuse_the_rest()
        self.show()
        report = await Course(self, lambda: self._described(work)).run()
        return closing.close(report, brief=self.is_child)

    async def leave_out(self, items: ItemSource) -> None:
        """Count what lies beyond the limit; that it cannot be counted fails nothing."""
        try:
            beyond = await items.beyond()
        except ActivityError as error:
            self.journal.decide("uncounted", reason=str(error.cause))
            beyond = ItemsCount(count=0, exact=False)
        self.tally.change_totals(beyond_limit=beyond.count, beyond_limit_exact=beyond.exact)

    def stop(self, reason: str) -> None:
        """End in order: nothing more is dispatched, and what runs is cancelled."""
        self.stopping = self.stopping or reason
        self._work.stop(self.stopping)
        self.gates.stop(self.stopping)

    def verdict(self, *, whole: bool = False) -> Verdict:
        """Judge what was tallied by the spec's success criteria.

        Args:
            whole: whether a part of it is worth nothing, so that a budget that ends it fails it.
        """
        return progress.verdict(
            self.spec,
            self.tally,
            stopped=self.stopping,
            timed_out=self._timeline.timed_out,
            refused=bool(self.breakers.refusals),
            spent=self.budget.closed and not whole,
        )

    def status(self) -> Progress:
        """Answer the query `status`."""
        measured = progress.measure(
            self._final.status if self._final else self._timeline.standing,
            self.tally,
            self._work.running,
            self._work.queued,
        )
        more = {"running": self._work.in_flight, "waiting_for": self.gates.waiting_for}
        return measured.model_copy(update=more)

    def report(self) -> OrchestrationReport:
        """Answer the query `report`: the final one, or what there is so far."""
        return self._final or self._reporting.assemble(self.status().status, self.stopping)

    def show(self) -> None:
        """Keep the run's page in the Temporal UI current; only a change of status costs an event."""
        status = self._final.status if self._final else self._timeline.standing
        if status is not self._published:
            self._published = status
            progress.publish(self.spec, status)
        progress.show(self.title, self.tally, self._work, status, self._final, self.gates.shown())

    def stop_what_is_taken_up(self, reason: str) -> None:
        """End in order what is parked: runs when a fleet has them again, all else now."""
        if self.parked:
            self._owed = reason
        else:
            self.stopping = self.stopping or reason
        self.gates.stop(reason)
        self.asked.leave_out()

    async def _described(self, work: Doing) -> Verdict | None:
        """Do the work; a worker that cannot be described ends it before anything is dispatched."""
        try:
            return await work()
        except ActivityError as error:
            return OrchestrationStatus.FAILED, clip(str(error.cause))

    async def conclude(self, status: OrchestrationStatus, reason: str) -> OrchestrationReport:
        """Write the final report."""
        await self.breakers.read()
        self._final = await self._reporting.write(status, reason, self.outbox, data=self.is_child)
        self.show()
        return self._final

    def _breaker_settings(self) -> BreakerSettings | None:
        if not self.spec.breaker.enabled:
            return None
        return BreakerSettings.model_validate(self.spec.breaker.model_dump())

    def _pause(self) -> None:
        self._timeline.pause()
        self.gates.pause()
        self._work.pause(paused=True)

    def _resume(self) -> None:
        self.budget.resumed()
        self.gates.resume(self._timeline.resume())
        self._work.pause(paused=False)
        self.show()
