"""Fetch a completed run's result by its channels, check it, and say what it means."""

import asyncio
import json
import math
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import jsonschema
from jsonschema.validators import validator_for
from pydantic import ValidationError
from temporalio import activity

from activities import channels
from activities.channels import Found
from activities.github import GitHub
from activities.github.errors import told_to_temporal
from contracts.base import clip
from contracts.problems import problems_of
from contracts.runs import CollectOrder, OutcomeStatus, RunProgress, Verdict
from contracts.worker import (
    KNOWN_PROTOCOLS,
    UnknownProtocolError,
    WorkerResult,
    WorkerStatus,
)

_ARTIFACT_LOOKS = (0.0, 1.0, 2.0)
"""Seconds before each look for an artifact; before upload-artifact v4 they came late."""
_CLOCKS_DIFFER = timedelta(seconds=60)
_MAX_DEPTH = 64
"""Arrays and objects within each other; decoders give up at 200, and reports nest results."""

_CONCLUSIONS = {
    "cancelled": (OutcomeStatus.CANCELLED, "the run was cancelled"),
    "timed_out": (OutcomeStatus.TIMED_OUT, "a job of the run reached its own timeout"),
    "skipped": (OutcomeStatus.SKIPPED, "every job of the run was skipped"),
    "action_required": (OutcomeStatus.FAILURE, "the run waits for a person on GitHub"),
    "startup_failure": (OutcomeStatus.FAILURE, "GitHub could not start the workflow file"),
    "stale": (OutcomeStatus.FAILURE, "GitHub gave the run up as stale"),
    "failure": (OutcomeStatus.FAILURE, "the run failed"),
}
_GREEN = ("success", "neutral")

_STATUSES = {
    WorkerStatus.SUCCESS: OutcomeStatus.SUCCESS,
    WorkerStatus.PARTIAL: OutcomeStatus.PARTIAL,
    WorkerStatus.SKIPPED: OutcomeStatus.SKIPPED,
    WorkerStatus.FAILURE: OutcomeStatus.FAILURE,
}


class ResultActivities:
    """`github.run.collect`, `github.run.progress`."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    @activity.defn(name="github.run.collect")
    async def collect(self, order: CollectOrder) -> Verdict:
        """Fetch and check one result. A bad result is a verdict, not an error.

        Raises:
            ApplicationError: what GitHub's answers mean; retried by policy.
        """
        green = order.conclusion in _GREEN
        looks = _ARTIFACT_LOOKS if green else _ARTIFACT_LOOKS[:1]
        with told_to_temporal():
            found = await self._find(order, looks)
        return _judge(order, found)

    @activity.defn(name="github.run.progress")
    async def progress(self, order: CollectOrder) -> RunProgress:
        """Read what a running worker told last; what is no valid block is nothing told.

        Raises:
            ApplicationError: what GitHub's answers mean; retried by policy.
        """
        with told_to_temporal():
            found = await self._comment(order, interim=True)
        if found is None:
            return RunProgress()
        try:
            told = read_result(order, found.text)
        except ValueError:
            return RunProgress()
        return RunProgress(share=told.progress, summary=told.summary)

    async def _find(self, order: CollectOrder, looks: tuple[float, ...]) -> Found | None:
        for channel in order.channels:
            if channel == "artifact":
                found = await self._artifact(order, looks)
            elif channel == "comment" and order.comment_on is not None and len(looks) > 1:
                found = await self._comment(order)
            else:
                found = None
            if found is not None:
                return found
        return None

    async def _artifact(self, order: CollectOrder, looks: tuple[float, ...]) -> Found | None:
        for wait in looks:
            await asyncio.sleep(wait)
            found = await self._github.call(channels.artifact, self._github.actions, order)
            if found is not None:
                return found
        return None

    async def _comment(self, order: CollectOrder, *, interim: bool = False) -> Found | None:
        since: datetime = order.run.dispatched_at - _CLOCKS_DIFFER
        look = partial(channels.comment, interim=interim)
        return await self._github.call(look, self._github.issues, order, since)


def _judge(order: CollectOrder, found: Found | None) -> Verdict:
    """Say what a run is worth, in a verdict that the workflow is sure to be able to read."""
    green = order.conclusion in _GREEN
    status, reason = _CONCLUSIONS.get(
        order.conclusion or "", (OutcomeStatus.FAILURE, f"conclusion {order.conclusion}")
    )
    try:
        judged = _verdict(order, found) if green else _failed_run(order, status, reason, found)
        return Verdict.model_validate_json(judged.model_dump_json())
    except Exception as error:  # noqa: BLE001 - no bytes of a stranger's may wedge a workflow
        why = f"the result cannot be used: {type(error).__name__}: {error}"
        if green:
            return Verdict(status=OutcomeStatus.INVALID_RESULT, reason=clip(_whole(why)))
        return Verdict(status=status, reason=clip(_whole(f"{reason}; {why}")))


def _verdict(order: CollectOrder, found: Found | None) -> Verdict:
    """Judge a green run."""
    if found is None:
        if "conclusion" in order.channels:
            return Verdict(status=OutcomeStatus.SUCCESS, channel="conclusion")
        looked = " or ".join(order.channels)
        return Verdict(
            status=OutcomeStatus.NO_RESULT,
            reason=f"the run is green and published no result (looked for: {looked})",
        )
    try:
        result = read_result(order, found.text)
    except UnknownProtocolError as error:
        return _bad(OutcomeStatus.UNKNOWN_PROTOCOL, str(error), found)
    except ValueError as error:
        return _bad(OutcomeStatus.INVALID_RESULT, str(error), found)
    return _of_result(result, _STATUSES[result.status], found)


def _failed_run(
    order: CollectOrder, status: OutcomeStatus, reason: str, found: Found | None
) -> Verdict:
    """Keep what a failed run still said about itself: it is the context of the failure."""
    if found is not None:
        try:
            told = _of_result(_said_in_failing(order, found.text), status, found)
        except ValueError:
            return _bad(status, reason, found)
        said = f"{reason}: {told.summary}" if told.summary else reason
        return told.model_copy(update={"reason": clip(said)})
    return Verdict(status=status, reason=reason)


def _said_in_failing(order: CollectOrder, text: str) -> WorkerResult:
    """Read a failed run's result; outputs that a schema asks of a success may be missing.

    Raises:
        ValueError: as `read_result` says, the schema left out.
    """
    try:
        return read_result(order, text)
    except ValueError:
        unchecked = read_result(order.model_copy(update={"result_schema": None}), text)
        return unchecked.model_copy(update={"outputs": {}})


def read_result(order: CollectOrder, text: str) -> WorkerResult:
    """Decode a result and hold it against the contract, the run and the spec's schema.

    Raises:
        UnknownProtocolError: a version that this Podium does not know.
        ValueError: anything else that is wrong, in words.
    """
    size = len(text.encode(errors="surrogatepass"))
    if size > order.max_bytes:
        raise ValueError(f"the result has {size} bytes, the limit is {order.max_bytes}")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the result is no JSON: {error}") from error
    data = _portable(data)
    if not isinstance(data, dict):
        raise ValueError("the result is no JSON object")  # noqa: TRY004 - callers catch one kind
    if data.get("protocol") not in KNOWN_PROTOCOLS:
        raise UnknownProtocolError(data.get("protocol"))
    try:
        result = WorkerResult.model_validate(data)
    except ValidationError as error:
        found = "; ".join(str(p) for p in problems_of(error, WorkerResult)[:3])
        raise ValueError(f"the result breaks the contract: {found}") from error
    _check_identity(order, result)
    _check_schema(order.result_schema, result.outputs)
    return result


def _portable(value: Any, deeper: int = _MAX_DEPTH) -> Any:
    """Copy a JSON value as one that every decoder on its way reads as the same.

    Raises:
        ValueError: numbers that are not finite, or nesting that decoders give up at.
    """
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, (int, float)) and not _is_finite(value):
        raise ValueError("the result has a number that is not finite; JSON knows none")
    if not isinstance(value, (dict, list)):
        return value
    if not deeper:
        raise ValueError(f"the result is nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, list):
        return [_portable(one, deeper - 1) for one in value]
    return {_whole(key): _portable(one, deeper - 1) for key, one in value.items()}


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer that no float can hold
        return False


def _whole(text: str) -> str:
    """Replace halves of characters, as are left where a worker cut text within an emoji."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _check_identity(order: CollectOrder, result: WorkerResult) -> None:
    run = order.run
    if (result.run_id, result.run_attempt) != (run.run_id, run.run_attempt):
        raise ValueError(
            f"the result is of run {result.run_id} attempt {result.run_attempt}, "
            f"not of {run.run_id} attempt {run.run_attempt}"
        )
    if result.dispatch_id and result.dispatch_id != run.dispatch_id:
        raise ValueError(f"the result is of dispatch {clip(result.dispatch_id, 40)}, not of this")


def _check_schema(schema: dict[str, Any] | None, outputs: dict[str, Any]) -> None:
    if schema is None:
        return
    validator = validator_for(schema, default=jsonschema.Draft202012Validator)(schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(outputs))
    if error is not None:
        where = ".".join(["outputs", *(str(p) for p in error.absolute_path)])
        raise ValueError(f"{where}: {clip(error.message, 300)}")


def _of_result(result: WorkerResult, status: OutcomeStatus, found: Found) -> Verdict:
    said = result.errors[0].message if result.errors else result.summary
    return Verdict(
        status=status,
        reason="" if status is OutcomeStatus.SUCCESS else said,
        summary=result.summary,
        outputs=result.outputs,
        errors=result.errors,
        metrics=result.metrics,
        channel=found.channel,
        result_url=found.url,
    )


def _bad(status: OutcomeStatus, reason: str, found: Found) -> Verdict:
    return Verdict(status=status, reason=clip(reason), channel=found.channel, result_url=found.url)
