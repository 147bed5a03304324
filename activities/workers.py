"""What a worker's workflow file declares."""

import difflib
import re
from typing import Any

import yaml
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import yaml12
from activities.github import GitHub, NotFoundError
from activities.github.errors import told_to_temporal
from contracts import errors
from contracts.base import KIB
from contracts.expressions import to_text
from contracts.names import AW_CONTEXT_INPUT, is_agentic, workflow_file
from contracts.runs import DescribeWorker, WorkerDescription
from contracts.worker import WorkerDeclaration, WorkerInput

FOLDER = ".github/workflows"
_MAX_DECLARED = 128 * KIB
"""Of what a file declares: with a file in each repository, each is in the history."""
_READ_BY_ALL = re.compile(r"secrets\.github_token\b")


class WorkerActivities:
    """Reads worker files through the API, as GitHub itself will run them."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    @activity.defn(name="github.worker.describe")
    async def describe(self, ask: DescribeWorker) -> WorkerDescription:
        """Read a worker's declaration at its ref.

        Raises:
            ApplicationError: `BadSpec`, final: no such file (the nearest one is named), or one
                that is no workflow; GitHub's own errors as everywhere.
        """
        with told_to_temporal():
            return await self._github.call(self._describe, ask)

    def _describe(self, ask: DescribeWorker) -> WorkerDescription:
        repositories = self._github.repositories
        ref = ask.ref or str(repositories.get(ask.repository)["default_branch"])
        file = workflow_file(ask.workflow)
        path = f"{FOLDER}/{file}"
        try:
            text = repositories.text(ask.repository, path, ref)
        except NotFoundError as error:
            there = repositories.names(ask.repository, FOLDER, ref)
            raise _bad(_not_there(ask, ref, there)) from error
        return WorkerDescription(declaration=parse_worker(file, text), ref=ref)


def parse_worker(workflow: str, text: str) -> WorkerDeclaration:
    """Read a workflow file's name, `run-name` and `workflow_dispatch` inputs.

    Raises:
        ApplicationError: `BadSpec`, when the file is no workflow.
    """
    try:
        data = yaml12.load(text)
    except yaml.YAMLError as error:
        raise _bad(f"{workflow} is no YAML: {error}") from error
    if not isinstance(data, dict) or "on" not in data:
        raise _bad(f"{workflow} is no workflow: it has no `on:`")
    triggers = data["on"]
    if not isinstance(triggers, str | list | dict):
        raise _bad(f"{workflow} is no workflow: `on:` holds no event")
    names = [triggers] if isinstance(triggers, str) else list(triggers)
    dispatch = triggers.get("workflow_dispatch") if isinstance(triggers, dict) else None
    inputs = dispatch.get("inputs") if isinstance(dispatch, dict) else None
    declared = WorkerDeclaration(
        workflow=workflow,
        name=str(data.get("name") or workflow),
        dispatchable="workflow_dispatch" in names,
        inputs={str(name): _input(one) for name, one in (inputs or {}).items()},
        run_name=str(data.get("run-name") or ""),
        writes=_writes(data, text),
        agentic=is_agentic(workflow) or AW_CONTEXT_INPUT in (inputs or {}),
    )
    if len(declared.model_dump_json()) > _MAX_DECLARED:
        raise _bad(f"{workflow} declares more than {_MAX_DECLARED // KIB} KiB of inputs")
    return declared


def _writes(data: dict[str, Any], text: str) -> str:
    """Say why a run may write somewhere; nothing where its file leaves it no way.

    What the file does not say counts as leave: the default permissions of a repository may be to
    write, and a secret or a machine of one's own can reach anything.
    """
    words = _READ_BY_ALL.sub("", text.lower())
    if "secrets" in words:
        return "it reads secrets"
    if "self-hosted" in words:
        return "it runs on machines of one's own"
    jobs = data.get("jobs")
    found = jobs.values() if isinstance(jobs, dict) else ()
    parts = [one for one in found if isinstance(one, dict)]
    if any("environment" in job for job in parts):
        return "it deploys to an environment"
    for job in parts or [data]:
        if not _reads(job.get("permissions", data.get("permissions"))):
            return "its permissions are more than read"
    return ""


def _reads(permissions: Any) -> bool:
    """Whether permissions are said, and let nothing be written."""
    if isinstance(permissions, dict):
        return all(one in ("read", "none") for one in permissions.values())
    return bool(permissions == "read-all")


def _input(data: Any) -> WorkerInput:
    one = data if isinstance(data, dict) else {}
    default = one.get("default")
    return WorkerInput(
        type=one.get("type") or "string",
        required=bool(one.get("required")),
        default=None if default is None else to_text(default),
        options=tuple(to_text(option) for option in one.get("options") or ()),
    )


def _not_there(ask: DescribeWorker, ref: str, there: list[str]) -> str:
    if ask.workflow in there:
        return (
            f"worker.workflow: {ask.repository} has {ask.workflow} at {ref} and not what it is "
            f"compiled to, {workflow_file(ask.workflow)}; run gh aw compile, and commit both"
        )
    near = difflib.get_close_matches(ask.workflow, there, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"there: {', '.join(there) or 'nothing'}"
    return f"worker.workflow: {ask.repository} has no {FOLDER}/{ask.workflow} at {ref}; {hint}"


def _bad(message: str) -> ApplicationError:
    return ApplicationError(message, type=errors.BAD_SPEC, non_retryable=True)
