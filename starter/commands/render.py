"""`podium render`: the JSON that any Temporal client can start an orchestration with."""

import json

import typer

from starter.commands.options import EventPath, Initiator, Inputs, SpecPath, examples


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=examples(
            "podium render orchestration.yml > run.json",
            "temporal workflow start --type OrchestratorWorker --task-queue podium "
            "--workflow-id podium/daily-issue-analysis/by-hand --input-file run.json",
        )
    )(render)


def render(
    spec: SpecPath, inputs: Inputs = None, event: EventPath = None, initiator: Initiator = ""
) -> None:
    """Check a spec and print the JSON that `temporal workflow start --input-file` takes."""
    from starter.given import read_given

    _, started_with = read_given(spec, inputs or [], event, initiator)
    typer.echo(json.dumps(started_with, indent=2, ensure_ascii=False))
