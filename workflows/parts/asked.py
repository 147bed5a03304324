"""What is done to the items themselves: labels and closings that results and routes ask for."""

import asyncio
from collections.abc import Callable
from typing import Any

from temporalio import workflow

from contracts.base import clip
from contracts.fleet import AskedWrite, OrchestrationState
from contracts.runs import OutcomeStatus, WorkerOutcome
from contracts.specs.common import Spec
from contracts.specs.reporting import Condition
from contracts.specs.safe_outputs import MAX_LABELS
from workflows.parts.journal import Journal
from workflows.parts.outbox import Outbox
from workflows.parts.tally import value_of

_ANSWERED = frozenset({OutcomeStatus.SUCCESS, OutcomeStatus.PARTIAL})
_LABELS, _CLOSE = "add-labels", "close-issue"
_MAX_NAMED = 3 * MAX_LABELS
"""Labels looked at of one result."""
_MAX_SHOWN = 60


class Asked:
    """Bounded by `safe-outputs` when it is asked for, and written one by one beside the work."""

    def __init__(
        self, spec: Spec, state: OrchestrationState, outbox: Outbox, journal: Journal
    ) -> None:
        self._spec, self._state = spec, state
        self._outbox, self._journal = outbox, journal
        self._ending = self._parking = False
        self._stopped: Callable[[], bool] = bool

    def heard(self, outcome: WorkerOutcome) -> None:
        """Take what a result asks for; what workers say is bounded by what the spec allows."""
        leave, close = self._spec.safe_outputs.add_labels, self._spec.safe_outputs.close_issue
        known = self._spec.items_on_github and outcome.key.isdecimal()
        if not known or outcome.status not in _ANSWERED:
            return
        if leave is not None and leave.from_ is not None:
            named = _names(value_of(outcome, leave.from_))
            labels, refused = leave.sorted_out(named)
            for name, why in refused.items():
                self._outbox.refuse(_LABELS, f"{outcome.key}: {clip(name, _MAX_SHOWN)}: {why}")
            self.label(int(outcome.key), labels)
        if close is not None and _says(close.when, outcome):
            self._ask(_CLOSE, close, AskedWrite(number=int(outcome.key)))

    def label(self, number: int, labels: tuple[str, ...]) -> None:
        """Have an item labelled with what the spec itself names, or allows."""
        if labels:
            write = AskedWrite(number=number, labels=labels)
            self._ask(_LABELS, self._spec.safe_outputs.add_labels, write)

    async def run(self) -> None:
        """Write one by one, until `finish`."""
        waiting = self._state.asked
        self._ending = self._parking = False
        while True:
            await workflow.wait_condition(
                lambda: self._ending or (bool(waiting) and self._outbox.approved is not None)
            )
            if self._ending and not self._parking and self._stopped():
                self.leave_out()
            if self._parking or not waiting:
                return
            write = waiting.pop(0)
            if write.labels:
                await self._outbox.add_labels(write.number, write.labels)
            else:
                await self._outbox.close_item(write.number)

    async def finish(
        self, running: "asyncio.Task[None]", *, parking: bool, stopped: Callable[[], bool]
    ) -> None:
        """Have the rest written; carried on where the chain goes on, left out after a stop."""
        self._stopped = stopped
        self._parking, self._ending = parking, True
        await running

    def leave_out(self) -> None:
        """Write none of what waits."""
        waiting = self._state.asked
        if waiting:
            self._journal.decide("outputs-left-out", reason=f"{len(waiting)}")
            waiting.clear()

    def _ask(self, output: str, leave: Any, write: AskedWrite) -> None:
        if leave is not None and self._state.outputs.get(output, 0) >= leave.max:
            over = f"{output} over max"  # told once: there may be thousands
            self._state.outputs[over] = self._state.outputs.get(over, 0) + 1
            if self._state.outputs[over] == 1:
                self._outbox.refuse(output, f"over max {leave.max}, from {write.number} on")
            return
        if self._outbox.counts(output, leave, str(write.number)):
            self._state.asked.append(write)


def _names(value: Any) -> list[str]:
    many = value if isinstance(value, list) else [value]
    return [clip(one.strip(), 200) for one in many[:_MAX_NAMED] if isinstance(one, str)]


def _says(condition: Condition, outcome: WorkerOutcome) -> bool:
    """Whether a result says just that: it closes an issue, so `1` is not `true`."""
    value = value_of(outcome, condition.field)
    return type(value) is type(condition.equals) and value == condition.equals
