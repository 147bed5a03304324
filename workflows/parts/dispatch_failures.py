"""What the failure of a dispatch says: that no run came of it, or that nobody knows."""

from temporalio.exceptions import ActivityError, ApplicationError, CancelledError

from contracts import errors
from contracts.base import clip
from contracts.runs import OutcomeStatus
from workflows.parts.assignment import DispatchFailedError

_SURE = frozenset({errors.GITHUB_REFUSED, errors.GITHUB_NOT_FOUND, errors.BAD_SPEC})
"""Failures of a dispatch that say that no run came of it; an earlier attempt may have sent else."""


def failed(error: ActivityError, dispatch_id: str) -> DispatchFailedError:
    """Say what a dispatch failed of: a circuit breaker, a refusal, a stop, or nobody knows."""
    cause = error.cause
    if isinstance(cause, CancelledError):
        return _stopped(error, dispatch_id)
    kind, reason = cause_of(error)
    if isinstance(cause, ApplicationError) and kind == errors.CIRCUIT_OPEN:
        breaker = str(cause.details[0]) if cause.details else "unknown"
        return DispatchFailedError(OutcomeStatus.SKIPPED, clip(cause.message), breaker)
    sure = kind in _SURE
    status = OutcomeStatus.DISPATCH_FAILED if sure else OutcomeStatus.DISPATCH_UNKNOWN
    return DispatchFailedError(status, reason)


def _stopped(error: ActivityError, dispatch_id: str) -> DispatchFailedError:
    """Judge a dispatch that was cancelled.

    Only one that was never scheduled was surely not sent. Of a scheduled one the server says the same
    (`ACTIVITY_ID_NOT_STARTED`, and no attempt) before its first attempt and between two, of which the
    one before may have sent.
    """
    if not error.scheduled_event_id:
        return DispatchFailedError(OutcomeStatus.CANCELLED, "stopped in its dispatch")
    reason = (
        "stopped before its dispatch was answered: whether an attempt had sent it by then is not "
        f"known; its dispatch id is {dispatch_id}"
    )
    return DispatchFailedError(OutcomeStatus.DISPATCH_UNKNOWN, reason)


def cause_of(error: ActivityError) -> tuple[str, str]:
    """Find the type and the words of what an activity failed of.

    A budget spent while retrying surfaces as the last attempt's failure.
    """
    cause = error.cause
    kind = cause.type or "" if isinstance(cause, ApplicationError) else type(cause).__name__
    return kind, clip(str(cause))
