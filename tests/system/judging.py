"""What a run of Podium is judged by: the sandbox's own record, and the chain of histories."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from temporalio.client import WorkflowHandle, WorkflowHistory

from contracts.fleet import OrchestrationState
from contracts.report import OrchestrationReport
from sandbox.control import LedgerView, RunRecord, SandboxControl

_LONGEST_CHAIN = 100


def survivors(ledger: LedgerView) -> Counter[str]:
    """Count the runs of each `dispatch_id` that nobody cancelled."""
    return Counter(
        run.dispatch_id
        for run in ledger.runs
        if run.dispatch_id and run.conclusion not in {None, "cancelled"}
    )


def successes(ledger: LedgerView, workflow: str, name: str = "item") -> dict[str, list[int]]:
    """Tell the runs of a workflow file that succeeded, by the value of one of their inputs."""
    ended = {run.run_id: run for run in ledger.runs}
    found: defaultdict[str, list[int]] = defaultdict(list)
    for sent in ledger.dispatches:
        ours = sent.workflow.rsplit("/", 1)[-1] == workflow
        if ours and ended[sent.run_id].conclusion == "success":
            found[sent.inputs[name]].append(sent.run_id)
    return dict(found)


def decisions(report: OrchestrationReport, kind: str) -> list[str]:
    """Name the subjects of all decisions of a kind, in order."""
    return [decision.subject for decision in report.decisions if decision.kind == kind]


async def until(
    control: SandboxControl, done: Callable[[Sequence[RunRecord]], bool], seconds: float = 60
) -> None:
    """Wait for a state of the sandbox's runs, beside the Temporal Workers of this process."""
    await asyncio.to_thread(control.wait_for_runs, done, seconds)


async def histories(handle: WorkflowHandle[Any, Any]) -> AsyncIterator[WorkflowHistory]:
    """Read the histories of a chain, the oldest first."""
    run_id, seen = handle.first_execution_run_id, 0
    while run_id and seen < _LONGEST_CHAIN:
        one = await handle._client.get_workflow_handle(handle.id, run_id=run_id).fetch_history()
        yield one
        ended = one.events[-1].workflow_execution_continued_as_new_event_attributes
        run_id, seen = ended.new_execution_run_id, seen + 1


async def carried_states(handle: WorkflowHandle[Any, Any]) -> list[OrchestrationState]:
    """Read what each run of a chain handed to the next, the oldest first."""
    states: list[OrchestrationState] = []
    async for history in histories(handle):
        ended = history.events[-1].workflow_execution_continued_as_new_event_attributes
        if ended.new_execution_run_id:
            (data,) = await handle._client.data_converter.decode(ended.input.payloads)
            states.append(OrchestrationState.model_validate(data["carry"]))
    return states


async def overcome(handle: WorkflowHandle[Any, Any]) -> Counter[str]:
    """Count the activities that succeeded after a failure, by the type of the last one."""
    found: Counter[str] = Counter()
    async for history in histories(handle):
        started = {
            event.event_id: event.activity_task_started_event_attributes
            for event in history.events
            if event.HasField("activity_task_started_event_attributes")
        }
        for event in history.events:
            ended = event.activity_task_completed_event_attributes
            if ended.started_event_id and started[ended.started_event_id].attempt > 1:
                failure = started[ended.started_event_id].last_failure
                found[failure.application_failure_info.type] += 1
    return found
