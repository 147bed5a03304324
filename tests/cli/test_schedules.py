"""`podium schedules` against a real Temporal server."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import (
    ScheduleActionExecutionStartWorkflow,
    ScheduleOverlapPolicy,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowExecutionStatus,
)
from temporalio.service import RPCError

from tests.cli.backstage import Backstage
from tests.cli.conftest import Podium, Write
from tests.cli.schedules import live
from tests.patience import PATIENCE

RUNNING = WorkflowExecutionStatus.RUNNING
Scheduled = Callable[..., Path]


@pytest.fixture
def name(backstage: Backstage) -> Iterator[str]:
    """A spec's name; its schedule and its runs are ended with the test."""
    name = f"sched-{uuid4().hex[:12]}"
    yield name

    async def clean() -> None:
        client = backstage.stand.client
        try:
            await client.get_schedule_handle(f"podium/{name}").delete()
        except RPCError:
            return
        query = f'WorkflowId STARTS_WITH "podium/{name}/" AND ExecutionStatus = "Running"'
        async for one in client.list_workflows(query):
            await client.get_workflow_handle(one.id).terminate("the test has ended")

    backstage.ask(clean())


@pytest.fixture
def scheduled(write: Write, name: str) -> Scheduled:
    """Write a spec of that name with a schedule; nothing makes one without."""

    def spec(schedule: str = "daily", replaced: dict[str, str] | None = None) -> Path:
        line = f"on:\n  schedule: {schedule}\n" if schedule else "on:\n"
        return write({"name: nightly": f"name: {name}", "on:\n": line, **(replaced or {})})

    return spec


def until(true: Callable[[], bool]) -> None:
    """Wait for what the server does in its own time."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.1)


def exists(backstage: Backstage, name: str) -> bool:
    try:
        live(backstage, name)
    except RPCError:
        return False
    return True


def trigger(backstage: Backstage, name: str) -> str:
    """Let the schedule's time come; the workflow id of the newest run so far."""
    before = come(backstage, name)
    backstage.ask(backstage.stand.client.get_schedule_handle(f"podium/{name}").trigger())
    until(lambda: come(backstage, name) != before)
    time.sleep(1.05 - time.time() % 1)  # workflow ids have the second in them
    return newest(backstage, name)


def come(backstage: Backstage, name: str) -> tuple[int, int, int]:
    """How often a time of the schedule has come: started, left out, waiting."""
    info = live(backstage, name).raw_description.info
    return info.action_count, info.overlap_skipped, info.buffer_size


def newest(backstage: Backstage, name: str) -> str:
    done = live(backstage, name).info.recent_actions
    action = done[-1].action if done else None
    return action.workflow_id if isinstance(action, ScheduleActionExecutionStartWorkflow) else ""


def test_applying_creates_says_what_changed_and_leaves_what_is_so(
    podium: Podium, scheduled: Scheduled, backstage: Backstage, name: str
) -> None:
    created = podium("schedules", "apply", scheduled())
    again = podium("schedules", "apply", scheduled())
    moved = podium("schedules", "apply", scheduled("weekly on monday"))
    mapped = podium(
        "schedules", "apply",
        scheduled('{cron: "0 6 * * 1", timezone: Europe/Berlin, overlap: buffer-one, catch-up: 2h}'),
    )  # fmt: skip
    longer = podium(
        "schedules", "apply",
        scheduled(
            '{cron: "0 6 * * 1", timezone: Europe/Berlin, overlap: buffer-one, catch-up: 2h}',
            {"max-parallel: 2": "max-parallel: 3\ndeadline: 2h"},
        ),
    )  # fmt: skip

    assert created.out == f"podium/{name}: created\n"
    assert again.out == f"podium/{name}: unchanged\n"
    assert moved.out == f"podium/{name}: updated (times, input)\n"
    assert mapped.out == f"podium/{name}: updated (times, overlap, catch-up, input)\n"
    assert longer.out == f"podium/{name}: updated (input, time limit, details)\n"
    assert {one.code for one in (created, again, moved, mapped, longer)} == {0}
    policy = live(backstage, name).schedule.policy
    assert policy.overlap is ScheduleOverlapPolicy.BUFFER_ONE
    assert policy.catchup_window == timedelta(hours=2)


@pytest.mark.covers("U3")
def test_what_it_starts_is_the_spec_and_reports(
    podium: Podium, scheduled: Scheduled, backstage: Backstage, name: str
) -> None:
    assert podium("schedules", "apply", scheduled()).code == 0

    run = trigger(backstage, name)

    assert run.startswith(f"podium/{name}/scheduled-2")
    assert run.endswith("Z")
    watched = podium("watch", run, "--interval", "0.1")
    assert watched.code == 0
    assert f"# {name} - " in watched.out
    describing = backstage.stand.client.get_workflow_handle(run).describe()
    described = backstage.ask(describing)
    assert described.workflow_type == "OrchestratorWorker"
    assert described.raw_description.execution_config.workflow_execution_timeout.seconds > 6 * 3600
    assert backstage.ask(described.static_summary()) == (
        f"{name}: Look at things. (octo-org/widgets)"
    )


def test_a_paused_schedule_stays_paused_with_its_note(
    podium: Podium, scheduled: Scheduled, backstage: Backstage, name: str
) -> None:
    assert podium("schedules", "apply", scheduled()).code == 0
    handle = backstage.stand.client.get_schedule_handle(f"podium/{name}")
    backstage.ask(handle.pause(note="until the audit is over"))

    same = podium("schedules", "apply", scheduled())
    changed = podium("schedules", "apply", scheduled("hourly"))

    assert same.out == f"podium/{name}: unchanged, paused\n"
    assert changed.out == f"podium/{name}: updated (times, input), paused\n"
    state = live(backstage, name).schedule.state
    assert (state.paused, state.note) == (True, "until the audit is over")
    shown = podium("schedules", "list").out
    assert "  paused:  until the audit is over\n" in shown


@pytest.mark.parametrize(
    ("overlap", "first_is", "second_runs"),
    [
        ("skip", WorkflowExecutionStatus.RUNNING, False),
        ("allow-all", WorkflowExecutionStatus.RUNNING, True),
        ("cancel-other", WorkflowExecutionStatus.CANCELED, True),
        ("terminate-other", WorkflowExecutionStatus.TERMINATED, True),
    ],
)
def test_a_time_that_comes_while_the_last_run_goes_on_follows_the_overlap(
    podium: Podium,
    scheduled: Scheduled,
    backstage: Backstage,
    name: str,
    overlap: str,
    first_is: WorkflowExecutionStatus,
    *,
    second_runs: bool,
) -> None:
    backstage.control.hold()
    assert podium("schedules", "apply", scheduled(f"{{cron: daily, overlap: {overlap}}}")).code == 0
    first = trigger(backstage, name)
    until(lambda: backstage.status(first) is RUNNING)

    trigger(backstage, name)

    until(lambda: backstage.status(first) is first_is)
    if second_runs:
        until(lambda: newest(backstage, name) != first)
        second = newest(backstage, name)
        until(lambda: backstage.status(second) is RUNNING)
    else:
        info = live(backstage, name).info
        assert (info.num_actions, info.num_actions_skipped_overlap) == (1, 1)
        assert newest(backstage, name) == first


def test_buffer_one_starts_the_next_run_when_the_last_has_ended(
    podium: Podium, scheduled: Scheduled, backstage: Backstage, name: str
) -> None:
    backstage.control.hold()
    assert podium("schedules", "apply", scheduled("{cron: daily, overlap: buffer-one}")).code == 0
    first = trigger(backstage, name)
    until(lambda: backstage.status(first) is RUNNING)

    assert trigger(backstage, name) == first, "it waits"
    assert trigger(backstage, name) == first, "and a third time is left out"

    assert live(backstage, name).info.num_actions_skipped_overlap == 1
    backstage.control.release()
    assert podium("watch", first, "--interval", "0.1").code == 0
    until(lambda: newest(backstage, name) != first)
    assert podium("watch", newest(backstage, name), "--interval", "0.1").code == 0


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    podium: Podium, scheduled: Scheduled, backstage: Backstage, name: str
) -> None:
    would_create = podium("schedules", "apply", scheduled(), "--dry-run")
    assert not exists(backstage, name)
    podium("schedules", "apply", scheduled())
    before = live(backstage, name)
    would_change = podium("schedules", "apply", scheduled("hourly"), "--dry-run")
    would_delete = podium("schedules", "apply", scheduled(""), "--dry-run", "--prune")

    assert would_create.out == f"podium/{name}: would be created\n"
    assert would_change.out == f"podium/{name}: would be updated (times, input)\n"
    assert f"podium/{name}: would be deleted" in would_delete.out
    assert live(backstage, name).raw_description == before.raw_description


def test_a_schedule_that_its_spec_no_longer_has_is_told_and_only_prune_deletes_it(
    podium: Podium, scheduled: Scheduled, backstage: Backstage, name: str
) -> None:
    assert podium("schedules", "apply", scheduled()).code == 0

    told = podium("schedules", "apply", scheduled(""))
    assert told.code == 1
    assert f"note: podium/{name}: still live, although " in told.err
    assert f"--prune, or `podium schedules delete {name}`" in told.err
    assert exists(backstage, name)

    pruned = podium("schedules", "apply", scheduled(""), "--prune")
    assert pruned.code == 0
    assert f"podium/{name}: deleted, " in pruned.out
    assert not exists(backstage, name)

    after = podium("schedules", "apply", scheduled(""))
    assert after.code == 0
    assert f"podium/{name}: nothing to do, " in after.out


def test_the_list_has_times_last_run_and_overlap(
    podium: Podium, scheduled: Scheduled, backstage: Backstage, name: str
) -> None:
    spec = scheduled('{cron: "0 6 * * 1", timezone: Asia/Tokyo, overlap: allow-all}')
    assert podium("schedules", "apply", spec).code == 0
    run = trigger(backstage, name)

    def listed() -> str:
        return podium("schedules", "list").out

    until(lambda: f"{name}\n" in listed())  # lists are brought up to date a moment later
    _, _, below = listed().partition(f"{name}\n")
    lines = below.splitlines()
    assert lines[0] == "  runs:    OrchestratorWorker in octo-org/widgets"
    assert lines[1] == "  times:   0 6 * * 1, Asia/Tokyo"
    assert lines[2].count("T21:00Z") == 3, "Sunday evening in UTC"
    assert lines[3].endswith(f"Z {run}")
    assert lines[4] == "  overlap: allow-all"


def test_delete_says_what_it_did_and_what_goes_on(
    podium: Podium, scheduled: Scheduled, backstage: Backstage, name: str
) -> None:
    backstage.control.hold()
    assert podium("schedules", "apply", scheduled()).code == 0
    run = trigger(backstage, name)

    deleted = podium("schedules", "delete", name)
    again = podium("schedules", "delete", f"podium/{name}")

    assert deleted.code == 0
    assert deleted.out == f"podium/{name}: schedule deleted; {run} goes on\n"
    assert backstage.status(run) is RUNNING
    assert again.code == 2
    assert f"no schedule podium/{name} in namespace default; " in again.err
    backstage.control.release()
    assert podium("watch", run, "--interval", "0.1").code == 0


def test_a_schedule_that_somebody_changed_by_hand_becomes_what_its_spec_says(
    podium: Podium, scheduled: Scheduled, backstage: Backstage, name: str
) -> None:
    assert podium("schedules", "apply", scheduled()).code == 0
    client = backstage.stand.client

    async def change() -> None:
        def update(found: ScheduleUpdateInput) -> ScheduleUpdate:
            schedule = found.description.schedule
            schedule.spec.cron_expressions = ["30 3 * * *"]
            schedule.policy.pause_on_failure = True
            return ScheduleUpdate(schedule)

        await client.get_schedule_handle(f"podium/{name}").update(update)

    backstage.ask(change())

    said = podium("schedules", "apply", scheduled())

    assert said.out == f"podium/{name}: updated (times)\n"
    assert len(live(backstage, name).schedule.spec.calendars) == 1
    assert live(backstage, name).schedule.policy.pause_on_failure, "which no spec speaks of"
    assert podium("schedules", "apply", scheduled()).out == f"podium/{name}: unchanged\n"
