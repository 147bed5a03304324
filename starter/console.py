"""Where commands write: results to stdout, everything else to stderr."""

import unicodedata

from rich.console import Console

# Without emoji: the key `1:bug: x` would have one.
out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def say(text: str, *, style: str = "") -> None:
    """Print a line as it stands: nothing in it is markup, nothing in it steers the terminal."""
    out.print(safe(text), style=style, markup=False)


def warn(text: str) -> None:
    """Tell on stderr what is worth knowing and stops nothing."""
    err.print(f"note: {safe(text)}", style="yellow", markup=False)


def safe(text: str) -> str:
    """Take out what could steer a terminal: control characters, and marks of direction."""
    return "".join(c for c in text if c in "\n\t" or not _steers(c))


def _steers(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind in _CONTROL or (kind == "Cf" and character in _DIRECTION)


_CONTROL = {"Cc", "Cs", "Zl", "Zp"}
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
