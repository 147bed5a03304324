"""What is counted and measured, by name and unit; nothing is sent unless an exporter is set.

docs/deployment.md lists them for people. Attributes are few and bounded: no repository, no item.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from opentelemetry import metrics

_meter = metrics.get_meter("podium")

_requests = _meter.create_counter(
    "podium.github.requests", "{request}", "Requests to GitHub, by method, route and status"
)
_errors = _meter.create_counter(
    "podium.github.failures", "{failure}", "Activity attempts that failed of GitHub, by type"
)
_left = _meter.create_gauge(
    "podium.github.rate_limit.remaining", "{request}", "Requests left, by resource"
)
_limit = _meter.create_gauge(
    "podium.github.rate_limit.limit", "{request}", "Requests allowed until the reset, by resource"
)
_runs = _meter.create_counter(
    "podium.worker.runs", "{run}", "Worker runs whose result was collected, by outcome"
)
_duration = _meter.create_histogram(
    "podium.worker.run.duration",
    "s",
    "From a run's dispatch to its result, queue included, by outcome",
    explicit_bucket_boundaries_advisory=(5, 15, 30, 60, 120, 300, 600, 1_200, 2_400, 3_600, 7_200),
)
_latency = _meter.create_histogram(
    "podium.worker.detection.latency",
    "s",
    "From a run's end, by GitHub's clock, until Podium saw it, by poll or delivery",
    explicit_bucket_boundaries_advisory=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
_retries = _meter.create_counter(
    "podium.activity.retries", "{attempt}", "Activity attempts after the first, by activity"
)

_ID = re.compile(r"/(?:\d+|[0-9a-f]{40})(?=/|$)")
_NAMED = re.compile(
    r"^/(repos/)[^/]+/[^/]+|^/(orgs|users)/[^/]+|(/workflows)/[^/]+|(/contents)/.+|(/git/ref)/.+"
)


def route(path: str) -> str:
    """Reduce a request's path to its route: what is named in it becomes `*`."""
    reduced = _NAMED.sub(lambda found: "/" + _kept(found) + "/*", path.partition("?")[0])
    return _ID.sub("/*", reduced)


def _kept(found: re.Match[str]) -> str:
    return next(part for part in found.groups() if part).strip("/")


def requested(method: str, path: str, status: int, headers: Mapping[str, str]) -> None:
    """Count a request, and keep what GitHub told of its rate limit.

    Args:
        method: of HTTP.
        path: as sent.
        status: of the answer; 0 where there was none.
        headers: of the answer, names in lower case.
    """
    _requests.add(1, {"method": method, "route": route(path), "status": status})
    resource = {"resource": headers.get("x-ratelimit-resource", "core")[:40]}
    for gauge, name in ((_left, "remaining"), (_limit, "limit")):
        told = headers.get(f"x-ratelimit-{name}", "")
        if told.isdecimal():
            gauge.set(int(told), resource)


def failed(kind: str) -> None:
    """Count an activity attempt that failed of GitHub."""
    _errors.add(1, {"type": kind})


def collected(outcome: str, dispatched_at: datetime) -> None:
    """Count a collected result, and measure how long it took from its dispatch."""
    took = (datetime.now(UTC) - dispatched_at).total_seconds()
    _runs.add(1, {"outcome": outcome})
    _duration.record(max(took, 0), {"outcome": outcome})


def seen(ended_at: datetime | None, way: str) -> None:
    """Measure how long a run's end was not known; `way` is `poll` or `delivery`."""
    if ended_at is not None:
        latency = (datetime.now(UTC) - ended_at).total_seconds()
        _latency.record(max(latency, 0), {"way": way})


def retried(activity: str) -> None:
    """Count an activity attempt after the first."""
    _retries.add(1, {"activity": activity})
