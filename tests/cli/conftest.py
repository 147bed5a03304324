"""The command line as people run it, in this process, and servers for it to talk to."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.capture import CaptureFixture

from starter.cli import main
from tests.cli.backstage import CLI_TOKEN, MARKER_KEY, Backstage, open_backstage
from tests.cli.specs import GOOD
from tests.system.stand import TOKEN

FOREIGN = ("TEMPORAL_", "GITHUB_", "PODIUM_", "OTEL_")


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


Podium = Callable[..., Said]
Write = Callable[..., Path]


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of whoever runs the tests, and no proxy between the test and its servers."""
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)
    profiles = tmp_path / "temporal.toml"
    profiles.touch()
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(profiles))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def podium(
    clean_environment: None, monkeypatch: pytest.MonkeyPatch, capsys: CaptureFixture[str]
) -> Iterator[Podium]:
    """Run a command in this process; an exception that leaves it fails the test."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.getsignal(number)) for number in numbers]

    def run(*words: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["podium", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(code, said.out, said.err)

    yield run
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a spec file: one that is right, with texts of it replaced and more below."""

    def spec(replaced: dict[str, str] | None = None, more: str = "") -> Path:
        text = GOOD
        for old, new in (replaced or {}).items():
            assert old in text, f"nothing to replace: {old}"
            text = text.replace(old, new)
        file = tmp_path / "spec.yml"
        file.write_text(text + more, encoding="utf-8")
        return file

    return spec


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backstage]:
    """Temporal, a sandbox and a Temporal Worker for all tests of a process."""
    with open_backstage(tmp_path_factory.mktemp("servers")) as opened:
        yield opened


@pytest.fixture
def backstage(
    servers: Backstage, clean_environment: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Backstage]:
    """These servers, named in the environment of the command, as they were at first."""
    assert CLI_TOKEN != TOKEN, "the ledger tells the command line and the Temporal Worker apart"
    monkeypatch.setenv("TEMPORAL_ADDRESS", servers.stand.address)
    monkeypatch.setenv("GITHUB_API_URL", servers.stand.sandbox.api_url)
    monkeypatch.setenv("GITHUB_TOKEN", CLI_TOKEN)
    monkeypatch.setenv("PODIUM_MARKER_KEY", MARKER_KEY)
    servers.control.timed([])
    servers.forget_failures()
    yield servers
    servers.control.clear_faults()
    servers.control.settings(disabled_workflows=[])
    servers.control.release()
