"""How a running orchestration and its report look: live on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.markdown import Markdown
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from contracts.report import Progress
from starter.console import out, safe, say
from starter.follow import Ended, Show

_ROWS = 12
_LINE_SECONDS = 1.0


@contextmanager
def progress_display() -> Iterator[Show]:
    """Show progress as long as the block lasts."""
    if not out.is_terminal:
        yield _lines()
        return
    with Live(console=out, auto_refresh=False, transient=True) as live:
        yield lambda progress, note: live.update(_view(progress, note), refresh=True)


def show_report(ended: Ended) -> None:
    """Print the report; what is known of the end where there is none."""
    report = ended.report
    if report is None:
        say(f"closed as {ended.closed_as.lower()}{f': {ended.reason}' if ended.reason else ''}")
        return
    markdown = safe(f"# {report.title}\n\n{report.markdown or report.reason}")
    if out.is_terminal:
        out.print(Markdown(markdown), soft_wrap=False)
    else:
        say(markdown.rstrip())
    say(f"\n{report.status.value}{f': {report.reason}' if report.reason else ''}")


def headline(progress: Progress) -> str:
    """Say the progress in one line."""
    counts = ", ".join(f"{n} {status}" for status, n in sorted(progress.by_status.items()))
    words = [
        progress.status.value,
        f"{progress.finished} of {progress.items} finished{f' ({counts})' if counts else ''}"
        if progress.items
        else "no items yet",
        f"{progress.running} running",
    ]
    if progress.queued:
        words.append(f"{progress.queued} queued")
    if progress.waiting_for:
        words.append(f"waits for {progress.waiting_for}")
    return ", ".join(words)


def _lines() -> Show:
    last, shown_at = "", 0.0

    def show(progress: Progress | None, note: str) -> None:
        nonlocal last, shown_at
        line = headline(progress) if progress else note
        if line != last and time.monotonic() - shown_at >= _LINE_SECONDS:
            last, shown_at = line, time.monotonic()
            say(f"{time.strftime('%H:%M:%S')} {line}")

    return show


def _view(progress: Progress | None, note: str) -> Group:
    if progress is None:
        return Group(Text(safe(note), style="yellow"))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("item", "attempt", "phase", "told", "run"):
        table.add_column(heading, no_wrap=True)
    for row in progress.in_flight[:_ROWS]:
        table.add_row(*_row(row))
    hidden = progress.running - min(len(progress.in_flight), _ROWS)
    bar = ProgressBar(total=max(progress.items, 1), completed=progress.finished, width=60)
    rest = [Text(f"… and {hidden} more", style="dim")] if hidden > 0 else []
    return Group(Text(safe(headline(progress))), bar, table, *rest)


def _row(row: dict[str, Any]) -> list[Text]:
    """Make cells of text, in which nothing is markup."""
    told = row.get("progress")
    share = f"{told:.0%}" if isinstance(told, (int, float)) else ""
    cells = [row.get("key", ""), row.get("attempt", ""), row.get("phase", ""), share]
    return [Text(safe(str(cell))) for cell in [*cells, row.get("url", "")]]
