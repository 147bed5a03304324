"""The pool's rules without a server: what is split, what is sent again, what is carried."""

import random
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from temporalio import workflow

from contracts import expressions
from contracts.fleet import Entry, JournalState, SourceState, TallyState
from contracts.pool import PoolState
from contracts.runs import GOOD, OutcomeStatus, WorkerOutcome
from contracts.specs.reporting import ReportSpec
from contracts.specs.sources import ForEach
from contracts.specs.worker_pool import PoolSpec
from workflows.parts.batches import MAX_TEXT_BYTES, BatchLimits, BatchSource
from workflows.parts.items import ItemSource
from workflows.parts.journal import Journal
from workflows.parts.pool import PoolOutcomes
from workflows.parts.sizing import Pool
from workflows.parts.tally import Tally

T = TypeVar("T")

START = datetime(2026, 1, 1, tzinfo=UTC)
Answer = dict[str, Any] | OutcomeStatus
"""Items' results, or how the batch was lost."""


@pytest.fixture(autouse=True, scope="module")
def _clock() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workflow, "now", lambda: START)
        patch.setattr(workflow.logger, "info", lambda *_, **__: None)
        yield


@dataclass
class Bench:
    """A pool over items of a matrix, whose fleet is this loop."""

    count: int
    per_worker: int = 20
    max_workers: int = 10
    max_attempts: int = 3
    padding: int = 0
    stopping: str = ""
    sent: list[tuple[int, list[str]]] = field(default_factory=list)
    """Attempt and keys of each batch."""
    held: int = 0
    """The largest that was to be carried, in bytes."""
    longest: int = 0
    """The largest text of a batch, in characters."""

    def __post_init__(self) -> None:
        values = tuple(f"{n}{'x' * self.padding}" for n in range(self.count))
        self.tally = Tally(TallyState(), ReportSpec())
        self.journal = Journal(JournalState(), lambda: None)
        self.source_state, self.state = SourceState(), PoolState()
        self.for_each = ForEach(source="matrix", matrix={"n": values}, limit=10_000)
        self.flying: list[Entry] = []
        self.make()

    def make(self) -> None:
        """Put the pool together, as each run of a chain does."""
        items = ItemSource(self.for_each, "octo-org/widgets", START, self.source_state)
        limits = BatchLimits.of(self.per_worker, self.max_workers, 64 * 1024)
        self.source = BatchSource(
            items, limits, lambda attempt: timedelta(seconds=30 * attempt), self.state, self.flying
        )
        spec = PoolSpec(max_workers=self.max_workers)
        self.outcomes = PoolOutcomes(
            Pool(spec, self.max_workers, self.state, self.journal),
            self.source,
            self.tally,
            self.journal,
            item_results="outputs.items",
            max_attempts=self.max_attempts,
            stopping=lambda: self.stopping,
        )

    def chain(self) -> None:
        """Continue as new: everything goes through its plain form."""
        carried = self.state.model_dump_json(exclude_defaults=True)
        self.state = PoolState.model_validate_json(carried)
        flying = [entry.model_dump_json(exclude_defaults=True) for entry in self.flying]
        self.flying = [Entry.model_validate_json(one) for one in flying]
        parts = [self.source_state, self.tally.state, self.journal.state]
        rest = sum(len(one.model_dump_json(exclude_defaults=True).encode()) for one in parts)
        size = len(carried.encode()) + sum(len(one.encode()) for one in flying) + rest
        self.held = max(self.held, size)
        self.make()

    def run(self, answer: Callable[[int, list[str]], Answer], *, chain_every: int = 0) -> None:
        """Work until every item has an outcome."""
        for step in range(100_000):
            while self.source.more and len(self.flying) < self.max_workers:
                self.flying += at_once(self.source.next())
            if chain_every and step % chain_every == 0:
                self.chain()
            if not self.flying:
                return
            self.land(self.flying.pop(0), answer)
        pytest.fail("it does not end")

    def land(self, entry: Entry, answer: Callable[[int, list[str]], Answer]) -> None:
        batch = entry.roots["batch"]
        keys = [one["key"] for one in batch["items"]]
        self.longest = max(self.longest, len(expressions.to_text(batch["items"])))
        self.sent.append((batch["attempt"], keys))
        said = answer(len(self.sent), keys)
        status = OutcomeStatus.SUCCESS if isinstance(said, dict) else said
        outputs = {"items": said} if isinstance(said, dict) else {}
        outcome = WorkerOutcome(
            key=entry.item.key, worker="w", status=status, outputs=outputs, reason="lost"
        )
        self.outcomes.add(entry.sequence, outcome, 10)

    def by_status(self) -> dict[str, int]:
        return self.tally.state.totals.by_status

    def rows(self) -> dict[str, WorkerOutcome]:
        return {row.key: row for _, _, row in self.tally.state.rows}


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Finish a coroutine that waits for nothing: a matrix is read from the spec."""
    with pytest.raises(StopIteration) as ended:
        work.send(None)
    value: T = ended.value.value
    return value


def well(keys: Sequence[str]) -> dict[str, Any]:
    return dict.fromkeys(keys, "success")


def test_a_deadly_item_ends_alone_and_takes_no_other_with_it() -> None:
    bench = Bench(40, per_worker=20)
    deadly = _key_of(bench, 3)

    bench.run(lambda _, keys: OutcomeStatus.NO_RESULT if deadly in keys else well(keys))

    assert bench.by_status() == {"success": 39, "no-result": 1}
    assert bench.rows()[deadly].attempts == 3
    with_it = [(attempt, len(keys)) for attempt, keys in bench.sent if deadly in keys]
    assert with_it == [(1, 20), (2, 10), (3, 1)]
    poison = [one.subject for one in bench.journal.state.decisions if one.kind == "poison"]
    assert poison == [deadly]


def _key_of(bench: Bench, position: int) -> str:
    """The key of an item of the bench's source."""
    items = ItemSource(bench.for_each, "octo-org/widgets", START, SourceState())
    taken = [at_once(items.take()) for _ in range(position + 1)]
    assert taken[-1] is not None
    return taken[-1].key


def test_a_named_item_has_its_chances_and_keeps_its_reason() -> None:
    bench = Bench(40, per_worker=20)
    always, once = _key_of(bench, 3), _key_of(bench, 25)
    named: Counter[str] = Counter()

    def answer(_: int, keys: list[str]) -> Answer:
        named.update(keys)
        bad = {k for k in keys if k == always or (k == once and named[k] == 1)}
        return {k: "no such record" if k in bad else "success" for k in keys}

    bench.run(answer)

    assert bench.by_status() == {"success": 39, "failure": 1}
    row = bench.rows()[always]
    assert (row.reason, row.attempts) == ("no such record", 3)
    again = [keys for attempt, keys in bench.sent if attempt > 1]
    assert sorted(k for keys in again for k in keys) == sorted([always, always, once])


def test_what_the_result_leaves_out_goes_out_again_and_is_named_in_the_end() -> None:
    bench = Bench(10, per_worker=10, max_attempts=2)
    silent = _key_of(bench, 0)

    bench.run(lambda _, keys: well([k for k in keys if k != silent]))

    assert bench.by_status() == {"success": 9, "no-result": 1}
    assert "says nothing of it" in bench.rows()[silent].reason
    assert [len(keys) for _, keys in bench.sent] == [10, 1]


@pytest.mark.parametrize("status", [OutcomeStatus.DISPATCH_FAILED, OutcomeStatus.CANCELLED])
def test_what_another_attempt_cannot_mend_is_final_at_once(status: OutcomeStatus) -> None:
    bench = Bench(10, per_worker=5)

    bench.run(lambda _, keys: status)

    assert bench.by_status() == {status.value: 10}
    assert len(bench.sent) == 2


def test_batches_get_smaller_when_their_text_is_too_large() -> None:
    bench = Bench(400, per_worker=100, max_workers=2, padding=1_500)

    bench.run(lambda _, keys: well(keys))

    assert bench.by_status() == {"success": 400}
    sizes = {len(keys) for _, keys in bench.sent[:-1]}
    assert sizes == {39}
    assert MAX_TEXT_BYTES - 1_600 < bench.longest <= MAX_TEXT_BYTES


def test_ten_thousand_items_are_carried_well_below_a_mebibyte() -> None:
    bench = Bench(10_000, per_worker=100, max_workers=20, padding=60)
    chance = random.Random(7)  # noqa: S311 - repeatable

    def answer(_: int, keys: list[str]) -> Answer:
        if chance.random() < 0.1:
            return OutcomeStatus.NO_RESULT
        return {k: "bad" if chance.random() < 0.2 else "success" for k in keys}

    bench.run(answer, chain_every=25)

    assert sum(bench.by_status().values()) == 10_000
    assert 100_000 < bench.held < 700_000


def test_fresh_items_wait_while_too_many_are_unfinished() -> None:
    """Everything is lost at first: what is held stays within its bound."""
    bench = Bench(5_000, per_worker=200, max_workers=100, padding=200, max_attempts=10)
    tries: Counter[str] = Counter()

    def answer(_: int, keys: list[str]) -> Answer:
        tries.update(keys)
        return OutcomeStatus.FAILURE if tries[keys[0]] == 1 else well(keys)

    bench.run(answer, chain_every=10)

    assert bench.by_status() == {"success": 5_000}
    assert bench.held < 700_000


def test_a_stop_gives_every_known_item_its_one_outcome() -> None:
    bench = Bench(60, per_worker=10, max_workers=3)
    named = _key_of(bench, 0)

    def answer(number: int, keys: list[str]) -> Answer:
        if named in keys:
            return {k: "bad" if k == named else "success" for k in keys}
        return OutcomeStatus.TIMED_OUT if number == 2 else OutcomeStatus.CANCELLED

    while len(bench.flying) < 3:
        bench.flying += at_once(bench.source.next())
    for _ in range(2):
        bench.land(bench.flying.pop(0), answer)
    bench.stopping = "the deadline was reached"
    bench.flying += bench.source.known()
    while bench.flying:
        entry = bench.flying.pop(0)
        flew = entry.roots["batch"]["number"] <= 3
        bench.land(entry, _cancelled if flew else _not_dispatched)

    assert sum(bench.by_status().values()) == 60
    assert bench.by_status() == {
        "success": 9, "failure": 11, "cancelled": 10, "not-dispatched": 30,
    }  # fmt: skip
    row = bench.rows()[named]
    assert (row.status, row.reason, row.attempts) == (OutcomeStatus.FAILURE, "bad", 1)
    assert any("timed-out" in row.reason for row in bench.rows().values())


def _cancelled(_: int, keys: list[str]) -> Answer:
    return OutcomeStatus.CANCELLED


def _not_dispatched(_: int, keys: list[str]) -> Answer:
    return OutcomeStatus.NOT_DISPATCHED


@settings(max_examples=60)
@given(st.integers(1, 120), st.integers(1, 30), st.integers(1, 8), st.integers(1, 6), st.randoms())
def test_every_item_has_one_outcome_and_nothing_that_is_done_is_sent_again(
    count: int, per_worker: int, workers: int, attempts: int, chance: random.Random
) -> None:
    bench = Bench(count, per_worker, workers, attempts)
    done: set[str] = set()
    sent: Counter[str] = Counter()

    def answer(_: int, keys: list[str]) -> Answer:
        assert not done & set(keys)
        assert len(keys) <= per_worker
        sent.update(keys)
        if chance.random() < 0.3:
            return chance.choice([OutcomeStatus.FAILURE, OutcomeStatus.NO_RESULT])
        said = {k: chance.choice(["success", "success", "bad"]) for k in keys}
        done.update(k for k, word in said.items() if word == "success")
        return {k: word for k, word in said.items() if word == "success" or chance.random() < 0.5}

    bench.run(answer, chain_every=chance.randint(1, 9))

    assert sum(bench.by_status().values()) == len(sent) == count
    assert bench.by_status().get("success", 0) == len(done)
    assert max(sent.values()) <= attempts
    bad = sum(n for status, n in bench.by_status().items() if OutcomeStatus(status) not in GOOD)
    assert bench.state.poison == bad
    assert bench.source.waiting == bench.source.out == bench.source._held == 0


def test_the_pool_is_sized_by_count_and_then_by_pace() -> None:
    state, journal = PoolState(), Journal(JournalState(), lambda: None)
    sizes: list[int] = []
    pool = Pool(
        PoolSpec(items_per_worker=20, target_duration=timedelta(minutes=10)), 10, state, journal
    )
    pool.on_size = sizes.append

    pool.open(1_000)
    state.began_at, state.finished = START, 200
    state.paced_items, state.paced_seconds = 200, 500
    pool.resize()
    state.began_at, state.finished = START - timedelta(minutes=9), 400
    pool.resize()
    pool.resize()
    state.began_at = START - timedelta(minutes=11)
    pool.resize()

    # 800 items at 2.5 s are 2,000 s of work for 600 s; later 600 items are 1,500 s for 60 s.
    assert sizes == [10, 5, 10]
    assert state.largest == 10
    assert [one.subject for one in journal.state.decisions] == ["10", "5", "10"]


@pytest.mark.parametrize(
    ("items", "size"), [(0, 1), (1, 1), (20, 1), (21, 2), (199, 10), (5_000, 10), (None, 10)]
)
def test_the_pool_is_as_large_as_the_batches_and_the_limit_say(
    items: int | None, size: int
) -> None:
    state = PoolState()

    Pool(PoolSpec(), 10, state, Journal(JournalState(), lambda: None)).open(items)

    assert state.size == size
