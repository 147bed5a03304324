"""`Breaker`: the one circuit breaker of a worker, shared by all orchestrations.

It has no timer while there is something to remember: an open circuit lets the first who asks after
the cool-down probe, and a permit whose holder died is seen to have expired by the next who asks.
"""

from datetime import timedelta
from typing import Any

from temporalio import workflow

from contracts import names
from contracts.base import format_duration, plain
from contracts.circuit import (
    AskPermits,
    BreakerState,
    BreakerView,
    ForceOpen,
    Permit,
    Permits,
    RecordOutcomes,
)
from workflows import policies
from workflows.parts.circuit import Circuit
from workflows.parts.messages import decoded

LINGER = timedelta(minutes=10)
"""How long a closed breaker stays that has nothing to remember."""
_SHORT = "short-breakers"


@workflow.defn(name="Breaker")
class Breaker:
    """See docs/patterns/circuit-breaker.md for the state machine."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        started = decoded(BreakerState, arguments) or BreakerState(worker="")
        self._worker = started.worker
        self._circuit = Circuit(started.circuit)
        self._asked_at = workflow.now()
        self._is_short = False
        self._show()

    @workflow.run
    async def run(self, *_: Any) -> None:
        """Answer until there is nothing to remember, and nobody has asked for a while."""
        self._is_short = workflow.patched(_SHORT)
        while not self._is_long():
            await workflow.wait_condition(lambda: self._circuit.at_rest or self._is_long())
            try:
                await workflow.wait_condition(
                    self._is_long, timeout=LINGER, timeout_summary="linger for a next dispatch"
                )
            except TimeoutError:
                if self._circuit.at_rest and self._asked_at + LINGER <= workflow.now():
                    return
        workflow.continue_as_new(BreakerState(worker=self._worker, circuit=self._circuit.data))

    @workflow.update(name=names.UPDATE_PERMIT, description="May these dispatches be sent?")
    def permit(self, *arguments: Any) -> Permits:
        """Answer {"dispatch_ids", "settings"?, "valid_for"}; a question that is none is denied."""
        asked = decoded(AskPermits, arguments)
        if asked is None:
            return Permits()
        now = self._asked_at = workflow.now()
        permits: dict[str, Permit] = {
            dispatch_id: self._circuit.ask(dispatch_id, asked.settings, asked.valid_for, now)
            for dispatch_id in asked.dispatch_ids
        }
        self._show()
        return Permits(permits=permits)

    @workflow.signal(name=names.SIGNAL_RECORD, description="How attempts ended")
    def record(self, *arguments: Any) -> None:
        """Take in {"outcomes": [{"dispatch_id", "status"}]}."""
        told = decoded(RecordOutcomes, arguments)
        if told is not None:
            for outcome in told.outcomes:
                self._circuit.record(outcome.dispatch_id, outcome.status, workflow.now())
            self._show()

    @workflow.signal(name=names.SIGNAL_FORCE_OPEN, description="Have the worker left alone")
    def force_open(self, *arguments: Any) -> None:
        """Open it by hand: {"for"?: "2h", "reason"?}; without `for` until it is closed by hand."""
        asked = decoded(ForceOpen, arguments or ({},))
        if asked is not None:
            self._circuit.force_open(workflow.now(), asked.for_, asked.reason)
            self._show()

    @workflow.signal(name=names.SIGNAL_FORCE_CLOSE, description="Trust the worker again")
    def force_close(self, *_: Any) -> None:
        """Close it by hand."""
        self._circuit.force_close(workflow.now())
        self._show()

    @workflow.signal(name=names.SIGNAL_RESET, description="Forget everything")
    def reset(self, *_: Any) -> None:
        """Begin anew, closed."""
        self._circuit.reset(workflow.now())
        self._show()

    @workflow.query(name=names.QUERY_STATE, description="Open or closed, since when and why")
    def state(self) -> BreakerView:
        """Tell the state, what led to it, and the numbers that hold."""
        data = self._circuit.data
        return BreakerView(
            worker=self._worker,
            state=data.state,
            failures=data.failures,
            successes=data.successes,
            retry_at=data.retry_at,
            forced=self._circuit.forced,
            cool_down_seconds=data.cool_down.total_seconds() if data.cool_down else 0,
            outstanding=len(data.held),
            settings=data.settings.model_dump(mode="json"),
            changes=tuple(data.changes),
        )

    def _is_long(self) -> bool:
        info = workflow.info()
        if self._is_short and info.get_current_history_length() >= policies.MAX_BREAKER_EVENTS:
            return True
        return info.is_continue_as_new_suggested()

    def _show(self) -> None:
        """Keep the run's page in the Temporal UI current; costs no event."""
        data = self._circuit.data
        lines = [f"### {plain(self._worker)}", f"Circuit **{data.state.value}**"]
        if data.retry_at is not None and data.cool_down is not None:
            cool_down = format_duration(data.cool_down)
            lines.append(f"Probe from {data.retry_at:%Y-%m-%d %H:%M:%S} UTC on ({cool_down})")
        if data.changes:
            lines.append(plain(data.changes[-1].reason))
        workflow.set_current_details("\n\n".join(lines))
