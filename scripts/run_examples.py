"""Run the examples end to end against a local GitHub whose Actions really run.

`make examples`; each must end in the status that it should. Only some: `X3 X5`.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from contracts.report import OrchestrationReport
from tests.examples.stages import PIECES, Piece, play
from tests.examples.theatre import open_theatre


async def run(piece: Piece) -> tuple[OrchestrationReport, int, float]:
    """Run one; its report, how many workers ran, and the seconds it took."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        async with open_theatre(scratch / "stand", piece.folder, piece.repository) as theatre:
            report = await play(theatre, piece, scratch / "more")
            return report, len(theatre.dispatched()), time.monotonic() - began


async def run_all(wanted: list[str]) -> int:
    """Run all, or those that are named; prints the table."""
    console = Console()
    table = Table(title="Examples, end to end")
    for heading in ("", "example", "pattern", "status", "workers", "seconds", "reason"):
        table.add_column(heading, justify="right" if heading in ("workers", "seconds") else "left")
    wrong = 0
    for piece in PIECES:
        if wanted and piece.label not in wanted:
            continue
        console.print(f"{piece.label} {piece.folder} ...", style="dim")
        report, workers, seconds = await run(piece)
        fine = report.status is piece.expected
        wrong += not fine
        table.add_row(
            piece.label,
            piece.folder,
            report.pattern,
            report.status.value if fine else f"{report.status.value}, not {piece.expected.value}",
            str(workers),
            f"{seconds:.0f}",
            report.reason[:60],
        )
    console.print(table)
    return 1 if wrong else 0


if __name__ == "__main__":
    code = asyncio.run(run_all(sys.argv[1:]))
    sys.stdout.flush()
    os._exit(code)  # a process that ran a Worker may abort on an ordinary exit
