"""Branches besides the default one: their commits live here, not in the served folder.

Whoever serves a folder expects it to stay as it is, so a branch is the default branch's
tree with changed files laid over it.
"""

import base64
import hashlib
from dataclasses import dataclass

from sandbox.hub import Hub
from sandbox.model import Repository
from sandbox.trees import blob_sha
from sandbox.wire import ApiError

_PROTECTED = "Repository rule violations found\n\nChanges must be made through a pull request."


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that differs between a branch and the default branch."""

    path: str
    status: str
    additions: int
    deletions: int
    sha: str


def create_branch(hub: Hub, repository: Repository, name: str, sha: str) -> None:
    """Make a branch at the commit of another.

    Raises:
        ApiError: 422 when it exists, or no branch is at that commit.
    """
    known = hub.branches(repository)
    if name in known:
        raise ApiError(422, "Reference already exists")
    origin = next((branch for branch, at in known.items() if at == sha), None)
    if origin is None:
        raise ApiError(422, "Object does not exist")
    repository.branches[name] = sha
    repository.changes[name] = dict(repository.changes.get(origin, {}))
    hub.changed()


def delete_branch(hub: Hub, repository: Repository, name: str) -> None:
    """Remove a branch.

    Raises:
        ApiError: 422 when there is none of that name, or it is the default one.
    """
    if name not in repository.branches:
        raise ApiError(422, "Reference does not exist")
    del repository.branches[name]
    repository.changes.pop(name, None)
    hub.changed()


def read_file(hub: Hub, repository: Repository, branch: str, path: str) -> bytes | None:
    """A file of a branch, or None."""
    changed = repository.changes.get(branch, {}).get(path)
    return hub.tree(repository).read(path) if changed is None else base64.b64decode(changed)


def list_folder(hub: Hub, repository: Repository, branch: str, path: str) -> list[str]:
    """The names in a folder of a branch; none when there is no such folder."""
    root = hub.tree(repository).folder.resolve()
    place = (root / path).resolve()
    names = set()
    if place.is_relative_to(root) and place.is_dir():
        names = {entry.name for entry in place.iterdir() if entry.name != ".git"}
    start = f"{path}/" if path else ""
    for changed in repository.changes.get(branch, {}):
        if changed.startswith(start):
            names.add(changed.removeprefix(start).split("/")[0])
    return sorted(names)


def write_file(
    hub: Hub, repository: Repository, branch: str, path: str, content: bytes, expected: str | None
) -> tuple[str, bool]:
    """Commit one file to a branch.

    Args:
        hub: where the branch is.
        repository: its repository.
        branch: its name.
        path: of the file.
        content: its new bytes.
        expected: blob id of the file that is replaced; None for a new file.

    Returns:
        The new commit's id, and whether the file is new.

    Raises:
        ApiError: 404 for an unknown branch, 409 for the default one or a file that has
            changed, 422 when `expected` is needed and missing.
    """
    if branch == repository.default_branch:
        raise ApiError(409, _PROTECTED)
    if branch not in repository.branches:
        raise ApiError(404, f"Branch {branch} not found")
    before = read_file(hub, repository, branch, path)
    if before is not None and expected is None:
        raise ApiError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if before is not None and expected != blob_sha(before):
        raise ApiError(409, f"{path} does not match {expected}")
    parent = repository.branches[branch]
    mark = f"{parent}\0{path}\0{blob_sha(content)}"
    sha = hashlib.sha1(mark.encode()).hexdigest()  # noqa: S324 - an id in git's form
    repository.changes.setdefault(branch, {})[path] = base64.b64encode(content).decode()
    repository.branches[branch] = sha
    hub.changed()
    return sha, before is None


def changes_of(hub: Hub, repository: Repository, branch: str) -> list[FileChange]:
    """What a branch changes against the default branch, by path."""
    tree, found = hub.tree(repository), []
    for path, encoded in sorted(repository.changes.get(branch, {}).items()):
        content, before = base64.b64decode(encoded), tree.read(path)
        if before != content:
            status = "added" if before is None else "modified"
            old, new = _lines(before or b""), _lines(content)
            sha = blob_sha(content)
            found.append(FileChange(path, status, len(new - old), len(old - new), sha))
    return found


def _lines(content: bytes) -> set[bytes]:
    return set(content.splitlines())
