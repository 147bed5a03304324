"""A Temporal Worker that cannot start says why in one line, and exits by what is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from starter.children import ROOT, free_ports

FOREIGN = ("TEMPORAL_", "GITHUB_", "PODIUM_", "OTEL_")
GOOD = {"GITHUB_TOKEN": "a-token"}

WRONG: dict[str, tuple[dict[str, str], int, str]] = {
    "no level": (
        {**GOOD, "PODIUM_LOG_LEVEL": "loud"}, 2,
        "PODIUM_LOG_LEVEL='loud' is no level: write DEBUG, INFO, WARNING, ERROR, CRITICAL",
    ),
    "no credentials": ({}, 2, "no GitHub credentials: set GITHUB_TOKEN"),
    "no seconds": ({**GOOD, "PODIUM_SETTLE_SECONDS": "nan"}, 2, "is no number of seconds"),
    "no address": ({**GOOD, "TEMPORAL_ADDRESS": "127.0.0.1:99999"}, 2, "write HOST:PORT"),
    "no profile": ({**GOOD, "TEMPORAL_PROFILE": "nope"}, 2, "Profile 'nope' not found"),
    "no server": (
        {**GOOD, "TEMPORAL_ADDRESS": f"127.0.0.1:{free_ports(1)[0]}"}, 3, "cannot reach Temporal",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_worker_that_cannot_start_says_why_and_exits(tmp_path: Path, name: str) -> None:
    settings, code, words = WRONG[name]
    profiles = tmp_path / "temporal.toml"
    profiles.touch()
    own = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}

    ended = subprocess.run(
        [sys.executable, "worker_main.py"],
        cwd=ROOT, env=own | {"TEMPORAL_CONFIG_FILE": str(profiles)} | settings,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    (line,) = ended.stderr.splitlines()
    told = json.loads(line)
    assert ended.returncode == code
    assert told["message"] == "cannot start"
    assert words in told["reason"]
