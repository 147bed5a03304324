"""Aggregates over outcomes: counts, highlights, advice, and the rows worth showing."""

import bisect
import json
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import ValidationError

from contracts.base import KIB, clip
from contracts.fleet import TallyState
from contracts.report import MAX_ROWS, ActionItem, Count, by_urgency
from contracts.runs import GOOD, OutcomeStatus, WorkerOutcome
from contracts.specs.reporting import Condition, ReportSpec, SuccessCriteria

MAX_HIGHLIGHTS = 50
MAX_VALUES = 20
"""Different values counted per field; further ones count as `other`."""
MAX_ADVICE_KEYS = 10
MAX_ROW_BYTES = 2 * KIB
"""Outputs kept in a row."""
MAX_ROWS_BYTES = 400 * KIB
"""All rows; with highlights, decisions and markdown they stay below the 2 MiB of a payload."""
MAX_HIGHLIGHTS_BYTES = 64 * KIB
_MAX_WORDS = 300
_MAX_ERRORS, _MAX_ERROR_WORDS, _MAX_METRICS = 3, 200, 10
_MAX_ACTIONS = 10
"""Action items taken of one worker."""
MISSING = object()
"""No such output; null is one."""


class Tally:
    """Adds outcomes up; the state is plain data and bounded."""

    def __init__(self, state: TallyState, report: ReportSpec) -> None:
        self.state = state
        self._report = report
        self.heard: Callable[[WorkerOutcome], None] = lambda _: None
        """Told of each outcome as it came, before it is made small."""

    def add(self, sequence: int, outcome: WorkerOutcome, run_seconds: float | None) -> None:
        """Take one final outcome in."""
        self.heard(outcome)
        status = outcome.status.value
        by_status = dict(self.state.totals.by_status)
        by_status[status] = by_status.get(status, 0) + 1
        self.change_totals(by_status=by_status)
        self.ran(run_seconds)
        self._count(outcome)
        row = slim(outcome)
        highlighted = self._report.highlights and holds(self._report.highlights, outcome)
        if highlighted:
            self._highlight(row)
        rank = 0 if outcome.status not in GOOD else 1 if highlighted else 2
        bisect.insort(self.state.rows, (rank, sequence, row), key=lambda kept: kept[:2])
        self.state.rows_bytes += _size(row)
        while len(self.state.rows) > MAX_ROWS or self.state.rows_bytes > MAX_ROWS_BYTES:
            _, _, left_out = self.state.rows.pop()
            self.state.rows_bytes -= _size(left_out)
            self.state.omitted += 1

    def ran(self, run_seconds: float | None) -> None:
        """Count the time of a run, also of one that is no item's alone."""
        self.state.run_seconds_total += run_seconds or 0
        self.state.run_seconds_longest = max(self.state.run_seconds_longest, run_seconds or 0)

    def taken(self, items: int) -> None:
        """Count the items that were taken from the source."""
        self.change_totals(items=items)

    def dispatched(self) -> None:
        """Count a dispatch."""
        self.change_totals(dispatches=self.state.totals.dispatches + 1)

    def retried(self) -> None:
        """Count a retry."""
        self.change_totals(retries=self.state.totals.retries + 1)

    def advise(self, text: str) -> None:
        """Recommend something, besides what the spec's conditions do."""
        self.state.advised.append(text)

    def change_totals(self, **changes: Any) -> None:
        """Replace some totals."""
        self.state.totals = self.state.totals.model_copy(update=changes)

    def counts(self) -> tuple[Count, ...]:
        """Tell how often each value of the counted fields occurred, the most frequent first."""
        return tuple(
            Count(field=field, values=dict(sorted(values.items(), key=lambda v: (-v[1], v[0]))))
            for field, values in self.state.counts.items()
        )

    def recommendations(self) -> tuple[str, ...]:
        """Spell out the advice whose condition at least one result met."""
        said = []
        for position, advice in enumerate(self._report.recommendations):
            count = self.state.advice_counts.get(position, 0)
            if count:
                keys = self.state.advice[position]
                more = ", …" if count > len(keys) else ""
                said.append(f"{advice.text} ({count}: {', '.join(keys)}{more})")
        return (*said, *self.state.advised)

    def act(self, items: Iterable[ActionItem]) -> None:
        """Take action items of others in."""
        self.state.action_items = list(by_urgency([*self.state.action_items, *items]))

    def action_items(self) -> tuple[ActionItem, ...]:
        """What workers ask for, and the advice that applies, the most urgent first."""
        advised = [
            ActionItem(priority=advice.priority, text=advice.text)
            for position, advice in enumerate(self._report.recommendations)
            if self.state.advice_counts.get(position, 0)
        ]
        return by_urgency([*advised, *self.state.action_items])

    def _note_actions(self, outcome: WorkerOutcome) -> None:
        found = value_of(outcome, self._report.action_items) if self._report.action_items else None
        for one in found[:_MAX_ACTIONS] if isinstance(found, list) else ():
            try:
                item = ActionItem.model_validate({**one, "source": outcome.key})
            except (ValidationError, TypeError):
                continue  # what a worker sends is checked, and what does not fit is left out
            self.state.action_items.append(item.model_copy(update={"url": outcome.run_url}))
        self.act(())

    def success_rate(self) -> float | None:
        """Share of items, skipped ones left out, that succeeded; None without any."""
        by_status = self.state.totals.by_status
        tried = sum(by_status.values()) - by_status.get(OutcomeStatus.SKIPPED, 0)
        return by_status.get(OutcomeStatus.SUCCESS, 0) / tried if tried else None

    def meets(self, criteria: SuccessCriteria) -> bool:
        """Whether the whole is a success; nothing to do is one."""
        rate = self.success_rate()
        return rate is None or rate >= criteria.min_success_rate

    def flawless(self) -> bool:
        """Whether no item failed or was only partly done."""
        fine = {OutcomeStatus.SUCCESS, OutcomeStatus.SKIPPED}
        return all(OutcomeStatus(status) in fine for status in self.state.totals.by_status)

    def _highlight(self, row: WorkerOutcome) -> None:
        size = self.state.highlights_bytes + _size(row)
        if len(self.state.highlights) < MAX_HIGHLIGHTS and size <= MAX_HIGHLIGHTS_BYTES:
            self.state.highlights.append(row)
            self.state.highlights_bytes = size

    def _count(self, outcome: WorkerOutcome) -> None:
        for field in self._report.counts:
            value = value_of(outcome, field)
            if value is MISSING:
                continue
            for one in value if isinstance(value, list) else [value]:
                _increment(self.state.counts.setdefault(field, {}), _word(one))
        self._note_actions(outcome)
        for position, advice in enumerate(self._report.recommendations):
            if holds(advice, outcome):
                counts = self.state.advice_counts
                counts[position] = counts.get(position, 0) + 1
                keys = self.state.advice.setdefault(position, [])
                if len(keys) < MAX_ADVICE_KEYS:
                    keys.append(outcome.key)


def _increment(values: dict[str, int], word: str) -> None:
    key = word if word in values or len(values) < MAX_VALUES else "other"
    values[key] = values.get(key, 0) + 1


def _word(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value))[:80]


def holds(condition: Condition, outcome: WorkerOutcome) -> bool:
    """Whether an output has the value that a condition names."""
    value = value_of(outcome, condition.field)
    return value is not MISSING and value == condition.equals


def value_of(outcome: WorkerOutcome, field: str) -> Any:
    """Read a field of the outputs; `MISSING` where it is not there."""
    value: Any = {"outputs": outcome.outputs}
    for step in field.split("."):
        if not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value


def slim(outcome: WorkerOutcome) -> WorkerOutcome:
    """Keep a row small; what is too large stays behind its link."""
    errors = tuple(
        error.model_copy(update={"message": clip(error.message, _MAX_ERROR_WORDS)})
        for error in outcome.errors[:_MAX_ERRORS]
    )
    small: dict[str, Any] = {
        "errors": errors,
        "metrics": dict(list(outcome.metrics.items())[:_MAX_METRICS]),
        "reason": clip(outcome.reason, _MAX_WORDS),
        "summary": clip(outcome.summary, _MAX_WORDS),
    }
    if len(json.dumps(outcome.outputs).encode()) > MAX_ROW_BYTES:
        small |= {"outputs": {}, "outputs_omitted": True}
    return outcome.model_copy(update=small)


def _size(row: WorkerOutcome) -> int:
    return len(row.model_dump_json().encode())
