"""A watcher of approval issues that looks less often, for tests in which days pass."""

from datetime import timedelta

from temporalio.client import Client

from contracts import names

EVERY = timedelta(hours=12)
"""In place of five minutes: 60 looks, not 8,640, show the same."""
NOBODYS = {
    "number": 999,
    "waiter": {"workflow_id": "podium/none/1", "first_execution_run_id": "x"},
    "since": "2026-01-01T00:00:00Z",
}


async def look_less_often(client: Client) -> None:
    """Start the watcher before any gate does: a month has 8,640 looks otherwise."""
    await client.start_workflow(
        "GateWatch",
        {"repository": "octo-org/widgets", "every": EVERY.total_seconds()},
        id=names.gate_watch_id("octo-org/widgets"),
        task_queue=names.TASK_QUEUE,
        start_signal="watch",  # of a run that is none: forgotten when that is noticed
        start_signal_args=[{"issues": [NOBODYS]}],
    )
