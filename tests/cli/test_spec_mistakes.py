"""Mistakes in a spec: exit code 2, with file, line and fix, before any server is asked."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from starter.children import ROOT
from tests.cli.conftest import Podium, Write

ITEMS = "[alpha, beta]"

Replaced = dict[str, str]
MISTAKES: dict[str, tuple[Replaced, str, int | None, str]] = {
    "broken YAML": ({}, "max: [1\n", 22, "no YAML: "),
    "a tab": ({}, "\tmax: 1\n", 21, "no YAML: found character '\\t'"),
    "two documents": ({}, "---\na: 1\n", 21, "no YAML: but found another document"),
    "a key twice": ({}, "max-parallel: 3\n", 21, "is there twice, first on line 20"),
    "a foreign tag": ({}, "x: !!python/object:os.x {}\n", 21, "no YAML: could not determine"),
    "no such date": ({ITEMS: "[2026-13-45]"}, "", 13, "no YAML: month must be in 1..12"),
    "unknown key": ({}, "max-paralel: 3\n", 21, "did you mean max-parallel?"),
    "snake case": ({}, "stall_after: 3h\n", 21, "did you mean stall-after?"),
    "unknown key below": ({"workflow: look": "workflw: look"}, "", 15, "did you mean workflow?"),
    "wrong type": ({"max-parallel: 2": "max-parallel: many"}, "", 20, "a valid integer"),
    "out of range": ({"max-parallel: 2": "max-parallel: 0"}, "", 20, "greater than or equal to 1"),
    "no duration": ({}, "deadline: soon\n", 21, "write for example 90s, 20m, 1h30m or 2d"),
    "missing key": ({"  workflow: look.yml\n": ""}, "", 14, "this key is required; add it"),
    "unknown source": ({"source: list": "source: issues"}, "", 13, "'matrix' or 'list'"),
    "unknown pattern": ({"or-worker": "or"}, "", 3, "did you mean orchestrator-worker?"),
    "expression's root": ({"item.value": "itm.value"}, "", 17, "did you mean item?"),
    "expression's input": ({"inputs.severity": "inputs.sverity"}, "", 18, "inputs.severity?"),
    "expression not closed": ({"item.value }}": "item.value"}, "", 17, "never closed with }}"),
    "expression that is code": ({"item.value": "1 + 1"}, "", 17, "write a dotted name such as"),
    "unknown trigger": ({}, "on: {shedule: daily}\n", 21, "did you mean schedule?"),
    "foreign trigger": ({}, "on: {push: {}}\n", 21, "known: issue_comment, issues, pull_request"),
    "kebab trigger": ({}, "on: {workflow-dispatch: true}\n", 21, "mean workflow_dispatch?"),
    "triggers as a list": ({}, "on: [schedule]\n", 21, "a valid dictionary"),
    "GitHub's schedule": ({}, "on: {schedule: [{cron: x}]}\n", 21, "one schedule, not a list"),
    "an input's type": ({"type: boolean": "type: bool"}, "", 8, "'boolean' or 'number'"),
    "a date": ({ITEMS: "[{day: 2026-11-24}]"}, "", 13, 'put "quotes" around it'),
    "bytes": ({ITEMS: "[{x: !!binary aGk=}]"}, "", 13, 'put "quotes" around it'),
    "a set": ({ITEMS: "!!set {a, b}"}, "", 13, 'put "quotes" around it'),
    "no number of JSON": ({ITEMS: "[{x: .nan}]"}, "", 13, "nan is no number that JSON has"),
    "half a character": ({ITEMS: '["\\ud83d"]'}, "", 13, "half a character"),
    "a key that is a date": ({ITEMS: "[{2026-11-24: x}]"}, "", 13, "a key that is no text"),
    "a circle": ({ITEMS: "[&a {x: *a}]"}, "", 13, "an alias to what holds it"),
    "deep nesting": ({}, f"x: {'[' * 5_000}", None, "no YAML: maximum recursion depth exceeded"),
    "a long number": ({}, f"deadline: {'9' * 5_000}\n", 21, "no YAML: Exceeds the limit"),
    "a misplaced key": ({}, "result: 1\n", 21, "unknown key 'result'"),
}


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("command", ["render", "start"])
def test_a_mistake_is_told_with_file_line_and_fix(
    podium: Podium, write: Write, command: str, name: str
) -> None:
    replaced, more, line, words = MISTAKES[name]
    if more.startswith("on:"):
        replaced = {**replaced, "on:\n": "'off':\n"}
    spec = write(replaced, more)

    said = podium(command, spec)

    assert said.code == 2
    assert said.out == "", "stdout is for what other programs read"
    assert f"{spec}{f':{line}' if line else ''}: " in said.err
    assert words in said.err


def test_a_number_too_large_for_a_duration_is_told(podium: Podium, write: Write) -> None:
    spec = write(more=f"deadline: {'9' * 30}d\n")

    said = podium("render", spec)

    assert said.code == 2
    assert f"{spec}:21: deadline: " in said.err
    assert "is too long a duration: from 0s to 3650d" in said.err


def test_every_mistake_is_told_at_once(podium: Podium, write: Write) -> None:
    spec = write({"max-parallel: 2": "max-parallel: many"}, "deadlin: 3h\nstall-after: x\n")

    said = podium("render", spec)

    assert re.findall(r"spec\.yml:(\d+): ", said.err) == ["20", "22", "21"]


SCHEMAS = {
    "there is none": (None, "cannot be read beside the spec"),
    "no JSON": ("{", "is no JSON Schema: "),
    "no schema": ('{"type": "objct"}', "is no JSON Schema: 'objct' is not valid"),
    "deep": ("[" * 100_000, "is no JSON Schema: maximum recursion"),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_that_is_none_is_told_with_the_specs_line(
    podium: Podium, write: Write, tmp_path: Path, name: str
) -> None:
    text, words = SCHEMAS[name]
    if text is not None:
        (tmp_path / "result.json").write_text(text)
    spec = write({"  retry:": "  result: {schema: result.json}\n  retry:"})

    said = podium("render", spec)

    assert said.code == 2
    assert f"{spec}:19: worker.result.schema: result.json {words}" in said.err


FILES = {
    "empty": (b"", ":1: a spec is a mapping"),
    "a list": (b"[1]", ":1: a spec is a mapping"),
    "no UTF-8": (b"name: \xff", ": byte 6 is no UTF-8; write the spec as UTF-8"),
    "binary": (b"\x7fELF\x00", ": no YAML: "),
    "huge": (b"#" * (1024 * 1024 + 1), ": larger than 1048576 bytes"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_spec_is_told(podium: Podium, tmp_path: Path, name: str) -> None:
    content, words = FILES[name]
    spec = tmp_path / "spec.yml"
    spec.write_bytes(content)

    said = podium("render", spec)

    assert said.code == 2
    assert f"{spec}{words}" in said.err


@pytest.mark.parametrize("command", ["render", "start"])
def test_a_missing_file_or_a_folder_is_told(podium: Podium, tmp_path: Path, command: str) -> None:
    missing = podium(command, tmp_path / "nope.yml")
    folder = podium(command, tmp_path)

    assert missing.code == folder.code == 2
    assert f"{tmp_path}/nope.yml: cannot be read: No such file or directory" in missing.err
    assert f"{tmp_path}: cannot be read: Is a directory" in folder.err


def test_a_mistake_in_the_shell_is_told_without_colours_or_traceback(write: Write) -> None:
    """As a process, with its output in files, as CI keeps it."""
    spec = write(more='"x\u202e\\x1b[1m": 1\n')

    ended = subprocess.run(
        [sys.executable, "-m", "starter", "render", str(spec)],
        cwd=ROOT, env=os.environ, capture_output=True, timeout=60, check=False,
    )  # fmt: skip

    said = ended.stderr.decode()
    assert ended.returncode == 2
    assert said.startswith(f"{spec}:21: ")
    assert not {"\x1b", "\u202e"} & set(said), "nothing of it steers a terminal"
    assert "Traceback" not in said
