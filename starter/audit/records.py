"""Events of one history as lines of a trail: who started, signalled and asked, what was done, how it ended."""

from collections.abc import AsyncIterator
from typing import Any

from temporalio.api.enums.v1 import RetryState, TimeoutType
from temporalio.api.history.v1 import HistoryEvent

from contracts.base import clip
from starter.audit.chain import Record, canonical
from starter.audit.decoding import MAX_VALUE, Decoder, links
from starter.audit.runs import Run

_MAX_NAME = 500
OUTPUTS = frozenset(
    {
        "github.issue.create",
        "github.issue.comment",
        "github.issue.close",
        "github.issue.edit",
        "github.issue.label",
        "github.pull-request.create",
        "github.sarif.publish",
        "github.sarif.consolidate",
    }
)
"""Activities that write to GitHub; their lines are of the kind `output`."""
_OUTPUT_FIELDS = ("repository", "kind", "write_id", "title", "number", "head", "labels")
"""Of the order of a write; its text is in the hash."""


class Telling:
    """Makes lines of the events of one run, in their order."""

    def __init__(self, run: Run, decoder: Decoder) -> None:
        self._run, self._decoder = run, decoder
        self._scheduled: dict[int, HistoryEvent] = {}
        self._started: dict[int, HistoryEvent] = {}

    async def told(self, events: list[HistoryEvent]) -> AsyncIterator[Record]:
        """Tell what an auditor asks for; timers and workflow tasks are left out."""
        for event in events:
            kind = event.WhichOneof("attributes") or ""
            attributes = getattr(event, kind) if kind else None
            name = kind.removesuffix("_event_attributes")
            make = getattr(self, f"_{name}", None)
            if make is not None:
                record = await make(event, attributes)
            elif name in _ENDS:
                record = await self._ended(name, attributes)
            else:
                record = None
            if record is not None:
                yield {**self._where(event), **record}

    def _where(self, event: HistoryEvent) -> Record:
        made: Record = {
            "time": event.event_time.ToDatetime().isoformat() + "+00:00",
            "workflow_id": self._run.workflow_id,
            "run_id": self._run.run_id,
            "event_id": event.event_id,
        }
        if event.HasField("principal"):  # servers that know who is behind a call say so
            made["principal"] = f"{event.principal.type}:{event.principal.name}"
        return made

    async def _workflow_execution_started(self, _: HistoryEvent, started: Any) -> Record:
        parent = started.parent_workflow_execution
        return {
            "kind": "started",
            "why": self._run.why,
            "workflow_type": started.workflow_type.name,
            "started_by": clip(started.identity, _MAX_NAME),
            "attempt": started.attempt,
            "first_run_id": started.first_execution_run_id,
            "continued_from": started.continued_execution_run_id,
            "parent": {"workflow_id": parent.workflow_id, "run_id": parent.run_id}
            if parent.workflow_id
            else None,
            "schedule": await self._schedule(started),
            **await self._decoder.hashed("input", started.input.payloads),
        }

    async def _schedule(self, started: Any) -> str | None:
        """Name the schedule that started it: the server notes it as a search attribute."""
        payload = started.search_attributes.indexed_fields.get("TemporalScheduledById")
        if payload is None:
            return None
        values, _ = await self._decoder.values([payload])
        return clip(str(values[0]), _MAX_NAME) if values else None

    async def _workflow_execution_signaled(self, _: HistoryEvent, signal: Any) -> Record:
        sender = signal.external_workflow_execution
        return {
            "kind": "signal",
            "name": clip(signal.signal_name, _MAX_NAME),
            "identity": clip(signal.identity, _MAX_NAME),
            "from_workflow": sender.workflow_id or None,
            **await self._decoder.shown("payload", signal.input.payloads),
        }

    async def _workflow_execution_update_accepted(self, _: HistoryEvent, update: Any) -> Record:
        request = update.accepted_request
        return {
            "kind": "update",
            "name": clip(request.input.name, _MAX_NAME),
            "update_id": clip(request.meta.update_id, _MAX_NAME),
            "identity": clip(request.meta.identity, _MAX_NAME),
            **await self._decoder.shown("payload", request.input.args.payloads),
        }

    async def _workflow_execution_update_completed(self, _: HistoryEvent, update: Any) -> Record:
        made: Record = {"kind": "update-answered", "update_id": clip(update.meta.update_id, 500)}
        if update.outcome.HasField("failure"):
            return made | {"failure": await self._decoder.failed(update.outcome.failure)}
        return made | await self._decoder.shown("answer", update.outcome.success.payloads)

    async def _workflow_execution_cancel_requested(self, _: HistoryEvent, asked: Any) -> Record:
        return {
            "kind": "cancel-requested",
            "identity": clip(asked.identity, _MAX_NAME),
            "reason": clip(asked.cause, _MAX_NAME),
        }

    async def _workflow_task_failed(self, _: HistoryEvent, failed: Any) -> Record | None:
        if not failed.base_run_id:
            return None
        return {
            "kind": "reset",
            "identity": clip(failed.identity, _MAX_NAME),
            "of_run": failed.base_run_id,
            "reason": await self._decoder.failed(failed.failure),
        }

    async def _child_workflow_execution_started(self, _: HistoryEvent, child: Any) -> Record:
        execution = child.workflow_execution
        return {
            "kind": "child-started",
            "child": {"workflow_id": execution.workflow_id, "run_id": execution.run_id},
        }

    async def _activity_task_scheduled(self, event: HistoryEvent, _: Any) -> None:
        self._scheduled[event.event_id] = event

    async def _activity_task_started(self, event: HistoryEvent, started: Any) -> None:
        self._started[started.scheduled_event_id] = event

    async def _activity_task_completed(self, _: HistoryEvent, done: Any) -> Record:
        values, _unread = await self._decoder.values(done.result.payloads)
        result = await self._decoder.hashed("result", done.result.payloads)
        return await self._activity(done, {"status": "completed", "links": links(values), **result})

    async def _activity_task_failed(self, _: HistoryEvent, failed: Any) -> Record:
        return await self._unlucky("failed", failed)

    async def _activity_task_timed_out(self, _: HistoryEvent, timed: Any) -> Record:
        return await self._unlucky("timed-out", timed)

    async def _activity_task_canceled(self, _: HistoryEvent, cancelled: Any) -> Record:
        return await self._activity(cancelled, {"status": "cancelled"})

    async def _unlucky(self, status: str, attributes: Any) -> Record:
        made: Record = {"status": status, "failure": await self._decoder.failed(attributes.failure)}
        made["retries"] = RetryState.Name(attributes.retry_state).removeprefix("RETRY_STATE_")
        timeout = attributes.failure.timeout_failure_info.timeout_type
        if timeout:
            made["timeout"] = TimeoutType.Name(timeout).removeprefix("TIMEOUT_TYPE_")
        return await self._activity(attributes, made)

    async def _activity(self, ended: Any, how: Record) -> Record:
        """Tell an activity as one line, at its end; those before its end are told at the run's."""
        scheduled = self._scheduled.pop(ended.scheduled_event_id)
        began = self._started.pop(ended.scheduled_event_id, None)
        return {**await self._order(scheduled, began), **how}

    async def _order(self, scheduled: HistoryEvent, began: HistoryEvent | None) -> Record:
        order = scheduled.activity_task_scheduled_event_attributes
        kind = order.activity_type.name
        made: Record = {
            "kind": "output" if kind in OUTPUTS else "activity",
            "activity": kind,
            "scheduled": scheduled.event_time.ToDatetime().isoformat() + "+00:00",
            **await self._decoder.hashed("input", order.input.payloads),
        }
        if began is not None:
            started = began.activity_task_started_event_attributes
            made |= {"attempt": started.attempt, "identity": clip(started.identity, _MAX_NAME)}
        if kind in OUTPUTS:
            values, _ = await self._decoder.values(order.input.payloads)
            asked = values[0] if values and isinstance(values[0], dict) else {}
            made["order"] = {
                name: asked[name] for name in _OUTPUT_FIELDS if _is_short(asked.get(name))
            }
        return made

    async def unfinished(self) -> AsyncIterator[Record]:
        """Tell activities that had not ended with the history."""
        for number, event in self._scheduled.items():
            made = await self._order(event, self._started.get(number))
            yield {**self._where(event), **made, "status": "unfinished"}

    async def _ended(self, name: str, attributes: Any) -> Record:
        made: Record = {"kind": "ended", "how": _ENDS[name]}
        if name == "workflow_execution_terminated":
            made["identity"] = clip(attributes.identity, _MAX_NAME)
            made |= {"reason": clip(attributes.reason, 1_000)}
        if name == "workflow_execution_continued_as_new":
            made["continued_as"] = attributes.new_execution_run_id
        if name == "workflow_execution_failed":
            failure = attributes.failure
            made["failure"] = await self._decoder.failed(failure)
            details = failure.application_failure_info.details.payloads
            return made | await self._report(details)
        if name == "workflow_execution_completed":
            return made | await self._report(attributes.result.payloads)
        if name == "workflow_execution_canceled":
            return made | await self._report(attributes.details.payloads)
        return made

    async def _report(self, payloads: Any) -> Record:
        """Tell what a report says in a few words; all of it is in the hash."""
        values, _ = await self._decoder.values(payloads)
        report = values[0] if values and isinstance(values[0], dict) else {}
        made = await self._decoder.hashed("report", payloads)
        told = ("status", "reason", "totals", "issue_url", "pull_request_url", "decisions_omitted")
        return made | {name: report[name] for name in told if _is_short(report.get(name))}


def _is_short(value: Any) -> bool:
    return bool(value) and len(canonical(value)) <= MAX_VALUE


_ENDS = {
    "workflow_execution_completed": "completed",
    "workflow_execution_failed": "failed",
    "workflow_execution_timed_out": "timed-out",
    "workflow_execution_canceled": "cancelled",
    "workflow_execution_terminated": "terminated",
    "workflow_execution_continued_as_new": "continued-as-new",
}
