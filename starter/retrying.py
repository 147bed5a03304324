"""What failed in an orchestration that has ended, made into the start of a new one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from contracts import names
from contracts.orchestration import BadInputError, parse_spec
from contracts.report import OrchestrationReport
from contracts.runs import GOOD, Item, WorkerOutcome
from contracts.specs.circuit_breaker import CircuitBreakerSpec
from contracts.specs.common import Spec
from contracts.specs.map_reduce import MapReduceSpec
from contracts.specs.orchestrator_worker import OrchestratorWorkerSpec
from contracts.specs.worker_pool import WorkerPoolSpec
from starter.exits import CliError
from starter.follow import RUNNING, ended, not_found
from starter.items import from_spec, read_items
from starter.reading import github_settings
from starter.spec_file import SpecFile
from starter.starting import CALL, told_by_temporal

OverItems = OrchestratorWorkerSpec | MapReduceSpec | WorkerPoolSpec
_MOST = 10_000
"""Items looked through for those that failed."""
_RETRY = re.compile(r"-retry-[0-9]+$")
_MAX_RETRIES = 1_000


@dataclass(frozen=True)
class Old:
    """An orchestration that has ended: what it was started with, and what it reported."""

    workflow_id: str
    spec: Spec
    given: Mapping[str, Any]
    report: OrchestrationReport

    @property
    def failed(self) -> dict[str, WorkerOutcome]:
        """Rows that are no success, by key: failed, cut short, or left alone by a breaker."""
        return {row.key: row for row in self.report.results if not row.good}

    @property
    def untold(self) -> int:
        """How many more failed than the report has rows for."""
        by_status = self.report.totals.by_status
        failed = sum(count for status, count in by_status.items() if status not in GOOD)
        told = sum(row.status not in GOOD for row in self.failed.values())
        return max(0, failed - told) if self.report.results_omitted else 0


@dataclass(frozen=True)
class Retry:
    """A start over what failed."""

    file: SpecFile
    started_with: dict[str, Any]
    keys: tuple[str, ...]
    """Of the old run's items."""
    gone: tuple[str, ...]
    """Failed items that are not in the source any more."""


async def read_old(client: Client, workflow_id: str) -> Old:
    """Read the newest run of a workflow id.

    Raises:
        CliError: there is none, it goes on, or it told no report.
    """
    handle = client.get_workflow_handle(workflow_id)
    described = await _described(handle)
    if described is None:
        raise CliError(await not_found(client, workflow_id))
    if described.status in RUNNING:
        raise CliError(f"{workflow_id} is running; wait for its end: podium watch {workflow_id}")
    with told_by_temporal(workflow_id):
        told = await ended(client, described)
        given = await _given(client, workflow_id, described.run_id)
    if told.report is None:
        raise CliError(f"{workflow_id} told no report, so nobody knows what failed; start it anew")
    try:
        spec = parse_spec(given.get("spec"))
    except BadInputError as error:
        raise CliError(f"{workflow_id}: its spec is none today: {error}") from error
    return Old(workflow_id, spec, given, told.report)


async def retry_of(old: Old) -> Retry:
    """Make a start over the items that failed, as the source has them now.

    Raises:
        CliError: nothing failed, nothing of it is there any more, or the pattern's parts depend
            on each other.
    """
    if not isinstance(old.spec, OverItems | CircuitBreakerSpec):
        raise CliError(
            f"{old.workflow_id} is a {old.spec.pattern}: its parts depend on each other, so that "
            "what failed cannot run alone; start it anew with `podium start`"
        )
    failed = old.failed
    if not failed:
        raise CliError(f"{old.workflow_id}: nothing failed; it ended {old.report.status.value}")
    data = dict(old.given["spec"])
    if isinstance(old.spec, CircuitBreakerSpec):
        data["tasks"] = [one for one in data["tasks"] if one["name"] in failed]
        keys = tuple(one["name"] for one in data["tasks"])
    else:
        items = [item for item in await _items(old.spec) if item.key in failed]
        data["for-each"] = {"source": "list", "items": [_value(old.spec, one) for one in items]}
        keys = tuple(item.key for item in items)
    if not keys:
        raise CliError(f"{old.workflow_id}: what failed is not there any more ({_few(failed)})")
    started = {"spec": data} | {k: old.given[k] for k in ("inputs", "event") if old.given.get(k)}
    file = SpecFile(Path(f"retry of {old.workflow_id}"), data, parse_spec(data), "")
    return Retry(file, started, keys, tuple(key for key in failed if key not in keys))


async def free_id(client: Client, old: Old) -> tuple[str, str]:
    """Name the retry, and the one before it where there is one.

    Raises:
        CliError: the one before goes on.
    """
    own = names.workflow_id(old.spec.name, "")
    key = _RETRY.sub("", old.workflow_id.removeprefix(own))
    before = ""
    for number in range(1, _MAX_RETRIES):
        name = names.workflow_id(old.spec.name, f"{key}-retry-{number}")
        found = await _described(client.get_workflow_handle(name))
        if found is None:
            return name, before
        if found.status in RUNNING:
            raise CliError(f"{name} is running already; follow it with `podium watch {name}`")
        before = name
    raise CliError(f"{old.workflow_id}: {_MAX_RETRIES} retries; start it anew with `podium start`")


async def _items(spec: OverItems) -> list[Item]:
    now = datetime.now(UTC)
    if spec.for_each.source in ("list", "matrix"):
        return (await from_spec(spec, now, _MOST)).items
    # More than the spec's own limit: what came meanwhile may stand before what failed.
    wide = spec.model_copy(update={"for_each": spec.for_each.model_copy(update={"limit": _MOST})})
    async with github_settings() as settings:
        return (await read_items(wide, settings, now, most=_MOST)).items


def _value(spec: OverItems, item: Item) -> Any:
    """Write an item into a list, so that expressions read of it what they read before."""
    if spec.for_each.source == "list" and set(item.fields) == {"value"}:
        return item.fields["value"]
    return item.fields if spec.for_each.source == "list" else {"key": item.key} | item.fields


async def _described(
    handle: WorkflowHandle[Any, Any],
) -> WorkflowExecutionDescription | None:
    with told_by_temporal(handle.id):
        try:
            return await handle.describe(rpc_timeout=CALL)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise


async def _given(client: Client, workflow_id: str, run_id: str) -> Mapping[str, Any]:
    """Read what a run was started with; nothing where that was no orchestration's input."""
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    async for event in handle.fetch_history_events(page_size=1, rpc_timeout=CALL):
        payloads = event.workflow_execution_started_event_attributes.input.payloads
        decoded = await client.data_converter.decode(payloads[:1])
        return decoded[0] if decoded and isinstance(decoded[0], dict) else {}
    return {}


def _few(keys: Mapping[str, object]) -> str:
    shown = list(keys)[:5]
    return ", ".join(shown) + (", …" if len(keys) > len(shown) else "")
