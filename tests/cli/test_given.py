"""What is given beside the spec: --input and --event, ids, settings in the environment."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Podium, Write

INPUTS = {
    "no value": (["severity"], "--input severity: no value; write --input severity=VALUE"),
    "unknown": (["sverity=low"], "not declared in {spec}; did you mean severity?"),
    "twice": (["loud=true", "loud=true"], "--input loud: given twice; give it once"),
    "no option": (["severity=mid"], "none of its options; choose of low, high"),
    "no boolean": (["loud=yes"], "--input loud=yes: a boolean; write true or false"),
    "no number": (["share=much"], "--input share=much: a number; write for example 3 or 0.5"),
    "no finite number": (["share=1e999"], "a number; write for example"),
    "no UTF-8": (["severity=\udcff"], "--input severity: no UTF-8; write it as UTF-8"),
}


@pytest.mark.parametrize("command", ["render", "start"])
@pytest.mark.parametrize("name", INPUTS)
def test_an_input_that_is_wrong_is_told_with_a_fix(
    podium: Podium, write: Write, command: str, name: str
) -> None:
    pairs, words = INPUTS[name]
    spec = write()
    options = [word for pair in pairs for word in ("--input", pair)]

    said = podium(command, spec, *options)

    assert said.code == 2
    assert words.format(spec=spec) in said.err


def test_a_required_input_that_is_missing_is_told_with_the_line_that_declares_it(
    podium: Podium, write: Write
) -> None:
    spec = write({"share: {type: number}": "share: {type: number, required: true}"})

    said = podium("render", spec)

    assert said.code == 2
    assert said.err == f"{spec}:9: inputs.share: required; give it a value\n"


def test_inputs_are_rendered_in_the_types_that_they_declare(podium: Podium, write: Write) -> None:
    said = podium(
        "render",
        write(),
        "--input",
        "loud=true",
        "--input",
        "share=0.5",
        "--input",
        "severity=high",
    )

    assert said.code == 0
    assert json.loads(said.out)["inputs"] == {"loud": True, "share": 0.5, "severity": "high"}


EVENTS = {
    "missing": (None, ": cannot be read: No such file or directory"),
    "no JSON": (b'{\n"a": }', ":2:6: no JSON: Expecting value"),
    "a list": (b"[]", ":1: an event is a JSON object"),
    "no UTF-8": (b'{"a": "\xff"}', ": byte 7 is no UTF-8; write it as UTF-8"),
    "deep": (b"[" * 100_000, ": no event: maximum recursion depth exceeded"),
    "digits": (b'{"a": ' + b"9" * 5_000 + b"}", ": no event: Exceeds the limit"),
    "NaN": (b'{"a": {"b": NaN}}', ": a.b: nan is no number that JSON has"),
    "half a character": (b'{"a": "\\ud83d"}', ": a: half a character"),
    "huge": (b" " * (1024 * 1024 + 1), ": larger than 1048576 bytes; keep what the spec reads"),
}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_that_is_wrong_is_told_with_its_place(
    podium: Podium, write: Write, tmp_path: Path, name: str
) -> None:
    content, words = EVENTS[name]
    event = tmp_path / "event.json"
    if content is not None:
        event.write_bytes(content)

    said = podium("render", write(), "--event", event)

    assert said.code == 2
    assert f"{event}{words}" in said.err


def test_an_event_is_handed_on_as_it_is(podium: Podium, write: Write, tmp_path: Path) -> None:
    payload = {"action": "opened", "sender": {"login": "zoë"}, "text": "\u2028\U0001f600 \"'"}
    event = tmp_path / "event.json"
    event.write_text(json.dumps(payload), encoding="utf-8")

    said = podium("render", write(), "--event", event)

    assert said.code == 0
    assert json.loads(said.out)["event"] == payload


OPTIONS = {
    "two ids": (["--key", "a", "--workflow-id", "b"], "--workflow-id and --key: give one of them"),
    "dry and blind": (["--dry-run", "--skip-preflight"], "leave --skip-preflight out"),
    "unknown": (["--dryrun"], "No such option: --dryrun"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_that_do_not_go_together_are_told(podium: Podium, write: Write, name: str) -> None:
    words, told = OPTIONS[name]

    said = podium("start", write(), *words)

    assert said.code == 2
    assert told in said.err


SETTINGS = {
    "no credentials": ({}, "no GitHub credentials: set GITHUB_TOKEN"),
    "no URL": ({"GITHUB_TOKEN": "x", "GITHUB_API_URL": "github"}, "GITHUB_API_URL=github: no URL"),
    "no port": (
        {"GITHUB_TOKEN": "x", "GITHUB_API_URL": "http://127.0.0.1:99999"},
        "GITHUB_API_URL=http://127.0.0.1:99999: no URL; write for example https://api.github.com",
    ),
    "no seconds": (
        {"GITHUB_TOKEN": "x", "PODIUM_SETTLE_SECONDS": "soon"},
        "PODIUM_SETTLE_SECONDS='soon' is no number of seconds",
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_github_that_are_wrong_are_told(
    podium: Podium, write: Write, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings, words = SETTINGS[name]
    for key, value in settings.items():
        monkeypatch.setenv(key, value)

    said = podium("start", write())

    assert said.code == 2
    assert words in said.err


TEMPORAL = {
    "no port": ({"TEMPORAL_ADDRESS": "127.0.0.1:99999"}, "invalid port number; write HOST:PORT"),
    "no profile": ({"TEMPORAL_PROFILE": "nope"}, "Profile 'nope' not found"),
    "no certificate": ({"TEMPORAL_TLS_CLIENT_CERT_PATH": "/no/cert.pem"}, "'/no/cert.pem'"),
}


@pytest.mark.parametrize("name", TEMPORAL)
def test_settings_of_temporal_that_are_wrong_are_told(
    podium: Podium, write: Write, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings, words = TEMPORAL[name]
    for key, value in settings.items():
        monkeypatch.setenv(key, value)

    started = podium("start", write(), "--skip-preflight")
    watched = podium("watch", "podium/nightly/1")

    assert started.code == watched.code == 2
    assert words in started.err
    assert "TEMPORAL_" in watched.err
