"""How often GitHub may be asked: limits of task queues, kept by the Temporal server.

The server counts over all Temporal Workers, and an operator changes a limit while they run:
`temporal task-queue config set`. So a limit is set only where none is.

Such limits are smoothed, split over the partitions of a queue, and know no hour: beside them stands
a count of what is written (`activities/counting.py`), whose limits are settings.
"""

import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import RateLimit, TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    UpdateTaskQueueConfigRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from contracts import names
from contracts.content import MAX_LIMIT, ContentLimits

_ACTIVITIES = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
_MOST = 1_000
_WHOLE = re.compile(r"[0-9]{1,9}")
_REASON = "Podium's default; change it with temporal task-queue config set"

logger = logging.getLogger("podium.rates")


class RateError(ValueError):
    """A setting that is no rate; the message names it and the fix."""


class Rate(NamedTuple):
    """One task queue's limit: the setting that changes it, and activities a second without it."""

    setting: str
    queue: str
    default: float


RATES = (
    Rate("PODIUM_DISPATCHES_PER_SECOND", names.DISPATCH_QUEUE, 1),
    Rate("PODIUM_CONTENT_PER_SECOND", names.CONTENT_QUEUE, 1),
    Rate("PODIUM_POLLS_PER_SECOND", names.WATCH_QUEUE, 0.5),
)
"""GitHub asks for a second between writes; half a poll a second is 1,800 of a token's 5,000 calls
an hour."""

PER_MINUTE = "PODIUM_CONTENT_PER_MINUTE"
PER_HOUR = "PODIUM_CONTENT_PER_HOUR"
_UNLIMITED = "unlimited"

UNHURRIED = {
    **{rate.setting: "100" for rate in RATES},
    PER_MINUTE: _UNLIMITED,
    PER_HOUR: _UNLIMITED,
}
"""Settings for a sandbox, which has nobody to spare."""


@dataclass(frozen=True)
class Limits:
    """Activities a second, by task queue, and writes in a minute and an hour."""

    by_queue: Mapping[str, float]
    content: ContentLimits = field(default_factory=ContentLimits)


def limits_from(environment: Mapping[str, str]) -> Limits:
    """Read the settings.

    Raises:
        RateError: a rate that is no number above 0, or more than 1,000; a number of writes that
            is no whole one from 1 to 5,000.
    """
    defaults = ContentLimits()
    content = ContentLimits(
        per_minute=_writes(environment, PER_MINUTE, defaults.per_minute),
        per_hour=_writes(environment, PER_HOUR, defaults.per_hour),
    )
    return Limits({rate.queue: _rate(environment, rate) for rate in RATES}, content)


def _rate(environment: Mapping[str, str], rate: Rate) -> float:
    written = environment.get(rate.setting)
    if not written:
        return rate.default
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not 0 < value <= _MOST:  # NaN is neither
        raise RateError(
            f"{rate.setting}={written!r} is no rate: write a number above 0, and at most {_MOST}; "
            "to stop a queue: temporal task-queue config set --queue-rps-limit 0"
        )
    return value


def _writes(environment: Mapping[str, str], setting: str, default: int | None) -> int | None:
    written = environment.get(setting)
    if not written:
        return default
    if written == _UNLIMITED:
        return None
    number = int(written) if _WHOLE.fullmatch(written) else 0
    if not 1 <= number <= MAX_LIMIT:
        raise RateError(
            f"{setting}={written!r} is no number of writes: write a whole number from 1 to "
            f"{MAX_LIMIT}, or {_UNLIMITED}"
        )
    return number


async def set_where_none_is(client: Client, limits: Limits) -> None:
    """Give each queue its limit, unless it has one: an operator's stays, zero included.

    A server that knows no limits of queues is told of in the log.
    """
    for queue, rate in limits.by_queue.items():
        try:
            if await _is_limited(client, queue):
                continue
            await client.workflow_service.update_task_queue_config(
                UpdateTaskQueueConfigRequest(
                    namespace=client.namespace,
                    identity=client.identity,
                    task_queue=queue,
                    task_queue_type=_ACTIVITIES,
                    update_queue_rate_limit=UpdateTaskQueueConfigRequest.RateLimitUpdate(
                        rate_limit=RateLimit(requests_per_second=rate), reason=_REASON
                    ),
                )
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.UNIMPLEMENTED:
                raise
            logger.warning("this server limits no queues", extra={"queue": queue})
            return


async def _is_limited(client: Client, queue: str) -> bool:
    described = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=_ACTIVITIES,
            report_config=True,
        )
    )
    return described.config.queue_rate_limit.HasField("rate_limit")
