"""The course of an orchestration: its work, the report, and a cancellation that may come at any time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NoReturn

from temporalio import workflow

from contracts.report import OrchestrationReport, OrchestrationStatus
from workflows.parts import approval

if TYPE_CHECKING:  # which has one of these
    from workflows.parts.orchestration import Orchestration

Verdict = tuple[OrchestrationStatus, str]
Doing = Callable[[], Awaitable[Verdict | None]]
"""Ends with a verdict, or with None when it is time to continue as new."""

_CANCELLED = "the orchestration was cancelled"
_IN_ORDER = "cancelled-in-order-while-it-concludes"


class Session:
    """The work from its begin to its verdict, and what goes on beside it."""

    def __init__(self, frame: "Orchestration[Any]", work: Doing) -> None:
        """Begin at once."""
        self._frame = frame
        self.concluding = False
        """Whether the work has its verdict, or is parked, and only the rest is waited for."""
        self.parks = False
        """Whether it is parked: what runs is left to whoever takes it up."""
        self._clock = asyncio.create_task(frame.clock.run())
        self._counting = asyncio.create_task(frame.gates.run())
        self._asking = asyncio.create_task(frame.asked.run())
        self._doing = asyncio.ensure_future(frame.consent.after(work))

    async def ended(self) -> Verdict | None:
        """Wait for the end of all of it; None when it is time to continue as new."""
        frame = self._frame
        # A shield takes two turns of the loop: with fewer, commands of one task could change their order.
        ended = await asyncio.shield(self._doing)
        self.concluding, self.parks = True, ended is None
        frame.clock.stop()
        await self._clock
        frame.gates.end()
        await self._counting
        await frame.asked.finish(
            self._asking, parking=self.parks, stopped=lambda: bool(frame.stopping)
        )
        return ended


class Course:
    """One run of a chain: a session, and another one where a cancellation finds the work parked.

    Nothing is interrupted by a cancellation: whatever is under way is heard out, or stopped in order.
    """

    def __init__(self, frame: "Orchestration[Any]", work: Doing) -> None:
        """Begin at once."""
        self._frame, self._work = frame, work
        self._cancelled = self._reports = False
        self._session = Session(frame, work)

    async def run(self) -> OrchestrationReport:
        """Go on to the report, or continue as new.

        Raises:
            asyncio.CancelledError: dropped from a cache; a cancellation leads to a report.
        """
        whole = asyncio.ensure_future(self._to_its_end())
        try:
            return await asyncio.shield(whole)
        except asyncio.CancelledError:
            if workflow.cancellation_reason() is None:  # dropped from a cache, or replayed to here
                raise
            self._cancel(whole)
            return await whole

    async def _to_its_end(self) -> OrchestrationReport:
        frame = self._frame
        ended = await self._session.ended()
        if ended is None and not self._cancelled:
            await frame.breakers.settle()
            await workflow.wait_condition(workflow.all_handlers_finished)
            if not self._cancelled:
                self._continue_as_new()
        if ended is None and workflow.patched(_IN_ORDER):
            ended = await self._taken_up()
        if ended is None or self._cancelled:
            reason = ended[1] if ended else ""
            ended = (OrchestrationStatus.CANCELLED, reason or frame.stopping)
        self._reports = True
        # Shielded for its turns of the loop, as above.
        report = await asyncio.shield(asyncio.ensure_future(frame.conclude(*ended)))
        await workflow.wait_condition(workflow.all_handlers_finished)
        return report

    def _cancel(self, whole: "asyncio.Task[OrchestrationReport]") -> None:
        """End in order; what is parked hears of nothing, and is stopped when it is taken up again."""
        if self._reports:
            return  # too late to stop: the report is being written
        concluding = self._session.concluding
        parked = self._session.parks or self._frame.parked
        if (concluding or parked) and not workflow.patched(_IN_ORDER):
            if concluding:
                whole.cancel()
                return
            parked = False
        self._cancelled = True
        if not parked:
            self._frame.stop(_CANCELLED)

    async def _taken_up(self) -> Verdict | None:
        """Take up what was parked, as the chain's next run would, and stop it at once."""
        frame = self._frame
        frame.stop_what_is_taken_up(_CANCELLED)
        self._session = Session(frame, self._work)
        ended = await self._session.ended()
        for gate, decision in frame.gates.take_unheard():
            await approval.withdraw(frame, gate, decision)
        return ended

    def _continue_as_new(self) -> NoReturn:
        frame, info = self._frame, workflow.info()
        if info.run_id != info.original_execution_run_id:  # what follows may have happened
            frame.state.doubted_since = workflow.now()
        workflow.continue_as_new(args=[frame.given.carrying(frame.state)])
