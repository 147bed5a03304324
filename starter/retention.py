"""How long Temporal keeps what has ended, held against how long a trail must be there.

A chain's first run ends long before its last, and its retention begins then: so the namespace must keep
runs for the longest deadline and the audit period together.
"""

from collections.abc import Mapping
from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from contracts.base import bounded, format_duration, parse_duration
from starter.exits import CliError
from starter.starting import CALL

AUDIT_PERIOD = "PODIUM_AUDIT_PERIOD"
LONGEST_DEADLINE = "PODIUM_LONGEST_DEADLINE"
STRICT = "PODIUM_STRICT"
DEFAULT_PERIOD = timedelta(days=7)
DEFAULT_DEADLINE = timedelta(hours=6)
"""That of a spec that says none."""


def is_enforced(environment: Mapping[str, str]) -> bool:
    """Whether too short a retention stops what asks: where an operator said how long, or is strict."""
    return bool(environment.get(AUDIT_PERIOD)) or environment.get(STRICT) == "1"


def needed(environment: Mapping[str, str], deadline: timedelta | None = None) -> timedelta:
    """Say how long runs must be kept.

    Args:
        environment: with the settings.
        deadline: of one spec; the longest of all where left out.

    Raises:
        CliError: a setting that is no duration.
    """
    longest = deadline or _duration(environment, LONGEST_DEADLINE, DEFAULT_DEADLINE)
    return longest + _duration(environment, AUDIT_PERIOD, DEFAULT_PERIOD)


async def retention_problem(
    client: Client, environment: Mapping[str, str], deadline: timedelta | None = None
) -> str:
    """Say what is wrong with the namespace's retention, and the command that mends it; or nothing.

    Raises:
        CliError: a setting that is no duration.
    """
    wanted = needed(environment, deadline)
    try:
        told = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace), timeout=CALL
        )
    except RPCError as error:  # a key may be allowed to run workflows, and not to ask this
        return f"cannot tell how long namespace {client.namespace} keeps runs: {error.message}"
    kept = told.config.workflow_execution_retention_ttl.ToTimedelta()
    if kept >= wanted:
        return ""
    hours = -(-wanted // timedelta(hours=1))
    return (
        f"namespace {client.namespace} keeps runs for {format_duration(kept)} after their end; "
        f"deadline and audit period need {format_duration(wanted)}: temporal operator namespace "
        f"update --namespace {client.namespace} --retention {hours}h"
    )


async def require_retention(
    client: Client, environment: Mapping[str, str], deadline: timedelta | None = None
) -> str:
    """Refuse too short a retention where that is enforced, and say so where it is not.

    Raises:
        CliError: it is too short, or cannot be told.
    """
    problem = await retention_problem(client, environment, deadline)
    if problem and is_enforced(environment):
        raise CliError(problem)
    return problem


def _duration(environment: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    written = environment.get(name)
    if not written:
        return default
    try:
        found = parse_duration(written)
        if isinstance(found, timedelta):
            return bounded(found)
    except ValueError as error:
        raise CliError(f"{name}: {error}") from error
    raise CliError(f"{name}={written!r} is no duration: write for example 90d")
