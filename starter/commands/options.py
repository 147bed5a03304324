"""Arguments and options that several commands share, and how examples are shown."""

from pathlib import Path
from typing import Annotated

import typer

SpecPath = Annotated[Path, typer.Argument(metavar="SPEC", help="The spec, a YAML file.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="KEY=VALUE",
        help="A declared input (on.workflow_dispatch.inputs); may be repeated.",
    ),
]
EventPath = Annotated[
    Path | None,
    typer.Option("--event", metavar="FILE", help="JSON of a GitHub event: what event.* reads."),
]

Initiator = Annotated[
    str,
    typer.Option(
        metavar="LOGIN",
        envvar="GITHUB_ACTOR",
        help="Who starts it, as you say yourself: at gates, nobody reviews what is their own.",
    ),
]


def examples(*commands: str) -> str:
    """Make the end of a command's help, one example per line."""
    return "\n\n".join(("Examples:", *(f"$ {command}" for command in commands)))
