"""Snapshots of the folders that repositories serve: each is a git commit of its own.

`act` reads branch and commit from git, and steps expect a work tree; the folder itself is
never touched. A changed folder becomes a new commit at the next look, with an id that
depends on the content alone.
"""

import hashlib
import os
import shutil
import subprocess  # nosec - git with fixed arguments
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MAX_FILES = 5_000
_LOOK_EVERY_SECONDS = 0.2
_COMMIT_DATE = "2024-01-01T00:00:00Z"
_IGNORED = frozenset({".git", "__pycache__", ".venv", "node_modules"})


@dataclass(frozen=True, slots=True)
class Tree:
    """One snapshot: the commit's id and the folder that holds its files and `.git`."""

    sha: str
    folder: Path

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, or None when there is no such file in the tree."""
        target = (self.folder / path).resolve()
        if not target.is_relative_to(self.folder.resolve()) or not target.is_file():
            return None
        return target.read_bytes()

    def workflow_paths(self) -> list[str]:
        """Paths of the workflow files, in order of name."""
        folder = self.folder / ".github" / "workflows"
        if not folder.is_dir():
            return []
        names = sorted(p.name for p in folder.iterdir() if p.suffix in {".yml", ".yaml"})
        return [f".github/workflows/{name}" for name in names]


class Trees:
    """The current snapshot of every served folder."""

    def __init__(self, folder: Path, own: Iterable[Path] = ()) -> None:
        """Nothing is taken yet.

        Args:
            folder: holds the snapshots.
            own: folders of the sandbox itself; no snapshot holds them, or it would hold itself.
        """
        self._folder = folder
        self._own = frozenset(str(one.resolve()) for one in own)
        self._by_sha: dict[str, Tree] = {}
        self._known: dict[tuple[str, str], tuple[float, str, Tree]] = {}

    def current(self, source: str, branch: str) -> Tree:
        """The snapshot of a folder as it is now (at most 0.2 s old).

        Raises:
            ValueError: the folder is missing, the sandbox's own, or holds more than 5,000 files.
        """
        key, moment = (source, branch), time.monotonic()
        known = self._known.get(key)
        if known and moment - known[0] < _LOOK_EVERY_SECONDS:
            return known[2]
        mark = self._fingerprint(Path(source))
        tree = known[2] if known and known[1] == mark else self._take(Path(source), branch, mark)
        self._known[key] = (moment, mark, tree)
        self._by_sha[tree.sha] = tree
        return tree

    def look_again(self, source: str) -> None:
        """Look at a folder at the next use, however soon that is."""
        self._known = {key: known for key, known in self._known.items() if key[0] != source}

    def by_sha(self, sha: str) -> Tree | None:
        """A snapshot taken earlier, or None."""
        return self._by_sha.get(sha)

    def _take(self, source: Path, branch: str, mark: str) -> Tree:
        place = hashlib.sha256(f"{source}\0{branch}\0{mark}".encode()).hexdigest()[:24]
        folder = self._folder / place
        if not folder.exists():
            # A link stays one, as on GitHub; followed, it may lead to what holds it.
            shutil.copytree(source, folder, symlinks=True, ignore=self._left_out)
            _git(folder, "init", "--quiet", "--template=", "--initial-branch", branch)
            _git(folder, "remote", "add", "origin", f"https://localhost/{source.name}.git")
            _git(folder, "add", "--all", "--force")
            _git(folder, "commit", "--quiet", "--allow-empty", "-m", "Snapshot")
        return Tree(_git(folder, "rev-parse", "HEAD").strip(), folder)

    def _left_out(self, folder: str, names: Iterable[str]) -> set[str]:
        return {n for n in names if n in _IGNORED or os.path.join(folder, n) in self._own}  # noqa: PTH118 - as `_own` has it

    def _fingerprint(self, source: Path) -> str:
        if not source.is_dir():
            raise ValueError(f"There is no folder {source}")
        if str(source.resolve()) in self._own:
            raise ValueError(f"{source} is the sandbox's own scratch folder; serve another one")
        digest, count = hashlib.sha256(), 0
        for folder, names, files in os.walk(source):
            names[:] = sorted(set(names) - self._left_out(folder, names))
            links = [name for name in names if (Path(folder) / name).is_symlink()]
            for name in sorted([*files, *links]):
                stat = (Path(folder) / name).lstat()
                digest.update(f"{folder}/{name}\0{stat.st_mtime_ns}\0{stat.st_size}\n".encode())
                count += 1
            if count > MAX_FILES:
                raise ValueError(f"{source} holds more than {MAX_FILES} files")
        return digest.hexdigest()


def blob_sha(content: bytes) -> str:
    """The id that git gives to a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324 - git's own


def _git(folder: Path, *arguments: str) -> str:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "sandbox",
        "GIT_AUTHOR_EMAIL": "sandbox@localhost",
        "GIT_COMMITTER_NAME": "sandbox",
        "GIT_COMMITTER_EMAIL": "sandbox@localhost",
        "GIT_AUTHOR_DATE": _COMMIT_DATE,
        "GIT_COMMITTER_DATE": _COMMIT_DATE,
    }
    return subprocess.run(  # noqa: S603 - fixed program, arguments of our own
        ["git", *arguments],  # noqa: S607 - git is found where the user has it
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
