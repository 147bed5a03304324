"""The trail of recorded histories: whole chains, children, decisions, who did what, and gaps."""

import dataclasses
import io
import json
from collections import Counter
from typing import Any, Final

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from activities.settings import settings_from
from contracts.names import CONTENT_QUEUE
from contracts.report import OrchestrationReport
from starter.audit.chain import Record, verify
from starter.audit.exporting import Exported, export
from starter.audit.records import OUTPUTS
from starter.exits import CliError
from tests.audit.archive import Archive, recorded, started
from worker_main import activities_by_queue

_TASK_DONE: Final = "workflow_task_completed_event_attributes"
CHAIN = ("router-chained.4", "router-chained.3", "router-chained.2", "router-chained.1")
"""In the order of their beginnings."""


async def exported(
    archive: Archive, workflow_id: str, run_id: str | None = None
) -> tuple[Exported, list[Record]]:
    out = io.BytesIO()
    done = await export(archive.client(), workflow_id, run_id, out.write, None)
    out.seek(0)
    assert verify(out, None).head == done.head
    return done, [json.loads(line) for line in out.getvalue().splitlines()]


def of(trail: list[Record], kind: str) -> list[Record]:
    return [line for line in trail if line["kind"] == kind]


def untold(record: Record) -> tuple[str, ...]:
    return tuple(str(record[name]) for name in ("what", "subject", "reason"))


def caused_by(event: HistoryEvent) -> int:
    """The workflow task that an event is a command of, or is itself; 0 for none."""
    told = getattr(event, event.WhichOneof("attributes") or "")
    is_task = event.HasField(_TASK_DONE)
    return event.event_id if is_task else getattr(told, "workflow_task_completed_event_id", 0)


def report_of(history: WorkflowHistory) -> OrchestrationReport:
    done = history.events[-1].workflow_execution_completed_event_attributes.result.payloads[0]
    return OrchestrationReport.model_validate_json(done.data)


@pytest.mark.covers("E6")
@pytest.mark.parametrize("asked", [None, 0, 2])
async def test_a_chain_is_told_whole_whichever_run_is_asked_for(asked: int | None) -> None:
    histories = recorded(*CHAIN)
    ids = list(histories)
    last = histories[ids[-1]]

    done, trail = await exported(
        Archive(histories), last.workflow_id, None if asked is None else ids[asked]
    )

    assert (done.runs, done.gaps) == (len(CHAIN), 0)
    assert [line["run_id"] for line in of(trail, "started")] == ids
    assert [line["how"] for line in of(trail, "ended")] == ["continued-as-new"] * 3 + ["completed"]
    assert of(trail, "started")[0]["started_by"] == started(histories[ids[0]]).identity
    assert len({line["input_sha256"] for line in of(trail, "started")}) == len(CHAIN)
    report = report_of(last)
    assert not report.decisions_omitted, "else the comparison would say little"
    told = Counter(untold(line) for line in of(trail, "decision"))
    assert Counter((d.kind, d.subject, d.reason) for d in report.decisions) == told
    times = [line["time"] for line in trail if line.get("run_id") == ids[0] and "time" in line]
    assert times == sorted(times)


async def test_decisions_that_reports_leave_out_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal keeps a bounded number, here two; a replay tells all of them once more."""
    monkeypatch.setattr("workflows.parts.journal.MAX_DECISIONS", 2)
    monkeypatch.setattr("contracts.report.MAX_DECISIONS", 2)
    histories = recorded("failures.1")
    (history,) = histories.values()
    report = report_of(history)

    _, trail = await exported(Archive(histories), history.workflow_id)

    decisions = of(trail, "decision")
    assert len(decisions) == len(report.decisions) > 3
    assert [d["time"] for d in decisions] == [d.time.isoformat() for d in report.decisions]


async def test_children_follow_with_their_own_runs() -> None:
    histories = recorded("hierarchical.1", "hierarchical-child.1")
    parent, child = histories.values()

    done, trail = await exported(Archive(histories), parent.workflow_id)

    begun = {(line["workflow_id"], line["why"]) for line in of(trail, "started")}
    assert {(parent.workflow_id, "asked"), (child.workflow_id, "child")} <= begun
    named = {line["child"]["workflow_id"] for line in of(trail, "child-started")}
    missing = named - {child.workflow_id}
    assert {line["workflow_id"] for line in of(trail, "gap")} == missing
    assert done.gaps == len(missing)


async def test_outputs_have_links_and_signals_have_both_names() -> None:
    histories = recorded("pipeline.1")
    (history,) = histories.values()

    _, trail = await exported(Archive(histories), history.workflow_id)

    outputs = [line for line in of(trail, "output") if line["activity"] != "github.issue.close"]
    assert outputs
    assert all(line["links"] and line["order"]["repository"] for line in outputs)
    assert all(line["attempt"] >= 1 and line["identity"] for line in outputs)
    (approval,) = [line for line in of(trail, "signal") if line["name"] == "approve"]
    assert approval["identity"], "as Temporal knows it"
    assert approval["payload"]["approver"], "as the sender says"


def test_all_that_writes_for_people_to_read_is_an_output() -> None:
    settings = settings_from({"GITHUB_TOKEN": "t"})
    client: Any = None  # nothing is called
    writers: Any = activities_by_queue(client, settings)[CONTENT_QUEUE]
    settings.github.close()

    assert {one.__temporal_activity_definition.name for one in writers} == OUTPUTS


async def test_answers_say_who_gave_them_and_how_that_is_known() -> None:
    """One approver signalled, the other one commented."""
    known = []
    for name in ("pipeline.1", "pipeline-commented.1"):
        histories = recorded(name)
        (history,) = histories.values()
        _, trail = await exported(Archive(histories), history.workflow_id)
        answers = [line for line in of(trail, "decision") if line["what"] == "answered"]
        known += [(bool(one["by"]), one["established"]) for one in answers]
        read = [one for one in of(trail, "activity") if one["activity"] == "github.gates.answer"]
        assert all(one["links"] for one in read), "to the comment"

    assert set(known) == {(True, "claimed"), (True, "verified")}


@pytest.mark.parametrize("name", ["pipeline-commented.1", "plain.1"])
async def test_of_one_that_still_runs_no_end_is_told(name: str) -> None:
    """A replay of what has not ended is given up, and that is no decision."""
    ((run_id, history),) = recorded(name).items()
    tasks = [event.event_id for event in history.events if event.HasField(_TASK_DONE)]
    done_by = tasks[len(tasks) // 2]  # where it waits for runs or people
    last = max(e.event_id for e in history.events if caused_by(e) == done_by)
    so_far = WorkflowHistory(history.workflow_id, list(history.events)[:last])

    _, whole = await exported(Archive({run_id: history}), history.workflow_id)
    done, trail = await exported(Archive({run_id: so_far}), history.workflow_id)

    told = [untold(line) for line in of(trail, "decision")]
    assert told
    assert told == [untold(line) for line in of(whole, "decision")][: len(told)]
    assert (done.gaps, of(trail, "ended")) == (0, [])


async def test_runs_that_temporal_has_no_more_are_gaps() -> None:
    histories = recorded(*CHAIN)
    ids = list(histories)

    done, trail = await exported(
        Archive(histories, forgotten={ids[0], ids[1]}), histories[ids[0]].workflow_id
    )

    assert (done.runs, done.gaps) == (2, 1)
    (gap,) = of(trail, "gap")
    assert gap["run_id"] == ids[1]
    with pytest.raises(CliError, match="no workflow nothing"):
        await exported(Archive(histories), "nothing")


async def test_a_history_that_does_not_replay_is_told_with_a_gap() -> None:
    histories = recorded("plain.1")
    ((run_id, history),) = histories.items()
    events = [e for e in history.events if e.event_id != 6]
    broken = WorkflowHistory(history.workflow_id, events)

    done, trail = await exported(Archive({run_id: broken}), history.workflow_id)

    assert done.gaps == 1
    assert "does not replay" in of(trail, "gap")[0]["reason"]
    assert of(trail, "ended")


async def test_what_cannot_be_decoded_is_said_and_stops_nothing() -> None:
    histories = recorded("plain.1")
    (history,) = histories.values()
    signal = HistoryEvent(event_id=900, event_time=history.events[-1].event_time)
    signal.event_type = 26  # type: ignore[assignment] # WORKFLOW_EXECUTION_SIGNALED
    attributes = signal.workflow_execution_signaled_event_attributes
    attributes.signal_name = "approve"
    attributes.input.payloads.append(Payload(metadata={"encoding": b"binary/strange"}, data=b"?"))
    whole = dataclasses.replace(history, events=[*history.events[:-1], signal, history.events[-1]])

    _, trail = await exported(Archive(dict.fromkeys(histories, whole)), history.workflow_id)

    (told,) = of(trail, "signal")[-1:]
    assert "payload_unreadable" in told
    assert "payload" not in told


def test_lines_name_no_value_that_is_long() -> None:
    """What is told of results is bounded: the rest is in hashes."""
    long: Any = "x" * 10_000
    from starter.audit.records import _is_short

    assert not _is_short(long)
    assert _is_short({"a": 1})
