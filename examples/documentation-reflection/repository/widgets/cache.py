"""Keep what a data source said for a while, so that a board does not ask for each tile again.

Everything here may be used from several threads at the same time: one lock guards every change.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")

_UNITS = {"s": 1, "m": 60, "h": 3_600}


class TimedCache(Generic[Value]):
    """Values by key, each for a limited time, and no more than a limited number of them.

    Args:
        seconds: How long a value stays after it was put.
        limit: Most values at once; beyond it the oldest value leaves.

    Raises:
        ValueError: `seconds` is not positive, or `limit` is below one.

    Example:
        >>> cache = TimedCache(seconds=60, limit=2)
        >>> cache.put("cpu", 0.7)
        >>> cache.get("cpu", default=0.0)
        0.7
    """

    def __init__(self, seconds: float, limit: int = 1_000) -> None:
        if seconds <= 0 or limit < 1:
            raise ValueError("seconds must be positive and limit at least one")
        self._seconds = seconds
        self._limit = limit
        self._values: OrderedDict[str, tuple[float, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, key: str, value: Value) -> None:
        """Keep a value under a key, in place of one that was there.

        Args:
            key: Name of the data source, with its settings.
            value: What it said.

        Example:
            >>> TimedCache(seconds=60).put("memory", 0.4)
        """
        with self._lock:
            self._values.pop(key, None)
            self._values[key] = (time.monotonic() + self._seconds, value)
            while len(self._values) > self._limit:
                self._values.popitem(last=False)

    def get(self, key: str, default: Value) -> Value:
        """Look a value up.

        Args:
            key: The key that it was put under.
            default: Given back when there is no value, or only one that is too old.

        Returns:
            The value, or the default.
        """
        with self._lock:
            end, value = self._values.get(key, (0.0, default))
            return value if time.monotonic() < end else default

    def fetch(self, key: str, ask: Callable[[], Value], *, attempts: int = 2) -> Value:
        """Look a value up, and ask the data source where there is none.

        Args:
            key: The key of the value.
            ask: Asks the data source; called without the lock, so it may be slow, and two threads
                that miss the same key at the same moment both ask.
            attempts: How often it is asked before its error is passed on.

        Returns:
            The value that was kept, or the new one, which is kept from now on.

        Raises:
            LookupError: The data source failed at every attempt.

        Example:
            >>> TimedCache(seconds=60).fetch("load", lambda: 1.5)
            1.5
        """
        missing = object()
        found = self.get(key, missing)  # type: ignore[arg-type]
        if found is not missing:
            return found
        for attempt in range(1, attempts + 1):
            try:
                value = ask()
            except OSError as error:
                if attempt == attempts:
                    raise LookupError(f"{key} failed {attempts} times") from error
            else:
                self.put(key, value)
                return value
        raise LookupError(f"{key} was never asked")


def parse_age(
    text: str, *, longest_age_seconds: float = 86_400.0, zero_is_allowed: bool = False
) -> float:
    """Read how long to keep a value, as boards write it: `90s`, `15m` or `6h`.

    Args:
        text: A number and a unit.
        longest_age_seconds: Longest age that is accepted.
        zero_is_allowed: Whether `0s` means: keep nothing.

    Returns:
        The age in seconds.

    Raises:
        ValueError: It is no number with a unit, or out of bounds.

    Example:
        >>> parse_age("15m")
        900.0
    """
    unit = _UNITS.get(text[-1:])
    if unit is None or not text[:-1].isdigit():
        raise ValueError(f"{text!r} is no age: write 90s, 15m or 6h")
    seconds = float(text[:-1]) * unit
    if seconds > longest_age_seconds or (seconds == 0 and not zero_is_allowed):
        raise ValueError(f"{text!r} is out of bounds")
    return seconds
