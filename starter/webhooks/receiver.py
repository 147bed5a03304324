"""The HTTP side of webhooks: what is signed, whole and new is passed on, and nothing else."""

import asyncio
import hashlib
import hmac
import json
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from starter.http import RefusedError, body_of, said

MAX_BODY = 5 * 1024 * 1024
"""Bytes. GitHub sends up to 25 MB; events that Podium reads have a tenth of a megabyte."""
SECONDS = 8.0
"""How long a delivery may take to be passed on: GitHub gives up after 10 s."""
REMEMBERED = 20_000
"""Delivery ids kept, so that one that comes again is not passed on again."""

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_EVENT = re.compile(r"[a-z_]{1,64}")
_JSON = "application/json"
logger = logging.getLogger("podium.webhooks")


@dataclass(frozen=True)
class Delivery:
    """One event that GitHub vouches for."""

    id: str
    event: str
    payload: dict[str, Any]


class NotNowError(Exception):
    """It cannot be passed on now; GitHub shall show the delivery as failed."""


Handle = Callable[[Delivery], Awaitable[str]]
"""Passes a delivery on, and says in a few words what came of it.

Raises:
    NotNowError: Temporal did not take it.
"""


class Receiver:
    """Checks deliveries in the order that costs a stranger most and Podium least."""

    def __init__(self, secret: str, handle: Handle, ready: Callable[[], Awaitable[bool]]) -> None:
        """Make it.

        Args:
            secret: as set at the webhook on GitHub.
            handle: is given what is signed and new.
            ready: whether deliveries can be passed on now.
        """
        self._secret, self._handle, self._ready = secret.encode(), handle, ready
        self._done: OrderedDict[str, None] = OrderedDict()

    def app(self) -> Starlette:
        """Make the web application."""
        return Starlette(
            routes=[
                Route("/webhooks", self.receive, methods=["POST"]),
                Route("/healthz", self.healthy, methods=["GET"]),
                Route("/readyz", self.readiness, methods=["GET"]),
            ]
        )

    async def receive(self, request: Request) -> Response:
        """Answer a delivery: 2xx once Temporal has it, 503 where it has not."""
        try:
            delivery = await self._checked(request)
        except RefusedError as error:
            return said(error.status, str(error))
        if delivery.event == "ping":
            return said(200, "pong")
        if delivery.id in self._done:
            return said(200, "received before")
        return await self._pass_on(delivery)

    async def healthy(self, _: Request) -> Response:
        """Say that the process answers."""
        return said(200, "alive")

    async def readiness(self, _: Request) -> Response:
        """Say whether Temporal takes deliveries."""
        ready = await self._ready()
        return said(200, "ready") if ready else said(503, "Temporal does not answer")

    async def _pass_on(self, delivery: Delivery) -> Response:
        try:
            async with asyncio.timeout(SECONDS):
                told = await self._handle(delivery)
        except (NotNowError, TimeoutError) as error:
            logger.warning("not passed on", extra={"delivery": delivery.id, "reason": str(error)})
            return said(503, "not passed on; deliver it again later")
        # Only what was passed on counts as done: one that failed may be delivered again.
        self._done[delivery.id] = None
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)
        logger.info(
            "delivery",
            extra={"delivery": delivery.id, "event": delivery.event, "outcome": told},
        )
        return said(202, told)

    async def _checked(self, request: Request) -> Delivery:
        """Hold a request against all that a delivery must be; nothing is parsed before it is signed.

        Raises:
            RefusedError: with the status and the words of the answer.
        """
        body = await body_of(request, MAX_BODY)
        if not self._is_signed(request.headers.get("x-hub-signature-256", ""), body):
            raise RefusedError(
                401, "no valid X-Hub-Signature-256; is the webhook's secret the same?"
            )
        headers = (request.headers.get(f"x-github-{key}", "") for key in ("delivery", "event"))
        delivery, event = headers
        if not _ID.fullmatch(delivery) or not _EVENT.fullmatch(event):
            raise RefusedError(400, "no X-GitHub-Delivery or no X-GitHub-Event")
        if request.headers.get("content-type", "").partition(";")[0].strip() != _JSON:
            raise RefusedError(415, f"set the webhook's content type to {_JSON}")
        return Delivery(delivery, event, _parsed(body))

    def _is_signed(self, header: str, body: bytes) -> bool:
        wanted = "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted.encode(), header.encode("utf-8", "surrogateescape"))


def _parsed(body: bytes) -> dict[str, Any]:
    """Read a signed body.

    Raises:
        RefusedError: it is no JSON object.
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "the body is no JSON") from error
    if not isinstance(payload, dict):
        raise RefusedError(400, "the body is no JSON object")
    return payload
