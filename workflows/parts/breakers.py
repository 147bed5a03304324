"""What an orchestration tells the circuit breakers of its workers, and learns of them."""

import asyncio
from collections.abc import Iterable
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from activities.breaking import BreakerActivities
from contracts import names
from contracts.circuit import MAX_BATCH, BreakerView, ReadBreakers, RecordOutcomes, ToldOutcome
from contracts.fleet import Entry
from contracts.runs import Verdict
from workflows import policies
from workflows.parts.journal import Journal
from workflows.parts.spacing import Spacing

_MAX_KNOWN = 200
"""Breakers that are carried and reported: with one in each repository there may be thousands."""


class Breakers:
    """Tells outcomes to each breaker by one signal a second at most, or at once where one is awaited."""

    def __init__(self, refused: dict[str, int], journal: Journal) -> None:
        """Make it of what the chain knows so far.

        Args:
            refused: how many dispatches each breaker refused, by its workflow id; kept current.
            journal: where refusals are recorded.
        """
        self._refused, self._journal = refused, journal
        self._unsent: dict[str, list[ToldOutcome]] = {}
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._views: dict[str, BreakerView] = {}
        self._telling: dict[str, str] = {}
        self._spacing = Spacing(policies.TELL_BREAKER_EVERY, "outcomes-told-apart")
        self._settling = False

    @property
    def refusals(self) -> int:
        """Dispatches that were refused."""
        return sum(self._refused.values())

    def refused(self, entry: Entry, breaker: str, reason: str) -> None:
        """A dispatch was refused."""
        self._know(breaker, refused=1)
        self._journal.decide("circuit-open", entry.item.key, f"{reason} ({breaker})")

    def landed(self, entry: Entry) -> None:
        """A run has ended; where its outcome may change the circuit, the next dispatch waits."""
        run, ended = entry.run, entry.completion
        if run is None or ended is None or not run.breaker:
            return
        if run.probing or ended.conclusion != "success":
            self._telling[entry.dispatch_id] = run.workflow

    async def told(self, file: str) -> None:
        """Wait until what the breaker of a worker's file is waiting for is told."""
        await workflow.wait_condition(lambda: file not in self._telling.values())

    def settled(self, entry: Entry, verdict: Verdict) -> None:
        """Tell how an attempt ended, where a breaker gave leave for it."""
        breaker = entry.run.breaker if entry.run else ""
        if not breaker:
            self._telling.pop(entry.dispatch_id, None)
            return
        self._know(breaker)
        outcome = ToldOutcome(dispatch_id=entry.dispatch_id, status=verdict.status)
        self._unsent.setdefault(breaker, []).append(outcome)
        if breaker not in self._rounds:
            self._rounds[breaker] = asyncio.create_task(self._round(breaker))

    async def settle(self) -> None:
        """Wait until everything is told, which is told at once."""
        self._settling = True
        await workflow.wait_condition(lambda: not self._rounds)
        self._settling = False

    async def read(self) -> None:
        """Ask all breakers that had to do with this orchestration for their states."""
        await self.settle()
        if not self._refused:
            return
        ask = ReadBreakers(breakers=tuple(self._refused))
        summary = f"states of {len(ask.breakers)} circuit breakers"
        try:
            found = await workflow.execute_activity_method(
                BreakerActivities.read, ask, **policies.named(policies.LOCAL, summary)
            )
        except ActivityError as error:  # the report goes without them
            self._journal.decide("breakers-unknown", reason=str(error.cause))
            return
        self._views = found.views

    def shown(self) -> dict[str, Any]:
        """Say for the report what is known of each breaker, by the worker's file."""
        shown = {}
        for breaker, refused in self._refused.items():
            view = self._views.get(breaker)
            told = view.model_dump(mode="json", exclude={"worker", "settings"}) if view else {}
            file = breaker.rsplit("/", 1)[-1]
            key = breaker.partition("/")[2] if file in shown else file
            shown[key] = {"id": breaker, "refused": refused, "state": "unknown", **told}
        return shown

    def _know(self, breaker: str, refused: int = 0) -> None:
        """Count a breaker in; of too many, those that refused something are kept."""
        if breaker not in self._refused and len(self._refused) >= _MAX_KNOWN:
            idle = next((name for name, count in self._refused.items() if not count), None)
            if not refused or idle is None:
                return  # the journal tells of each refusal all the same
            del self._refused[idle]
        self._refused[breaker] = self._refused.get(breaker, 0) + refused

    async def _round(self, breaker: str) -> None:
        handle = workflow.get_external_workflow_handle(breaker)
        try:
            while outcomes := await self._gathered(breaker):
                batch, rest = outcomes[:MAX_BATCH], outcomes[MAX_BATCH:]
                if rest:
                    self._unsent[breaker] = rest
                await handle.signal(names.SIGNAL_RECORD, RecordOutcomes(outcomes=tuple(batch)))
                self._forget(batch)
        except (ApplicationError, FailureError):  # it was ended by hand, and need not know
            self._forget(batch)
            self._forget(self._unsent.pop(breaker, []))
        finally:
            del self._rounds[breaker]

    async def _gathered(self, breaker: str) -> list[ToldOutcome]:
        """Take what is to be told next; it waits for more, unless somebody waits for it."""
        if breaker in self._unsent:
            await self._spacing.wait(breaker, lambda: self._is_awaited(breaker))
        return self._unsent.pop(breaker, [])

    def _is_awaited(self, breaker: str) -> bool:
        return self._settling or any(
            outcome.dispatch_id in self._telling for outcome in self._unsent[breaker]
        )

    def _forget(self, told: Iterable[ToldOutcome]) -> None:
        for outcome in told:
            self._telling.pop(outcome.dispatch_id, None)
