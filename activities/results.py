"""Fetch a completed run's result by its channels, check it, and say what it means."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

from temporalio import activity

from activities import channels, metrics
from activities.channels import Found
from activities.conclusions import GREEN, of_conclusion
from activities.ghaw.evidence import Evidence, gather
from activities.ghaw.verdict import CHANNEL as GHAW
from activities.ghaw.verdict import verdict_of
from activities.github import GitHub
from activities.github.errors import told_to_temporal
from activities.opened import CHANNELS, opened
from activities.result_checks import read_result, whole
from contracts.base import clip
from contracts.runs import CollectOrder, OutcomeStatus, RunProgress, Verdict
from contracts.worker import UnknownProtocolError, WorkerResult, WorkerStatus

_LOOKS = (0.0, 1.0, 2.0)
"""Seconds before each look for an artifact, issue or pull request; lists may be late."""
_AT_ONCE = _LOOKS[:1]
_LAST_LOOKS = (4.0, 5.0)
"""Seconds before each further look, where to find nothing means to do the work again."""
_OTHERWISE = frozenset({"conclusion", GHAW})
"""Channels by which a green run has a verdict that says nothing in the others."""
_CLOCKS_DIFFER = timedelta(seconds=60)

_USED = (OutcomeStatus.SUCCESS, OutcomeStatus.PARTIAL)
"""What gh-aw's own artifacts must say before a result in another channel is read."""

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
        verdict = await self._collect(order)
        metrics.collected(verdict.status, order.run.dispatched_at)
        return verdict

    async def _collect(self, order: CollectOrder) -> Verdict:
        green = order.conclusion in GREEN
        looks = _LOOKS if green else _AT_ONCE
        with told_to_temporal():
            found = await self._find(order, looks)
            if green and found is None and _OTHERWISE.isdisjoint(order.channels):
                found = await self._find_at_last(order)
            if GHAW not in order.channels:
                return _judge(order, found)
            evidence = await self._evidence(order)
        judged = verdict_of(order, evidence)
        if found is None or judged.status not in _USED:
            return judged
        told = _judge(order, found)
        return told.model_copy(update={"metrics": judged.metrics | told.metrics})

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

    async def _find_at_last(self, order: CollectOrder) -> Found | None:
        """Look again: a result that is only late must not cost a second run."""
        for wait in _LAST_LOOKS:
            await asyncio.sleep(wait)
            found = await self._find(order, _AT_ONCE)
            if found is not None:
                return found
        return None

    async def _evidence(self, order: CollectOrder) -> Evidence:
        """Gather what an agent left; of a green run also what comes late."""
        evidence = await self._github.call(gather, self._github.actions, order)
        for wait in (*_LOOKS[1:], *_LAST_LOOKS) if order.conclusion in GREEN else ():
            if not evidence.lacking:
                break
            await asyncio.sleep(wait)
            evidence = await self._github.call(gather, self._github.actions, order)
        return evidence

    async def _find(self, order: CollectOrder, looks: tuple[float, ...]) -> Found | None:
        green = order.conclusion in GREEN
        for channel in order.channels:
            if channel == "artifact":
                found = await self._artifact(order, looks)
            elif channel == "comment" and order.comment_on is not None and green:
                found = await self._comment(order)
            elif channel in CHANNELS and green:
                found = await self._opened(order, looks, channel)
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

    async def _opened(
        self, order: CollectOrder, looks: tuple[float, ...], channel: str
    ) -> Found | None:
        since = order.run.dispatched_at - _CLOCKS_DIFFER
        for wait in looks:
            await asyncio.sleep(wait)
            found = await self._github.call(opened, self._github.issues, order, since, channel)
            if found is not None:
                return found
        return None

    async def _comment(self, order: CollectOrder, *, interim: bool = False) -> Found | None:
        since: datetime = order.run.dispatched_at - _CLOCKS_DIFFER
        told = None if interim else channels.told(order, since)
        if told is not None:
            return told
        look = partial(channels.comment, interim=interim)
        return await self._github.call(look, self._github.issues, order, since)


def _judge(order: CollectOrder, found: Found | None) -> Verdict:
    """Say what a run is worth, in a verdict that the workflow is sure to be able to read."""
    green = order.conclusion in GREEN
    status, reason = of_conclusion(order.conclusion)
    try:
        judged = _verdict(order, found) if green else _failed_run(order, status, reason, found)
        return Verdict.model_validate_json(judged.model_dump_json())
    except Exception as error:  # noqa: BLE001 - no bytes of a stranger's may wedge a workflow
        why = f"the result cannot be used: {type(error).__name__}: {error}"
        if green:
            return Verdict(status=OutcomeStatus.INVALID_RESULT, reason=clip(whole(why)))
        return Verdict(status=status, reason=clip(whole(f"{reason}; {why}")))


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
