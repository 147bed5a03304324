"""Recorded histories behind what the export asks a client for; a forgetful one lacks some."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode

HISTORIES = Path(__file__).resolve().parents[1] / "histories"


def recorded(*names: str) -> dict[str, WorkflowHistory]:
    """Histories by run id, in the order given."""
    found = {}
    for name in names:
        data = json.loads((HISTORIES / f"{name}.json").read_text())
        history = WorkflowHistory.from_json(data["workflow_id"], data["history"])
        found[started(history).original_execution_run_id] = history
    return found


def started(history: WorkflowHistory) -> Any:
    return history.events[0].workflow_execution_started_event_attributes


@dataclass
class Archive:
    """A client that knows these histories."""

    histories: dict[str, WorkflowHistory]
    forgotten: set[str] = field(default_factory=set)
    namespace: str = "default"
    identity: str = "auditor@desk"
    data_converter: Any = pydantic_data_converter

    def client(self) -> Client:
        return cast("Client", self)

    def get_workflow_handle(self, workflow_id: str, *, run_id: str | None = None) -> "_Handle":
        return _Handle(self, workflow_id, run_id)

    def known(self, workflow_id: str, run_id: str) -> WorkflowHistory:
        history = self.histories.get(run_id)
        if history is None or run_id in self.forgotten or history.workflow_id != workflow_id:
            raise RPCError("gone", RPCStatusCode.NOT_FOUND, b"")
        return history

    async def list_workflows(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        """Nothing is running."""
        nothing: list[Any] = []
        for one in nothing:
            yield one


@dataclass
class _Handle:
    archive: Archive
    id: str
    run_id: str | None

    async def describe(self, **_: Any) -> Any:
        ids = [r for r, h in self.archive.histories.items() if h.workflow_id == self.id]
        if not ids:
            raise RPCError("gone", RPCStatusCode.NOT_FOUND, b"")
        return SimpleNamespace(run_id=ids[-1])

    async def fetch_history(self, **_: Any) -> WorkflowHistory:
        return self.archive.known(self.id, self.run_id or "")

    async def fetch_history_events(self, **_: Any) -> AsyncIterator[HistoryEvent]:
        for event in self.archive.known(self.id, self.run_id or "").events:
            yield event
