"""The files of a repository at one commit, read through the contents API within fixed bounds.

A repository beyond a bound is not scanned in part: findings of a half would look like all.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from github_api import GitHubApi, GitHubError

MAX_FILES = 400
"""Files that are read, one request each; GitHub lists at most 1,000 entries of a folder."""

MAX_FOLDERS = 150
MAX_DEPTH = 20
MAX_FILE_BYTES = 1024 * 1024
"""The contents API gives no larger file as JSON."""

MAX_BYTES = 16 * 1024 * 1024
"""Of all files that are read."""

_NOT_FOUND = 404
_NOT_READ = frozenset({".git", "node_modules", "third_party", "vendor"})
_LOCKS = frozenset(
    {"cargo.lock", "composer.lock", "go.sum", "package-lock.json", "pnpm-lock.yaml", "poetry.lock"}
    | {"uv.lock", "yarn.lock"}
)
_BINARY = (
    *(".7z", ".bin", ".bz2", ".class", ".dll", ".exe", ".gif", ".gz", ".ico", ".jar", ".jpeg"),
    *(".jpg", ".mp3", ".mp4", ".o", ".otf", ".parquet", ".pdf", ".png", ".pyc", ".so", ".tar"),
    *(".ttf", ".wasm", ".webp", ".whl", ".woff", ".woff2", ".xz", ".zip"),
)


class BeyondLimitError(Exception):
    """More than can be read within the bounds; the message says of what."""


@dataclass(frozen=True)
class Commit:
    """What is scanned: the newest commit of the default branch."""

    repository: str
    branch: str
    sha: str
    url: str

    @property
    def ref(self) -> str:
        """The branch in full, as uploads of code scanning name it."""
        return f"refs/heads/{self.branch}"


@dataclass
class Files:
    """The files at a commit.

    Attributes:
        skipped: paths of texts that were not read, each with the reason.
    """

    api: GitHubApi
    commit: Commit
    skipped: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of each text file, by path.

        Raises:
            BeyondLimitError: before any file is read.
            GitHubError: as `GitHubApi.get` does.
        """
        for path in sorted(self._paths()):
            content = self._content(path)
            if content is not None and b"\0" not in content[:8_000]:
                yield path, content

    def _paths(self) -> list[str]:
        found: list[str] = []
        folders, size = [""], 0
        for seen, folder in enumerate(folders, 1):
            if seen > MAX_FOLDERS or folder.count("/") >= MAX_DEPTH:
                raise BeyondLimitError(f"more than {MAX_FOLDERS} folders, or {MAX_DEPTH} levels")
            for entry in self._listed(folder):
                name, path = str(entry["name"]), str(entry["path"])
                if entry["type"] == "dir" and name not in _NOT_READ:
                    folders.append(path)
                elif entry["type"] == "file" and self._is_wanted(name, path, entry):
                    found.append(path)
                    size += int(entry.get("size") or 0)
            if len(found) > MAX_FILES or size > MAX_BYTES:
                raise BeyondLimitError(f"more than {MAX_FILES} files or {MAX_BYTES} bytes to read")
        return found

    def _listed(self, folder: str) -> list[dict[str, Any]]:
        try:
            listed = self.api.get(self._url(folder))
        except GitHubError as error:
            if error.status == _NOT_FOUND and not folder:  # a commit without files
                return []
            raise
        return listed if isinstance(listed, list) else []

    def _is_wanted(self, name: str, path: str, entry: dict[str, Any]) -> bool:
        if name.lower() in _LOCKS or name.lower().endswith(_BINARY):
            return False
        if int(entry.get("size") or 0) > MAX_FILE_BYTES:
            self.skipped[path] = f"larger than {MAX_FILE_BYTES} bytes"
            return False
        return True

    def _content(self, path: str) -> bytes | None:
        file = self.api.get(self._url(path))
        encoded = file.get("content") if isinstance(file, dict) else None
        if not isinstance(encoded, str) or file.get("encoding") != "base64":
            self.skipped[path] = "GitHub gives no content"
            return None
        try:
            return base64.b64decode(encoded)
        except binascii.Error:
            self.skipped[path] = "its content is no base64"
            return None

    def _url(self, path: str) -> str:
        inner = f"/{quote(path)}" if path else ""
        return f"/repos/{self.commit.repository}/contents{inner}?ref={self.commit.sha}"


def newest_commit(api: GitHubApi, repository: str) -> Commit:
    """Read the newest commit of the default branch.

    Raises:
        GitHubError: status 404 where there is none that this token may read.
    """
    about = api.get(f"/repos/{repository}")
    branch = str(about["default_branch"])
    head = api.get(f"/repos/{repository}/commits/{quote(branch, safe='')}")
    return Commit(str(about["full_name"]), branch, str(head["sha"]), str(about["html_url"]))
