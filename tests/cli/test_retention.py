"""Too short a retention is refused where that is enforced, and told where it is not."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceResponse
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from contracts.orchestration import parse_spec
from starter.exits import CliError
from starter.retention import DEFAULT_DEADLINE, require_retention
from tests.system.stand import spec

ENFORCED = {"PODIUM_AUDIT_PERIOD": "90d", "PODIUM_LONGEST_DEADLINE": "10d"}


def keeping(kept: timedelta | None) -> Client:
    """A client of a namespace with this retention; None of one that may not be asked."""

    async def describe_namespace(*_: Any, **__: Any) -> DescribeNamespaceResponse:
        if kept is None:
            raise RPCError("not allowed", RPCStatusCode.PERMISSION_DENIED, b"")
        answer = DescribeNamespaceResponse()
        answer.config.workflow_execution_retention_ttl.FromTimedelta(kept)
        return answer

    service = SimpleNamespace(describe_namespace=describe_namespace)
    return cast("Client", SimpleNamespace(namespace="mine", workflow_service=service))


@pytest.mark.parametrize(
    ("environment", "kept", "deadline", "stops"),
    [
        (ENFORCED, timedelta(days=100), None, False),
        (ENFORCED, timedelta(days=100, seconds=-1), None, True),
        (ENFORCED, timedelta(days=91), timedelta(days=1), False),
        (ENFORCED, timedelta(days=100), timedelta(days=11), True),
        ({"PODIUM_STRICT": "1"}, timedelta(days=7, hours=6), None, False),
        ({"PODIUM_STRICT": "1"}, timedelta(days=1), None, True),
        ({"PODIUM_STRICT": "1"}, None, None, True),
    ],
)
async def test_too_short_a_retention_is_refused(
    environment: dict[str, str], kept: timedelta | None, deadline: timedelta | None, stops: bool
) -> None:
    asked = require_retention(keeping(kept), environment, deadline)
    if not stops:
        assert await asked == ""
        return
    with pytest.raises(CliError, match="namespace mine") as refused:
        await asked
    assert kept is None or "temporal operator namespace update" in str(refused.value)


async def test_a_development_servers_day_is_told_and_stops_nothing() -> None:
    told = await require_retention(keeping(timedelta(days=1)), {})

    assert "keeps runs for 1d" in told
    assert "need 7d6h" in told
    assert "--retention 174h" in told


@pytest.mark.parametrize("written", ["soon", "-1d", "90"])
async def test_a_period_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(CliError, match="PODIUM_AUDIT_PERIOD"):
        await require_retention(keeping(timedelta(days=1)), {"PODIUM_AUDIT_PERIOD": written})


def test_the_default_is_that_of_specs() -> None:
    assert parse_spec(spec(1)).deadline == DEFAULT_DEADLINE
