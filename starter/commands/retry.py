"""`podium retry`: what failed in an orchestration that has ended, once more."""

from typing import TYPE_CHECKING, Annotated

import typer

from starter import exits
from starter.commands.options import examples
from starter.console import say, warn

if TYPE_CHECKING:
    from starter.retrying import Old, Retry

_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=examples(
            "podium retry podium/daily-issue-analysis/2026-11-24T0412Z --failed --dry-run",
            "podium retry podium/daily-issue-analysis/2026-11-24T0412Z --failed --wait",
        )
    )(retry)


def retry(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Workflow id of an orchestration that has ended.")
    ],
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only the items that did not succeed; required.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be started; do nothing.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Follow it, print its report, exit by it.")
    ] = False,
) -> None:
    """Start what failed in an orchestration again, as a new one that names the old one."""
    if not failed:
        raise exits.CliError("say --failed: what succeeded is not run again")
    raise typer.Exit(exits.run(_retry(run, dry=dry_run, wait=wait)))


async def _retry(run: str, *, dry: bool, wait: bool) -> int:
    from starter.connection import connect
    from starter.retrying import free_id, read_old, retry_of
    from starter.starting import start, unpolled

    client = await connect()
    old = await read_old(client, run)
    again = await retry_of(old)
    name, before = await free_id(client, old)
    _tell(old, again, before)
    if dry:
        say(f"would start {name} over {len(again.keys)} items; nothing was started")
        return exits.SUCCEEDED
    handle = await start(client, again.file, again.started_with, name, retry_of=run)
    say(f"started {handle.id} (run {handle.first_execution_run_id})")
    if await unpolled(client):
        warn("no Temporal Worker serves task queue podium; start one: python worker_main.py")
    if not wait:
        say(f"podium watch {handle.id}", style="dim")
        return exits.SUCCEEDED
    from starter.display import progress_display, show_report
    from starter.follow import follow

    with progress_display() as show:
        ended = await follow(client, handle.id, show)
    show_report(ended)
    return ended.exit_code


def _tell(old: "Old", again: "Retry", before: str) -> None:
    rows = old.failed
    for key in again.keys[:_SHOWN]:
        row = rows[key]
        say(f"  {key}: {row.status.value}{f', {row.reason}' if row.reason else ''}")
    if len(again.keys) > _SHOWN:
        say(f"  and {len(again.keys) - _SHOWN} more")
    if again.gone:
        shown = ", ".join(again.gone[:_SHOWN])
        warn(f"left out, since they are not in the source any more: {shown}")
    if old.untold:
        warn(f"{old.untold} more failed than the report has rows for; they are left out")
    if before and before != old.workflow_id:
        warn(f"{before} retried it before; what failed there: podium retry {before} --failed")
