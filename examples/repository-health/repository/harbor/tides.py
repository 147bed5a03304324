"""When the water is deep enough."""

import math

PERIOD_HOURS = 12.42


def depth(hours: float, mean: float, range_: float) -> float:
    """Give the depth in meters, so many hours after high water."""
    return mean + range_ / 2 * math.cos(2 * math.pi * hours / PERIOD_HOURS)


def can_leave(draught: float, hours: float, mean: float, range_: float) -> bool:
    """Tell whether a boat floats; half a meter is kept below the keel."""
    return depth(hours, mean, range_) >= draught + 0.5
