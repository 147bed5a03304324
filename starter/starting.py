"""Starts one orchestration, and tells what is not started by that."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from contracts.base import clip
from contracts.names import TASK_QUEUE
from contracts.specs.common import Spec
from starter.exits import BAD_INPUT, UNREACHABLE, CliError
from starter.spec_file import SpecFile
from workflows import policies

MEMO_RETRY_OF = "podium_retry_of"
"""In the memo of a retry: the workflow id of the orchestration whose failed items these are."""
_ONCE = WorkflowIDReusePolicy.REJECT_DUPLICATE
_SUMMARY_BYTES = 400
"""Temporal's limit on a static summary."""
_DETAILS_CHARACTERS = 4_000
CALL = timedelta(seconds=10)
"""How long one call of Temporal may take."""
_AWAY = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)


def default_key(now: datetime) -> str:
    """Name a run by the UTC minute of its start, as `2026-11-24T0412Z`."""
    return now.strftime("%Y-%m-%dT%H%MZ")


def execution_timeout(spec: Spec) -> timedelta:
    """Temporal's own limit, behind the spec's deadline, which ends things in order."""
    return spec.deadline + policies.PAUSE_MAX + policies.DEADLINE_GRACE


async def start(
    client: Client,
    file: SpecFile,
    started_with: dict[str, Any],
    workflow_id: str,
    *,
    page: str = "",
    retry_of: str = "",
    once: bool = False,
) -> WorkflowHandle[Any, Any]:
    """Start an orchestration; sending the start again has no effect.

    Args:
        client: of the namespace that it shall run in.
        file: the spec.
        started_with: as rendered from it.
        workflow_id: must not be running.
        page: link to the repository, or nothing.
        retry_of: workflow id of the orchestration whose failed items these are, or nothing.
        once: the id may not have been used before, for as long as Temporal remembers it.

    Raises:
        CliError: the id is running (2), Temporal did not take the start (2) or is away (3).
        WorkflowAlreadyStartedError: with `once`, the id was used before.
    """
    try:
        with told_by_temporal("Temporal did not start it"):
            return await client.start_workflow(
                file.workflow_type,
                started_with,
                id=workflow_id,
                task_queue=TASK_QUEUE,
                execution_timeout=execution_timeout(file.spec),
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                id_reuse_policy=_ONCE
                if retry_of or once
                else WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                memo={MEMO_RETRY_OF: retry_of} if retry_of else None,
                static_summary=summary(file.spec),
                static_details=details(file, page, retry_of),
                rpc_timeout=CALL,
            )
    except WorkflowAlreadyStartedError as error:
        if once:
            raise
        raise CliError(
            f"{workflow_id} is running already (run {error.run_id}); follow it with `podium watch "
            f"{workflow_id}`, or start another with --key"
        ) from error


@contextmanager
def told_by_temporal(what: str) -> Iterator[None]:
    """Turn Temporal's refusals into an end of the command.

    Args:
        what: the message begins with it.

    Raises:
        CliError: Temporal refused (2), or is away (3).
    """
    try:
        yield
    except RPCError as error:
        code = UNREACHABLE if error.status in _AWAY else BAD_INPUT
        raise CliError(f"{what}: {error.message}", code) from error


async def unpolled(client: Client) -> bool:
    """Whether no Temporal Worker asks for orchestrations now; False where that cannot be told."""
    ask = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        answer = await client.workflow_service.describe_task_queue(ask, timeout=CALL)
    except RPCError:
        return False
    return not answer.pollers


def schedule_note(file: SpecFile) -> str:
    """Say how the spec's schedule becomes live; nothing where it has none."""
    schedule = file.spec.on.schedule
    if schedule is None:
        return ""
    return (
        f"on.schedule ({schedule.cron}) is not run by `start`; what makes it live: "
        f"podium schedules apply {shlex.quote(str(file.path))}"
    )


def summary(spec: Spec) -> str:
    """Say in one line what it is, for Temporal's pages."""
    text = f"{spec.name}: {spec.description or spec.pattern} ({spec.repository})"
    return text.encode()[:_SUMMARY_BYTES].decode(errors="ignore")


def details(file: SpecFile, page: str = "", retry_of: str = "") -> str:
    """Say what, where and how, for Temporal's pages; `page` is a link to the repository."""
    spec = file.spec
    where = f"[{spec.repository}]({page})" if page else spec.repository
    lines = [
        f"**What**: {spec.description or spec.name}",
        f"**Where**: {where}",
        f"**Pattern**: {spec.pattern}, at most {spec.max_parallel} at once",
        f"**Spec**: {file.path.name}",
    ]
    if retry_of:
        lines.append(f"**Retry of**: what failed in {retry_of}")
    if spec.owner:
        lines.append(f"**Owner**: {spec.owner}")
    return clip("\n\n".join(lines), _DETAILS_CHARACTERS)
