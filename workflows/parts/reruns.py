"""A failed run that a person starts again on GitHub while its retry waits: it is the retry."""

from temporalio import workflow

from contracts.fleet import Entry
from contracts.runs import RunRef, RunState
from workflows.parts.patience import completion_of
from workflows.parts.worker_run import WorkerRuns

_LOOKED_FOR = "a run that a person started again is adopted"


async def started_again(runs: WorkerRuns, entry: Entry) -> RunState | None:
    """Read the run of the attempt before; None unless it was run again since."""
    previous = entry.previous
    if previous is None or not workflow.patched(_LOOKED_FOR):
        return None
    state = await runs.read(previous, "in case it was run again")
    return state if state is not None and state.run_attempt > previous.run_attempt else None


def adopt(entry: Entry, state: RunState) -> RunRef:
    """Make a re-run the entry's run: it has the inputs, and so the id, of the attempt before.

    No circuit breaker granted it, so none is told what becomes of it.
    """
    if entry.previous is None:
        raise ValueError(f"{entry.item.key} had no run before")
    run = entry.previous.model_copy(
        update={
            "run_attempt": state.run_attempt,
            "dispatched_at": workflow.now(),
            "adopted": True,
            "breaker": "",
            "probing": False,
        }
    )
    entry.dispatch_id = run.dispatch_id
    entry.first_dispatched_at = entry.first_dispatched_at or workflow.now()
    if state.completed:
        entry.completion = completion_of(entry, state)
    return run


def is_rerun(entry: Entry) -> bool:
    """Whether a person started the entry's run, and no dispatch of ours."""
    return entry.run is not None and entry.run.run_attempt > 1
