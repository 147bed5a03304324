"""How often a watcher looks at the list of runs: as rarely as news allows."""

from collections.abc import Collection
from datetime import datetime, timedelta

from temporalio import workflow

from contracts.watch import Intent, RunWatchState, WatchedRun
from workflows import policies
from workflows.parts.sighted import maybe_done, overdue_at

_MAYBE_SENT = timedelta(seconds=5)
"""An announced run is looked for when its dispatch should have answered."""
_BY_ID_SHARE = 2
"""A run that costs a call of its own is looked for at every second interval."""

_OVERDUE_SOONER = "a run whose end was not delivered in time is looked for before the sweep"


class Rhythm:
    """When to poll: by what is in flight, and hardly ever while deliveries come first."""

    def __init__(self, state: RunWatchState) -> None:
        self.polled_at = state.polled_at or workflow.now()
        self.heard_at = state.heard_at
        self.thrifty = True
        """False where this run of the watcher began when looks were more, and larger."""
        self._hurried = False
        self._read_at: dict[int, datetime] = {}

    def polled(self) -> None:
        """Count the interval from now."""
        self.polled_at, self._hurried = workflow.now(), False

    def hurry(self) -> None:
        """Look at once: something that was told is odd."""
        self._hurried = True

    def heard(self) -> None:
        """A delivery told of an end before a poll saw it."""
        self.heard_at = workflow.now()

    def missed(self) -> None:
        """A poll saw an end that no delivery had told of: polls are the first again."""
        self.heard_at = None

    def take_due(
        self, older: Collection[WatchedRun], limit: int, interval: timedelta
    ) -> tuple[int, ...]:
        """Take runs that cost a call each, and that may be done: the longest unread first."""
        now = workflow.now()
        before = now - interval * _BY_ID_SHARE
        due = sorted(
            (self._read_at.get(asked.run.run_id, asked.run.dispatched_at), asked.run.run_id)
            for asked in older
            if self._worth_a_look(asked, interval) <= now
        )
        chosen = tuple(run_id for read_at, run_id in due[:limit] if read_at <= before)
        there = {asked.run.run_id for asked in older}
        kept = {run_id: at for run_id, at in self._read_at.items() if run_id in there}
        self._read_at = kept | dict.fromkeys(chosen, now)
        return chosen

    def interval(self, watched: Collection[WatchedRun], intents: Collection[Intent]) -> timedelta:
        """How long to wait between two polls: a share of what is in flight takes."""
        if self.heard_at is not None:
            return policies.SWEEP
        now = workflow.now()
        typical = [w.expected or now - w.run.dispatched_at for w in watched]
        typical += [now - intent.announced_at for intent in intents]
        wanted = min(typical, default=policies.POLL_MAX) / policies.POLL_SHARE
        return min(max(wanted, policies.POLL_MIN), policies.POLL_MAX)

    def next_poll(self, watched: Collection[WatchedRun], intents: Collection[Intent]) -> datetime:
        """When to look next: not before the first run can be done."""
        if self._hurried:
            return self.polled_at
        interval = self.interval(watched, intents)
        soonest = [self._worth_a_look(asked, interval) for asked in watched]
        soonest += [intent.announced_at + _MAYBE_SENT for intent in intents]
        planned = max(self.polled_at + interval, min(soonest, default=self.polled_at))
        overdue = [at for asked in watched if (at := overdue_at(asked)) is not None]
        if self.heard_at is None or not overdue or not workflow.patched(_OVERDUE_SOONER):
            return planned
        return min(planned, max(self.polled_at + policies.POLL_MAX, min(overdue)))

    def _worth_a_look(self, asked: WatchedRun, interval: timedelta) -> datetime:
        """When a run is looked for first.

        An interval after the shortest run of its worker would have ended: whoever ended meanwhile
        waited for one interval at most, as everybody does. A run shorter than all before it waits for
        longer; of n runs, about ln n are.
        """
        if not self.thrifty:
            return maybe_done(asked)
        if asked.shortest is None:
            return asked.run.dispatched_at
        return asked.run.dispatched_at + asked.shortest + interval
