"""`podium sandbox`: a local GitHub for one's own dry runs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from starter import exits
from starter.commands.options import examples

Pairs = list[str] | None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=examples(
            "podium sandbox --repository octo-org/widgets=. --issues octo-org/widgets=issues.json",
            "podium sandbox --repository octo-org/widgets=. --mode timed --port 8080",
        )
    )(sandbox)


def sandbox(
    repository: Annotated[
        Pairs, typer.Option(metavar="OWNER/NAME=DIR", help="Serve a repository from a folder.")
    ] = None,
    issues: Annotated[
        Pairs, typer.Option(metavar="OWNER/NAME=FILE", help="Issues, as `gh api` exports them.")
    ] = None,
    token: Annotated[
        Pairs, typer.Option(metavar="TOKEN=LOGIN", help="A token; one is made by default.")
    ] = None,
    mode: Annotated[
        Literal["act", "timed"], typer.Option(help="Run workflow files, or end runs by the clock.")
    ] = "act",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 for a free one.")] = 0,
    runners: Annotated[int, typer.Option(min=1, max=64, help="Most runs of act at once.")] = 10,
    state_file: Annotated[
        Path | None, typer.Option(help="Keep issues, runs and artifacts here.")
    ] = None,
    work_dir: Annotated[Path | None, typer.Option(help="Scratch folder.")] = None,
) -> None:
    """Run a local GitHub until Ctrl-C; its Actions run your workflow files on this machine."""
    from starter.sandboxed import Asked, serve

    asked = Asked(
        repositories=_pairs("--repository", repository),
        issues=_pairs("--issues", issues),
        tokens=_pairs("--token", token),
        mode=mode,
        port=port,
        runners=runners,
        state_file=state_file,
        work_dir=work_dir,
    )
    exits.run(serve(asked))


def _pairs(option: str, given: Pairs) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in given or []:
        name, equals, value = pair.partition("=")
        if not equals or not name or not value:
            raise exits.CliError(f"{option} {pair}: write NAME=VALUE")
        found[name] = value
    return found
