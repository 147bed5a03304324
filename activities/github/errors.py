"""What GitHub's answers mean, and what Temporal is told about them.

GitHubError
├── RefusedError        4xx: the request is wrong             -> GitHubRefused, never retried
│   └── NotFoundError   404, 410                              -> GitHubNotFound, never retried
├── RateLimitedError    403 or 429 that ask to wait           -> GitHubRateLimited, after the wait
├── UnavailableError    no answer, or 5xx, to a read          -> GitHubUnavailable, retried
└── AmbiguousError      no answer, or 5xx, to a write: it may
                        have happened                         -> AmbiguousAnswer, look first
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import metrics
from contracts import errors
from contracts.base import clip

_MAX_MESSAGE = 500
"""Characters kept of an answer: a gateway's HTML page is no help in a history."""
_SHORTEST_WAIT = timedelta(seconds=1)
_SECONDARY_WAIT = timedelta(minutes=1)
"""GitHub: without `retry-after`, wait at least a minute after a secondary limit."""
_FINAL = {"FORBIDDEN", "INSUFFICIENT_SCOPES"}
"""Types of GraphQL's errors that asking again does not mend."""
_LONGEST_WAIT = timedelta(hours=1)
"""Primary limits reset hourly; a stranger's header does not make Podium wait longer."""


class GitHubError(Exception):
    """An answer other than success, or none. `status` is 0 where there was none.

    `wait` says for how long to wait; None leaves that to the activity's policy.
    """

    wait: timedelta | None = None

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(clip(message, _MAX_MESSAGE))


class RefusedError(GitHubError):
    """GitHub understood the request and said no."""


class NotFoundError(RefusedError):
    """There is no such thing, or this token may not see it."""


class RateLimitedError(GitHubError):
    """GitHub asks to wait."""

    wait: timedelta

    def __init__(self, message: str, status: int, wait: timedelta) -> None:
        super().__init__(message, status)
        self.wait = wait


class UnavailableError(GitHubError):
    """A read that may be tried again."""


class AmbiguousError(GitHubError):
    """A write of which nobody knows whether it happened."""


def error_of(
    method: str, path: str, status: int, headers: Mapping[str, str], text: str
) -> GitHubError:
    """Tell what an answer of 400 or more means."""
    message = f"{method} {path}: {status} {_message(text)}"
    if (wait := _asked_to_wait(status, headers, text)) is not None:
        return RateLimitedError(message, status, wait)
    if status >= 500:
        kind = UnavailableError if method == "GET" else AmbiguousError
        return kind(message, status)
    if status in (404, 410):
        return NotFoundError(message, status)
    return RefusedError(message, status)


def graphql_data(answer: Any, headers: Mapping[str, str]) -> dict[str, Any]:
    """Give the data of GraphQL's answer of 200, which may hold errors instead.

    Raises:
        GitHubError: any error but of things that are gone, or no data.
    """
    answer = answer if isinstance(answer, dict) else {}
    told, data = answer.get("errors") or [], answer.get("data")
    errors = [one for one in told if isinstance(one, dict)]
    kinds = {str(one.get("type")) for one in errors}
    if isinstance(data, dict) and kinds <= {"NOT_FOUND"}:
        return data
    message = "; ".join(str(one.get("message", "")) for one in errors) or "no data"
    if "RATE_LIMITED" in kinds:
        wait = _asked_to_wait(429, headers, message) or _SECONDARY_WAIT
        raise RateLimitedError(f"GraphQL: {message}", 200, wait)
    kind = RefusedError if kinds & _FINAL else UnavailableError
    raise kind(f"GraphQL: {message}", 200)


def _message(text: str) -> str:
    """Read what an answer says; "Validation Failed" alone would not say of what."""
    try:
        body = json.loads(text)
    except ValueError:
        return text
    if not isinstance(body, dict):
        return text
    errors = body.get("errors")
    listed = errors if isinstance(errors, list) else []
    more = [one["message"] for one in listed if isinstance(one, dict) and one.get("message")]
    return ": ".join(map(str, [body.get("message", ""), *more]))


def _asked_to_wait(status: int, headers: Mapping[str, str], text: str) -> timedelta | None:
    """403 and 429 both stand for rate limits; only some 403s do."""
    if status not in (403, 429):
        return None
    after = headers.get("retry-after", "")
    if after.isdigit():
        return _bounded(timedelta(seconds=int(after)))
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return _bounded(timedelta(seconds=int(reset) - time.time()))
    if status == 429 or "rate limit" in text.lower():
        return _SECONDARY_WAIT
    return None


def _bounded(wait: timedelta) -> timedelta:
    return min(max(wait, _SHORTEST_WAIT), _LONGEST_WAIT)


def to_application_error(error: GitHubError) -> ApplicationError:
    """Translate into Temporal's retry contract; the activity's policy does the rest."""
    text = str(error)
    if isinstance(error, RateLimitedError):
        return ApplicationError(text, type=errors.GITHUB_RATE_LIMITED, next_retry_delay=error.wait)
    if isinstance(error, NotFoundError):
        return ApplicationError(text, type=errors.GITHUB_NOT_FOUND, non_retryable=True)
    if isinstance(error, RefusedError):
        return ApplicationError(text, type=errors.GITHUB_REFUSED, non_retryable=True)
    if isinstance(error, AmbiguousError):
        return ApplicationError(text, type=errors.AMBIGUOUS_ANSWER, next_retry_delay=error.wait)
    return ApplicationError(text, type=errors.GITHUB_UNAVAILABLE, next_retry_delay=error.wait)


@contextmanager
def told_to_temporal() -> Iterator[None]:
    """Let no GitHub error leave an activity untranslated.

    Raises:
        ApplicationError: of the type that the module's tree names.
    """
    if activity.in_activity() and activity.info().attempt > 1:
        metrics.retried(activity.info().activity_type)
    try:
        yield
    except GitHubError as error:
        told = to_application_error(error)
        metrics.failed(told.type or "")
        # Temporal shows no failure of more than 4 KiB, and two stack traces have more: the message
        # says it all.
        raise told from None
