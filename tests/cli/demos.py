"""The demo as a process of its own, and what it may leave behind: nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from starter.children import ROOT

MARK = "TESTED_DEMO"
"""In the environment of a demo and of all that it starts."""


def issues(count: int) -> list[dict[str, Any]]:
    """A pull request, and as many issues."""
    pull = {"number": 90, "title": "A pull request", "pull_request": {"url": "https://x.test/90"}}
    return [
        pull,
        *({"number": n, "title": f"Issue {n}", "body": None} for n in range(1, count + 1)),
    ]


@dataclass
class Demo:
    """A folder in which demos run, one after the other."""

    folder: Path
    count: int = 4

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def command(self, *words: str) -> list[str]:
        export = self.folder / "issues.json"
        export.write_text(json.dumps(issues(self.count)), encoding="utf-8")
        command = [sys.executable, "-m", "starter", "demo", "--mode", "timed"]
        return [*command, "--state-dir", str(self.state), "--issues", str(export), *words]

    def environment(self) -> dict[str, str]:
        return {**os.environ, MARK: str(self.folder)}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one to its end."""
        return subprocess.run(
            self.command(*words), cwd=ROOT, env=self.environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start one in a process group of its own, as a shell does."""
        with (self.folder / "demo.log").open("wb") as log:
            return subprocess.Popen(
                self.command(*words), cwd=ROOT, env=self.environment(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                process_group=0,
            )  # fmt: skip

    def said(self) -> str:
        return (self.folder / "demo.log").read_text(encoding="utf-8")

    def processes(self) -> list[psutil.Process]:
        """All that run for this folder's demos, descendants or not, by environment and command."""
        return [process for process in psutil.process_iter() if self._is_mine(process)]

    def _is_mine(self, process: psutil.Process) -> bool:
        try:
            marked = process.environ().get(MARK) == str(self.folder)
            named = any(str(self.state) in word for word in process.cmdline())
            alive = process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False
        return alive and (marked or named)

    def sandbox_state(self) -> dict[str, Any]:
        """What the sandbox has kept: issues, comments, runs."""
        (file,) = self.state.glob("github-*.json")
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found


def has_program(demo: Demo, words: str) -> Callable[[], bool]:
    """Make a look for a process of the demo whose command line has these words."""

    def look() -> bool:
        for process in demo.processes():
            try:
                if words in " ".join(process.cmdline()):
                    return True
            except psutil.Error:
                continue
        return False

    return look


def has_read(demo: Demo, library: str) -> Callable[[], bool]:
    """Make a look for a process of the demo that has loaded a shared library."""

    def look() -> bool:
        for process in demo.processes():
            try:
                if any(library in Path(one.path).name for one in process.memory_maps()):
                    return True
            except psutil.Error:
                continue
        return False

    return look
