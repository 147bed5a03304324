"""Deliveries of all kinds over bare connections: valid, forged, broken, oversized, and no HTTP at all."""

import asyncio
import contextlib
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from starter.webhooks.receiver import MAX_BODY
from tests.webhooks.posting import completed, delivery, signature

OWNER = "octo-org"
REPOSITORIES = tuple(f"{OWNER}/storm-{n}" for n in range(8))
"""Several, so that no watcher gets more signals than one execution can take."""
REFUSED = {"forged": 401, "bytes": 401, "cut": 401, "type": 415, "no-json": 400, "large": 413}
NOTHING = ("odd", "not-ours")
"""Signed and whole, and yet about nothing that Podium has."""
ABRUPT = ("short", "no-http", "huge")
"""Ends of connections: an answer may come, or none."""
KINDS = ("end", "end", "issue", "again", "elsewhere", *REFUSED, *NOTHING, *ABRUPT)
_HUGE_EVERY = 20
"""A body over the limit that is really sent, once in so many of its kind."""
_ODD: tuple[Any, ...] = (None, 5, [], {}, {"id": "x"}, {"id": 1, "event": "push"})
_SECONDS = 20


@dataclass(frozen=True)
class One:
    """One thing to send."""

    kind: str
    raw: bytes
    number: int = 0
    repository: str = ""
    """Set on what is valid."""


@dataclass
class Storm:
    """What is sent, and what came of it."""

    seed: int
    answers: defaultdict[str, Counter[int]] = field(
        default_factory=lambda: defaultdict(Counter[int])
    )
    ends: set[int] = field(default_factory=set)
    """Ids of runs whose end was taken."""
    started: list[str] = field(default_factory=list)
    """Ids of deliveries that started an orchestration."""
    sent: int = 0
    _chance: random.Random = field(init=False)
    _taken: defaultdict[int, list[One]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - the same storm each time

    async def blow(self, addresses: list[tuple[str, int]], count: int, lines: int) -> None:
        """Send so many more, over so many connections, each to one of the receivers."""
        numbers = iter(range(self.sent, self.sent + count))
        self.sent += count
        receivers = [n % len(addresses) for n in range(lines)]
        await asyncio.gather(*(self._line(n, addresses, numbers) for n in receivers))

    async def _line(
        self, receiver: int, addresses: list[tuple[str, int]], numbers: Iterator[int]
    ) -> None:
        line = _Line(addresses[receiver])
        for number in numbers:
            one = self._next(number, receiver)
            status = await line.send(one)
            self.answers[one.kind][status] += 1
            if status == 202 and one.repository and one.kind in ("end", "issue"):
                self._taken[receiver].append(one)
                if one.kind == "end":
                    self.ends.add(one.number)
                else:
                    self.started.append(f"s-{one.number}")
        line.close()

    def _next(self, number: int, receiver: int) -> One:
        kind = self._chance.choice(KINDS)
        if kind == "huge" and number % _HUGE_EVERY:
            kind = "large"
        others = [
            taken for who, taken in self._taken.items() if (who == receiver) == (kind == "again")
        ]
        known = [taken for taken in others if taken]
        if kind in ("again", "elsewhere"):
            if known:
                before = self._chance.choice(self._chance.choice(known)[-1_000:])
                return One(kind, before.raw, before.number, before.repository)
            kind = "end"
        return self._made(kind, number)

    def _made(self, kind: str, number: int) -> One:
        repository = REPOSITORIES[number % len(REPOSITORIES)]
        if kind == "issue":
            told = delivery(_issue(number, repository), "issues", delivery_id=f"s-{number}")
            return One(kind, _http(told), number, repository)
        told = delivery(_end(number, repository), delivery_id=f"s-{number}")
        if kind == "end":
            return One(kind, _http(told), number, repository)
        return One(kind, self._spoilt(kind, told))

    def _spoilt(self, kind: str, told: dict[str, Any]) -> bytes:  # noqa: C901 - a table
        chance, body, headers = self._chance, told["content"], told["headers"]
        match kind:
            case "forged":
                headers["x-hub-signature-256"] = signature(body, "guessed")
            case "bytes":
                told["content"] = chance.randbytes(chance.randrange(2_000))
            case "cut":
                told["content"] = body[: chance.randrange(len(body))]
            case "type":
                headers["content-type"] = chance.choice(["text/plain", "multipart/x", "x"])
            case "no-json":
                _resign(told, chance.choice([b"{", b"[1]", b"\xff\x00", b"", b"[" * 5_000]))
            case "odd":
                run = chance.choice(_ODD)
                _resign(told, json.dumps({"action": "completed", "workflow_run": run}).encode())
            case "not-ours":
                headers["x-github-event"] = chance.choice(["push", "star", "check_run"])
            case "large":
                headers["content-length"] = str(MAX_BODY * 2)
            case "short":
                return _http(told)[: -chance.randrange(1, len(body))]
            case "no-http":
                return chance.randbytes(chance.randrange(1, 3_000))
            case _:
                told["content"] = b"x" * (MAX_BODY + 1)
                headers["transfer-encoding"] = "chunked"
        return _http(told)


def _resign(told: dict[str, Any], body: bytes) -> None:
    told["content"] = body
    told["headers"]["x-hub-signature-256"] = signature(body)


def _end(number: int, repository: str) -> dict[str, Any]:
    run = {"id": 1_000_000 + number, "event": "workflow_dispatch", "status": "completed"}
    run |= {"conclusion": "success", "created_at": "2026-01-01T00:00:00Z"}
    return completed(run, repository)


def _issue(number: int, repository: str) -> dict[str, Any]:
    return {
        "action": "opened",
        "issue": {"number": number, "title": "Broken", "body": "It broke.", "labels": []},
        "repository": {"full_name": repository},
        "sender": {"login": "mona", "type": "User"},
    }


def _http(told: dict[str, Any]) -> bytes:
    headers: dict[str, str] = told["headers"]
    body: bytes = told["content"]
    if "transfer-encoding" in headers:
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    else:
        headers = {"content-length": str(len(body)), **headers}
    lines = [f"{name}: {value}" for name, value in {"host": "podium.test", **headers}.items()]
    return "\r\n".join(["POST /webhooks HTTP/1.1", *lines, "", ""]).encode() + body


class _Line:
    """One connection, opened again whenever it has ended."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, one: One) -> int:
        """Send one thing; the status of the answer, 0 where there was none."""
        abrupt = one.kind in ABRUPT
        try:
            async with asyncio.timeout(_SECONDS):
                status = await self._exchange(one.raw, abrupt=abrupt)
        except (ConnectionError, asyncio.IncompleteReadError):
            status = 0
        if abrupt or status in (0, 413):
            self.close()
        return status

    async def _exchange(self, raw: bytes, *, abrupt: bool) -> int:
        if self._writer is None or self._reader is None or self._reader.at_eof():
            self.close()
            self._reader, self._writer = await asyncio.open_connection(*self._address)
        self._writer.write(raw)
        with contextlib.suppress(ConnectionError):  # an answer may lie there all the same
            await self._writer.drain()
            if abrupt:
                self._writer.write_eof()
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await self._reader.readexactly(int(length or 0))
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        """End the connection."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
