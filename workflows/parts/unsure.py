"""Items that a classifier is not sure of: people decide about a group at a time, beside the work."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from temporalio import workflow

from contracts.gates import MAX_ITEMS, GateDecision
from contracts.routing import Decided, Doubt
from contracts.specs.gates import YES
from contracts.specs.router import Classifier, RouterSpec
from workflows import policies
from workflows.parts import approval
from workflows.parts.desk import Desk
from workflows.parts.flights import is_due
from workflows.parts.orchestration import Orchestration

_GATE = "routing"


class Unsure:
    """Gathers doubts, and opens one gate after the other for them; the fleet goes on meanwhile."""

    def __init__(
        self, frame: Orchestration[RouterSpec], desk: Desk, classifying: Callable[[], bool]
    ) -> None:
        """Make it.

        Args:
            frame: the orchestration.
            desk: where doubts come in, and decisions go.
            classifying: whether more doubts may come.
        """
        self._frame, self._desk, self._state = frame, desk, desk.state
        self._classifying = classifying
        self._ask_at: datetime | None = None
        self._gathered = self._ending = False
        frame.clock.call(self._on_time, lambda: self._ask_at)

    @property
    def waits(self) -> bool:
        """Whether items wait for people."""
        return bool(self._state.unsure or self._state.asked)

    async def run(self) -> None:
        """Ask about one group after the other, until `finish`."""
        classifier = self._frame.spec.classifier
        if classifier is None or classifier.approval is None:
            return
        while await self._next_group():
            decision, _ = await approval.ask(
                self._frame,
                f"{_GATE}-{self._state.gates}",
                classifier.approval,
                [_row(one) for one in self._state.asked],
                what=_what(len(self._state.asked)),
                then=_then(classifier),
                items=[one.item.key for one in self._state.asked],
            )
            if decision is None:  # the chain's next run goes on with the same group
                return
            self._act(decision)

    async def finish(self, running: "asyncio.Task[None]", stopped: str) -> None:
        """Let `run` end: what waits is carried on, or was left where the work was stopped."""
        self._ending = True
        if stopped:
            self._frame.gates.stop(stopped)
        await running

    async def _next_group(self) -> bool:
        """Have a group to ask about; False when there will be none in this run of the chain."""
        state = self._state
        await workflow.wait_condition(lambda: self._ending or self.waits)
        if not (self._ending or state.asked):
            self._ask_at = workflow.now() + policies.GATHER_UNSURE
            self._frame.clock.rearm()
            await workflow.wait_condition(lambda: self._ending or self._is_group())
            self._ask_at, self._gathered = None, False
        if self._ending:
            return False
        if not state.asked:
            state.asked, state.unsure = state.unsure[:MAX_ITEMS], state.unsure[MAX_ITEMS:]
            state.gates += 1
        return True

    def _is_group(self) -> bool:
        """Whether people are asked now: about all that there is, or before it takes too long."""
        enough = len(self._state.unsure) >= MAX_ITEMS or not self._classifying()
        return (enough or self._gathered) and self._frame.state.paused_at is None

    def _on_time(self) -> None:
        if self._ask_at is not None and is_due(self._ask_at):
            self._ask_at, self._gathered = None, True

    def _act(self, decision: GateDecision) -> None:
        asked, self._state.asked = self._state.asked, []
        for doubt in asked:  # none, where a stop has left them
            if self._desk.stopping:
                self._desk.leave(doubt.item)
            else:
                self._desk.decide(answered(doubt, decision, self._frame.spec.default))


def answered(doubt: Doubt, decision: GateDecision, default: str | None) -> Decided:
    """Decide about an item as people did about its group; nothing that they said is quoted."""
    by = f"by {decision.approver}" if decision.approver else "by silence"
    if not decision.granted:
        said = "nobody answered in time" if decision.how == "timed-out" else f"{decision.how} {by}"
        return Decided.by_default(doubt.item, f"{doubt.reason}; {said}", default)
    if decision.choice in ("", YES):
        return Decided(item=doubt.item, routes={doubt.route: f"{doubt.reason}; approved {by}"})
    chosen = f"{doubt.reason}, for {doubt.route}; chosen {by}"
    return Decided(item=doubt.item, routes={decision.choice: chosen})


def _row(doubt: Doubt) -> dict[str, object]:
    return {
        "item": doubt.item.key,
        "url": doubt.item.url,
        "route": doubt.route,
        "confidence": f"{doubt.confidence:.4g}",
        "run_url": doubt.run_url,
    }


def _what(items: int) -> str:
    return f"The routing of {items} items" if items > 1 else "The routing of one item"


def _then(classifier: Classifier) -> str:
    choices = classifier.approval.choices if classifier.approval else ()
    all_there = f", or all to the one that is chosen ({', '.join(choices)})" if choices else ""
    return f"each item goes to the proposed route{all_there}; else they take the default route"
