"""Deliveries about runs: those that have ended, and results, go to the watcher of their repository."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities import metrics
from activities.batches import Batches
from activities.channels import names_run, result_blocks
from activities.github.actions import DISPATCHED, Run, run_of
from contracts import names
from contracts.runs import MAX_TOLD_BYTES, ToldResult
from contracts.watch import MAX_BATCH, RunRow, SeenRuns
from starter.starting import CALL
from starter.webhooks.receiver import Delivery, NotNowError

_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, ValidationError)
"""All that a payload of another shape than GitHub's can bring about."""


class RunNews:
    """Tells watchers what they wait for: one signal at a time to each, with all that came meanwhile."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._batches: Batches[str, RunRow | ToldResult, str] = Batches(self._send, MAX_BATCH)

    async def ended(self, delivery: Delivery) -> str:
        """Pass a `workflow_run` delivery on, where it may be of a run that Podium started.

        Raises:
            NotNowError: Temporal did not take it.
        """
        if delivery.payload.get("action") != "completed":
            return "not an end"
        repository, run = _run(delivery.payload)
        if run is None or not repository:
            return "not a run that was dispatched"
        metrics.seen(run.ended_at, "delivery")
        return await self._batches.put(repository, run.row)

    async def commented(self, delivery: Delivery) -> str:
        """Pass an `issue_comment` delivery on, where it holds one result as it was created.

        Raises:
            NotNowError: Temporal did not take it.
        """
        if delivery.payload.get("action") != "created":
            return "not a new comment"  # one that was edited is no result
        repository, told = _result(delivery.payload)
        if told is None:
            return "no result"
        return await self._batches.put(repository, told)

    async def _send(self, repository: str, news: Sequence[RunRow | ToldResult]) -> Sequence[str]:
        handle = self._client.get_workflow_handle(names.run_watch_id(repository))
        seen = SeenRuns(
            rows=tuple(one for one in news if isinstance(one, RunRow)),
            results=tuple(one for one in news if isinstance(one, ToldResult)),
        )
        try:
            await handle.signal(names.SIGNAL_RUNS_SEEN, seen, rpc_timeout=CALL)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return ["nobody waits for a run of this repository"] * len(news)
            raise NotNowError(error.message) from error
        return ["its watcher is told"] * len(news)


def _run(payload: dict[str, Any]) -> tuple[str, Run | None]:
    """Read what a payload says of a run; nothing of what has another shape than GitHub's."""
    try:
        run = run_of(payload["workflow_run"])
        repository = payload["repository"]["full_name"]
    except _MALFORMED:
        return "", None
    if run.event != DISPATCHED or not isinstance(repository, str):
        return "", None
    return repository, run


def _result(payload: dict[str, Any]) -> tuple[str, ToldResult | None]:
    """Read the one result of a comment that was never edited; whose it is, GitHub says."""
    try:
        comment, repository = payload["comment"], payload["repository"]["full_name"]
        blocks = list(result_blocks(comment["body"]))
        named = names_run(blocks[0]) if len(blocks) == 1 else None
        if named is None or comment["created_at"] != comment["updated_at"]:
            return "", None
        told = ToldResult(
            run_id=named[0],
            run_attempt=named[1],
            text=blocks[0],
            author=comment["user"]["login"],
            is_bot=comment["user"].get("type") == "Bot",
            issue=payload["issue"]["number"],
            created_at=comment["created_at"],
            url=comment.get("html_url") or "",
        )
    except _MALFORMED:
        return "", None
    too_large = len(blocks[0].encode(errors="surrogatepass")) > MAX_TOLD_BYTES
    return ("", None) if too_large or not isinstance(repository, str) else (repository, told)
