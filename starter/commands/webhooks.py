"""`podium webhooks`: receives what GitHub delivers, wakes watchers, starts orchestrations."""

import os
from pathlib import Path
from typing import Annotated

import typer

from starter import exits
from starter.commands.options import examples


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=examples(
            "podium webhooks",
            "podium webhooks --specs orchestrations --host 0.0.0.0 --port 8080",
        )
    )(webhooks)


def webhooks(
    *,
    specs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Specs that events start; read again when they change."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 8765,
) -> None:
    """Receive webhooks at /webhooks until Ctrl-C; PODIUM_WEBHOOK_SECRET is their secret."""
    exits.run(_serve(host, port, specs))


async def _serve(host: str, port: int, specs: Path | None) -> None:
    from activities.settings import SettingsError
    from starter.connection import connect
    from starter.telemetry import set_up_logging, set_up_metrics, tracing_plugins
    from starter.webhooks.serving import asked_for, serve

    try:
        set_up_logging(os.environ)
        set_up_metrics(os.environ)
    except SettingsError as error:
        raise exits.CliError(str(error)) from error
    asked = asked_for(host, port, specs, os.environ)
    await serve(await connect(tracing_plugins(os.environ)), asked)
