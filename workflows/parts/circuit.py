"""The circuit of a worker: a state machine over outcomes and times, with nothing else in it.

Permits belong to the state in which they were granted. When the state changes they are forgotten,
so a run that was under way when the circuit opened neither heals it nor opens it again.
"""

from datetime import datetime, timedelta

from contracts.circuit import (
    COUNTED_AS,
    MAX_CHANGES,
    MAX_HELD,
    WORKED,
    Change,
    CircuitData,
    CircuitState,
    Held,
    Permit,
)
from contracts.runs import OutcomeStatus
from contracts.specs.breaker import BreakerSettings

BY_HAND = "by hand"


class Circuit:
    """Grants permits, and learns from outcomes; every call is told what time it is."""

    def __init__(self, data: CircuitData) -> None:
        self.data = data

    @property
    def forced(self) -> bool:
        """Whether it is held open by hand."""
        return self.data.state is CircuitState.OPEN and self.data.retry_at is None

    @property
    def at_rest(self) -> bool:
        """Whether there is nothing to remember."""
        data = self.data
        return data.state is CircuitState.CLOSED and not (data.held or data.failures)

    def ask(
        self, dispatch_id: str, settings: BreakerSettings, valid_for: timedelta, now: datetime
    ) -> Permit:
        """Grant or deny one dispatch; whoever holds a permit is granted it again."""
        self._expire(now)
        self.data.settings = settings
        refusal = None if dispatch_id in self.data.held else self._refusal(now)
        if refusal is not None:
            return refusal
        self.data.held[dispatch_id] = Held(expires_at=now + valid_for, counts=settings.counts)
        for oldest in list(self.data.held)[: max(len(self.data.held) - MAX_HELD, 0)]:
            del self.data.held[oldest]
        return Permit(granted=True, state=self.data.state)

    def record(self, dispatch_id: str, status: OutcomeStatus, now: datetime) -> None:
        """Take an outcome in; one without a permit of the present state is ignored."""
        self._expire(now)
        held = self.data.held.pop(dispatch_id, None)
        if held is None:
            return
        if status in WORKED:
            self._succeeded(now)
        elif COUNTED_AS.get(status) in held.counts:
            self._failed(status, now)

    def force_open(self, now: datetime, lasting: timedelta | None, reason: str) -> None:
        """Open it by hand; without a time nothing runs until it is closed by hand."""
        self._change(CircuitState.OPEN, now, f"{BY_HAND}: {reason}" if reason else BY_HAND)
        self.data.cool_down = self.data.settings.cool_down
        self.data.retry_at = None if lasting is None else now + lasting

    def force_close(self, now: datetime) -> None:
        """Close it by hand; failures count from now on as ever."""
        if self.data.state is CircuitState.CLOSED:
            self.data.failures = 0
        else:
            self._close(now, BY_HAND)

    def reset(self, now: datetime) -> None:
        """Forget everything, permits included."""
        self.data = CircuitData()
        self._close(now, "reset")

    def _refusal(self, now: datetime) -> Permit | None:
        data = self.data
        if data.state is CircuitState.OPEN:
            return self._refusal_while_open(now)
        if data.state is CircuitState.HALF_OPEN and (
            len(data.held) >= data.settings.half_open_permits
        ):
            return self._denied(f"circuit half-open: {len(data.held)} of its runs are under way")
        return None

    def _refusal_while_open(self, now: datetime) -> Permit | None:
        data = self.data
        if data.retry_at is None:
            return self._denied("circuit held open by hand")
        if now < data.retry_at:
            until = data.retry_at.isoformat(sep=" ", timespec="seconds")
            return self._denied(f"circuit open until {until}", data.retry_at)
        return self._denied("circuit open: a probe is under way") if data.held else None

    def _denied(self, reason: str, retry_at: datetime | None = None) -> Permit:
        return Permit(granted=False, state=self.data.state, reason=reason, retry_at=retry_at)

    def _succeeded(self, now: datetime) -> None:
        data = self.data
        if data.state is CircuitState.CLOSED:
            data.failures = 0
            return
        if data.state is CircuitState.OPEN:
            self._change(CircuitState.HALF_OPEN, now, "the probe succeeded")
        data.successes += 1
        if data.successes >= data.settings.success_threshold:
            self._close(now, f"{data.successes} successes in a row")

    def _failed(self, status: OutcomeStatus, now: datetime) -> None:
        data, settings = self.data, self.data.settings
        if data.state is CircuitState.CLOSED:
            data.failures += 1
            if data.failures >= settings.failure_threshold:
                self._open(now, settings.cool_down, f"{data.failures} failures in a row")
            return
        before = data.cool_down or settings.cool_down
        seconds = before.total_seconds() * settings.cool_down_coefficient
        grown = min(timedelta(seconds=seconds), settings.max_cool_down)
        who = "the probe" if data.state is CircuitState.OPEN else "a run of the half-open circuit"
        self._open(now, grown, f"{who} ended {status.value}")

    def _open(self, now: datetime, cool_down: timedelta, reason: str) -> None:
        self._change(CircuitState.OPEN, now, reason)
        self.data.cool_down = cool_down
        self.data.retry_at = now + cool_down

    def _close(self, now: datetime, reason: str) -> None:
        self._change(CircuitState.CLOSED, now, reason)
        self.data.cool_down = None

    def _change(self, state: CircuitState, now: datetime, reason: str) -> None:
        data = self.data
        data.state, data.retry_at = state, None
        data.failures = data.successes = 0
        data.held = {}
        data.changes.append(Change(time=now, state=state, reason=reason))
        del data.changes[:-MAX_CHANGES]

    def _expire(self, now: datetime) -> None:
        """A holder that never told an outcome has none."""
        self.data.held = {i: one for i, one in self.data.held.items() if one.expires_at > now}
