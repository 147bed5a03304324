"""`podium schedules`: what makes `on.schedule` of specs live, shows it, and ends it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from starter import exits
from starter.commands.options import examples
from starter.console import say, warn

if TYPE_CHECKING:
    from starter.applying import Wish


def register(app: typer.Typer) -> None:
    """Add the commands."""
    schedules = typer.Typer(
        help="Make the on.schedule of specs live, list what is live, delete it.",
        no_args_is_help=True,
        epilog="Exit codes: 0 done, 1 a schedule is live against its spec, 2 bad input, "
        "3 Temporal is unreachable.",
    )
    schedules.command(
        epilog=examples(
            "podium schedules apply orchestration.yml --dry-run",
            "podium schedules apply orchestrations/*.yml",
            "podium schedules apply orchestrations/*.yml --prune",
        )
    )(apply)
    schedules.command(
        "list", epilog=examples("podium schedules list", "podium schedules list > live.txt")
    )(show)
    schedules.command(
        epilog=examples(
            "podium schedules delete daily-issue-analysis",
            "podium schedules delete podium/daily-issue-analysis",
        )
    )(delete)
    app.add_typer(schedules, name="schedules")


def apply(
    specs: Annotated[list[Path], typer.Argument(metavar="SPEC", help="Specs, YAML files.")],
    *,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Delete the schedule of a given spec that has none any more."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; do nothing.")
    ] = False,
) -> None:
    """Make schedules what their specs say; what is so already stays, and paused stays paused."""
    from starter.applying import wishes
    from starter.spec_file import load_spec

    wanted = wishes([load_spec(path) for path in specs])
    raise typer.Exit(exits.run(_apply(wanted, prune=prune, dry=dry_run)))


def show() -> None:
    """List the schedules that are live, with their next times and last runs."""
    raise typer.Exit(exits.run(_show()))


def delete(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the spec.")],
) -> None:
    """Delete a schedule without asking; what it has started goes on."""
    raise typer.Exit(exits.run(_delete(name)))


async def _apply(wanted: list["Wish"], *, prune: bool, dry: bool) -> int:
    from starter.applying import apply as apply_one
    from starter.connection import connect, require_search_attributes
    from starter.starting import unpolled

    client = await connect()
    await require_search_attributes(client)
    code = exits.SUCCEEDED
    for wish in wanted:
        applied = await apply_one(client, wish, prune=prune, dry=dry)
        if applied.live_against_spec:
            code = exits.NOT_SUCCEEDED
            warn(f"{applied.id}: {applied.told}")
        else:
            say(f"{applied.id}: {applied.told}")
    if await unpolled(client):
        warn("no Temporal Worker serves task queue podium; start one: python worker_main.py")
    return code


async def _show() -> int:
    from starter.connection import connect
    from starter.schedule_view import live_ids, shown

    client = await connect()
    ids = await live_ids(client)
    for name in ids:
        for line in await shown(client, name):
            say(line)
    if not ids:
        say("no schedules; podium schedules apply SPEC makes one")
    return exits.SUCCEEDED


async def _delete(name: str) -> int:
    from starter.connection import connect
    from starter.schedule_view import delete as delete_one

    say(await delete_one(await connect(), name))
    return exits.SUCCEEDED
