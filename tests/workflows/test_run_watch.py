"""A watcher's end: Temporal drops the signals of a workflow that completes while they are under way.

What is to be cancelled would be lost as well, where the watcher ended before it.
"""

import pytest
from temporalio.client import WorkflowHistory

from tests.workflows.test_mixed_deployment import kinds
from tests.workflows.test_replay import named, replayer

LATE = (
    "timer_fired",
    "workflow_task_scheduled",
    "workflow_execution_signaled",
    "workflow_task_started",
    "workflow_task_completed",
    "signal_external_workflow_execution_initiated",
    "external_workflow_execution_signaled",
)
"""Its time to linger is over, somebody registers who waits for an end that it knows, and is told."""
CANCEL = "github.run.cancel"


async def test_a_watcher_ends_only_when_its_last_news_has_arrived() -> None:
    recorded = named("run-watch-late")
    seen = tuple(kind.removesuffix("_event_attributes") for kind in kinds(recorded.events))
    parts = [seen[n : n + len(LATE)] for n in range(len(seen))]

    assert LATE in parts
    await replayer().replay_workflow(recorded)


@pytest.mark.parametrize(
    ("path", "linger"),
    [
        ("run-watch-surplus", "timer_canceled"),
        # An older Temporal Worker heard of it and lingered on; a newer one came before the end.
        ("run-watch-surplus-replaced", "timer_fired"),
    ],
)
async def test_a_watcher_ends_only_when_a_second_run_that_it_heard_of_lingering_is_cancelled(
    path: str, linger: str
) -> None:
    recorded = named(path)

    assert steps(recorded)[-5:] == ["timer_started", linger, CANCEL, "timer_started", "timer_fired"]
    await replayer().replay_workflow(recorded)


async def test_a_watcher_that_ended_over_a_second_run_before_that_was_mended_replays() -> None:
    recorded = named("run-watch-surplus-lost")

    assert CANCEL not in steps(recorded)
    await replayer().replay_workflow(recorded)


def steps(recorded: WorkflowHistory) -> list[str]:
    """What timers did, and cancellations."""
    done = [
        (kind, event.activity_task_scheduled_event_attributes.activity_type.name)
        for event, kind in zip(recorded.events, kinds(recorded.events), strict=True)
    ]
    return [
        activity or kind.removesuffix("_event_attributes")
        for kind, activity in done
        if activity == CANCEL or kind.startswith("timer")
    ]
