"""Writes the trail of an orchestration: one history in memory at a time, line by line."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from temporalio.client import Client, WorkflowHistory

from starter.audit.chain import FORMAT, Record, Sealer
from starter.audit.decoding import Decoder
from starter.audit.records import Telling
from starter.audit.replayed import Retold
from starter.audit.runs import Run, Runs, beginning, history_of
from starter.exits import CliError

AUDIT_KEY_FILE = "PODIUM_AUDIT_KEY_FILE"


@dataclass(frozen=True)
class Exported:
    """What was written."""

    head: str
    signed: bool
    runs: int
    gaps: int
    """Lines of the kind `gap`: what belongs to the trail, and could not be had."""


async def export(
    client: Client,
    workflow_id: str,
    run_id: str | None,
    write: Callable[[bytes], object],
    key: Ed25519PrivateKey | None,
) -> Exported:
    """Write the whole trail of one chain and of its children.

    Args:
        client: decodes payloads as it does elsewhere.
        workflow_id: of the orchestration.
        run_id: any run of the chain; the newest where left out.
        write: takes whole lines.
        key: signs the end.

    Raises:
        CliError: no such workflow (2), or Temporal is away (3).
    """
    first, gone = await beginning(client, workflow_id, run_id)
    runs = Runs()
    runs.add(first)
    trail = _Trail(client, Sealer(write, key))
    trail.begin(workflow_id, first)
    if gone:
        trail.gap(
            Run(workflow_id, gone, "earlier"), "the chain began before: Temporal has it no more"
        )
    while runs.waiting:
        run = runs.waiting.popleft()
        history = await history_of(client, run)
        if history is None:
            trail.gap(run, "Temporal has this run no more")
            continue
        await trail.tell(run, history)
        runs.led_to_by(run, list(history.events))
    return Exported(trail.sealer.end(), key is not None, trail.told, trail.gaps)


class _Trail:
    def __init__(self, client: Client, sealer: Sealer) -> None:
        self.sealer = sealer
        self._client, self._decoder, self._retold = client, Decoder(client), Retold(client)
        self.told = self.gaps = 0

    def begin(self, workflow_id: str, first: Run) -> None:
        self.sealer.add(
            {
                "kind": "begin",
                "format": FORMAT,
                "workflow_id": workflow_id,
                "first_run_id": first.run_id,
                "namespace": self._client.namespace,
                "exported_at": datetime.now(UTC).isoformat(),
                "exported_by": self._client.identity,
            }
        )

    def gap(self, run: Run, reason: str) -> None:
        self.gaps += 1
        where = {"workflow_id": run.workflow_id, "run_id": run.run_id}
        self.sealer.add({"kind": "gap", **where, "why": run.why, "reason": reason})

    async def tell(self, run: Run, history: WorkflowHistory) -> None:
        """Tell events and decisions of one run in the order of their times."""
        telling = Telling(run, self._decoder)
        events = [one async for one in telling.told(list(history.events))]
        events += [one async for one in telling.unfinished()]
        decisions, why_not = await self._retold.decisions(history)
        where = {"workflow_id": run.workflow_id, "run_id": run.run_id}
        events.sort(key=_time)
        for record in heapq.merge(events, ({**where, **one} for one in decisions), key=_time):
            self.sealer.add(record)
        self.told += 1
        if why_not:
            self.gap(run, why_not)


def _time(record: Record) -> datetime:
    return datetime.fromisoformat(record["time"])


def signing_key(file: str) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        CliError: it cannot be read, or is none of Ed25519; nothing of it is told.
    """
    try:
        key = load_pem_private_key(_read(file), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise CliError(
            f"{AUDIT_KEY_FILE}={file}: no Ed25519 private key without a password; make one by: "
            "openssl genpkey -algorithm ed25519 -out FILE"
        )
    return key


def public_key(file: str) -> Ed25519PublicKey:
    """Read a public key.

    Raises:
        CliError: it cannot be read, or is none of Ed25519.
    """
    try:
        key = load_pem_public_key(_read(file))
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise CliError(
            f"{file}: no Ed25519 public key; make it by: openssl pkey -in KEY -pubout -out FILE"
        )
    return key


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CliError(f"{file}: cannot be read: {error.strerror}") from None
