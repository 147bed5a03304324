"""A pool of workers: what becomes of each item of a batch."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from temporalio import workflow

from contracts.base import clip
from contracts.pool import Batch, PoolState
from contracts.report import MAX_ROWS
from contracts.runs import RETRIED, OutcomeStatus, WorkerOutcome
from workflows.parts.batches import BatchSource, Fields
from workflows.parts.journal import Journal
from workflows.parts.sizing import Pool
from workflows.parts.tally import Tally

_WELL = "success"
_DONE = frozenset({OutcomeStatus.SUCCESS, OutcomeStatus.PARTIAL})
_UNTOUCHED = frozenset({OutcomeStatus.NOT_DISPATCHED})
_MAX_REASON, _MAX_KEPT_REASON = 300, 150


class PoolOutcomes:
    """Tells batches' outcomes as their items', and sends again what has none yet."""

    def __init__(
        self,
        pool: Pool,
        source: BatchSource,
        tally: Tally,
        journal: Journal,
        *,
        item_results: str,
        max_attempts: int,
        stopping: Callable[[], str],
    ) -> None:
        """Make it.

        Args:
            pool: whose size follows the pace.
            source: where items go again.
            tally: counts items.
            journal: where redistributions and poison are told.
            item_results: path of the object of items' results.
            max_attempts: dispatches that an item may take part in.
            stopping: why nothing is dispatched any more; empty while things go on.
        """
        self._pool, self._source, self._tally, self._journal = pool, source, tally, journal
        self._path = item_results.split(".")[1:]
        self._max_attempts, self._stopping = max_attempts, stopping

    @property
    def _state(self) -> PoolState:
        return self._pool.state

    def taken(self, items: int) -> None:
        """Count the items that were taken from the source."""
        self._tally.taken(items)

    def dispatched(self) -> None:
        """Count a batch."""
        self._state.began_at = self._state.began_at or workflow.now()
        self._tally.dispatched()

    def retried(self) -> None:
        """Count a retry of the fleet's; there are none, the pool redistributes."""

    def add(self, sequence: int, outcome: WorkerOutcome, run_seconds: float | None) -> None:
        """Tell what became of a batch's items, each one once and for all or not yet."""
        del sequence  # rows stand in the order in which items were done
        batch = self._source.landed(outcome.key)
        results = self._results(outcome)
        named, lost = [], []
        for item in batch.items:
            said = results.get(item["key"])
            if said == _WELL:
                self._finish(item, batch, outcome, OutcomeStatus.SUCCESS)
            elif said is None:
                lost.append(item)
            else:
                named.append((item, _words(said)))
        self._measure(len(batch.items) - len(lost), run_seconds)
        again = self._again(batch, named, outcome)
        again += self._lost_again(batch, lost, outcome)
        if again:
            self._tally.retried()
            self._journal.decide(
                "redistributed", outcome.key, f"{outcome.status}: {'; '.join(again)}"
            )
        self._pool.resize()
        self._show()

    def _again(
        self, batch: Batch, named: list[tuple[Fields, str]], outcome: WorkerOutcome
    ) -> list[str]:
        """Give items that their worker named another chance, or name them in the end."""
        if self._stopping() or batch.attempt >= self._max_attempts:
            for item, reason in named:
                self._fail(item, batch, outcome, OutcomeStatus.FAILURE, reason)
            return []
        for item, reason in named:
            self._remember(item, reason)
        self._source.give_second_chance(batch, (item for item, _ in named))
        self._state.redistributed += len(named)
        return [f"{len(named)} named, such as {named[0][0]['key']}: {named[0][1]}"] if named else []

    def _lost_again(self, batch: Batch, lost: list[Fields], outcome: WorkerOutcome) -> list[str]:
        """Split the items that nothing was said of; the last attempt is made for each alone."""
        final = outcome.status not in RETRIED | _DONE
        if final or self._stopping() or batch.attempt >= self._max_attempts:
            for item in lost:
                self._give_up(item, batch, outcome)
            return []
        if not lost:
            return []
        for item in lost:
            if item["key"] not in self._state.reasons:  # what a worker said of it tells more
                self._remember(item, f"{outcome.status.value}: {outcome.reason}")
        self._state.redistributed += len(lost)
        parts = self._source.lose(batch, lost, alone=batch.attempt + 1 >= self._max_attempts)
        why = f" ({outcome.reason})" if outcome.reason else ""
        return [f"{len(lost)} of {len(batch.items)} lost{why}, again in {parts} batches"]

    def _give_up(self, item: Fields, batch: Batch, outcome: WorkerOutcome) -> None:
        """Say of an item that nothing was said of what became of its batch."""
        before = self._state.reasons.get(item["key"], "")
        if outcome.status in _UNTOUCHED and batch.attempt > 1:
            reason = before or f"failed before, and was not tried again: {outcome.reason}"
            self._fail(
                item, batch, outcome, OutcomeStatus.FAILURE, reason, attempts=batch.attempt - 1
            )
        elif outcome.status in _DONE:
            reason = "the result of its batch says nothing of it"
            self._fail(item, batch, outcome, OutcomeStatus.NO_RESULT, reason)
        else:
            reason = f"{before}; at last: {outcome.reason}" if before else outcome.reason
            self._fail(item, batch, outcome, outcome.status, reason)

    def _fail(
        self,
        item: Fields,
        batch: Batch,
        outcome: WorkerOutcome,
        status: OutcomeStatus,
        reason: str,
        *,
        attempts: int = 0,
    ) -> None:
        tried = status in RETRIED and not self._stopping()
        if tried and batch.attempt >= self._max_attempts:
            self._state.poison += 1
            self._journal.decide("poison", item["key"], f"{status.value}: {reason}")
        self._finish(item, batch, outcome, status, reason, attempts)

    def _finish(
        self,
        item: Fields,
        batch: Batch,
        outcome: WorkerOutcome,
        status: OutcomeStatus,
        reason: str = "",
        attempts: int = 0,
    ) -> None:
        state = self._state
        row = WorkerOutcome(
            key=item["key"],
            title=clip(str(item.get("title") or item["key"]), 256),
            url=str(item.get("url") or ""),
            worker=outcome.worker,
            status=status,
            attempts=attempts or batch.attempt,
            reason=clip(reason, _MAX_REASON),
            summary=outcome.key,
            run_id=outcome.run_id,
            run_url=outcome.run_url,
            result_url=outcome.result_url,
            seconds=outcome.seconds,
        )
        self._tally.add(state.finished, row, None)
        self._source.release(item)
        state.reasons.pop(item["key"], None)
        state.finished += 1
        state.processed += status not in _UNTOUCHED
        state.ended_at = workflow.now()

    def _remember(self, item: Fields, reason: str) -> None:
        reasons = self._state.reasons
        if item["key"] in reasons or len(reasons) < MAX_ROWS:
            reasons[item["key"]] = clip(reason, _MAX_KEPT_REASON)

    def _results(self, outcome: WorkerOutcome) -> dict[str, Any]:
        value: Any = outcome.outputs
        for step in self._path:
            value = value.get(step) if isinstance(value, dict) else None
        return value if isinstance(value, dict) else {}

    def _measure(self, items: int, run_seconds: float | None) -> None:
        self._tally.ran(run_seconds)
        if items and run_seconds:
            self._state.paced_items += items
            self._state.paced_seconds += run_seconds

    def _show(self) -> None:
        state = self._state
        seconds = _between(state.began_at, state.ended_at)
        figures = {
            "items_processed": state.processed,
            "workers_used": self._tally.state.totals.dispatches,
            "pool_size": state.largest,
            "items_redistributed": state.redistributed,
            "poison_items": state.poison,
            "processing_seconds": round(seconds, 1),
            "items_per_minute": round(60 * state.processed / seconds, 1) if seconds else 0,
        }
        self._tally.state.figures = {name: float(value) for name, value in figures.items()}


def _between(began: datetime | None, ended: datetime | None) -> float:
    return (ended - began).total_seconds() if began and ended else 0


def _words(said: Any) -> str:
    return (
        clip(said if isinstance(said, str) else json.dumps(said), _MAX_REASON) or "no reason given"
    )
