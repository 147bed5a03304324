"""Reflection: generator and critic in turns, until the score or the limit of iterations."""

from collections.abc import Callable
from typing import Any

from temporalio import workflow

from contracts.fleet import Entry
from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.rounds import ReflectionState
from contracts.runs import Item, WorkerOutcome
from contracts.specs.reflection import ReflectionSpec
from workflows.parts import proposal
from workflows.parts.answering import Answering
from workflows.parts.assembly import FleetWork
from workflows.parts.counted import Counted
from workflows.parts.course import Verdict
from workflows.parts.items import FixedSource
from workflows.parts.orchestration import Orchestration
from workflows.parts.rounds import Rounds
from workflows.parts.steering import Steering
from workflows.parts.work import Work


@workflow.defn(name="Reflection")
class Reflection(Answering):
    """See docs/patterns/reflection.md for the state machine."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        self._frame = frame = Orchestration(arguments, ReflectionSpec)
        self._work_now = Work()
        if frame.refused is None:  # else it fails before anything is done
            # Here and not in `run`: a signal may come before that.
            self._state = ReflectionState.model_validate(frame.state.pattern)
            self._rounds = Rounds(frame.spec, self._state, frame.tally.state.rounds)
            Steering(self._rounds, frame.journal, changed=self._keep, end=self._end_now)

    @workflow.run
    async def run(self, *_: Any) -> OrchestrationReport:
        """Draft, review, again. The other signals and the queries are the frame's."""
        return await self._frame.run(self._work)

    async def _work(self) -> Verdict | None:
        frame, state = self._frame, self._state
        await frame.crew({"generator": frame.spec.generator, "critic": frame.spec.critic})
        while not (self._over() or frame.stopping):
            if not await self._advance():
                return None
            self._keep()
        state.step = "ended"
        self._keep()
        return await self._verdict()

    async def _advance(self) -> bool:
        """Do the step that is next; False when it is time to continue as new."""
        frame, rounds = self._frame, self._rounds
        if self._state.step == "begin":
            how = rounds.begin()
            frame.journal.decide("round-begun", f"draft {rounds.current.iteration}", how)
            return True
        if self._state.step == "draft":
            return await self._run("generator", "draft", rounds.drafted)
        return await self._run("critic", "review", self._reviewed)

    async def _run(self, name: str, what: str, take: Callable[[WorkerOutcome], None]) -> bool:
        frame, state = self._frame, self._state
        worker = frame.spec.generator if name == "generator" else frame.spec.critic
        draft = state.draft.model_dump(mode="json") if state.draft else {}
        crew = await frame.crew({name: worker}, reflection=state.asked, draft=draft)
        key = f"{what} {self._rounds.current.iteration}"
        source = FixedSource(
            [Entry(item=Item(key=key), sequence=0, worker=name)], frame.state.fleet.source
        )
        work = FleetWork(frame, crew, source, outcomes=Counted(frame.tally, take))
        frame.begin(work)
        self._work_now = work
        if state.ended_by:  # it was in flight when the chain's last run heard of that
            work.stop(state.ended_by)
        if not await work.run():
            return False
        frame.state.fleet = frame.state.fleet.after()
        return True

    def _reviewed(self, outcome: WorkerOutcome) -> None:
        self._rounds.reviewed(outcome)
        current = self._rounds.current
        by = current.scored_by or "the critic"
        scored = f"{proposal.shown(current.score)} by {by}"
        kind, reason = (
            ("scored", scored) if current.score is not None else ("unscored", current.reason)
        )
        self._frame.journal.decide(kind, f"draft {current.iteration}", reason)

    def _over(self) -> bool:
        """Whether nothing is to be done any more, and nothing is in flight."""
        in_flight = bool(self._frame.state.fleet.entries)
        return self._state.step == "ended" or (bool(self._state.ended_by) and not in_flight)

    def _keep(self) -> None:
        """Have the state carried on, should the chain's next run begin now."""
        self._frame.state.pattern = self._state.model_dump(mode="json")

    def _end_now(self, why: str) -> None:
        self._work_now.stop(why)

    async def _verdict(self) -> Verdict | None:
        frame, rounds = self._frame, self._rounds
        if frame.stopping:
            status, reason = frame.verdict(whole=True)
            return status, f"{reason}; {self._told()}"
        spec, draft = frame.spec, rounds.chosen
        good = rounds.reached or self._state.accepted is not None
        asked = spec.pull_request
        lenient = spec.success.min_success_rate == 0 or bool(asked and asked.below_threshold)
        problem = ""
        if asked and draft and (good or asked.below_threshold):
            if not await frame.consent.settled():
                return None
            problem = await proposal.propose(frame, asked, rounds, draft)
        if good and not problem:
            return OrchestrationStatus.SUCCEEDED, self._state.ended_by
        reason = "; ".join(filter(None, [self._told(), problem]))
        if good or (draft and lenient):
            return OrchestrationStatus.PARTIAL, reason
        return OrchestrationStatus.FAILED, reason

    def _told(self) -> str:
        """Say how far it came, and why no further."""
        rounds, threshold = self._rounds, self._frame.spec.threshold
        best, ended = rounds.best, self._state.ended_by
        if best is None:
            last = rounds.all[-1].reason if rounds.all else ""
            return "; ".join(filter(None, [ended, "no draft has a score", last]))
        there = "reaches" if rounds.reached else "is under"
        score = f"the best score, {proposal.shown(best.score)} of draft {best.iteration}, "
        return "; ".join(filter(None, [ended, f"{score}{there} the threshold {threshold:g}"]))
