"""What the benches share: the checkout on the import path, and tables on the terminal."""

import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

# The checkout is importable only from here on.
from tests.conftest import binary  # noqa: E402 - see above
from tests.system.stand import REPOSITORY, Stand, open_stand, spec  # noqa: E402 - see above

__all__ = ["REPOSITORY", "ROOT", "Stand", "binary", "open_stand", "promised", "spec", "table"]


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their headings; numbers to the right, words to the left."""
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(head, *texts, strict=True)]
    print("  ".join(f"{cell:<{width}}" for cell, width in zip(head, widths, strict=True)))
    for row, cells in zip(texts, rows, strict=True):
        aligned = (
            f"{text:<{width}}" if isinstance(cell, str) else f"{text:>{width}}"
            for text, cell, width in zip(row, cells, widths, strict=True)
        )
        print("  ".join(aligned))


def promised(what: str, *, kept: bool) -> int:
    """Say whether a promise is kept; gives the exit code."""
    print(f"\n{'kept' if kept else 'BROKEN'}: {what}")
    return 0 if kept else 1


def _text(cell: object) -> str:
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)
