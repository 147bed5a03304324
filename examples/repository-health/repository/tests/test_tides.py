# ruff: noqa: PT009 - these tests need nothing but Python
"""The tides."""

import unittest

from harbor.tides import PERIOD_HOURS, can_leave, depth


class Tides(unittest.TestCase):
    """High and low water."""

    def test_high_water_is_the_deepest(self) -> None:
        """Half the range above the mean."""
        self.assertAlmostEqual(depth(0, 3.0, 2.0), 4.0)

    def test_low_water_is_half_a_period_later(self) -> None:
        """Half the range below the mean."""
        self.assertAlmostEqual(depth(PERIOD_HOURS / 2, 3.0, 2.0), 2.0)

    def test_a_deep_boat_waits(self) -> None:
        """Half a meter is kept."""
        self.assertTrue(can_leave(3.5, 0, 3.0, 2.0))
        self.assertFalse(can_leave(3.6, 0, 3.0, 2.0))


if __name__ == "__main__":
    unittest.main()
