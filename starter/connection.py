"""The way to Temporal: its own settings and profile files, and what a namespace must have."""

import asyncio
import os
from collections.abc import Iterable, Mapping

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client, Plugin
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

from contracts.names import SEARCH_ATTRIBUTES
from starter.encryption import codec_from
from starter.exits import UNREACHABLE, CliError
from workflows.plugin import podium_plugin

_CONNECT_TIMEOUT_SECONDS = 10


class CannotConnectError(CliError):
    """A server that cannot be reached; the message says which, and what to check."""

    code = UNREACHABLE


class MissingAttributesError(CliError):
    """A namespace without Podium's search attributes; the message has the command for it."""


async def connect(
    plugins: Iterable[Plugin] = (), environment: Mapping[str, str] | None = None
) -> Client:
    """Connect by `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY` or a profile.

    Args:
        plugins: besides Podium's own.
        environment: read in place of this process's own.

    Raises:
        CannotConnectError: no answer within 10 s, or a refusal.
        CliError: settings or keys that cannot be read, or an address that is none.
    """
    codec = codec_from(os.environ if environment is None else environment)
    try:
        settings = ClientConfig.load_client_connect_config(override_env_vars=environment)
    except (RuntimeError, ValueError, OSError) as error:
        raise CliError(f"Temporal's settings (TEMPORAL_*, profile file): {error}") from error
    target = settings.get("target_host") or "localhost:7233"
    settings["target_host"] = target
    try:
        async with asyncio.timeout(_CONNECT_TIMEOUT_SECONDS):
            return await Client.connect(**settings, plugins=[podium_plugin(codec), *plugins])
    except ValueError as error:
        raise CliError(f"TEMPORAL_ADDRESS={target}: {error}; write HOST:PORT") from error
    except (RuntimeError, RPCError, TimeoutError) as error:
        raise CannotConnectError(
            f"cannot reach Temporal at {target}: {_reason(error)}; is it running, and is "
            "TEMPORAL_ADDRESS right?"
        ) from error


def _reason(error: Exception) -> str:
    """Say in a few words what the client's core says in Rust's."""
    text = str(error)
    if "ConnectionRefused" in text:
        return "connection refused"
    if "dns error" in text:
        return "no such host"
    return text[:200] or f"no answer within {_CONNECT_TIMEOUT_SECONDS} s"


async def require_search_attributes(client: Client) -> None:
    """Refuse a namespace that lacks an attribute: setting it would wedge every workflow.

    Raises:
        MissingAttributesError: with the commands that create what is missing.
    """
    found = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = [name for name in SEARCH_ATTRIBUTES if name not in found.custom_attributes]
    if missing:
        commands = "\n".join(
            f"  temporal operator search-attribute create --namespace {client.namespace} "
            f"--name {name} --type Keyword"
            for name in missing
        )
        raise MissingAttributesError(
            f"namespace {client.namespace} lacks search attributes; create them:\n{commands}"
        )


async def create_search_attributes(client: Client) -> None:
    """Create what a namespace of one's own lacks; doing so again changes nothing."""
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    found = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = {n: keyword for n in SEARCH_ATTRIBUTES if n not in found.custom_attributes}
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )
