"""Walks through a page as its reader would: writes its files, runs its commands."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.pages import ROOT, Block

_LOOK = 0.05
_START_SECONDS = 60.0
_RUN_SECONDS = 120.0


@dataclass
class Walk:
    """One reader: a home folder, free ports in place of the page's, and terminals."""

    home: Path
    replaced: Mapping[str, str]
    """Words of the page, and what stands in for them here."""
    terminals: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def write(self, block: Block) -> Path:
        """Write a block to the file that its info string names."""
        file = self.home / block.about.removeprefix("~/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self._here(block.text))
        return file

    def run(self, block: Block) -> str:
        """Run a block to its end; all that it said."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._here(block.text)],
            cwd=ROOT,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_RUN_SECONDS,
            check=False,
        )
        said = done.stdout.decode()
        assert done.returncode == 0, f"{block.place} ended with {done.returncode}:\n{said}"
        return said

    def keep(self, block: Block, ready: str) -> None:
        """Run a block in a terminal of its own, until its log, or its port, says that it is up."""
        log = self.home / f"{block.about}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", self._here(block.text)],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.terminals.append(process)
        end = time.monotonic() + _START_SECONDS
        while not (_listens(ready) if ready.isdigit() else ready in log.read_text()):
            alive = process.poll() is None and time.monotonic() < end
            assert alive, f"{block.place} does not come up:\n{log.read_text()}"
            time.sleep(_LOOK)

    def close(self) -> None:
        """End all terminals, the last one first."""
        for process in reversed(self.terminals):
            for number in (signal.SIGTERM, signal.SIGKILL):
                if process.poll() is None:
                    os.killpg(process.pid, number)
                try:
                    process.wait(15)
                    break
                except subprocess.TimeoutExpired:
                    continue

    def _here(self, text: str) -> str:
        for word, stand_in in self.replaced.items():
            text = text.replace(word, stand_in)
        return text

    def _environment(self) -> dict[str, str]:
        """No setting of whoever runs the tests: the page must say all that is needed."""
        who = {"NAME": "A Reader", "EMAIL": "reader@example.com"}
        git = {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in who.items()}
        return git | {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "NO_PROXY": "127.0.0.1,localhost",
            "COLUMNS": "200",
        }


def _listens(port: str) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", int(port))) == 0
