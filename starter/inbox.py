"""The inbox of gates over all orchestrations of a namespace, and answers from the command line."""

import asyncio
import getpass
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError
from temporalio.client import (
    Client,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from contracts.gates import Decide, OpenGate
from contracts.names import ATTRIBUTE_WAITING_FOR, QUERY_GATES, UPDATE_DECIDE
from starter.exits import NOT_SUCCEEDED, UNREACHABLE, CliError
from starter.follow import not_found

MAX_RUNS = 500
"""Runs that one look asks."""
_AT_ONCE = 10
_CALL = timedelta(seconds=5)
_UPDATE = timedelta(seconds=30)
_WAITING = f"ExecutionStatus = 'Running' AND {ATTRIBUTE_WAITING_FOR} IS NOT NULL"
_GATES: TypeAdapter[list[OpenGate]] = TypeAdapter(list[OpenGate])


@dataclass(frozen=True)
class Waiting:
    """A run that waits for people; without gates where it did not tell them."""

    run: str
    gates: tuple[OpenGate, ...]
    untold: str = ""


async def inbox(client: Client) -> list[Waiting]:
    """Ask every run that waits for people what it asks; the one that ends first comes first.

    Raises:
        CliError: Temporal did not answer.
    """
    slots = asyncio.Semaphore(_AT_ONCE)

    async def ask(run: str) -> Waiting:
        async with slots:
            return await _gates_of(client, run)

    try:
        found = [one.id async for one in client.list_workflows(_WAITING, limit=MAX_RUNS)]
    except RPCError as error:
        raise CliError(f"Temporal did not answer: {error.message}", UNREACHABLE) from error
    waiting = await asyncio.gather(*(ask(run) for run in found))
    last = datetime.max.replace(tzinfo=UTC)
    return sorted(waiting, key=lambda one: min((g.until for g in one.gates), default=last))


async def decide(client: Client, run: str, answer: Decide) -> OpenGate | None:
    """Answer a gate by the update `decide`; the gate as it then stands, where it is told.

    Raises:
        CliError: no such run (2), the answer does not count, with the reason (1), or nobody took
            it in time (3).
    """
    handle = client.get_workflow_handle(run)
    try:
        told: Any = await handle.execute_update(UPDATE_DECIDE, answer, rpc_timeout=_UPDATE)
    except WorkflowUpdateFailedError as error:
        cause = error.cause
        reason = cause.message if isinstance(cause, ApplicationError) else str(cause)
        raise CliError(f"it does not count: {reason}", NOT_SUCCEEDED) from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise CliError(await _why_not(client, run)) from error
        raise CliError(
            f"not taken: {error.message}; is a Temporal Worker running? "
            "It may have been taken all the same: podium gates",
            UNREACHABLE,
        ) from error
    try:
        return OpenGate.model_validate(told)
    except ValidationError:
        return None


def somebody() -> str:
    """Name whoever sits here, as far as this machine knows: in Actions, who started the job."""
    try:
        return os.environ.get("GITHUB_ACTOR") or getpass.getuser()
    except (KeyError, OSError):
        raise CliError("nobody is logged in here: say --approver LOGIN") from None


async def _gates_of(client: Client, run: str) -> Waiting:
    try:
        told = await client.get_workflow_handle(run).query(QUERY_GATES, rpc_timeout=_CALL)
        return Waiting(run, tuple(_GATES.validate_python(told)))
    except (WorkflowQueryFailedError, RPCError, ValidationError) as error:
        return Waiting(run, (), f"it does not tell its gates: {str(error)[:100]}")


async def _why_not(client: Client, run: str) -> str:
    """Tell a run that has ended from one that never was."""
    try:
        status = (await client.get_workflow_handle(run).describe(rpc_timeout=_CALL)).status
    except RPCError:
        return await not_found(client, run)
    return f"{run} has ended ({status.name.lower() if status else 'unknown'}): nothing to decide"
