"""Each row of the table of answers, from status and headers to Temporal's retry contract."""

import time
from datetime import timedelta

import pytest
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, DefaultPayloadConverter
from temporalio.exceptions import ApplicationError

from activities.github.errors import (
    AmbiguousError,
    GitHubError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
    error_of,
    to_application_error,
    told_to_temporal,
)
from contracts import errors

SECONDARY = '{"message": "You have exceeded a secondary rate limit"}'


@pytest.mark.parametrize(
    ("method", "status", "headers", "text", "kind", "failure", "final"),
    [
        ("POST", 422, {}, '{"message": "x"}', RefusedError, errors.GITHUB_REFUSED, True),
        ("GET", 401, {}, "", RefusedError, errors.GITHUB_REFUSED, True),
        ("GET", 403, {}, '{"message": "no access"}', RefusedError, errors.GITHUB_REFUSED, True),
        ("GET", 404, {}, "", NotFoundError, errors.GITHUB_NOT_FOUND, True),
        ("POST", 410, {}, "", NotFoundError, errors.GITHUB_NOT_FOUND, True),
        ("GET", 500, {}, "", UnavailableError, errors.GITHUB_UNAVAILABLE, False),
        ("GET", 503, {}, "<html>", UnavailableError, errors.GITHUB_UNAVAILABLE, False),
        ("POST", 500, {}, "", AmbiguousError, errors.AMBIGUOUS_ANSWER, False),
        ("POST", 502, {}, "", AmbiguousError, errors.AMBIGUOUS_ANSWER, False),
        ("PATCH", 504, {}, "", AmbiguousError, errors.AMBIGUOUS_ANSWER, False),
        ("POST", 429, {}, "", RateLimitedError, errors.GITHUB_RATE_LIMITED, False),
        ("POST", 403, {}, SECONDARY, RateLimitedError, errors.GITHUB_RATE_LIMITED, False),
        ("GET", 403, {"retry-after": "7"}, "", RateLimitedError, errors.GITHUB_RATE_LIMITED, False),
    ],
)
def test_an_answer_means_what_the_table_says(
    method: str,
    status: int,
    headers: dict[str, str],
    text: str,
    kind: type[GitHubError],
    failure: str,
    final: bool,
) -> None:
    error = error_of(method, "/x", status, headers, text)
    told = to_application_error(error)

    assert type(error) is kind
    assert (told.type, told.non_retryable) == (failure, final)


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"retry-after": "30"}, 30, 30),
        ({"retry-after": "0"}, 1, 1),
        ({"retry-after": "999999"}, 3600, 3600),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "{soon}"}, 80, 100),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}, 1, 1),
        ({}, 60, 60),
    ],
)
def test_the_wait_is_githubs_own_and_bounded(
    headers: dict[str, str], low: float, high: float
) -> None:
    soon = str(int(time.time()) + 90)
    headers = {k: v.replace("{soon}", soon) for k, v in headers.items()}

    error = error_of("GET", "/x", 429, headers, "")
    told = to_application_error(error)

    assert isinstance(error, RateLimitedError)
    assert told.next_retry_delay is not None
    assert timedelta(seconds=low) <= told.next_retry_delay <= timedelta(seconds=high)


def test_messages_from_outside_are_bounded() -> None:
    error = error_of("GET", "/x", 500, {}, "x" * 1_000_000)

    assert len(str(error)) <= 500
    assert len(to_application_error(error).message) <= 500


def test_a_failure_is_small_enough_to_be_shown() -> None:
    """Of more than 4 KiB the server keeps no type and no message for histories to tell."""

    def call(depth: int) -> None:
        if depth:
            call(depth - 1)
        try:
            int("x" * 1_000)
        except ValueError as error:
            raise error_of("GET", "/x", 502, {}, "y" * 1_000) from error

    with pytest.raises(ApplicationError) as failed, told_to_temporal():
        call(20)
    told = Failure()
    DefaultFailureConverter().to_failure(failed.value, DefaultPayloadConverter(), told)

    assert told.application_failure_info.type == errors.GITHUB_UNAVAILABLE
    assert "502" in told.message
    assert told.ByteSize() < 3 * 1024
