"""A watcher's end: Temporal drops the signals of a workflow that completes while they are under way."""

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


async def test_a_watcher_ends_only_when_its_last_news_has_arrived() -> None:
    recorded = named("run-watch-late")
    seen = tuple(kind.removesuffix("_event_attributes") for kind in kinds(recorded.events))
    parts = [seen[n : n + len(LATE)] for n in range(len(seen))]

    assert LATE in parts
    await replayer().replay_workflow(recorded)
