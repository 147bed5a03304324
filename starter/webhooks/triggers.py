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
from contracts.specs.triggers import EventTrigger
from starter.exits import CliError
from starter.given import MAX_EVENT_BYTES
from starter.spec_file import SpecFile
from starter.starting import start
from starter.webhooks.receiver import Delivery, NotNowError
from starter.webhooks.specs import SpecFolder

logger = logging.getLogger("podium.webhooks")
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
        subject = subject_of(delivery.payload) or {}
        if self._is_ours(str(subject.get("body") or "")):
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


def _starts(file: SpecFile, delivery: Delivery) -> bool:
    """Whether a spec names this event, this activity type, and this repository."""
    trigger: EventTrigger | None = getattr(file.spec.on, delivery.event, None)
    if not isinstance(trigger, EventTrigger):
        return False
    action = delivery.payload.get("action")
    place: Any = delivery.payload.get("repository")
    named = place.get("full_name") if isinstance(place, dict) else None
    return (
        (not trigger.types or action in trigger.types)
        and isinstance(named, str)
        and named.lower() == file.spec.repository.lower()
    )
