"""`podium`: the command line. One module per command; each loads what it needs when it runs."""

import sys

import typer

from starter.commands import (
    audit,
    codec_server,
    demo,
    doctor,
    gates,
    render,
    retry,
    sandbox,
    schedules,
    start,
    watch,
    webhooks,
)
from starter.console import err, safe
from starter.exits import CliError

app = typer.Typer(
    name="podium",
    help="Durable orchestration of GitHub workflows, on Temporal.",
    epilog="Exit codes: 0 succeeded, 1 failed or partial, 2 bad input, 3 a server is unreachable.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    demo,
    start,
    watch,
    gates,
    retry,
    audit,
    schedules,
    webhooks,
    doctor,
    render,
    sandbox,
    codec_server,
):
    module.register(app)


def main() -> None:
    """Run a command; its errors become a message on stderr and an exit code."""
    try:
        app(prog_name="podium")
    except CliError as error:
        err.print(safe(str(error)), style="red", markup=False)
        sys.exit(error.code)
