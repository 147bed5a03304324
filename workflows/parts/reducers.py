"""Reducers as pure functions over plain data.

Each is associative and commutative: however results arrive, and wherever the sum is cut in two,
the same state comes out. Bounds keep that: what has no room is decided by order alone, never by
when it came.
"""

import bisect
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.base import KIB, clip
from contracts.reductions import CountsState, Key, OrderedState

MAX_VALUES = 500
"""Different values that a `counts` reducer tells apart."""
MAX_WORD = 80
MAX_CELL = 200
MAX_BYTES = 64 * KIB
"""Of one reduction's rows."""
_LARGEST = 1e15
"""Beyond it, additions would lose units."""
_LAST = 1e300
MISSING = object()


def value_at(outputs: Mapping[str, Any], path: str) -> Any:
    """Follow a path such as `outputs.by_rule`; `MISSING` where it leads nowhere."""
    value: Any = {"outputs": outputs}
    for step in path.split("."):
        if not isinstance(value, Mapping) or step not in value:
            return MISSING
        value = value[step]
    return value


def count(state: CountsState, value: Any) -> None:
    """Count a value: each element of a list, the numbers of an object, or the value itself."""
    if value is MISSING or value is None:
        return
    if isinstance(value, Mapping):
        for word, number in value.items():
            if isinstance(number, (int, float)) and abs(number) <= _LARGEST:
                _add(state, clip(str(word), MAX_WORD), number)
        return
    for one in value if isinstance(value, list) else [value]:
        _add(state, clip(one if isinstance(one, str) else json.dumps(one), MAX_WORD), 1)


def merge_counts(state: CountsState, more: CountsState) -> None:
    """Add another sum to this one."""
    for word, number in more.values.items():
        _add(state, word, number)
    state.other += more.other
    if more.cut is not None:
        _cut_counts(state, more.cut)


def _add(state: CountsState, word: str, number: float) -> None:
    if state.cut is not None and word >= state.cut:
        state.other += number
        return
    state.values[word] = state.values.get(word, 0) + number
    if len(state.values) > MAX_VALUES:
        _cut_counts(state, max(state.values))


def _cut_counts(state: CountsState, cut: str) -> None:
    state.cut = cut if state.cut is None else min(state.cut, cut)
    for word in [word for word in state.values if word >= state.cut]:
        state.other += state.values.pop(word)


def most(values: Mapping[str, float], limit: int) -> dict[str, float]:
    """The largest counts first, equal ones by their words; whole numbers stay whole."""
    chosen = sorted(values.items(), key=lambda one: (-one[1], one[0]))[:limit]
    return {word: whole(number) for word, number in chosen}


def whole(number: float) -> float:
    """Show a whole number as one."""
    return int(number) if math.isfinite(number) and number == int(number) else number


def place(state: OrderedState, key: Key, row: Any, limit: int, max_bytes: int = MAX_BYTES) -> None:
    """Take a row in, if it is among the first `limit` and these fit into `max_bytes`."""
    state.total += 1
    if state.cut is not None and key >= state.cut:
        return
    bisect.insort(state.rows, (key, row), key=lambda kept: kept[0])
    state.bytes += _size(row)
    _cut_rows(state, limit, max_bytes)


def merge_ordered(
    state: OrderedState, more: OrderedState, limit: int, max_bytes: int = MAX_BYTES
) -> None:
    """Put another list among this one's rows."""
    state.total += more.total
    state.rows = sorted([*state.rows, *more.rows], key=lambda kept: kept[0])
    state.bytes += more.bytes
    state.cut = min((cut for cut in (state.cut, more.cut) if cut is not None), default=None)
    _cut_rows(state, limit, max_bytes)


def _cut_rows(state: OrderedState, limit: int, max_bytes: int) -> None:
    """Keep the longest beginning that has room; what follows it never comes back."""
    while state.rows and (
        len(state.rows) > limit
        or state.bytes > max_bytes
        or (state.cut is not None and state.rows[-1][0] >= state.cut)
    ):
        key, row = state.rows.pop()
        state.bytes -= _size(row)
        state.cut = key if state.cut is None else min(key, state.cut)


def _size(row: Any) -> int:
    return len(json.dumps(row).encode())


def table_row(outputs: Mapping[str, Any], columns: Mapping[str, str]) -> list[Any]:
    """The cells of one result, in the order of the columns; nothing where an output is not there."""
    return [_cell(value_at(outputs, path)) for path in columns.values()]


def rank_of(row: list[Any], columns: Mapping[str, str], order_by: str) -> float:
    """The largest number of a column first; what is no number comes last."""
    if not order_by:
        return 0
    value = row[list(columns).index(order_by)]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return -float(value) if is_number and abs(value) < _LAST else _LAST


def texts_of(value: Any) -> Iterator[Any]:
    """The parts of a value that `concat` puts in line."""
    if value is MISSING or value is None:
        return
    for one in value if isinstance(value, list) else [value]:
        yield _cell(one, 2 * KIB)


def _cell(value: Any, limit: int = MAX_CELL) -> Any:
    if value is MISSING or value is None:
        return None
    if isinstance(value, (bool, int, float)):
        return value
    return clip(value if isinstance(value, str) else json.dumps(value), limit)
