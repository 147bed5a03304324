"""What Podium needs, looked at from here: Temporal, its namespace, a Temporal Worker, GitHub, keys."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal

from temporalio.client import Client
from temporalio.service import RPCError

from activities.github.errors import GitHubError, RefusedError
from activities.powers import powers
from activities.settings import SettingsError, settings_from
from contracts.names import TASK_QUEUE
from starter.connection import (
    CannotConnectError,
    MissingAttributesError,
    connect,
    require_search_attributes,
)
from starter.encryption import ENCRYPTION_KEYS, codec_from
from starter.exits import NOT_SUCCEEDED, SUCCEEDED, UNREACHABLE, CliError
from starter.retention import retention_problem
from starter.starting import unpolled

Health = Literal["ok", "note", "wrong", "away"]
"""`away` is a server that does not answer."""


@dataclass(frozen=True)
class Finding:
    """What was looked at, and how it is."""

    what: str
    health: Health
    words: str
    """With the fix, where there is something to mend."""


async def examine(environment: Mapping[str, str]) -> AsyncIterator[Finding]:
    """Look at one thing after the other; nothing is changed."""
    try:
        client = await connect(environment=dict(environment))
    except CliError as error:
        away = isinstance(error, CannotConnectError)
        yield Finding("Temporal", "away" if away else "wrong", str(error))
    else:
        where = f"{client.service_client.config.target_host}, namespace {client.namespace}"
        yield Finding("Temporal", "ok", where)
        yield await _attributes(client)
        yield await _retention(client, environment)
        yield await _worker(client)
    yield _encryption(environment)
    yield await _github(environment)


def exit_code(findings: list[Finding]) -> int:
    """Say how the command ends: what is wrong can be mended here, what is away perhaps not."""
    found = {one.health for one in findings}
    if "away" in found:
        return UNREACHABLE
    return NOT_SUCCEEDED if "wrong" in found else SUCCEEDED


async def _attributes(client: Client) -> Finding:
    try:
        await require_search_attributes(client)
    except MissingAttributesError as error:
        return Finding("search attributes", "wrong", str(error))
    except RPCError as error:
        return Finding("search attributes", "note", f"cannot be listed: {error.message}")
    return Finding("search attributes", "ok", "all are there")


async def _retention(client: Client, environment: Mapping[str, str]) -> Finding:
    try:
        problem = await retention_problem(client, environment)
    except CliError as error:
        problem = str(error)
    return Finding("retention", "wrong" if problem else "ok", problem or "long enough for audits")


async def _worker(client: Client) -> Finding:
    if await unpolled(client):
        told = f"none serves task queue {TASK_QUEUE}; start one: python worker_main.py"
        return Finding("Temporal Worker", "note", told)
    return Finding("Temporal Worker", "ok", f"serves task queue {TASK_QUEUE}")


def _encryption(environment: Mapping[str, str]) -> Finding:
    try:
        codec = codec_from(environment)
    except CliError as error:
        return Finding("encryption", "wrong", str(error))
    if codec is None:
        told = f"payloads are plain text in Temporal's database; {ENCRYPTION_KEYS} encrypts them"
        return Finding("encryption", "note", told)
    return Finding("encryption", "ok", "payloads are encrypted")


async def _github(environment: Mapping[str, str]) -> Finding:
    try:
        settings = settings_from(environment)
    except SettingsError as error:
        return Finding("GitHub", "wrong", str(error))
    try:
        found = await settings.github.call(powers, settings.github)
    except GitHubError as error:
        health: Health = "wrong" if isinstance(error, RefusedError) else "away"
        return Finding("GitHub", health, str(error))
    finally:
        settings.github.close()
    if found.excess:
        return Finding("GitHub", "wrong" if settings.strict else "note", str(found))
    return Finding("GitHub", "ok", f"{settings.github.client.api_url}: {found}")
