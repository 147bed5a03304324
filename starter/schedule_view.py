"""What there is of live schedules: listed, shown and deleted."""

from datetime import datetime

from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleDescription,
)

from contracts.problems import nearest
from starter.applying import find
from starter.exits import CliError
from starter.schedules import PREFIX, decoded, schedule_id
from starter.starting import CALL, told_by_temporal

_TIMES = 3


async def live_ids(client: Client) -> list[str]:
    """List the ids of Podium's schedules; one made or deleted just now may be told wrongly."""
    with told_by_temporal("schedules"):
        found = await client.list_schedules(rpc_timeout=CALL)
        return sorted([one.id async for one in found if one.id.startswith(PREFIX)])


async def shown(client: Client, name: str) -> list[str]:
    """Show one schedule in a few lines; nothing where it is gone."""
    with told_by_temporal(name):
        live = await find(client.get_schedule_handle(name))
    return [] if live is None else [f"{name.removeprefix(PREFIX)}", *await _lines(client, live)]


async def delete(client: Client, name: str) -> str:
    """Delete a schedule by its spec's name or its own id, and say what was done.

    Raises:
        CliError: there is no such schedule.
    """
    handle = client.get_schedule_handle(schedule_id(name.removeprefix(PREFIX)))
    with told_by_temporal(handle.id):
        live = await find(handle)
        if live is not None:
            await handle.delete(rpc_timeout=CALL)
    if live is None:
        known = [one.removeprefix(PREFIX) for one in await live_ids(client)]
        there = nearest(name, known) if known else "there is none"
        raise CliError(f"no schedule {handle.id} in namespace {client.namespace}; {there}")
    running = "".join(f"; {one} goes on" for one in _running(live))
    return f"{handle.id}: schedule deleted{running}"


async def _lines(client: Client, live: ScheduleDescription) -> list[str]:
    policy, state, info = live.schedule.policy, live.schedule.state, live.info
    times = ", ".join(_utc(one) for one in info.next_action_times[:_TIMES])
    last = info.recent_actions[-1] if info.recent_actions else None
    told = {
        "runs": await _runs(client, live),
        "times": _times(live),
        "next": times or "never",
        "last": f"{_utc(last.started_at)} {_started(last.action)}" if last else "none yet",
        "overlap": policy.overlap.name.lower().replace("_", "-"),
    }
    if running := _running(live):
        told["running"] = ", ".join(running)
    if state.paused:
        told["paused"] = state.note or "yes"
    return [f"  {word + ':':9}{text}" for word, text in told.items()]


async def _runs(client: Client, live: ScheduleDescription) -> str:
    action = live.schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow):
        return "no workflow"
    given = await decoded(client, action.args[0]) if action.args else None
    spec = given.get("spec") if isinstance(given, dict) else None
    where = spec.get("repository") if isinstance(spec, dict) else None
    return f"{action.workflow} in {where or 'an unknown repository'}"


def _times(live: ScheduleDescription) -> str:
    spec = live.schedule.spec
    said = next((one.comment for one in spec.calendars if one.comment), None)
    return f"{said or 'not made by podium'}, {spec.time_zone_name or 'UTC'}"


def _running(live: ScheduleDescription) -> list[str]:
    return [_started(one) for one in live.info.running_actions]


def _started(action: object) -> str:
    return action.workflow_id if isinstance(action, ScheduleActionExecutionStartWorkflow) else ""


def _utc(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%MZ")
