"""The fingerprint by which GitHub knows a finding again when lines move.

Code scanning compares `primaryLocationLineHash`: a rolling hash over the hundred characters from
the beginning of a line, without blanks, and which of the lines with this hash it is. GitHub's
upload action computes it from the checked-out file; uploads over the API must bring it along.
"""

from __future__ import annotations

_WINDOW = 100
_FACTOR = 37
_MASK = (1 << 64) - 1
_LEAVING = pow(_FACTOR, _WINDOW, 1 << 64)
_END = 0xFFFF
_TAB, _LF, _CR, _SPACE = 0x09, 0x0A, 0x0D, 0x20


def line_hashes(text: str) -> list[str]:
    """Compute the fingerprint of every line; the first line's is at index 0."""
    units = _units(text)
    starts = _starts(units)
    window = units + [_END] + [0] * _WINDOW
    hashes = _rolling(window, starts)
    seen: dict[int, int] = {}
    found = []
    for value in hashes:
        seen[value] = seen.get(value, 0) + 1
        found.append(f"{value:x}:{seen[value]}")
    return found


def _units(text: str) -> list[int]:
    """Spell the text in UTF-16, without blanks, every end of a line as one LF."""
    raw = text.replace("\r\n", "\n").encode("utf-16-le", "surrogatepass")
    found = []
    for at in range(0, len(raw), 2):
        unit = raw[at] | raw[at + 1] << 8
        if unit not in (_SPACE, _TAB):
            found.append(_LF if unit == _CR else unit)
    return found


def _starts(units: list[int]) -> list[int]:
    """Find where lines begin; the last may begin at the very end."""
    return [0, *(at + 1 for at, unit in enumerate(units) if unit == _LF)]


def _rolling(window: list[int], starts: list[int]) -> list[int]:
    """Hash the hundred units from each start on."""
    value, at, found = 0, 0, []
    for start in starts:
        while at < start + _WINDOW:
            leaving = window[at - _WINDOW] if at >= _WINDOW else 0
            value = (value * _FACTOR + window[at] - _LEAVING * leaving) & _MASK
            at += 1
        found.append(value)
    return found
