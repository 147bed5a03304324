"""Deliveries about comments that answer gates: where they are goes to the watcher of approval issues.

The delivery is only what makes somebody look: what the comment says, and who wrote it, is read from
GitHub by the orchestration when the answer is counted.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.batches import Batches
from contracts import names
from contracts.gate_watch import MAX_SEEN, SeenComment, SeenComments, is_command
from starter.starting import CALL
from starter.webhooks.receiver import Delivery, NotNowError

_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, ValidationError)


class GateNews:
    """Tells watchers of approval issues: one signal at a time to each."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._batches: Batches[str, SeenComment, str] = Batches(self._send, MAX_SEEN)

    async def commented(self, delivery: Delivery) -> str:
        """Pass an `issue_comment` delivery on, where a new comment begins with a command.

        Raises:
            NotNowError: Temporal did not take it.
        """
        if delivery.payload.get("action") != "created":
            return ""
        repository, comment = _command(delivery.payload)
        return await self._batches.put(repository, comment) if comment else ""

    async def _send(self, repository: str, seen: Sequence[SeenComment]) -> Sequence[str]:
        handle = self._client.get_workflow_handle(names.gate_watch_id(repository))
        told = SeenComments(comments=tuple(seen))
        try:
            await handle.signal(names.SIGNAL_COMMENTS_SEEN, told, rpc_timeout=CALL)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return ["no gate is open in this repository"] * len(seen)
            raise NotNowError(error.message) from error
        return ["an answer to a gate, passed on"] * len(seen)


def _command(payload: dict[str, Any]) -> tuple[str, SeenComment | None]:
    """Read where a comment is; nothing of what has another shape than GitHub's."""
    try:
        comment, repository = payload["comment"], payload["repository"]["full_name"]
        if not isinstance(repository, str) or not is_command(comment["body"]):
            return "", None
        author = str(comment["user"]["login"])[:100]
        number = payload["issue"]["number"]
        return repository, SeenComment(number=number, comment_id=comment["id"], author=author)
    except _MALFORMED:
        return "", None
