"""The running sandbox's parts in one place, and how to look things up in them."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from sandbox.apps import Apps
from sandbox.artifacts import Artifacts
from sandbox.identities import Identities, Identity
from sandbox.issue_shapes import IssueShapes
from sandbox.ledger import Ledger
from sandbox.model import Comment, Issue, Repository, Run, WorkflowEntry, World
from sandbox.run_shapes import RunShapes
from sandbox.runs.workflow_file import WorkflowFile, WorkflowFileError, parse_workflow
from sandbox.settings import Settings
from sandbox.shapes import Shapes
from sandbox.trees import Tree, Trees
from sandbox.wire import ApiError, not_found, now


class Hub:
    """What every handler works on.

    Attributes:
        api_url: where this GitHub answers, without a slash at the end.
        blob_url: the other origin, which serves archives only.
        data_folder: keeps artifact zips and files given inline.
        changed: called after each change of state that should be saved.
        run_changed, issue_opened, commented: called with what there is to tell by webhook.
    """

    def __init__(
        self, api_url: str, blob_url: str, data_folder: Path, scratch: Path, world: World
    ) -> None:
        self.api_url = api_url
        self.blob_url = blob_url
        self.data_folder = data_folder
        self.world = world
        self.settings = Settings()
        self.identities = Identities()
        self.apps = Apps(self.identities, world)
        self.ledger = Ledger()
        self.trees = Trees(scratch / "trees", own=(scratch, data_folder))
        self.shapes = Shapes(api_url)
        self.run_shapes = RunShapes(self.shapes)
        self.issue_shapes = IssueShapes(self.shapes)
        artifact_folder = data_folder / "artifacts"
        artifact_folder.mkdir(parents=True, exist_ok=True)
        self.artifacts = Artifacts(world, artifact_folder)
        self.changed: Callable[[], None] = lambda: None
        self.run_changed: Callable[[Run], None] = lambda _: None
        self.issue_opened: Callable[[Repository, Issue], None] = lambda *_: None
        self.commented: Callable[[Repository, Comment, str, str | None], None] = lambda *_: None
        self._background: set[asyncio.Task[object]] = set()
        self._parsed: dict[tuple[str, str], WorkflowFile | WorkflowFileError] = {}

    def background(self, work: Coroutine[Any, Any, object]) -> None:
        """Run something that nobody waits for, kept alive until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def add_token(
        self, login: str, token: str | None = None, scopes: str | None = None
    ) -> Identity:
        """Let a token speak for a login; without one, make one up."""
        return self.identities.add(token or f"ghp_{secrets.token_hex(18)}", login, scopes)

    def repository(self, owner: str, name: str) -> Repository:
        """A repository by name, in any case.

        Raises:
            ApiError: 404.
        """
        found = self.world.repositories.get(f"{owner}/{name}".lower())
        if found is None:
            raise not_found()
        return found

    def add_repository(self, full_name: str, folder: Path) -> Repository:
        """Serve a folder as `owner/name`; an existing repository keeps its state.

        Raises:
            ValueError: the name is not `owner/name`, or the folder cannot be served.
        """
        owner, _, name = full_name.partition("/")
        if not owner or not name or "/" in name:
            raise ValueError(f"A repository is named OWNER/NAME, not {full_name!r}")
        known = self.world.repositories.get(full_name.lower())
        if known is None:
            known = Repository(self.world.new_id(), owner, name, str(folder), now())
            self.world.repositories[full_name.lower()] = known
        known.folder = str(folder.resolve())
        self.trees.look_again(known.folder)
        self.workflows(known)
        self.changed()
        return known

    def tree(self, repository: Repository) -> Tree:
        """The default branch's files as they are now."""
        return self.trees.current(repository.folder, repository.default_branch)

    def branches(self, repository: Repository) -> dict[str, str]:
        """The commit of every branch."""
        return {repository.default_branch: self.tree(repository).sha} | repository.branches

    def resolve_ref(self, repository: Repository, ref: str) -> tuple[str, str] | None:
        """A branch (or `refs/heads/` name, or commit) as branch name and commit id."""
        branches = self.branches(repository)
        name = ref.removeprefix("refs/heads/")
        if name == "HEAD":
            name = repository.default_branch
        if name in branches:
            return name, branches[name]
        return next(((branch, sha) for branch, sha in branches.items() if sha == ref), None)

    def workflows(self, repository: Repository) -> list[WorkflowEntry]:
        """The workflow files that exist now, each with a number it keeps."""
        paths = self.tree(repository).workflow_paths()
        for path in paths:
            if path not in repository.workflows:
                number = self.world.new_id()
                repository.workflows[path] = WorkflowEntry(number, path, now())
        entries = [repository.workflows[path] for path in paths]
        for entry in entries:
            off = entry.path.rsplit("/", 1)[-1] in self.settings.disabled_workflows
            entry.state = "disabled_manually" if off else "active"
        return entries

    def workflow(self, repository: Repository, key: str) -> WorkflowEntry:
        """A workflow by number or file name.

        Raises:
            ApiError: 404.
        """
        for entry in self.workflows(repository):
            if key in {str(entry.id), entry.path, entry.path.rsplit("/", 1)[-1]}:
                return entry
        raise not_found()

    def workflow_file(self, repository: Repository, path: str) -> WorkflowFile:
        """A workflow file as it is now.

        Raises:
            ApiError: 422 when it is not a workflow at all.
        """
        tree = self.tree(repository)
        parsed = self._parsed.get((tree.sha, path))
        if parsed is None:
            parsed = _parse(path, tree)
            self._parsed[tree.sha, path] = parsed
        if isinstance(parsed, WorkflowFileError):
            raise ApiError(422, f"Failed to parse workflow: {parsed}")
        return parsed

    def workflow_name(self, repository: Repository, path: str) -> str:
        """A workflow's name; its path when it has none or cannot be read."""
        try:
            return self.workflow_file(repository, path).name
        except ApiError:
            return path

    def run(self, repository: Repository, number: int) -> Run:
        """A run of a repository.

        Raises:
            ApiError: 404.
        """
        run = self.world.runs.get(number)
        if run is None or run.repository != repository.full_name:
            raise not_found()
        return run


def _parse(path: str, tree: Tree) -> WorkflowFile | WorkflowFileError:
    content = tree.read(path) or b""
    try:
        return parse_workflow(path, content.decode("utf-8", "replace"))
    except WorkflowFileError as error:
        return error
