"""The Temporal Schedule that a spec asks for, and how a live one differs from it."""

import itertools
from collections.abc import Iterable
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
)

from contracts import names
from contracts.cron import Calendar
from contracts.specs.triggers import ScheduleTrigger
from starter.spec_file import SpecFile
from starter.starting import details, execution_timeout, summary

PREFIX = "podium/"
"""Schedules whose ids begin so are Podium's: what follows is the name of the spec."""
_KEY = "scheduled"
"""Temporal puts the schedule's time behind it: `podium/NAME/scheduled-2026-11-30T06:00:00Z`."""
_SERIES = 3
"""From so many numbers on, equal steps are written as one range."""


def schedule_id(name: str) -> str:
    """Name the schedule of a spec."""
    return f"{PREFIX}{name}"


def schedule_of(file: SpecFile, trigger: ScheduleTrigger) -> Schedule:
    """Make the schedule that a spec asks for.

    Raises:
        CliError: the spec needs inputs that a schedule does not give.
    """
    return Schedule(
        action=ScheduleActionStartWorkflow(
            file.workflow_type,
            file.render({}),
            id=names.workflow_id(file.spec.name, _KEY),
            task_queue=names.TASK_QUEUE,
            execution_timeout=execution_timeout(file.spec),
            static_summary=summary(file.spec),
            static_details=details(file),
        ),
        spec=ScheduleSpec(
            calendars=[_calendar(one, trigger.cron) for one in trigger.calendars],
            time_zone_name=trigger.timezone,
        ),
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy[trigger.overlap.replace("-", "_").upper()],
            catchup_window=trigger.catch_up,
        ),
    )


async def differences(client: Client, live: Schedule, wanted: Schedule) -> list[str]:
    """Say in which parts a live schedule is not the one that is wanted; state is nobody's."""
    found = []
    if _times(live.spec) != _times(wanted.spec):
        found.append("times")
    if live.policy.overlap != wanted.policy.overlap:
        found.append("overlap")
    if live.policy.catchup_window != wanted.policy.catchup_window:
        found.append("catch-up")
    one, other = await _action(client, live), await _action(client, wanted)
    found += [part for part in other if one.get(part) != other[part]]
    return found


async def decoded(client: Client, value: Any) -> Any:
    """Decode what Temporal's description leaves encoded."""
    if not isinstance(value, Payload):
        return value
    return (await client.data_converter.decode([value]))[0]


def _calendar(calendar: Calendar, comment: str) -> ScheduleCalendarSpec:
    return ScheduleCalendarSpec(
        minute=_ranges(calendar.minutes),
        hour=_ranges(calendar.hours),
        day_of_month=_ranges(calendar.days),
        month=_ranges(calendar.months),
        day_of_week=_ranges(calendar.weekdays),
        comment=comment,
    )


def _ranges(numbers: tuple[int, ...]) -> list[ScheduleRange]:
    """Write numbers as one range where their steps are equal, each by itself otherwise."""
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    if len(numbers) >= _SERIES and len(steps) == 1:
        return [ScheduleRange(numbers[0], numbers[-1], steps.pop())]
    return [ScheduleRange(number) for number in numbers]


def _times(spec: ScheduleSpec) -> tuple[object, ...]:
    """Say when it comes, however its ranges are written."""
    calendars = [(_calendar_numbers(one), one.comment) for one in spec.calendars]
    more = (list(spec.intervals), list(spec.cron_expressions), list(spec.skip))
    bounds = (spec.start_at, spec.end_at, spec.jitter)
    return (calendars, spec.time_zone_name or "UTC", more, bounds)


def _calendar_numbers(one: ScheduleCalendarSpec) -> list[frozenset[int]]:
    fields = (one.second, one.minute, one.hour, one.day_of_month, one.month, one.year)
    return [_numbers(field) for field in (*fields, one.day_of_week)]


def _numbers(ranges: Iterable[ScheduleRange]) -> frozenset[int]:
    return frozenset(number for one in ranges for number in range(one.start, one.end + 1, one.step))


async def _action(client: Client, schedule: Schedule) -> dict[str, Any]:
    action = schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow):
        return {}
    return {
        "workflow type": action.workflow,
        "input": [await decoded(client, one) for one in action.args],
        "workflow id": action.id,
        "task queue": action.task_queue,
        "time limit": action.execution_timeout,
        "summary": await decoded(client, action.static_summary),
        "details": await decoded(client, action.static_details),
    }
