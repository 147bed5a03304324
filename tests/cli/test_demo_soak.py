"""The demo fifty times: a process in which a Temporal client ran must not abort as it ends."""

from pathlib import Path

import pytest

from tests.cli.demos import Demo

RUNS = 50


@pytest.mark.soak
@pytest.mark.timeout(3_000)
def test_fifty_demos_in_a_row_all_exit_0(clean_environment: None, tmp_path: Path) -> None:
    demo = Demo(tmp_path, count=2)

    for run in range(1, RUNS + 1):
        ended = demo.run()
        assert ended.returncode == 0, f"run {run}: {ended.stdout}{ended.stderr}"
        assert ended.stderr == "", f"run {run}"
        assert demo.processes() == [], f"run {run}"
        for log in ("worker.log", "temporal.log", "sandbox.log"):
            said = (demo.state / log).read_text(encoding="utf-8", errors="replace")
            assert "Fatal Python error" not in said, f"run {run}: {log}"
            assert "panicked" not in said, f"run {run}: {log}"
