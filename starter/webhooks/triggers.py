"""Deliveries that start orchestrations: what the specs' `on:` says, once per delivery."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError

from contracts.events import subject_of
from contracts.names import workflow_id
from starter.exits import CliError
from starter.given import MAX_EVENT_BYTES
from starter.spec_file import SpecFile
from starter.starting import start
from starter.webhooks.receiver import Delivery, NotNowError
from starter.webhooks.specs import SpecFolder

logger = logging.getLogger("podium.webhooks")
_ACTIONS = "github-actions[bot]"
IsOurs = Callable[[str], bool]
"""Whether Podium wrote a text itself."""


class Triggers:
    """Starts what an event should start; a delivery that comes again starts nothing twice."""

    def __init__(self, client: Client, specs: SpecFolder, is_ours: IsOurs) -> None:
        self._client, self._specs, self._is_ours = client, specs, is_ours

    async def take(self, delivery: Delivery) -> str:
        """Start every orchestration whose spec names this event.

        Raises:
            NotNowError: Temporal did not take a start; those that it took are not doubled by the
                next delivery of the same event.
        """
        found = [file for file in self._specs.current() if _starts(file, delivery)]
        if not found:
            return "no spec is started by it"
        if _sender(delivery.payload) == _ACTIONS:
            return "caused by a workflow of GitHub Actions, which starts nothing, as on GitHub"
        if self._is_ours(_written(delivery.payload)):
            return "written by Podium itself"
        if len(json.dumps(delivery.payload)) > MAX_EVENT_BYTES:
            return f"not started: its payload is over {MAX_EVENT_BYTES} bytes"
        told = await asyncio.gather(*(self._start(file, delivery) for file in found))
        return "; ".join(told)

    async def _start(self, file: SpecFile, delivery: Delivery) -> str:
        name = file.spec.name
        if problems := file.spec.start_problems(delivery.payload):
            logger.warning("not started", extra={"spec": name, "reason": str(problems[0])})
            return f"{name} is not started: {problems[0]}"
        try:
            await start(
                self._client,
                file,
                file.render({}, delivery.payload),
                workflow_id(name, delivery.id),
                once=True,
            )
        except WorkflowAlreadyStartedError:
            return f"{name} was started by it before"
        except CliError as error:
            raise NotNowError(f"{name}: {error}") from error
        return f"{name} is started"


def _written(payload: dict[str, Any]) -> str:
    """The text that the event is about: a comment's, else the issue's or pull request's."""
    comment = payload.get("comment")
    subject = comment if isinstance(comment, dict) else subject_of(payload) or {}
    return str(subject.get("body") or "")


def _sender(payload: dict[str, Any]) -> str:
    sender = payload.get("sender")
    return str(sender.get("login") or "") if isinstance(sender, dict) else ""


def _starts(file: SpecFile, delivery: Delivery) -> bool:
    """Whether a spec names this event, this activity type, and this repository."""
    trigger = file.spec.on.events.get(delivery.event)
    if trigger is None:
        return False
    action = delivery.payload.get("action")
    place: Any = delivery.payload.get("repository")
    named = place.get("full_name") if isinstance(place, dict) else None
    return (
        (not trigger.types or action in trigger.types)
        and isinstance(named, str)
        and named.lower() == file.spec.repository.lower()
    )
