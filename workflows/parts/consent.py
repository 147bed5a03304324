"""Consent: people are asked once whether an orchestration may write what its spec declares."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from contracts.base import kebab
from contracts.fleet import Concluded
from contracts.specs.gates import Approval
from contracts.specs.safe_outputs import GATE
from workflows.parts import approval
from workflows.parts.course import Verdict

if TYPE_CHECKING:  # it has one of these
    from workflows.parts.orchestration import Orchestration

_MAX_SHOWN = 50


class Consent:
    """Asks when the first output would be written; the outbox refuses what has no consent."""

    def __init__(self, frame: "Orchestration[Any]") -> None:
        self._frame = frame
        self._lock, self._parked = asyncio.Lock(), False

    async def settled(self) -> bool:
        """Wait until people have decided, where the spec has them asked; False to continue as new."""
        async with self._lock:  # several outputs may be the first
            frame, asked = self._frame, self._frame.spec.safe_outputs.approval
            if asked is None or frame.outbox.approved is not None or frame.stopping:
                return True
            if not self._parked:
                await self._ask(asked)
            return not self._parked

    async def after(self, work: Callable[[], Awaitable[Verdict | None]]) -> Verdict | None:
        """Do the work; where people are still to be asked, its verdict is kept, and it ends once."""
        frame, kept = self._frame, self._frame.state.concluded
        ended = await work() if kept is None else (kept.status, kept.reason)
        if kept is not None:
            frame.tell_reductions(lambda: kept.reductions)
        if ended is None or frame.stopping or frame.outbox.approved is not None:
            return ended
        if not (frame.spec.safe_outputs.create_issue or frame.state.asked):
            return ended  # all the rest that could be written was asked about before
        status, reason = ended
        reductions = frame.report().reductions
        frame.state.concluded = Concluded(status=status, reason=reason, reductions=reductions)
        return ended if await self.settled() else None

    async def _ask(self, asked: Approval) -> None:
        decision, _ = await approval.ask(
            self._frame,
            GATE,
            asked,
            [*self._outputs(), *self._done()],
            what="Writing to GitHub",
            then="what is declared is written; else nothing is, and the work goes on",
        )
        self._parked = decision is None
        if decision is not None and decision.how != "stopped":
            self._frame.state.outputs_approved = decision.granted

    def _outputs(self) -> approval.Evidence:
        declared = self._frame.spec.safe_outputs
        fields = {kebab(name): getattr(declared, name) for name in type(declared).model_fields}
        return [
            {"output": name, "max": one.max, "asked": self._frame.state.outputs.get(name, 0)}
            for name, one in fields.items()
            if hasattr(one, "max")
        ]

    def _done(self) -> approval.Evidence:
        rows = self._frame.tally.state.rows[:_MAX_SHOWN]
        return [
            {
                "item": one.key,
                "worker": one.worker,
                "status": one.status.value,
                "summary": one.summary or one.reason,
                "url": one.run_url,
            }
            for _, _, one in rows
        ]
