"""Reducers: however results arrive and wherever the sum is cut in two, the same comes out."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.reductions import CountsState, OrderedState
from workflows.parts import reducers

WORDS = st.text("abcd", min_size=1, max_size=2)
VALUES = st.one_of(
    WORDS,
    st.lists(WORDS, max_size=3),
    st.dictionaries(WORDS, st.integers(-5, 50), max_size=3),
    st.booleans(),
    st.none(),
)


def counted(values: list[Any]) -> CountsState:
    state = CountsState()
    for value in values:
        reducers.count(state, value)
    return state


def listed(rows: list[tuple[int, str]], limit: int, max_bytes: int) -> OrderedState:
    state = OrderedState()
    for sequence, text in rows:
        reducers.place(state, (0, sequence, 0), text, limit, max_bytes)
    return state


@given(st.lists(VALUES, max_size=12), st.integers(0, 12), st.randoms())
def test_counts_are_the_same_in_any_order_and_cut(
    values: list[Any], at: int, order: random.Random
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reducers, "MAX_VALUES", 5)
        whole = counted(values)
        shuffled = list(values)
        order.shuffle(shuffled)
        parts = counted(shuffled[:at])
        reducers.merge_counts(parts, counted(shuffled[at:]))

    assert parts.values == whole.values
    assert parts.other == whole.other
    assert len(whole.values) <= 5


@given(st.lists(st.text(max_size=8), max_size=12), st.integers(0, 12), st.randoms())
def test_lists_are_the_same_in_any_order_and_cut(
    texts: list[str], at: int, order: random.Random
) -> None:
    rows = list(enumerate(texts))
    whole = listed(rows, 4, 40)
    order.shuffle(rows)
    parts = listed(rows[:at], 4, 40)
    reducers.merge_ordered(parts, listed(rows[at:], 4, 40), 4, 40)

    assert parts.rows == whole.rows
    assert parts.total == whole.total == len(texts)
    assert [row for _, row in whole.rows] == texts[: len(whole.rows)]
    assert len(json.dumps([row for _, row in whole.rows])) <= 40 + 2 * 5


def test_values_are_counted_by_their_kind() -> None:
    state = counted(["high", ["high", "low"], {"low": 3, "note": 2.5, "text": "x"}, True, 7, None])

    assert state.values == {"high": 2, "low": 4, "note": 2.5, "true": 1, "7": 1}


def test_what_has_no_room_counts_as_other_and_nothing_is_lost() -> None:
    state = counted([f"value-{n:04}" for n in range(reducers.MAX_VALUES + 20)] * 2)

    assert len(state.values) == reducers.MAX_VALUES
    assert sum(state.values.values()) + state.other == 2 * (reducers.MAX_VALUES + 20)


def test_numbers_that_would_spoil_a_sum_are_left_out() -> None:
    state = counted([{"a": 10**300, "b": 1}, {"a": -1e16, "b": 2}])

    assert state.values == {"b": 3}


def test_a_table_is_ordered_by_the_largest_and_text_comes_last() -> None:
    columns = {"Name": "outputs.name", "Score": "outputs.score"}
    outputs: list[dict[str, Any]] = [
        {"name": "a", "score": 1},
        {"name": "b", "score": "?"},
        {"name": "c", "score": 5},
    ]
    state = OrderedState()
    for sequence, one in enumerate(outputs):
        row = reducers.table_row(one, columns)
        key = (reducers.rank_of(row, columns, "Score"), sequence, 0)
        reducers.place(state, key, row, 10)

    assert [row for _, row in state.rows] == [["c", 5], ["a", 1], ["b", "?"]]


def test_a_result_of_many_small_parts_is_measured_once_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not all that is kept for each part: a workflow task that takes 2 s is given up."""
    state, measured = OrderedState(), 0
    size = reducers._size

    def counted(row: Any) -> int:
        nonlocal measured
        measured += 1
        return size(row)

    monkeypatch.setattr(reducers, "_size", counted)
    for sequence in reversed(range(3)):
        for position in range(20_000):
            reducers.place(state, (0, sequence, position), 1, 1_000)

    assert [key[2] for key, _ in state.rows] == list(range(1_000))
    assert measured <= 2 * 60_000, "once when it comes, once when it goes"


def test_state_survives_being_carried() -> None:
    state = listed([(n, "x" * 10) for n in range(10)], 4, 1_000)
    carried = OrderedState.model_validate(json.loads(state.model_dump_json()))

    assert carried == state
    reducers.place(carried, (0, 1, 1), "between", 4, 1_000)
    assert [row for _, row in carried.rows][2] == "between"
