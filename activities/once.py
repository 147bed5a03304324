"""One write, once in effect, however often Temporal runs the activity.

GitHub has no idempotency key, so a write may be sent at once only by the first attempt of an
activity whose run was never reset. Whoever comes later first looks whether the write has
happened, and sends again only when its absence is proved, or when `settle` has passed since the
last moment at which an earlier send could have gone out.

That moment is bounded: an attempt sends only while enough of its own start-to-close is left for
the send to end within it, so a frozen attempt that wakes up late sends nothing, and no earlier
attempt can still be sending once Temporal has started the next one.

What an attempt leaves in its heartbeat is exact for the next attempt only. One that left nothing
was killed, and may have sent just before.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NoReturn, ParamSpec, Protocol, TypeVar

from pydantic import BaseModel
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCError

from activities.executions import execution
from activities.github import AmbiguousError, GitHubError
from activities.github.errors import to_application_error
from contracts import errors
from contracts.base import Sent

SETTLE_MAX = timedelta(seconds=60)
"""How long GitHub's lists may lag behind an accepted write."""
SEND_DEADLINE = timedelta(seconds=12)
"""Longest that one send may take, in all."""
_LOOK_AGAIN = timedelta(seconds=3)
_DOUBLINGS, _LONGEST_WAIT = 6, timedelta(minutes=1)
"""Of the second's wait after a failure, as in the activities' policies."""
_CLOCKS_DIFFER = timedelta(seconds=1)

T = TypeVar("T", bound=BaseModel)
A = TypeVar("A")
P = ParamSpec("P")


@dataclass(frozen=True)
class Sight(Generic[T]):
    """What a look found: the answer, or nothing, and whether nothing proves absence."""

    answer: T | None = None
    absent: bool = False


class Write(Protocol[T]):
    """A write that `send_once` can repeat safely."""

    @property
    def answer(self) -> type[T]:
        """The type of the answer, as heartbeat details are read back."""

    async def look(self, since: datetime, *, settled: bool) -> Sight[T]:
        """Find the write. `settled` says that lists have had the time to show it."""

    async def send(self) -> T | None:
        """Send it; None when it was accepted and nothing says as what."""


class Memory(Sent):
    """What one attempt leaves the next, as heartbeat details."""

    attempt: int = 0
    """Whose memory it is; 0 in a memory that nobody left."""
    answer: dict[str, Any] | None = None
    in_doubt_since: datetime | None = None
    """When the last send that may have happened was over; None where nothing is in doubt."""
    accepted: bool = False
    """GitHub accepted it: never send again, only look."""
    failures: int = 0
    """Attempts so far that GitHub failed. Waits double with these: Temporal would count looks too."""


@dataclass(frozen=True)
class Origin:
    """What the workflow says of itself, to be held against what the activity sees."""

    original_execution_run_id: str
    doubted_since: datetime | None = None


async def send_once(
    write: Write[T], origin: Origin, client: Client, settle: timedelta = SETTLE_MAX
) -> T:
    """Do the write, or find it done.

    Raises:
        ApplicationError: `Unsettled` (benign) or `AmbiguousAnswer`, retried by Temporal;
            `DispatchUnknown` when GitHub accepted the write and never shows it; otherwise
            what the GitHub error means.
    """
    memory = _memory()
    if memory.answer is not None:
        return write.answer.model_validate(memory.answer)
    since = await _in_doubt_since(memory, origin, client)
    if since is not None:
        found = await _look(write, memory, since, settle)
        if found is not None:
            return _done(found)
    return await _send(write, memory, settle)


async def _look(write: Write[T], memory: Memory, since: datetime, settle: timedelta) -> T | None:
    settled = _now() >= since + settle
    # While nothing is sent, the time to settle does not begin again.
    doubt = memory.model_copy(update={"in_doubt_since": since})
    try:
        sight = await write.look(since, settled=settled)
    except GitHubError as error:
        _leave_failed(doubt, error)
        raise
    except Exception:
        _leave(doubt)
        raise
    if sight.answer is not None:
        return sight.answer
    if memory.accepted and settled:
        raise ApplicationError(
            "GitHub accepted it and does not show it; look for it by hand before doing it again",
            type=errors.DISPATCH_UNKNOWN,
            non_retryable=True,
        )
    if memory.accepted or not (settled or sight.absent):
        _leave(doubt)
        _look_later("an earlier send may still show; looking again", since + settle)
    return None


async def _send(write: Write[T], memory: Memory, settle: timedelta) -> T:
    clean = Memory(failures=memory.failures)
    try:
        _refuse_too_late()
        answer = await write.send()
    except AmbiguousError as error:
        _leave_failed(clean.model_copy(update={"in_doubt_since": _now()}), error)
        raise to_application_error(error) from None  # as `told_to_temporal` does
    except GitHubError as error:
        _leave_failed(clean, error)
        raise
    except (ApplicationError, RPCError):  # Temporal is told before and after a send
        _leave(clean)
        raise
    if answer is None:
        _leave(clean.model_copy(update={"in_doubt_since": _now(), "accepted": True}))
        _look_later("accepted; looking for what it became", _now() + settle)
    return _done(answer)


async def _in_doubt_since(memory: Memory, origin: Origin, client: Client) -> datetime | None:
    """Tell when an earlier send may last have gone out; None when there was none."""
    info = activity.info()
    if memory.accepted or (memory.attempt and memory.attempt == info.attempt - 1):
        return memory.in_doubt_since
    doubts = [memory.in_doubt_since, await _reset_doubt(origin, client)]
    if memory.attempt or info.attempt > 1:
        doubts.append(info.current_attempt_scheduled_time)
    return max((doubt for doubt in doubts if doubt is not None), default=None)


async def _reset_doubt(origin: Origin, client: Client) -> datetime | None:
    """Tell when a run that was reset may last have sent; None where none was."""
    info = activity.info()
    reset_at = origin.doubted_since
    if info.workflow_run_id != origin.original_execution_run_id:
        found = await execution(client, info.workflow_id or "", info.workflow_run_id or "")
        reset_at = found.start_time.ToDatetime(tzinfo=UTC)
    if reset_at is None:
        return None
    # Attempts of the run that was reset may go on until their own time is up.
    return reset_at + (info.start_to_close_timeout or timedelta())


def _memory() -> Memory:
    details = activity.info().heartbeat_details
    return Memory.model_validate(details[0]) if details else Memory()


def _leave(memory: Memory) -> None:
    mine = memory.model_copy(update={"attempt": activity.info().attempt})
    activity.heartbeat(mine.model_dump(mode="json"))


def _leave_failed(memory: Memory, error: GitHubError) -> None:
    """Count a failure, unless GitHub itself says when to come again."""
    if error.wait is None:
        seconds = 2 ** min(memory.failures, _DOUBLINGS)
        error.wait = min(timedelta(seconds=seconds), _LONGEST_WAIT)
        memory = memory.model_copy(update={"failures": memory.failures + 1})
    _leave(memory)


def _done(answer: T) -> T:
    _leave(Memory(answer=answer.model_dump(mode="json")))
    return answer


def _look_later(why: str, latest: datetime) -> NoReturn:
    wait = max(min(_LOOK_AGAIN, latest - _now()), timedelta(milliseconds=100))
    raise ApplicationError(
        why,
        type=errors.UNSETTLED,
        next_retry_delay=wait,
        category=ApplicationErrorCategory.BENIGN,
    )


def _refuse_too_late() -> None:
    info = activity.info()
    limit = info.start_to_close_timeout
    if limit is not None and _now() + SEND_DEADLINE > info.started_time + limit - _CLOCKS_DIFFER:
        _look_later("too little of this attempt is left to send in", _now())


def in_time(sending: Callable[P, A]) -> Callable[P, A]:
    """Have a blocking send refuse to begin too late, in its own thread and at the last moment.

    What comes before it may take long: telling Temporal, or waiting for a free thread.
    """

    def checked(*arguments: P.args, **named: P.kwargs) -> A:
        _refuse_too_late()
        return sending(*arguments, **named)

    return checked


def _now() -> datetime:
    return datetime.now(UTC)


async def within(limit: timedelta, sending: Callable[[], Awaitable[A]]) -> A:
    """Give a send its hard total deadline.

    Raises:
        AmbiguousError: the deadline passed; the send may still have happened.
    """
    try:
        async with asyncio.timeout(limit.total_seconds()):
            return await sending()
    except TimeoutError as error:
        raise AmbiguousError(f"no answer within {limit.total_seconds():.0f} s") from error
