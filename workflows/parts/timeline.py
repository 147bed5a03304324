"""Deadline, pause and stall of an orchestration: nothing waits without a bound."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

from contracts.fleet import FleetState, OrchestrationState
from contracts.report import OrchestrationStatus
from workflows import policies
from workflows.parts.clock import Clock
from workflows.parts.flights import is_due
from workflows.parts.journal import Journal


def progressed(state: FleetState, journal: Journal) -> None:
    """Note that something began or ended: the orchestration does not stall."""
    state.last_progress_at = workflow.now()
    if state.stalled:
        state.stalled = False
        journal.decide("progressed", reason="it had stalled")


class Timeline:
    """Ends the orchestration in order when its deadline comes; a pause moves the deadline."""

    def __init__(
        self,
        state: OrchestrationState,
        deadline: timedelta,
        stall_after: timedelta,
        *,
        clock: Clock,
        journal: Journal,
        on_deadline: Callable[[], None],
    ) -> None:
        self.timed_out = False
        self._state, self._stall_after = state, stall_after
        self._latest = state.started_at + deadline + policies.PAUSE_MAX
        self._clock, self._journal, self._on_deadline = clock, journal, on_deadline
        clock.call(self._on_time, self._next_time)

    @property
    def paused(self) -> bool:
        """Whether nothing is launched until `resume`."""
        return self._state.paused_at is not None

    @property
    def standing(self) -> OrchestrationStatus:
        """How an orchestration that has not ended stands."""
        if self.paused:
            return OrchestrationStatus.PAUSED
        stalled = self._fleet().stalled
        return OrchestrationStatus.STALLED if stalled else OrchestrationStatus.RUNNING

    def pause(self) -> None:
        """Launch nothing more for now; runs in flight go on. Repeating it changes nothing."""
        if not self.paused:
            self._state.paused_at = workflow.now()
            self._journal.decide("paused")

    def resume(self) -> timedelta:
        """Go on; the deadline moves by as long as the pause was, which is returned."""
        if self._state.paused_at is None:
            return timedelta()
        lasted = workflow.now() - self._state.paused_at
        self._state.deadline_at = min(self._state.deadline_at + lasted, self._latest)
        self._state.paused_at = None
        self._journal.decide("resumed", reason=f"deadline moved by {lasted}")
        self._clock.rearm()
        return lasted

    def _fleet(self) -> FleetState:
        return self._state.fleet

    def _stalls_at(self) -> datetime | None:
        last = self._fleet().last_progress_at
        return None if last is None or self._fleet().stalled else last + self._stall_after

    def _next_time(self) -> datetime | None:
        if self.timed_out:
            return None
        if self.paused:
            return self._latest
        return min(filter(None, (self._state.deadline_at, self._stalls_at())))

    def _on_time(self) -> None:
        if self.timed_out or (self.paused and not is_due(self._latest)):
            return
        if not self.paused and is_due(self._stalls_at()):
            self._fleet().stalled = True
            self._journal.decide("stalled", reason=f"no progress for {self._stall_after}")
        if is_due(self._latest if self.paused else self._state.deadline_at):
            self.timed_out = True
            self._journal.decide("deadline-reached")
            self._on_deadline()
