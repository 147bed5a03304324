"""How long a write waits after a failure: twice as long each time, whatever was only looked at."""

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities.github import AmbiguousError, GitHubError, RateLimitedError, UnavailableError
from activities.github.errors import to_application_error
from contracts import errors
from tests.activities.test_once import Attempt, Writing, remembering

LATE = 30
"""An attempt after which Temporal would wait for a minute."""


async def failed(write: Writing, failures: int, *, doubt: bool) -> tuple[ApplicationError, int]:
    """Fail once more, late among the attempts; what Temporal is told, and the count that is left."""
    since = datetime.now(UTC) - timedelta(seconds=30) if doubt else None
    left = remembering(attempt=LATE - 1, in_doubt_since=since, failures=failures)
    attempt = Attempt(attempt=LATE, heartbeat_details=left)
    with pytest.raises((GitHubError, ApplicationError)) as caught:
        await attempt.run(write)
    told = caught.value
    if isinstance(told, GitHubError):
        told = to_application_error(told)
    assert isinstance(told, ApplicationError)
    return told, attempt.left[-1].failures


@pytest.mark.parametrize(("failures", "seconds"), [(0, 1), (1, 2), (4, 16), (6, 60), (10_000, 60)])
async def test_waits_double_with_failures_alone(failures: int, seconds: int) -> None:
    blind = Writing(blind=UnavailableError("502"))
    lost = Writing(result=AmbiguousError("502"))

    for told, left in (
        await failed(blind, failures, doubt=True),
        await failed(lost, failures, doubt=False),
    ):
        assert told.next_retry_delay == timedelta(seconds=seconds)
        assert left == failures + 1


async def test_a_look_that_is_too_early_is_no_failure_and_forgets_none() -> None:
    told, left = await failed(Writing(), 3, doubt=True)

    assert (told.type, left) == (errors.UNSETTLED, 3)


async def test_a_limit_says_itself_how_long_to_wait() -> None:
    limited = Writing(result=RateLimitedError("slowly", 429, timedelta(minutes=7)))

    told, left = await failed(limited, 3, doubt=False)

    assert (told.next_retry_delay, left) == (timedelta(minutes=7), 3)
