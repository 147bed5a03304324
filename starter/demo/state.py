"""The demo's folder: what a second run finds again."""

import fcntl
import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starter.children import ROOT, is_free
from starter.exits import CliError
from starter.issue_export import read_issues
from starter.sandboxed import write_issues

EXAMPLE = ROOT / "examples" / "daily-issue-analysis"
SPEC = EXAMPLE / "orchestration.yml"
REPOSITORY = "octo-org/widgets"


@dataclass(frozen=True)
class DemoState:
    """Paths in the folder, and what is kept there."""

    folder: Path
    issues: list[dict[str, Any]]
    issues_file: Path
    export: str
    """Tells exports apart: their issues and runs share numbers, so that each has its own servers' files."""
    marker_key: str
    """Kept, so that Podium knows its own report issues of earlier runs."""
    token: str

    @property
    def database(self) -> Path:
        """Temporal's."""
        return self.folder / f"temporal-{self.export}.db"

    @property
    def sandbox_state(self) -> Path:
        """The sandbox's: issues, comments, runs."""
        return self.folder / f"github-{self.export}.json"

    @property
    def repository(self) -> Path:
        """The sample repository, as it is served."""
        return self.folder / "repository"

    @property
    def temporal_config(self) -> Path:
        """An empty profile file: the user's own profiles do not matter here."""
        return self.folder / "temporal.toml"

    def log(self, name: str) -> Path:
        """Name a child's log file."""
        return self.folder / f"{name}.log"

    def unfinished(self) -> str:
        """Read the workflow id of a run that was interrupted, or nothing."""
        return self._running.read_text().strip() if self._running.exists() else ""

    def begin(self, workflow_id: str) -> None:
        """Note that an orchestration runs."""
        self._running.write_text(workflow_id)

    def finish(self) -> None:
        """Note that it has ended."""
        self._running.unlink(missing_ok=True)

    def github_port(self, spare: int) -> int:
        """Choose the port of earlier runs where it is free: links in their reports still open."""
        kept = self.folder / "github-port"
        text = kept.read_text().strip() if kept.exists() else ""
        port = int(text) if text.isdigit() and is_free(int(text)) else spare
        kept.write_text(str(port))
        return port

    @property
    def _running(self) -> Path:
        return self.folder / f"running-{self.export}"


@contextmanager
def open_state(folder: Path, issues: Path | None) -> Iterator[DemoState]:
    """Prepare the folder, and keep other demos out of it.

    Raises:
        CliError: a broken export, a folder that cannot be written, or one in use.
    """
    found = read_issues(issues or EXAMPLE / "issues.json")
    folder = folder.resolve()
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = held.enter_context((folder / "lock").open("w"))
            _lock(lock.fileno(), folder)
            state = _prepare(folder, found)
        except OSError as error:
            raise CliError(f"--state-dir {folder}: {error.strerror or error}") from error
        yield state


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CliError(
            f"--state-dir {folder}: another demo is using it; end that one, or name another folder"
        ) from error


def _prepare(folder: Path, issues: list[dict[str, Any]]) -> DemoState:
    digest = hashlib.sha256(json.dumps(issues, sort_keys=True).encode()).hexdigest()[:12]
    state = DemoState(
        folder=folder,
        issues=issues,
        issues_file=write_issues(issues, folder / "issues.json"),
        export=digest,
        marker_key=_kept_secret(folder / "marker-key"),
        token=secrets.token_hex(20),
    )
    shutil.rmtree(state.repository, ignore_errors=True)
    shutil.copytree(EXAMPLE / "repository", state.repository)
    state.temporal_config.touch()
    return state


def _kept_secret(file: Path) -> str:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))
    return file.read_text().strip()
