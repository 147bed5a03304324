"""Help shows examples that work; what `render` prints is what `temporal` takes."""

import json
import re
import shlex
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
import typer.main

from starter.children import ROOT
from starter.cli import app
from tests.cli.backstage import Backstage
from tests.cli.conftest import Podium, Write
from tests.conftest import binary

_TOP = typer.main.get_command(app).commands  # type: ignore[attr-defined]
COMMANDS = {
    f"{name} {below}".strip(): one
    for name, command in _TOP.items()
    for below, one in getattr(command, "commands", {"": command}).items()
}
"""By the words that people write, those below `schedules` included."""
EXAMPLE = ROOT / "examples" / "daily-issue-analysis" / "orchestration.yml"


def examples(command: str) -> list[list[str]]:
    """Read the examples at the end of a command's help, each as words."""
    lines = (COMMANDS[command].epilog or "").splitlines()
    assert lines[0] == "Examples:"
    return [shlex.split(line.removeprefix("$ ")) for line in lines if line.startswith("$ ")]


def test_the_commands_are_those_that_the_tests_know() -> None:
    assert sorted(COMMANDS) == [
        *("approve", "audit export", "audit verify", "codec-server", "demo", "doctor", "gates"),
        *("reject", "render", "retry", "sandbox"),
        *("schedules apply", "schedules delete", "schedules list"),
        *("start", "watch", "webhooks"),
    ]


@pytest.mark.parametrize("command", sorted(COMMANDS))
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_commands_help_shows_what_it_does_and_examples(
    podium: Podium, command: str, option: str
) -> None:
    said = podium(*command.split(), option)

    assert said.code == 0
    assert said.err == ""
    assert f"Usage: podium {command}" in said.out
    shown = said.out.split("Examples:", 1)[1]
    assert shown.count(f"$ podium {command}") >= 1
    assert len(examples(command)) >= 2


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_examples_name_options_that_there_are(command: str) -> None:
    known = {option for parameter in COMMANDS[command].params for option in parameter.opts}
    for words in examples(command):
        called = ["podium", *command.split()]
        begins = (i for i in range(len(words)) if words[i : i + len(called)] == called)
        at = next(begins, None)
        if at is not None:
            used = {word for word in words[at + len(called) :] if re.match(r"--\w", word)}
            assert used <= known


def test_without_a_command_there_is_help_and_it_tells_the_exit_codes(podium: Podium) -> None:
    said = podium()

    assert "Usage: podium" in said.out + said.err
    assert "0 succeeded, 1 failed or partial, 2 bad input, 3 a server" in said.out + said.err


def test_an_unknown_command_exits_2_and_names_the_nearest(podium: Podium) -> None:
    said = podium("strat")

    assert said.code == 2
    assert "Did you mean 'start'?" in said.err


def test_what_render_prints_is_what_temporal_starts_and_what_start_sends(
    podium: Podium, write: Write, backstage: Backstage, tmp_path: Path
) -> None:
    spec = write({"alpha, beta": '"héllo \U0001f600", beta'})
    rendered = podium("render", spec, "--input", "severity=high")
    assert rendered.code == 0
    file, name = tmp_path / "run.json", f"podium/nightly/{uuid4().hex}"
    file.write_text(rendered.out, encoding="utf-8")

    where = ("--workflow-id", name, "--address", backstage.stand.address)
    words = ("--type", "OrchestratorWorker", "--task-queue", "podium", "--input-file", str(file))
    subprocess.run(
        [binary("temporal"), "workflow", "start", *words, *where],
        check=True,
        capture_output=True,
        timeout=60,
    )

    assert podium("watch", name, "--interval", "0.1").code == 0
    inputs = {run.inputs["thing"]: run.inputs for run in backstage.control.dispatches()}
    assert inputs["héllo \U0001f600"]["severity"] == "high"


def test_what_is_rendered_says_who_starts_it(
    podium: Podium, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = podium("render", EXAMPLE, "--initiator", "mona")
    assert json.loads(said.out)["initiator"] == "mona"
    assert "initiator" not in json.loads(podium("render", EXAMPLE).out)

    monkeypatch.setenv("GITHUB_ACTOR", "hubot")
    assert json.loads(podium("render", EXAMPLE).out)["initiator"] == "hubot"


def test_render_embeds_the_schema_so_that_a_run_depends_on_no_file(podium: Podium) -> None:
    said = podium("render", EXAMPLE)

    assert said.code == 0
    assert said.err == ""
    schema = json.loads(said.out)["spec"]["worker"]["result"]["schema"]
    assert schema == json.loads((EXAMPLE.parent / "schemas/issue-analysis.json").read_text())
