"""How a process of the command line ends: by its own exit code, whatever the interpreter does."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from starter.children import ROOT
from tests.cli.backstage import Backstage
from tests.cli.conftest import Write

PROCESSES = 100

ABORTING = """\
import atexit, os, runpy, sys
atexit.register(os.abort)
sys.argv = ["podium", *sys.argv[1:]]
runpy.run_module("starter", run_name="__main__")
"""
"""`podium` in an interpreter whose clean-up aborts, as it does now and then after Temporal's client
was used (sdk-python issue 300)."""


def ended(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, words)], cwd=ROOT, env=os.environ, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_an_abort_of_the_interpreter_changes_no_exit_code(write: Write, tmp_path: Path) -> None:
    good = ended("-c", ABORTING, "render", write())
    bad = ended("-c", ABORTING, "render", tmp_path / "missing.yml")

    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.endswith("}\n"), "all of it is written to the pipe"
    assert bad.returncode == 2
    assert bad.stderr.endswith("cannot be read: No such file or directory\n")


@pytest.mark.parametrize(
    ("main", "code", "told"),
    [
        ("lambda: sys.exit(3)", 3, ""),
        ("lambda: sys.exit(None)", 0, ""),
        ("lambda: sys.exit('in words')", 1, "in words\n"),
        ("lambda: print('x', end='')", 0, ""),
        ("lambda: 1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("lambda: (setattr(sys, 'stdout', open('/dev/full', 'w')), print('lost'))", 1, ""),
    ],
    ids=["a code", "no code", "words", "no exit", "an error", "output that nobody gets"],
)
def test_a_process_ends_as_the_interpreter_would_end_it(main: str, code: int, told: str) -> None:
    said = ended("-c", f"import sys; from starter.exits import leave; leave({main})")

    assert said.returncode == code
    assert said.stderr.endswith(told)
    assert ("Traceback" in said.stderr) == ("Error" in told)


@pytest.mark.soak
def test_no_start_aborts(backstage: Backstage, write: Write) -> None:
    """One in forty did when the interpreter cleaned up."""
    spec = write()
    ends: Counter[tuple[int, str]] = Counter()

    for _ in range(PROCESSES):
        name = f"podium/nightly/{uuid4().hex}"
        said = ended("-m", "starter", "start", spec, "--workflow-id", name)
        ends[said.returncode, said.stderr] += 1

    assert ends == {(0, ""): PROCESSES}
