"""`podium doctor`: whether all is there that Podium needs, and how to mend what is not."""

import os

import typer

from starter import exits
from starter.commands.options import examples
from starter.console import out, safe

_MARKS = {"ok": "green", "note": "yellow", "wrong": "red", "away": "red"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=examples("podium doctor", "PODIUM_AUDIT_PERIOD=90d podium doctor"),
    )(doctor)


def doctor() -> None:
    """Look at Temporal, its namespace, Temporal Workers, encryption and GitHub; change nothing.

    Exits with 1 where something is wrong, and with 3 where a server does not answer.
    """
    raise typer.Exit(exits.run(_doctor()))


async def _doctor() -> int:
    from starter.doctor import examine, exit_code

    findings = []
    async for one in examine(os.environ):
        out.print(f"{one.health:6}", style=_MARKS[one.health], end="")
        out.print(safe(f"{one.what}: {one.words}"), markup=False)
        findings.append(one)
    return exit_code(findings)
