"""Histories that an older and a newer Temporal Worker make together, while one replaces the other."""

from collections.abc import Sequence

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter

from contracts.names import SIGNAL_RUNS_COMPLETED
from tests.workflows.test_replay import HISTORIES, history, replayer

_OF_A_TASK = 3
"""Events: scheduled, started, completed."""


async def test_an_answer_that_an_older_worker_did_not_wait_for_replays() -> None:
    """The watcher was newer already: its answer came while the older one slept, and changed nothing."""
    (recorded,) = (history(one) for one in HISTORIES if one.name == "hushed.2.json")
    events = list(recorded.events)
    sleeping = 1 + max(
        n for n, kind in enumerate(kinds(events)) if kind.startswith("timer_started")
    )
    answer = in_vain(events, events[sleeping].event_id)
    rest = moved(events[sleeping:], len(answer))
    assert kinds(rest)[0].startswith("timer_fired"), "or it slept for something else"

    mixed = [*events[:sleeping], *answer, *rest]
    await replayer().replay_workflow(WorkflowHistory(recorded.workflow_id, mixed))


def kinds(events: Sequence[HistoryEvent]) -> list[str]:
    return [str(event.WhichOneof("attributes")) for event in events]


def in_vain(events: Sequence[HistoryEvent], first: int) -> list[HistoryEvent]:
    """An empty batch of news, and a workflow task that gives no command."""
    signal = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
    told = signal.workflow_execution_signaled_event_attributes
    told.signal_name = SIGNAL_RUNS_COMPLETED
    empty = pydantic_data_converter.payload_converter.to_payloads([{"completions": []}])
    told.input.payloads.extend(empty)
    at = next(n for n, kind in enumerate(kinds(events)) if kind.startswith("workflow_task_sch"))
    copies = [signal, *map(copied, events[at : at + _OF_A_TASK])]
    for number, event in enumerate(copies, first):
        event.event_id = number
        event.event_time.CopyFrom(events[-1].event_time)
    copies[2].workflow_task_started_event_attributes.scheduled_event_id = first + 1
    done = copies[3].workflow_task_completed_event_attributes
    done.scheduled_event_id, done.started_event_id = first + 1, first + 2
    return copies


def moved(events: Sequence[HistoryEvent], by: int) -> list[HistoryEvent]:
    """The end of a history, whose ids go on later."""
    copies = [copied(event) for event in events]
    for event in copies:
        event.event_id += by
        attributes = getattr(event, str(event.WhichOneof("attributes")))
        for field, value in attributes.ListFields():
            if field.name.endswith("_event_id") and value >= events[0].event_id:
                setattr(attributes, field.name, value + by)
    return copies


def copied(event: HistoryEvent) -> HistoryEvent:
    copy = HistoryEvent()
    copy.CopyFrom(event)
    return copy
