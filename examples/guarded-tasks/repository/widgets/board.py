# SPDX-License-Identifier: Apache-2.0
"""A board: tiles in rows."""


def rows(tiles: int, width: int) -> int:
    """Count the rows that so many tiles need."""
    return -(-tiles // width)
