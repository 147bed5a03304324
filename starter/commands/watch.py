"""`podium watch`: progress and report of an orchestration."""

from typing import Annotated

import typer

from starter import exits
from starter.commands.options import examples


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=examples(
            "podium watch podium/daily-issue-analysis/2026-11-24T0412Z",
            "podium watch podium/daily-issue-analysis/2026-11-24T0412Z --interval 10 > run.log",
        )
    )(watch)


def watch(
    workflow_id: Annotated[str, typer.Argument(metavar="WORKFLOW_ID", help="Its workflow id.")],
    interval: Annotated[
        float, typer.Option(min=0.1, max=3600, help="Seconds between two looks.")
    ] = 1.0,
) -> None:
    """Follow an orchestration until it closes, print its report, exit by its status."""
    raise typer.Exit(exits.run(_watch(workflow_id, interval)))


async def _watch(workflow_id: str, interval: float) -> int:
    from starter.connection import connect
    from starter.display import progress_display, show_report
    from starter.follow import follow

    client = await connect()
    with progress_display() as show:
        ended = await follow(client, workflow_id, show, interval)
    show_report(ended)
    return ended.exit_code
