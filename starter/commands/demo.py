"""`podium demo`: the daily issue analysis, from start to report, on this machine alone."""

import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from starter import exits
from starter.commands.options import examples

STATE_DIR = Path(".podium/demo")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=examples(
            "podium demo",
            "podium demo --keep",
            "gh api --paginate 'repos/OWNER/NAME/issues?per_page=100' > issues.json && "
            "podium demo --issues issues.json",
        )
    )(demo)


def demo(
    issues: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Issues to analyse, as `gh api` exports them."),
    ] = None,
    state_dir: Annotated[
        Path, typer.Option(help="What a second run finds again; delete it to start afresh.")
    ] = STATE_DIR,
    max_parallel: Annotated[
        int | None, typer.Option(min=1, max=500, help="In place of the spec's max-parallel.")
    ] = None,
    mode: Annotated[
        Literal["act", "timed"],
        typer.Option(help="Run the worker's workflow file, or only let its runs take time."),
    ] = "act",
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the servers up until Ctrl-C.")
    ] = False,
) -> None:
    """Show an orchestration: Temporal, a local GitHub, and every open issue analysed."""
    began = time.monotonic()
    from starter.demo.show import Plan, run_demo
    from starter.demo.state import open_state

    with open_state(state_dir, issues) as state:
        code = exits.run(run_demo(state, Plan(mode, max_parallel, keep, began)))
    raise typer.Exit(code)
