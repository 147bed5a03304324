"""What a run of Podium is judged by: the sandbox's own record, and the chain of histories."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from temporalio.client import WorkflowHandle

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


async def carried_states(handle: WorkflowHandle[Any, Any]) -> list[OrchestrationState]:
    """Read what each run of a chain handed to the next, the oldest first."""
    client, run_id = handle._client, handle.first_execution_run_id
    states: list[OrchestrationState] = []
    while run_id and len(states) < _LONGEST_CHAIN:
        one = client.get_workflow_handle(handle.id, run_id=run_id)
        last = (await one.fetch_history()).events[-1]
        ended = last.workflow_execution_continued_as_new_event_attributes
        run_id = ended.new_execution_run_id
        if run_id:
            (data,) = await client.data_converter.decode(ended.input.payloads)
            states.append(OrchestrationState.model_validate(data["carry"]))
    return states
