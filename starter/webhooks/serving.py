"""The receiver as a process: its settings, its parts, and the server that they run in."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError

from activities.markers import Markers
from activities.settings import GITHUB_TOKEN, MARKER_KEY
from contracts.names import MARKER
from starter.children import is_free
from starter.exits import CliError
from starter.http import serve_app
from starter.starting import CALL
from starter.webhooks.gates import GateNews
from starter.webhooks.news import RunNews
from starter.webhooks.receiver import Delivery, Receiver
from starter.webhooks.specs import SpecFolder
from starter.webhooks.triggers import IsOurs, Triggers

SECRET = "PODIUM_WEBHOOK_SECRET"  # noqa: S105 - the name of a setting
MIN_SECRET = 16
logger = logging.getLogger("podium.webhooks")


@dataclass(frozen=True)
class Asked:
    """Where to listen, and what deliveries are held against and start."""

    host: str
    port: int
    secret: str
    specs: SpecFolder | None
    """Without it events start nothing."""
    is_ours: IsOurs


def asked_for(host: str, port: int, specs: Path | None, environment: Mapping[str, str]) -> Asked:
    """Check options and settings before anything is connected.

    Raises:
        CliError: no secret, a short one, a port in use, or specs that cannot be used.
    """
    if not is_free(port):
        raise CliError(f"--port {port}: in use, or not allowed; choose another")
    return Asked(
        host=host,
        port=port,
        secret=_secret(environment),
        specs=SpecFolder(specs) if specs else None,
        is_ours=_is_ours(environment),
    )


def receiver_for(client: Client, asked: Asked) -> Receiver:
    """Compose a receiver."""
    news, gates = RunNews(client), GateNews(client)
    triggers = Triggers(client, asked.specs, asked.is_ours) if asked.specs else None

    async def handle(delivery: Delivery) -> str:
        if delivery.event == "workflow_run":
            return await news.ended(delivery)
        told = []
        if delivery.event == "issue_comment":
            told += [await news.commented(delivery), await gates.commented(delivery)]
        told.append(await triggers.take(delivery) if triggers else "no specs are served")
        return "; ".join(filter(None, told))

    async def ready() -> bool:
        try:
            return await client.service_client.check_health(timeout=CALL)
        except RPCError:
            return False

    return Receiver(asked.secret, handle, ready)


async def serve(client: Client, asked: Asked) -> None:
    """Serve until cancelled; what was received by then is passed on first."""
    logger.info("receiving", extra={"host": asked.host, "port": asked.port})
    try:
        await serve_app(receiver_for(client, asked).app(), asked.host, asked.port)
    finally:
        logger.info("receiver stopped")


def _secret(environment: Mapping[str, str]) -> str:
    secret = environment.get(SECRET, "")
    if len(secret) < MIN_SECRET:
        raise CliError(
            f"{SECRET} is not set, or has under {MIN_SECRET} characters; set the secret of the "
            "webhook on GitHub, for example made by: openssl rand -hex 32"
        )
    return secret


def _is_ours(environment: Mapping[str, str]) -> IsOurs:
    """Know Podium's own issues, so that its reports start no orchestrations."""
    key = environment.get(MARKER_KEY) or environment.get(GITHUB_TOKEN)
    if not key:
        logger.warning(
            "events of issues that carry any mark of Podium start nothing; to tell genuine marks "
            "from forged ones, set what the Temporal Worker has",
            extra={"setting": MARKER_KEY},
        )
        return lambda text: MARKER in text
    markers = Markers.from_text(key)
    return lambda text: bool(markers.write_ids(text))
