"""When a run should have ended: read it once, and only then decide."""

from temporalio import workflow

from contracts.fleet import Entry
from contracts.runs import COMPLETED, WAITING, Completion, RunRef, RunState
from workflows import policies
from workflows.parts.crew import Crew
from workflows.parts.journal import Journal

_HELD_SHARE = 5
"""A run that reviewers hold is read ever more rarely, by a share of how long they have held it."""


class Patience:
    """Times out runs that wait or work too long, and sees their cancellation through."""

    def __init__(self, crew: Crew, journal: Journal) -> None:
        self._crew, self._journal = crew, journal

    def begin(self, entry: Entry) -> None:
        """Plan the first look at a run that was just dispatched."""
        limits = self._crew.of(entry).assignment
        entry.check_at = workflow.now() + min(limits.timeout, limits.queue_timeout)

    def held(self, entry: Entry, status: str) -> None:
        """Note that an environment's reviewers hold a run, or hold it no longer."""
        now, limits = workflow.now(), self._crew.of(entry).assignment
        if status == WAITING:
            if entry.held_since is None:
                self._journal.decide("held", entry.item.key, "by the reviewers of an environment")
            entry.held_since, entry.released_at = entry.held_since or now, None
        elif entry.held_since is not None and entry.released_at is None:
            entry.released_at = now
            self._journal.decide("released", entry.item.key, status)
        if entry.cancelled_at is None:
            entry.check_at = now + min(limits.timeout, limits.queue_timeout)

    async def check(self, entry: Entry) -> None:
        """Look at a run whose time has come; sets its completion, or when to look again."""
        if entry.run is None:
            return
        state = await self._crew.of(entry).read(entry.run)
        if state is not None and state.completed:
            entry.completion = completion_of(entry, state)
        elif entry.cancelled_at is not None:
            await self._see_cancellation_through(entry, entry.run)
        elif state is None:
            entry.check_at = workflow.now() + policies.SILENCE_MAX
        else:
            await self._time_out(entry, state)

    async def cancel(self, entry: Entry, reason: str) -> None:
        """Have a run cancelled; its slot stays taken until it is seen to have ended."""
        if entry.run is None or entry.cancelled_at is not None:
            return
        entry.cancelled_at = workflow.now()
        self._journal.decide("cancelled", entry.item.key, f"run {entry.run.run_id}: {reason}")
        await self._crew.of(entry).cancel(entry.run)
        entry.check_at = workflow.now() + policies.CANCEL_LOOK

    async def _time_out(self, entry: Entry, state: RunState) -> None:
        now, limits = workflow.now(), self._crew.of(entry).assignment
        if (state.status == WAITING) != (entry.held_since is not None and not entry.released_at):
            self.held(entry, state.status)  # its watcher did not see it
        began = entry.run.dispatched_at if entry.run else now
        longest, what = limits.queue_timeout, f"{state.status}, waiting for a runner"
        look = now + min(limits.timeout, limits.queue_timeout)
        if state.started_at is not None:
            began, longest, what = state.started_at, limits.timeout, "in progress"
        elif state.status == WAITING:
            began, longest = entry.held_since or now, limits.environment_timeout
            what = "held by the reviewers of a GitHub environment"
            look += (now - began) / _HELD_SHARE  # its watcher tells when it goes on
        elif entry.released_at is not None:
            began = entry.released_at
        if now < began + longest:
            entry.check_at = began + longest if state.started_at else min(began + longest, look)
            return
        minutes = longest.total_seconds() / 60
        entry.timeout_reason = f"{what} for more than {minutes:g} minutes"
        self._journal.decide("timed-out", entry.item.key, entry.timeout_reason)
        await self.cancel(entry, entry.timeout_reason)

    async def _see_cancellation_through(self, entry: Entry, run: RunRef) -> None:
        asked = entry.cancelled_at or workflow.now()
        entry.check_at = workflow.now() + policies.CANCEL_LOOK
        if workflow.now() < asked + policies.CANCEL_GRACE:
            return
        if not entry.forced:
            entry.forced = True
            self._journal.decide("force-cancelled", entry.item.key, f"run {run.run_id} goes on")
            await self._crew.of(entry).cancel(run, force=True)
        elif workflow.now() >= asked + 2 * policies.CANCEL_GRACE:
            self._journal.decide("given-up", entry.item.key, f"run {run.run_id} cannot be stopped")
            entry.completion = Completion(
                dispatch_id=run.dispatch_id,
                run_id=run.run_id,
                run_attempt=run.run_attempt,
                status=COMPLETED,
                conclusion="cancelled",
            )


def completion_of(entry: Entry, state: RunState) -> Completion:
    """Turn a read of an ended run into the news that a watcher would have brought."""
    return Completion(
        dispatch_id=entry.dispatch_id,
        run_id=state.run_id,
        run_attempt=state.run_attempt,
        status=state.status,
        conclusion=state.conclusion,
        url=state.url,
    )
