"""Makes what specs say of their schedules live, and only that: paused stays paused."""

from dataclasses import dataclass, replace

from temporalio.client import (
    Client,
    Schedule,
    ScheduleAlreadyRunningError,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from contracts.orchestration import BadInputError, parse_input
from starter.exits import CliError
from starter.schedules import differences, schedule_id, schedule_of
from starter.spec_file import SpecFile
from starter.starting import CALL, told_by_temporal


@dataclass(frozen=True)
class Wish:
    """A spec, and the schedule that it asks for."""

    file: SpecFile
    schedule: Schedule | None

    @property
    def id(self) -> str:
        """The schedule's."""
        return schedule_id(self.file.spec.name)


@dataclass(frozen=True)
class Applied:
    """What was done, or would be, for one spec."""

    id: str
    told: str
    live_against_spec: bool = False
    """A schedule is live that its spec does not ask for."""


def wishes(files: list[SpecFile]) -> list[Wish]:
    """Check all specs before anything changes.

    Raises:
        CliError: two of one name, or one that could not run when its time comes.
    """
    seen: dict[str, SpecFile] = {}
    for file in files:
        if other := seen.get(file.spec.name):
            raise CliError(
                f"{file.path}: its name is {file.spec.name}, as that of {other.path}; a name has "
                "one schedule: rename one of them"
            )
        seen[file.spec.name] = file
    return [_wish(file) for file in files]


def _wish(file: SpecFile) -> Wish:
    trigger = file.spec.on.schedule
    if trigger is None:
        return Wish(file, None)
    wanted = schedule_of(file, trigger)
    try:
        parse_input((file.render({}),), type(file.spec))
    except BadInputError as error:
        raise file.error(error.problems) from error
    return Wish(file, wanted)


async def apply(client: Client, wish: Wish, *, prune: bool, dry: bool) -> Applied:
    """Create, update, delete or leave one schedule.

    Args:
        client: of the namespace that it shall run in.
        wish: the spec's.
        prune: delete a schedule whose spec does not ask for it any more.
        dry: only say so.

    Raises:
        CliError: Temporal did not take it (2), or is away (3).
    """
    handle = client.get_schedule_handle(wish.id)
    with told_by_temporal(wish.id):
        live = await find(handle)
        if wish.schedule is None:
            return await _without(handle, wish, live, prune=prune, dry=dry)
        if live is None:
            return await _create(client, wish.id, wish.schedule, dry=dry)
        changed = await differences(client, live.schedule, wish.schedule)
        if not changed:
            return Applied(wish.id, f"unchanged{_paused(live)}")
        if not dry:
            await _update(handle, wish.schedule)
        told = f"{'would be updated' if dry else 'updated'} ({', '.join(changed)})"
        return Applied(wish.id, told + _paused(live))


async def find(handle: ScheduleHandle) -> ScheduleDescription | None:
    """Describe a schedule; None where there is none."""
    try:
        return await handle.describe(rpc_timeout=CALL)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


async def _create(client: Client, name: str, wanted: Schedule, *, dry: bool) -> Applied:
    if dry:
        return Applied(name, "would be created")
    try:
        await client.create_schedule(name, wanted, rpc_timeout=CALL)
    except ScheduleAlreadyRunningError:  # somebody else has just made it
        return await _made_meanwhile(client.get_schedule_handle(name), wanted)
    return Applied(name, "created")


async def _made_meanwhile(handle: ScheduleHandle, wanted: Schedule) -> Applied:
    await _update(handle, wanted)
    return Applied(handle.id, "updated (made by somebody else meanwhile)")


async def _update(handle: ScheduleHandle, wanted: Schedule) -> None:
    """Replace what the spec says; what people decided about the live schedule stays."""

    def updated(found: ScheduleUpdateInput) -> ScheduleUpdate:
        live = found.description.schedule
        policy = replace(wanted.policy, pause_on_failure=live.policy.pause_on_failure)
        return ScheduleUpdate(replace(wanted, state=live.state, policy=policy))

    await handle.update(updated, rpc_timeout=CALL)


async def _without(
    handle: ScheduleHandle,
    wish: Wish,
    live: ScheduleDescription | None,
    *,
    prune: bool,
    dry: bool,
) -> Applied:
    if live is None:
        return Applied(wish.id, f"nothing to do, {wish.file.path} has no on.schedule")
    if not prune:
        told = (
            f"still live, although {wish.file.path} has no on.schedule; delete it with --prune, or "
            f"`podium schedules delete {wish.file.spec.name}`"
        )
        return Applied(wish.id, told, live_against_spec=True)
    if not dry:
        await handle.delete(rpc_timeout=CALL)
    said = "would be deleted" if dry else "deleted"
    return Applied(wish.id, f"{said}, {wish.file.path} has no on.schedule")


def _paused(live: ScheduleDescription) -> str:
    return ", paused" if live.schedule.state.paused else ""
