"""What an orchestration has used up, held against the budget of its spec."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contracts.fleet import BudgetState
from contracts.runs import OutcomeStatus
from contracts.specs import budget as spec
from workflows.parts.journal import Journal

_TOKENS = ("input_tokens", "output_tokens")


class Budget:
    """Asked before each dispatch, told of each run's end. Without limits it grants everything."""

    def __init__(
        self,
        limits: spec.Budget | None,
        state: BudgetState,
        journal: Journal,
        *,
        pause: Callable[[], None],
        stop: Callable[[str], None],
    ) -> None:
        self._limits, self._state, self._journal = limits, state, journal
        self._pause, self._stop = pause, stop

    @property
    def closed(self) -> bool:
        """Whether nothing is dispatched any more, and the orchestration ends when nothing runs."""
        return bool(self._state.closed)

    @property
    def reason(self) -> str:
        """Why it is closed; empty otherwise."""
        return self._state.closed

    def grants(self, dispatching: int) -> bool:
        """Whether another dispatch may be sent now.

        Args:
            dispatching: dispatches that are being sent.
        """
        exceeded = self._exceeded(dispatching)
        if not exceeded or self._limits is None:
            return True
        if exceeded not in self._state.told:
            self._state.told.append(exceeded)
            self._journal.decide("budget-exceeded", self._limits.on_exceeded, exceeded)
        if self._limits.on_exceeded == "warn":
            return True
        if self._limits.on_exceeded == "pause":
            self._state.paused = True
            self._pause()
        else:
            self._state.closed = exceeded
        return False

    def end(self) -> None:
        """Nothing runs any more: end the orchestration."""
        self._stop(self._state.closed)

    def resumed(self) -> None:
        """A person went on after a pause: grant the whole budget once more."""
        if self._state.paused:
            self._state.paused = False
            self._state.granted += 1
            self._journal.decide("budget-granted", reason=f"{self._state.granted} times by now")

    def dispatched(self, failed: OutcomeStatus | None) -> None:
        """Count a dispatch: one that was sent, or may have been."""
        if failed in (None, OutcomeStatus.DISPATCH_UNKNOWN):
            self._state.dispatches += 1

    def used(self, seconds: float, metrics: Mapping[str, float]) -> None:
        """Count what a run used, whatever became of it."""
        self._state.minutes += seconds / 60
        tokens = sum(_figure(metrics, name) for name in _TOKENS)
        self._state.tokens += _figure(metrics, "tokens") or tokens
        self._state.cost += _figure(metrics, "cost") or _figure(metrics, "ai_credits")

    def figures(self) -> dict[str, float]:
        """What the report says of it: used, and granted, by kind."""
        found: dict[str, float] = {}
        for kind, limit in self._granted().items():
            found[f"budget_{kind}_used"] = round(getattr(self._state, kind), 3)
            found[f"budget_{kind}"] = limit
        return found

    def _granted(self) -> dict[str, float]:
        limits = {kind: getattr(self._limits, kind, None) for kind in spec.KINDS}
        return {kind: limit * self._state.granted for kind, limit in limits.items() if limit}

    def _exceeded(self, dispatching: int) -> str:
        """Say which limit is used up; empty for none."""
        for kind, limit in self._granted().items():
            coming = dispatching if kind == "dispatches" else 0
            if getattr(self._state, kind) + coming >= limit:
                return f"the budget of {limit:g} {kind} is used up"
        return ""


@dataclass
class Leave:
    """How much a fleet may do."""

    max_parallel: int
    """Runs at once; a pattern may change it while the fleet works."""
    budget: Budget
    at_any_cost: bool = False
    """What must not be left undone is counted, and not held back."""

    @property
    def closed(self) -> bool:
        """Whether nothing is dispatched any more."""
        return self.budget.closed and not self.at_any_cost

    def grants(self, dispatching: int) -> bool:
        """Whether another dispatch may be sent now, beside those that are being sent."""
        return self.at_any_cost or self.budget.grants(dispatching)


def _figure(metrics: Mapping[str, float], name: str) -> float:
    """What a worker says; nothing that would give some back."""
    return max(metrics.get(name, 0), 0)
