"""What a seen run means for whoever waits: the watch on it, its end, when to look for it."""

from datetime import datetime, timedelta

from contracts.runs import Completion, RunRef
from contracts.watch import Intent, RunRow, WatchedRun
from workflows.parts.told import Told

_MAYBE_DONE = 0.8
"""A run is looked for from this share of its worker's shortest time on."""
_OVERDUE = 2
"""So many times the typical time, and the end of most runs has been told."""
_DELIVERED_WITHIN = timedelta(seconds=15)


def adopted(repository: str, intent: Intent, row: RunRow) -> WatchedRun:
    """Watch a run that was announced and never told: its title says whose it is."""
    run = RunRef(
        repository=repository,
        workflow=intent.workflow,
        run_id=row.run_id,
        run_attempt=row.run_attempt,
        dispatch_id=intent.dispatch_id,
        url=row.url,
        dispatched_at=intent.announced_at,
        adopted=True,
    )
    return WatchedRun(
        run=run, waiter=intent.waiter, expected=intent.expected, shortest=intent.shortest
    )


def completion_of(watched: WatchedRun, row: RunRow, told: Told) -> Completion:
    """Tell the end of a run; one that ended without a conclusion is no success."""
    return Completion(
        dispatch_id=watched.run.dispatch_id,
        run_id=row.run_id,
        run_attempt=row.run_attempt,
        conclusion=row.conclusion or "neutral",
        url=row.url,
        seconds=row.seconds,
        told=told.take(row.run_id, row.run_attempt),
    )


def change_of(dispatch_id: str, row: RunRow) -> Completion:
    """Tell that a run is held, or is not any more; its conclusion is still to come."""
    return Completion(
        dispatch_id=dispatch_id,
        run_id=row.run_id,
        run_attempt=row.run_attempt,
        status=row.status,
        url=row.url,
    )


def maybe_done(asked: WatchedRun) -> datetime:
    """When a run can have ended at the earliest, by the shortest run of its worker."""
    return asked.run.dispatched_at + (asked.shortest or timedelta()) * _MAYBE_DONE


def overdue_at(asked: WatchedRun) -> datetime | None:
    """From when on the delivery of a run's end was probably lost; None where nobody can tell."""
    if asked.expected is None:
        return None
    return asked.run.dispatched_at + asked.expected * _OVERDUE + _DELIVERED_WITHIN
