"""`podium start`: check against GitHub, then start an orchestration."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from starter import exits
from starter.commands.options import EventPath, Initiator, Inputs, SpecPath, examples
from starter.console import say, warn

if TYPE_CHECKING:
    from starter.spec_file import SpecFile


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=examples(
            "podium start orchestration.yml --dry-run",
            "podium start orchestration.yml --wait",
            "podium start orchestration.yml --input severity=high --key release-2.1",
            "podium start router.yml --event issue-opened.json",
        )
    )(start)


def start(  # noqa: PLR0913 - one for each option
    spec: SpecPath,
    inputs: Inputs = None,
    event: EventPath = None,
    initiator: Initiator = "",
    key: Annotated[
        str | None, typer.Option(help="Last part of the workflow id; the UTC minute by default.")
    ] = None,
    workflow_id: Annotated[
        str | None, typer.Option(help="The whole workflow id, in place of podium/NAME/KEY.")
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done; do nothing.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Follow it, print its report, exit by it.")
    ] = False,
    skip_preflight: Annotated[
        bool, typer.Option("--skip-preflight", help="Ask GitHub nothing before the start.")
    ] = False,
) -> None:
    """Start an orchestration: checked against GitHub first, then handed to Temporal."""
    from starter.given import read_given

    if dry_run and skip_preflight:
        raise exits.CliError("--dry-run asks GitHub; leave --skip-preflight out")
    file, started_with = read_given(spec, inputs or [], event, initiator)
    name = _workflow_id(file, key, workflow_id)
    raise typer.Exit(
        exits.run(
            _start(file, started_with, name, dry=dry_run, wait=wait, checked=not skip_preflight)
        )
    )


def _workflow_id(file: "SpecFile", key: str | None, given: str | None) -> str:
    from contracts import names
    from starter.starting import default_key

    if given and key:
        raise exits.CliError("--workflow-id and --key: give one of them")
    return given or names.workflow_id(file.spec.name, key or default_key(datetime.now(UTC)))


async def _start(
    file: "SpecFile",
    started_with: dict[str, Any],
    workflow_id: str,
    *,
    dry: bool,
    wait: bool,
    checked: bool,
) -> int:
    from starter.connection import connect
    from starter.retention import is_enforced, require_retention
    from starter.starting import schedule_note, unpolled
    from starter.starting import start as send_start

    page = await _check(file, started_with, workflow_id, dry=dry) if checked else ""
    if note := schedule_note(file):
        warn(note)
    if dry:
        return exits.SUCCEEDED
    client = await connect()
    if is_enforced(os.environ):
        await require_retention(client, os.environ, file.spec.deadline)
    handle = await send_start(client, file, started_with, workflow_id, page=page)
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


async def _check(
    file: "SpecFile", started_with: dict[str, Any], workflow_id: str, *, dry: bool
) -> str:
    from starter.dry_run import check, dry_run
    from starter.reading import github_settings

    async with github_settings() as settings:
        page = await check(file, started_with, settings, workflow_id)
        if dry:
            await dry_run(file, started_with, settings, workflow_id)
    return page
