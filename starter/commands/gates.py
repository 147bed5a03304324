"""`podium gates`, `podium approve` and `podium reject`: what waits for people, and their answers."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from starter import exits
from starter.commands.options import examples
from starter.console import out, safe, say, warn

if TYPE_CHECKING:
    from contracts.gates import OpenGate
    from starter.inbox import Waiting

Run = Annotated[str, typer.Argument(metavar="RUN", help="Workflow id of the orchestration.")]
Gate = Annotated[
    str | None, typer.Option(help="Which gate; may be left out while exactly one is open.")
]
Comment = Annotated[str, typer.Option(help="Why; kept with the answer.")]
As = Annotated[
    str | None,
    typer.Option(
        "--approver",
        metavar="LOGIN",
        help="Whose answer it is, as you say yourself; by default GITHUB_ACTOR, or your user name.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog=examples("podium gates", "podium gates --json | jq '.[].run'"))(gates)
    run = "podium/release/2026-11-24T0412Z"
    app.command(
        epilog=examples(
            f"podium approve {run} --approver octo-boss",
            f"podium approve {run} --gate production --choice canary --comment 'looks good'",
        )
    )(approve)
    app.command(
        epilog=examples(
            f"podium reject {run} --approver octo-boss",
            f"podium reject {run} --gate production --comment 'not on a Friday'",
        )
    )(reject)


def gates(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, all that is known.")] = False,
) -> None:
    """Show every gate that waits for people, the one that ends first on top."""
    raise typer.Exit(exits.run(_gates(as_json=as_json)))


def approve(
    run: Run,
    *,
    gate: Gate = None,
    choice: Annotated[
        str, typer.Option(help="One of the gate's choices, in place of a plain yes.")
    ] = "approve",
    comment: Comment = "",
    approver: As = None,
) -> None:
    """Let the work behind a gate go on; an answer that does not count is refused with the reason."""
    raise typer.Exit(exits.run(_decide(run, gate, choice, comment, approver)))


def reject(run: Run, *, gate: Gate = None, comment: Comment = "", approver: As = None) -> None:
    """Stop the work behind a gate; an answer that does not count is refused with the reason."""
    raise typer.Exit(exits.run(_decide(run, gate, "reject", comment, approver)))


async def _gates(*, as_json: bool) -> int:
    from starter.connection import connect
    from starter.inbox import inbox

    waiting = await inbox(await connect())
    if as_json:
        rows: list[dict[str, Any]] = [
            {"run": one.run, **gate.model_dump(mode="json")}
            for one in waiting
            for gate in one.gates
        ]
        typer.echo(json.dumps(rows, indent=2))
    else:
        _table(waiting)
    for one in waiting:
        if one.untold:
            warn(f"{one.run}: {one.untold}")
    return exits.SUCCEEDED


def _table(waiting: "list[Waiting]") -> None:
    from rich.table import Table
    from rich.text import Text

    rows = [(one.run, gate) for one in waiting for gate in one.gates]
    if not rows:
        say("nothing waits for people")
        return
    if not out.is_terminal:  # whoever reads it from a pipe reads lines
        for run, gate in rows:
            say("\t".join((run, *_cells(gate))))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("run", "gate", "what", "approvers", "answers", "until", "issue"):
        table.add_column(heading, overflow="fold")
    for run, gate in rows:
        table.add_row(*(Text(safe(cell)) for cell in (run, *_cells(gate))))
    out.print(table, soft_wrap=False)


def _cells(gate: "OpenGate") -> tuple[str, ...]:
    said = ", ".join(f"{one.choice} by {one.login}" for one in gate.answers) or "none"
    answers = f"{said} (of {gate.quorum})" if gate.quorum > 1 else said
    until = f"{gate.until:%Y-%m-%d %H:%M} UTC, then {_SILENCE[gate.silence]}"
    approvers = ", ".join(gate.approvers)
    return gate.gate, gate.what, approvers, answers, until, gate.issue_url or "none"


_SILENCE = {"rejects": "rejected", "approves": "approved", "escalates": "escalated"}


async def _decide(
    run: str, gate: str | None, choice: str, comment: str, approver: str | None
) -> int:
    from pydantic import ValidationError

    from contracts.gates import Decide
    from starter.connection import connect
    from starter.inbox import decide, somebody

    try:
        answer = Decide(approver=approver or somebody(), gate=gate, choice=choice, comment=comment)
    except ValidationError as error:
        first = error.errors()[0]
        raise exits.CliError(f"--{first['loc'][0]}: {first['msg']}") from error
    stands = await decide(await connect(), run, answer)
    verb = (
        "rejected"
        if choice == "reject"
        else f"answered {choice}"
        if choice != "approve"
        else "approved"
    )
    name = stands.gate if stands else gate or "the gate"
    say(f"{verb} {name} of {run} as {answer.approver} (a claim: Temporal names nobody)")
    if stands and stands.quorum > 1:
        say(f"{len(stands.answers)} of {stands.quorum} answers so far")
    return exits.SUCCEEDED
