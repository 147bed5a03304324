"""`podium codec-server`: lets Temporal's UI and command line show what is encrypted."""

import os
from typing import Annotated

import typer

from starter import exits
from starter.commands.options import examples
from starter.console import say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "codec-server",
        epilog=examples(
            "podium codec-server --origin http://localhost:8233",
            "podium codec-server --origin https://temporal.example.org --port 8770",
        ),
    )(codec_server)


def codec_server(
    origin: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Origin of the Temporal UI; may be repeated."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 8766,
) -> None:
    """Encode and decode for those who show PODIUM_CODEC_TOKEN, until Ctrl-C."""
    from urllib.parse import urlsplit

    from starter.children import is_free
    from starter.codec_server import CodecServer, token_from
    from starter.encryption import ENCRYPTION_KEYS, codec_from
    from starter.http import serve_app

    for one in origin or []:
        parts = urlsplit(one)
        if parts.scheme not in ("http", "https") or one != f"{parts.scheme}://{parts.netloc}":
            raise exits.CliError(f"--origin {one}: write scheme, host and port only, no path")
    codec = codec_from(os.environ)
    if codec is None:
        raise exits.CliError(f"{ENCRYPTION_KEYS} is not set: there is nothing to decode with")
    if not is_free(port):
        raise exits.CliError(f"--port {port}: in use, or not allowed; choose another")
    app = CodecServer(codec, token_from(os.environ), origin or []).app()
    say(f"codec server at http://{host}:{port}; sign a browser in at /sign-in")
    exits.run(serve_app(app, host, port))
