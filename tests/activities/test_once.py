"""A write happens once in effect: every way in which an attempt can begin and end."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.activity import Info
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from activities.github import (
    AmbiguousError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
)
from activities.once import SEND_DEADLINE, Memory, Origin, Sight, send_once
from contracts import errors
from contracts.outputs import IssueRef

SETTLE = timedelta(seconds=60)
DONE = IssueRef(number=7, url="u")


@dataclass
class Writing:
    """A write whose look and send answer what the test says."""

    sight: Sight[IssueRef] = field(default_factory=Sight)
    result: Any = DONE
    sent: int = 0
    looks: list[bool] = field(default_factory=list)
    blind: Exception | None = None
    answer: type[IssueRef] = IssueRef

    async def look(self, since: datetime, *, settled: bool) -> Sight[IssueRef]:
        self.looks.append(settled)
        if self.blind is not None:
            raise self.blind
        return self.sight

    async def send(self) -> IssueRef | None:
        self.sent += 1
        if isinstance(self.result, Exception):
            raise self.result
        answer: IssueRef | None = self.result
        return answer


class Attempt:
    """One activity attempt."""

    def __init__(self, **changes: Any) -> None:
        now = datetime.now(UTC)
        self.env = ActivityEnvironment()
        base: Info = replace(
            self.env.info,
            attempt=1,
            workflow_id="w",
            workflow_run_id="run",
            started_time=now,
            current_attempt_scheduled_time=now,
            start_to_close_timeout=timedelta(seconds=25),
            heartbeat_details=[],
        )
        self.env.info = replace(base, **changes)
        self.left: list[Memory] = []
        self.env.on_heartbeat = lambda *d: self.left.append(Memory.model_validate(d[0]))
        self.reset_at = now

    async def run(
        self, write: Writing, *, original: str = "run", doubted_since: datetime | None = None
    ) -> IssueRef:
        async def describe(asked: Any, **_: Any) -> Any:
            assert (asked.execution.workflow_id, asked.execution.run_id) == ("w", "run")
            info = WorkflowExecutionInfo(status=8)  # type: ignore[arg-type] # paused
            info.start_time.FromDatetime(self.reset_at)
            return SimpleNamespace(workflow_execution_info=info)

        service = SimpleNamespace(describe_workflow_execution=describe)
        client: Any = SimpleNamespace(namespace="default", workflow_service=service)
        return await self.env.run(send_once, write, Origin(original, doubted_since), client, SETTLE)


def remembering(**memory: Any) -> list[Any]:
    return [Memory(**memory).model_dump(mode="json")]


async def test_a_first_attempt_sends_at_once_and_remembers_the_answer() -> None:
    write, attempt = Writing(), Attempt()

    assert await attempt.run(write) == DONE

    assert (write.sent, write.looks) == (1, [])
    assert attempt.left[-1].answer == DONE.model_dump()


async def test_a_remembered_answer_is_returned_without_a_request() -> None:
    write = Writing()

    assert (
        await Attempt(attempt=2, heartbeat_details=remembering(answer=DONE.model_dump())).run(write)
        == DONE
    )

    assert (write.sent, write.looks) == (0, [])


async def test_a_later_attempt_looks_before_it_sends() -> None:
    write = Writing(sight=Sight(answer=DONE))

    assert await Attempt(attempt=2).run(write) == DONE

    assert (write.sent, len(write.looks)) == (0, 1)


async def test_nothing_seen_is_no_proof_until_lists_have_settled() -> None:
    write, attempt = Writing(), Attempt(attempt=2)

    with pytest.raises(ApplicationError) as waiting:
        await attempt.run(write)

    assert waiting.value.type == errors.UNSETTLED
    assert waiting.value.next_retry_delay is not None
    assert write.sent == 0
    assert attempt.left[-1].in_doubt_since is not None


async def test_proved_absence_allows_another_send() -> None:
    write = Writing(sight=Sight(absent=True))

    assert await Attempt(attempt=2).run(write) == DONE

    assert write.sent == 1


async def test_after_settling_nothing_seen_is_absence() -> None:
    long_ago = datetime.now(UTC) - 2 * SETTLE
    write = Writing()

    await Attempt(attempt=3, heartbeat_details=remembering(attempt=2, in_doubt_since=long_ago)).run(
        write
    )

    assert (write.sent, write.looks) == (1, [True])


async def test_a_lost_answer_is_remembered_as_doubt() -> None:
    attempt = Attempt()

    with pytest.raises(ApplicationError) as lost:
        await attempt.run(Writing(result=AmbiguousError("reset")))

    assert lost.value.type == errors.AMBIGUOUS_ANSWER
    assert not lost.value.non_retryable
    assert attempt.left[-1].in_doubt_since is not None


@pytest.mark.parametrize(
    "error",
    [
        RefusedError("no", 422),
        RateLimitedError("wait", 403, timedelta(seconds=9)),
        RPCError("Temporal could not be told", RPCStatusCode.UNAVAILABLE, b""),
    ],
)
async def test_a_clear_no_leaves_no_doubt(error: Exception) -> None:
    attempt = Attempt()

    with pytest.raises(type(error)):
        await attempt.run(Writing(result=error))

    assert attempt.left[-1].attempt == 1
    assert attempt.left[-1].in_doubt_since is None


async def test_after_a_clean_attempt_the_next_sends_at_once() -> None:
    write = Writing()

    await Attempt(attempt=2, heartbeat_details=remembering(attempt=1)).run(write)

    assert (write.sent, write.looks) == (1, [])


async def test_doubt_is_not_cleaned_by_an_older_attempt() -> None:
    """Attempt 2 left nothing: it was killed, and may have sent."""
    write = Writing()

    with pytest.raises(ApplicationError):
        await Attempt(attempt=3, heartbeat_details=remembering(attempt=1)).run(write)

    assert (write.sent, len(write.looks)) == (0, 1)


async def test_an_old_doubt_does_not_hide_a_later_send() -> None:
    """Attempt 2 settled attempt 1's doubt, sent, and was killed before it could say so."""
    long_ago = datetime.now(UTC) - 2 * SETTLE
    write = Writing()
    attempt = Attempt(attempt=3, heartbeat_details=remembering(attempt=1, in_doubt_since=long_ago))

    with pytest.raises(ApplicationError) as waiting:
        await attempt.run(write)

    assert waiting.value.type == errors.UNSETTLED
    assert (write.sent, write.looks) == (0, [False])
    assert attempt.left[-1].in_doubt_since == attempt.env.info.current_attempt_scheduled_time


async def test_an_activity_that_was_reset_by_hand_remembers_its_sends() -> None:
    """`temporal activity reset` counts attempts from 1 again and keeps the heartbeat."""
    write = Writing()

    with pytest.raises(ApplicationError):
        await Attempt(heartbeat_details=remembering(attempt=4)).run(write)

    assert (write.sent, write.looks) == (0, [False])


async def test_a_look_that_fails_does_not_make_the_doubt_younger() -> None:
    since = datetime.now(UTC) - timedelta(seconds=30)
    attempt = Attempt(attempt=2, heartbeat_details=remembering(attempt=1, in_doubt_since=since))

    with pytest.raises(UnavailableError):
        await attempt.run(Writing(blind=UnavailableError("no answer")))

    assert (attempt.left[-1].attempt, attempt.left[-1].in_doubt_since) == (2, since)


async def test_the_doubt_of_a_reset_outlives_an_attempt_that_said_nothing() -> None:
    """The run that was reset may go on sending for as long as its own attempt lasts."""
    attempt = Attempt(attempt=2)

    with pytest.raises(ApplicationError):
        await attempt.run(Writing(), original="an earlier run")

    assert attempt.left[-1].in_doubt_since == attempt.reset_at + timedelta(seconds=25)


async def test_a_reset_workflow_looks_first_on_its_first_attempt() -> None:
    write = Writing(sight=Sight(answer=DONE))

    assert await Attempt().run(write, original="an earlier run") == DONE

    assert (write.sent, len(write.looks)) == (0, 1)


async def test_a_chain_that_was_reset_once_stays_in_doubt() -> None:
    write = Writing(sight=Sight(answer=DONE))

    await Attempt().run(write, doubted_since=datetime.now(UTC))

    assert (write.sent, write.looks) == (0, [False])


async def test_the_doubt_of_a_reset_settles_once_for_the_whole_chain() -> None:
    """Long after the reset, what cannot be found is sent without waiting again."""
    write = Writing()

    await Attempt().run(write, doubted_since=datetime.now(UTC) - timedelta(seconds=25) - SETTLE)

    assert (write.sent, write.looks) == (1, [True])


async def test_an_attempt_that_woke_up_late_does_not_send() -> None:
    late = datetime.now(UTC) - timedelta(seconds=25) + SEND_DEADLINE
    write, attempt = Writing(), Attempt(started_time=late)

    with pytest.raises(ApplicationError) as waiting:
        await attempt.run(write)

    assert waiting.value.type == errors.UNSETTLED
    assert write.sent == 0


async def test_what_was_accepted_is_never_sent_again() -> None:
    attempt = Attempt()

    with pytest.raises(ApplicationError) as accepted:
        await attempt.run(Writing(result=None))
    assert accepted.value.type == errors.UNSETTLED
    assert attempt.left[-1].accepted

    long_ago = datetime.now(UTC) - 2 * SETTLE
    write = Writing(sight=Sight(absent=True))
    with pytest.raises(ApplicationError) as unknown:
        await Attempt(
            attempt=2, heartbeat_details=remembering(accepted=True, in_doubt_since=long_ago)
        ).run(write)

    assert unknown.value.type == errors.DISPATCH_UNKNOWN
    assert unknown.value.non_retryable
    assert write.sent == 0
