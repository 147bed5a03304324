"""`podium audit`: the trail of an orchestration, exported and verified."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from starter import exits
from starter.commands.options import examples
from starter.console import err, safe, say, warn

if TYPE_CHECKING:
    from starter.audit.exporting import Exported


def register(app: typer.Typer) -> None:
    """Add the commands."""
    audit = typer.Typer(
        help="Export the audit trail of an orchestration; verify one that was exported.",
        no_args_is_help=True,
        epilog="Exit codes: 0 whole, 1 with gaps or broken, 2 bad input, 3 Temporal is unreachable.",
    )
    audit.command(
        epilog=examples(
            "podium audit export podium/daily-issue-analysis/2026-11-24T0412Z -o trail.jsonl",
            "podium audit export podium/release/2.1 > trail.jsonl",
        )
    )(export)
    audit.command(
        epilog=examples(
            "podium audit verify trail.jsonl --public-key audit.pub.pem",
            "podium audit verify trail.jsonl --head 5e1f...",
        )
    )(verify)
    app.add_typer(audit, name="audit")


def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Workflow id of the orchestration.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to; stdout by default."),
    ] = None,
    run_id: Annotated[
        str | None, typer.Option(help="Any run id of its chain; the newest by default.")
    ] = None,
) -> None:
    """Write all runs, children, decisions, signals, outputs and ends as JSON Lines."""
    raise typer.Exit(exits.run(_export(run, run_id, output)))


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `export` wrote.")],
    public_key: Annotated[
        str | None, typer.Option(metavar="FILE", help="PEM; who must have signed it.")
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="The head that `export` printed, kept elsewhere.")
    ] = None,
) -> None:
    """Find any line that was changed, removed, added or moved."""
    from starter.audit import exporting
    from starter.audit.chain import BrokenChainError
    from starter.audit.chain import verify as read

    key = exporting.public_key(public_key) if public_key else None
    try:
        with file.open("rb") as opened:
            found = read(opened, key)
    except OSError as error:
        raise exits.CliError(f"{file}: cannot be read: {error.strerror}") from error
    except BrokenChainError as error:
        raise exits.CliError(f"{file}: {error}", exits.NOT_SUCCEEDED) from error
    if head is not None and head.lower() != found.head:
        raise exits.CliError(f"{file}: its head is {found.head}", exits.NOT_SUCCEEDED)
    say(f"{found.lines} lines hang together: {found.about.get('workflow_id')}")
    say(f"head {found.head}")
    if key is not None:
        say(f"signed by {found.signed_by}")
    elif head is None:
        warn(
            "without --public-key or --head this proves no more than that: whoever can write the "
            "file could have made all of it anew"
        )


async def _export(run: str, run_id: str | None, output: Path | None) -> int:
    from starter.audit.exporting import AUDIT_KEY_FILE, signing_key
    from starter.audit.exporting import export as write
    from starter.connection import connect

    file = os.environ.get(AUDIT_KEY_FILE)
    key = signing_key(file) if file else None
    client = await connect()
    with _opened(output) as out:
        done = await write(client, run, run_id, out.write, key)
    _tell(done)
    return exits.NOT_SUCCEEDED if done.gaps else exits.SUCCEEDED


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    """Open where lines go; a file gets its name only when it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = output.with_name(f"{output.name}.partial")
    try:
        with partial.open("wb") as out:
            yield out
        partial.replace(output)
    except OSError as error:
        raise exits.CliError(f"{output}: cannot be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def _tell(done: "Exported") -> None:
    """Tell on stderr, for the lines may go to stdout."""
    signed = "signed" if done.signed else "not signed"
    err.print(safe(f"{done.runs} runs, {signed}; keep the head elsewhere:"), markup=False)
    err.print(done.head, markup=False)
    if done.gaps:
        warn(f"{done.gaps} gaps: look for lines of the kind gap")
