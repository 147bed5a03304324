"""Which runs a trail has: all of a chain from its beginning, what a reset left, and all children."""

from collections import deque
from dataclasses import dataclass, field

from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from starter.exits import CliError
from starter.follow import not_found
from starter.starting import CALL, told_by_temporal

MAX_RUNS = 100_000
"""Of one trail, children included; only their ids are kept."""
_RESET = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
_FOLLOWED = (
    "workflow_execution_continued_as_new_event_attributes",
    "workflow_execution_completed_event_attributes",
    "workflow_execution_failed_event_attributes",
    "workflow_execution_timed_out_event_attributes",
)
"""Ends after which another run of the chain may follow."""


@dataclass(frozen=True)
class Run:
    """One run of one workflow."""

    workflow_id: str
    run_id: str
    why: str
    """How the trail came to it: `asked`, `continued`, `reset`, `child`."""


@dataclass
class Runs:
    """Runs that are still to be told, each once; a run adds those that it leads to."""

    waiting: deque[Run] = field(default_factory=deque)
    known: set[str] = field(default_factory=set)

    def add(self, run: Run, *, next_up: bool = False) -> None:
        """Take one in, unless it is known.

        Raises:
            CliError: more than `MAX_RUNS`.
        """
        if not run.run_id or run.run_id in self.known:
            return
        if len(self.known) >= MAX_RUNS:
            raise CliError(f"more than {MAX_RUNS} runs; export children by themselves")
        self.known.add(run.run_id)
        if next_up:
            self.waiting.appendleft(run)
        else:
            self.waiting.append(run)

    def led_to_by(self, run: Run, events: list[HistoryEvent]) -> None:
        """Take in what a history leads to: children after the chain, the chain before all else."""
        follows = ""
        for event in events:
            child = event.child_workflow_execution_started_event_attributes.workflow_execution
            self.add(Run(child.workflow_id, child.run_id, "child"))
            failed = event.workflow_task_failed_event_attributes
            if failed.cause == _RESET:
                self.add(Run(run.workflow_id, failed.base_run_id, "reset"), next_up=True)
            for name in _FOLLOWED:
                follows = getattr(event, name).new_execution_run_id or follows
        self.add(Run(run.workflow_id, follows, "continued"), next_up=True)


async def beginning(client: Client, workflow_id: str, run_id: str | None) -> tuple[Run, str]:
    """Find the earliest run of a chain that Temporal still has.

    Returns:
        It, and the id of the run before it that is gone; nothing where the chain is whole.

    Raises:
        CliError: no such workflow (2), or Temporal is away (3).
    """
    first = await _first_event(client, workflow_id, run_id)
    if first is None:
        raise CliError(await not_found(client, workflow_id))
    found, seen = first, set[str]()
    while before := _before(found[1]):
        if before in seen:
            break
        seen.add(before)
        earlier = await _first_event(client, workflow_id, before)
        if earlier is None:
            return Run(workflow_id, found[0], "asked"), before
        found = earlier
    return Run(workflow_id, found[0], "asked"), ""


async def history_of(client: Client, run: Run) -> WorkflowHistory | None:
    """Fetch one history, page by page; None where Temporal has it no more."""
    handle = client.get_workflow_handle(run.workflow_id, run_id=run.run_id)
    with told_by_temporal(run.workflow_id):
        try:
            return await handle.fetch_history(rpc_timeout=CALL)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise


async def _first_event(
    client: Client, workflow_id: str, run_id: str | None
) -> tuple[str, HistoryEvent] | None:
    """Read how a run began, and which it is."""
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    with told_by_temporal(workflow_id):
        try:
            if run_id is None:
                # Asked for by name: without, a run that begins meanwhile could be the one read.
                described = await handle.describe(rpc_timeout=CALL)
                run_id = described.run_id
                handle = client.get_workflow_handle(workflow_id, run_id=run_id)
            async for event in handle.fetch_history_events(page_size=1, rpc_timeout=CALL):
                return run_id, event
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
    return None


def _before(event: HistoryEvent) -> str:
    return event.workflow_execution_started_event_attributes.continued_execution_run_id
