"""Reduces results as they arrive, beside the tally of the frame."""

import json
from typing import Any

from contracts.reductions import CountsState, MapReduceState, OrderedState, SarifState
from contracts.report import MAX_ROWS
from contracts.runs import GOOD, OutcomeStatus, WorkerOutcome
from contracts.sarif import SarifSource
from contracts.specs.map_reduce import (
    ConcatReducer,
    CountsReducer,
    MapReduceSpec,
    SarifReducer,
    TableReducer,
)
from workflows.parts import reducers
from workflows.parts.sarif_told import told as sarif_told
from workflows.parts.tally import Tally

MAX_SOURCES = 1_000
"""Artifacts that one SARIF reduction reads."""
MAX_REFERENCES_BYTES = 48_000
"""Of the JSON list that a last worker gets; GitHub takes 65,535 characters of all inputs."""
_MAX_COUNTS_BYTES = 8_000
_MAX_WORDS_TOLD = 100
_UPLOADED = frozenset({OutcomeStatus.SUCCESS, OutcomeStatus.PARTIAL})
"""A worker that failed may have published half of its findings, which would close alerts."""


class Reduced:
    """Who is told what becomes of items: the tally, and each reducer."""

    def __init__(self, tally: Tally, spec: MapReduceSpec, state: MapReduceState) -> None:
        self._tally, self._spec, self._state = tally, spec, state

    def taken(self, items: int) -> None:
        """So many items were taken from the source so far."""
        self._tally.taken(items)

    def dispatched(self) -> None:
        """A run was dispatched."""
        self._tally.dispatched()

    def retried(self) -> None:
        """An attempt failed, and another will follow."""
        self._tally.retried()

    def add(self, sequence: int, outcome: WorkerOutcome, run_seconds: float | None) -> None:
        """An item has its outcome; only what is no failure is reduced."""
        self._tally.add(sequence, outcome, run_seconds)
        for name, reducer in self._spec.reduce.items():
            if isinstance(reducer, SarifReducer):
                self._sarif(name, sequence, outcome)
            elif outcome.status not in GOOD:
                continue
            elif isinstance(reducer, CountsReducer):
                state = self._state.counts.setdefault(name, CountsState())
                reducers.count(state, reducers.value_at(outcome.outputs, reducer.field))
            elif isinstance(reducer, TableReducer):
                self._table(name, reducer, sequence, outcome)
            elif isinstance(reducer, ConcatReducer):
                self._concat(name, reducer, sequence, outcome)
        if outcome.status in GOOD:
            self._refer(sequence, outcome)

    def results(self) -> dict[str, Any]:
        """What `${{ results.* }}` reads."""
        references = self._state.references
        counts: dict[str, Any] = {"by_status": self._tally.state.totals.by_status}
        for name, state in self._state.counts.items():
            more = {**counts, name: reducers.most(state.values, _MAX_WORDS_TOLD)}
            if len(json.dumps(more)) <= _MAX_COUNTS_BYTES:
                counts = more
        return {
            "references": [row for _, row in references.rows],
            "count": references.total,
            "counts": counts,
        }

    def told(self) -> dict[str, Any]:
        """What the report says of each reduction."""
        return {name: self._told(name, one) for name, one in self._spec.reduce.items()}

    def _told(self, name: str, reducer: Any) -> dict[str, Any]:
        if isinstance(reducer, CountsReducer):
            state = self._state.counts.get(name, CountsState())
            shown = reducers.most(state.values, _MAX_WORDS_TOLD)
            rest = sum(state.values.values()) - sum(shown.values()) + state.other
            field = {"field": reducer.field, "values": shown, "other": reducers.whole(rest)}
            return {"reducer": "counts", **field}
        if isinstance(reducer, TableReducer):
            listed = self._state.ordered.get(name, OrderedState())
            rows = [row for _, row in listed.rows]
            omitted = {"rows": rows, "omitted": listed.total - len(rows)}
            return {"reducer": "table", "columns": list(reducer.columns), **omitted}
        if isinstance(reducer, ConcatReducer):
            listed = self._state.ordered.get(name, OrderedState())
            items = [row for _, row in listed.rows]
            omitted = {"items": items, "omitted": listed.total - len(items)}
            return {"reducer": "concat", "field": reducer.field, **omitted}
        if isinstance(reducer, SarifReducer):
            return {"reducer": "sarif", **sarif_told(self._state.sarif.get(name, SarifState()))}
        return {"reducer": "worker", **self._state.workers.get(name, {"status": "not-dispatched"})}

    def _table(
        self, name: str, reducer: TableReducer, sequence: int, outcome: WorkerOutcome
    ) -> None:
        row = reducers.table_row(outcome.outputs, reducer.columns)
        key = (reducers.rank_of(row, reducer.columns, reducer.order_by), sequence, 0)
        state = self._state.ordered.setdefault(name, OrderedState())
        reducers.place(state, key, row, reducer.limit, self._room())

    def _concat(
        self, name: str, reducer: ConcatReducer, sequence: int, outcome: WorkerOutcome
    ) -> None:
        state = self._state.ordered.setdefault(name, OrderedState())
        value = reducers.value_at(outcome.outputs, reducer.field)
        for position, text in enumerate(reducers.texts_of(value)):
            reducers.place(state, (0, sequence, position), text, reducer.max_items, self._room())

    def _room(self) -> int:
        """What one list may take, so that all of them fit into a payload together."""
        return min(reducers.MAX_BYTES, 5 * reducers.MAX_BYTES // len(self._spec.reduce))

    def _refer(self, sequence: int, outcome: WorkerOutcome) -> None:
        row = {
            "key": outcome.key,
            "run_id": outcome.run_id,
            "url": outcome.result_url or outcome.run_url,
        }
        key = (0.0, sequence, 0)
        reducers.place(self._state.references, key, row, 10 * MAX_ROWS, MAX_REFERENCES_BYTES)

    def _sarif(self, name: str, sequence: int, outcome: WorkerOutcome) -> None:
        """Note where the findings are; they are read when all workers have ended."""
        known = self._state.repositories.get(name, {})
        repository = known.pop(outcome.key, outcome.key)
        if outcome.status not in _UPLOADED or outcome.run_id is None:
            return
        state = self._state.sarif.setdefault(name, SarifState())
        if len(state.sources) >= MAX_SOURCES:
            state.sources_omitted += 1
            return
        source = SarifSource(
            key=outcome.key,
            run_id=outcome.run_id,
            repository=repository,
            runs_in=outcome.repository,
            commit_sha=str(outcome.outputs.get("commit_sha") or "")[:80],
            ref=str(outcome.outputs.get("ref") or "")[:300],
        )
        state.sources.append((sequence, source))
