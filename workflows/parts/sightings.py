"""What a watcher knows: runs announced, watched and seen, and how they belong together."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from temporalio import workflow

from contracts.runs import COMPLETED, Completion, Waiter
from contracts.watch import (
    Claim,
    Intent,
    Lookup,
    LookupRun,
    Poll,
    RunRow,
    RunWatchState,
    WatchedRun,
)
from workflows.parts.finished import ABANDONED, RING, SURPLUS, Finished
from workflows.parts.held import Held
from workflows.parts.rhythm import Rhythm
from workflows.parts.sighted import adopted, change_of, completion_of
from workflows.parts.told import Told

_INTENT_LIFE = timedelta(hours=2)
"""An announcement outlives the longest time that a dispatch may take."""


class Sightings:
    """Matching of runs with dispatches; bounded, and plain data when carried."""

    def __init__(self, state: RunWatchState) -> None:
        self.watched = dict(state.watched)
        self.intents = dict(state.intents)
        self.marks = state.marks
        self.by_run = {w.run.run_id: dispatch_id for dispatch_id, w in self.watched.items()}
        self._repository = state.repository
        self._since = state.since
        self._claims = dict(state.claims)
        self._snapshot = {row.run_id: row for row in state.snapshot}
        self._finished = Finished(state)
        self._news: list[tuple[Waiter, Completion]] = []
        self._surplus: list[int] = []
        self.rhythm = Rhythm(state)
        self._floor = state.marks[-1].floor if state.marks else 0
        self._held = Held(state.held)
        self.told = Told(state.told)

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight."""
        in_flight = self.watched or self.intents or self._news
        return not in_flight and self._finished.idle

    def announce(self, intent: Intent) -> None:
        """Remember a dispatch before it is sent."""
        if intent.dispatch_id not in self.watched:
            self.intents[intent.dispatch_id] = intent
            self._match_snapshot(intent.dispatch_id)

    def watch(self, asked: WatchedRun) -> None:
        """Watch a run; the lowest run wins where a dispatch has several."""
        dispatch_id, run_id = asked.run.dispatch_id, asked.run.run_id
        self.intents.pop(dispatch_id, None)
        self._claims.setdefault(run_id, dispatch_id)
        if run_id in self._finished and not self._finished.revive(asked.run):
            told = self._finished.completed(run_id)
            if told is not None:  # to somebody who was reset since, or has forgotten
                self._tell(asked, told)
            return
        before = self._finished.ended(dispatch_id)
        if before is not None and before.run.run_id != run_id:
            self._drop(asked.waiter, dispatch_id, before.run.run_id, run_id)
            return
        known = self.watched.get(dispatch_id)
        if known is not None and known.run.run_id != run_id:
            self._keep_lowest(dispatch_id, run_id)
            return
        self.watched[dispatch_id] = asked
        self.by_run[run_id] = dispatch_id
        self.marks = ()  # it may have ended in a list that will answer 304 from now on
        row = self._snapshot.pop(run_id, None)
        if row is not None:
            self._see(row)
        self._match_snapshot(dispatch_id)

    def forget(self, dispatch_id: str) -> None:
        """Stop watching a dispatch."""
        self.intents.pop(dispatch_id, None)
        gone = self.watched.pop(dispatch_id, None)
        if gone is not None:
            self.by_run.pop(gone.run.run_id, None)

    def claim(self, asked: Claim) -> bool:
        """Give a run to the first dispatch that claims it."""
        owner = self._claims.setdefault(asked.run_id, asked.dispatch_id)
        return owner == asked.dispatch_id

    def lookup(self, asked: LookupRun) -> Lookup:
        """Answer what is known of a dispatch."""
        watched = self.watched.get(asked.dispatch_id) or self._finished.ended(asked.dispatch_id)
        owner = self._claims.get
        return Lookup(
            run=watched.run if watched else None,
            announced=watched is not None or asked.dispatch_id in self.intents,
            since=self._since,
            free=tuple(
                i for i in asked.candidates if owner(i, asked.dispatch_id) == asked.dispatch_id
            ),
        )

    def take(self, poll: Poll) -> None:
        """Take in what a poll saw."""
        self.marks = poll.marks
        self._floor = poll.marks[-1].floor if poll.marks else 0
        self.rhythm.polled()
        for row in sorted(poll.rows, key=lambda row: row.run_id):
            if row.run_id in self.by_run and row.status == COMPLETED:
                self.rhythm.missed()
            self._see(row)
        self._age()

    def hear(self, rows: Iterable[RunRow]) -> None:
        """Take in what GitHub delivered; ends are believed, and what is odd is looked at."""
        for row in sorted(rows, key=lambda row: row.run_id):
            watched = self.watched.get(self.by_run.get(row.run_id, ""))
            if watched is not None and row.run_attempt < watched.run.run_attempt:
                continue  # of an attempt that was run again since
            if row.status == COMPLETED and row.conclusion:
                if watched is not None:
                    self.rhythm.heard()
                self._see(row)
            elif watched is not None:
                self.marks = ()
                self.rhythm.hurry()
        self._age()

    def take_news(self) -> Iterator[tuple[Waiter, list[Completion]]]:
        """Take completions out, by waiter."""
        news, self._news = self._news, []
        for waiter in dict.fromkeys(waiter for waiter, _ in news):
            yield waiter, [completion for to, completion in news if to == waiter]

    def take_surplus(self) -> list[int]:
        """Take out runs that are to be cancelled: second runs of one dispatch."""
        surplus, self._surplus = self._surplus, []
        return surplus

    def abandon(self, waiter: Waiter) -> list[int]:
        """Forget all that a waiter waited for; returns its runs."""
        mine = [i for i, w in self.watched.items() if w.waiter == waiter]
        runs = [self.watched[dispatch_id].run.run_id for dispatch_id in mine]
        for dispatch_id in mine:
            self.forget(dispatch_id)
        for dispatch_id in [i for i, n in self.intents.items() if n.waiter == waiter]:
            del self.intents[dispatch_id]
            self._finished.unwant(dispatch_id)
        for run_id in runs:
            self._finished.set_aside(run_id, ABANDONED)
        return runs

    def waiters(self) -> tuple[Waiter, ...]:
        """Everybody who waits."""
        watching = [asked.waiter for asked in self.watched.values()]
        announced = [intent.waiter for intent in self.intents.values()]
        return tuple(dict.fromkeys(watching + announced))

    def oldest(self) -> int:
        """The lowest run id that pages should reach."""
        return min(self.by_run, default=0)

    def known(self) -> tuple[int, ...]:
        """Runs that need not be told again."""
        return tuple(dict.fromkeys([*self._snapshot, *self._finished]))

    def held(self) -> tuple[int, ...]:
        """Runs that an environment's reviewers held when they were last seen."""
        return tuple(self._held)

    def take_unreached(self, limit: int) -> tuple[int, ...]:
        """Take watched runs that the pages did not reach and that may be done, in turn."""
        older = [w for w in self.watched.values() if w.run.run_id < self._floor]
        return self.rhythm.take_due(older, limit, self.interval())

    def interval(self) -> timedelta:
        """How long to wait between two polls."""
        return self.rhythm.interval(self.watched.values(), self.intents.values())

    def next_poll(self) -> datetime:
        """When to look next."""
        return self.rhythm.next_poll(self.watched.values(), self.intents.values())

    def carry(self, state: RunWatchState, unsent: dict[str, list[Completion]]) -> RunWatchState:
        """Put everything into plain data."""
        return state.model_copy(
            update={
                "watched": self.watched,
                "held": self.held(),
                "intents": self.intents,
                "claims": {
                    run_id: dispatch_id
                    for run_id, dispatch_id in self._claims.items()
                    if dispatch_id in self.watched
                    or dispatch_id in self.intents
                    or run_id in self._finished
                },
                "snapshot": tuple(self._snapshot.values()),
                **self._finished.carry(),
                "marks": self.marks,
                "told": self.told.carry(),
                "polled_at": self.rhythm.polled_at,
                "heard_at": self.rhythm.heard_at,
                "unsent": {key: tuple(news) for key, news in unsent.items()},
            }
        )

    def _see(self, row: RunRow) -> None:
        dispatch_id = self.by_run.get(row.run_id)
        if dispatch_id is None:
            self._see_stranger(row)
        elif row.run_attempt < self.watched[dispatch_id].run.run_attempt:
            return  # a list that is older than the re-run
        elif row.status == COMPLETED:
            watched = self.watched[dispatch_id]
            self.forget(dispatch_id)
            self._finished.told(watched, row)
            self._tell(watched, row)
        elif self._held.changed(row):
            self._news.append((self.watched[dispatch_id].waiter, change_of(dispatch_id, row)))

    def _see_stranger(self, row: RunRow) -> None:
        """A run that nobody registered: announced, surplus, or not ours at all."""
        dispatch_id = row.dispatch_id if self._is_of_that_worker(row) else None
        if row.run_id in self._finished:
            return
        before = self._finished.ended(dispatch_id)
        if not self._finished.wants(dispatch_id):
            self._finished.set_aside(row.run_id, ABANDONED)
            self._surplus.append(row.run_id)
        elif dispatch_id in self.watched:
            self._keep_lowest(dispatch_id, row.run_id)
        elif dispatch_id in self.intents:
            self._adopt(self.intents[dispatch_id], row)
        elif before is not None and before.run.run_id != row.run_id:
            self._drop(before.waiter, before.run.dispatch_id, before.run.run_id, row.run_id)
        else:
            self._snapshot[row.run_id] = row

    def _adopt(self, intent: Intent, row: RunRow) -> None:
        """The dispatch's answer is not known yet, or was lost; the run's title says it all."""
        self.watch(adopted(self._repository, intent, row))
        self._see(row)

    def _keep_lowest(self, dispatch_id: str, other: int) -> None:
        watched = self.watched[dispatch_id]
        kept, surplus = sorted((watched.run.run_id, other))
        if kept != watched.run.run_id:
            del self.by_run[watched.run.run_id]
            run = watched.run.model_copy(update={"run_id": kept, "url": ""})
            self.watched[dispatch_id] = watched.model_copy(update={"run": run})
            self.by_run[kept] = dispatch_id
            self.marks = ()
        self._drop(watched.waiter, dispatch_id, kept, surplus)

    def _drop(self, waiter: Waiter, dispatch_id: str, kept: int, surplus: int) -> None:
        """Have a second run of a dispatch cancelled, and tell who waits for the first."""
        self._finished.set_aside(surplus, SURPLUS)
        self._surplus.append(surplus)
        notice = Completion(
            dispatch_id=dispatch_id, run_id=kept, status=SURPLUS, surplus=(surplus,)
        )
        self._news.append((waiter, notice))

    def _is_of_that_worker(self, row: RunRow) -> bool:
        """Whether a run that names a dispatch is of the workflow that was dispatched."""
        known = self.watched.get(row.dispatch_id or "") or self._finished.ended(row.dispatch_id)
        intent = self.intents.get(row.dispatch_id or "")
        wanted = known.run.workflow if known else intent.workflow if intent else row.workflow
        return row.workflow in ("", wanted)

    def _tell(self, watched: WatchedRun, row: RunRow) -> None:
        self._news.append((watched.waiter, completion_of(watched, row, self.told)))

    def _match_snapshot(self, dispatch_id: str) -> None:
        mine = [row for row in self._snapshot.values() if row.dispatch_id == dispatch_id]
        for row in sorted(mine, key=lambda row: row.run_id):
            del self._snapshot[row.run_id]
            self._see_stranger(row)

    def _age(self) -> None:
        """Keep rings bounded, and forget announcements that came to nothing."""
        self._finished.age()
        self._held.keep(self.by_run)
        for run_id in sorted(self._snapshot)[: max(len(self._snapshot) - RING, 0)]:
            del self._snapshot[run_id]
        limit = workflow.now() - _INTENT_LIFE
        for dispatch_id in [i for i, n in self.intents.items() if n.announced_at < limit]:
            del self.intents[dispatch_id]
