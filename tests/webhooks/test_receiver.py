"""The receiver's HTTP side: what is let in, what is refused, and with which words."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from starter.webhooks import Delivery, NotNowError, Receiver
from starter.webhooks.receiver import MAX_BODY
from tests.webhooks.posting import SECRET, delivery, signature

GOOD = {"action": "completed", "zen": "ünïcode"}


class Inside:
    """What lies behind the receiver."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []
        self.away = False

    async def __call__(self, one: Delivery) -> str:
        if self.away:
            raise NotNowError("Temporal is away")
        self.taken.append(one)
        return "taken"

    async def ready(self) -> bool:
        return not self.away


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.fixture
async def web(inside: Inside) -> AsyncIterator[httpx.AsyncClient]:
    app = Receiver(SECRET, inside, inside.ready).app()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://podium.test") as client:
        yield client


async def post(web: httpx.AsyncClient, payload: Any, event: str = "issues", **more: Any) -> Any:
    answer = await web.post("/webhooks", **delivery(payload, event, **more))
    return answer.status_code, answer.json()["said"]


async def test_what_is_signed_is_passed_on_whole(web: httpx.AsyncClient, inside: Inside) -> None:
    assert await post(web, GOOD, "issues", delivery_id="abc-1") == (202, "taken")
    assert inside.taken == [Delivery("abc-1", "issues", GOOD)]


@pytest.mark.parametrize(
    ("payload", "changes", "status", "words"),
    [
        (GOOD, {"x_hub_signature_256": ""}, 401, "X-Hub-Signature-256"),
        (GOOD, {"x_hub_signature_256": "sha256=" + "0" * 64}, 401, "secret"),
        (GOOD, {"x_hub_signature_256": signature(b"{}", "another")}, 401, "secret"),
        (GOOD, {"x_hub_signature_256": "sha1=" + "0" * 40}, 401, "secret"),
        (b"\x00\xff not json", {"x_hub_signature_256": "é"}, 401, "secret"),
        (GOOD, {"x_github_event": ""}, 400, "X-GitHub-Event"),
        (GOOD, {"x_github_event": "Issues; DROP"}, 400, "X-GitHub-Event"),
        (GOOD, {"x_github_delivery": "../../x"}, 400, "X-GitHub-Delivery"),
        (GOOD, {"x_github_delivery": "x" * 65}, 400, "X-GitHub-Delivery"),
        (GOOD, {"content_type": "application/x-www-form-urlencoded"}, 415, "application/json"),
        (b"{", {}, 400, "no JSON"),
        (b"[1]", {}, 400, "no JSON object"),
        (b"[" * 100_000, {}, 400, "no JSON"),
        (b'{"n": ' + b"9" * 10_000 + b"}", {}, 400, "no JSON"),
        (b"\xff", {}, 400, "no JSON"),
        (b" " * (MAX_BODY + 1), {}, 413, "bytes"),
        (b" " * (MAX_BODY + 1), {"content_length": "9" * 500}, 413, "bytes"),
    ],
)
async def test_what_is_no_delivery_is_refused_with_the_reason(
    payload: Any, changes: dict[str, str], status: int, words: str,
    web: httpx.AsyncClient, inside: Inside,
) -> None:  # fmt: skip
    sent = delivery(payload, **changes)
    sent["headers"] = {k: v.encode() for k, v in sent["headers"].items()}

    answer = await web.post("/webhooks", **sent)

    assert (answer.status_code, inside.taken) == (status, [])
    assert words in answer.json()["said"]


async def test_a_body_of_unknown_length_is_read_up_to_the_limit(
    web: httpx.AsyncClient, inside: Inside
) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 4 * MAX_BODY:
            read += 65_536
            yield b"x" * 65_536

    answer = await web.post("/webhooks", content=endless())

    assert answer.status_code == 413
    assert read <= MAX_BODY + 2 * 65_536


async def test_ping_is_answered(web: httpx.AsyncClient, inside: Inside) -> None:
    assert await post(web, {"zen": "x", "hook_id": 1}, "ping") == (200, "pong")
    assert inside.taken == []


async def test_a_delivery_that_comes_again_is_passed_on_once(
    web: httpx.AsyncClient, inside: Inside
) -> None:
    first = await post(web, GOOD, delivery_id="one")
    again = await post(web, GOOD, delivery_id="one")

    assert (first[0], again) == (202, (200, "received before"))
    assert len(inside.taken) == 1


async def test_while_temporal_is_away_deliveries_fail_and_may_come_again(
    web: httpx.AsyncClient, inside: Inside
) -> None:
    inside.away = True
    failed = await post(web, GOOD, delivery_id="one")
    not_ready = (await web.get("/readyz")).status_code
    alive = (await web.get("/healthz")).status_code
    inside.away = False

    assert (failed[0], not_ready, alive) == (503, 503, 200)
    assert await post(web, GOOD, delivery_id="one") == (202, "taken")
    assert (await web.get("/readyz")).status_code == 200


async def test_other_paths_and_methods_are_nothing(web: httpx.AsyncClient) -> None:
    assert (await web.get("/webhooks")).status_code == 405
    assert (await web.post("/")).status_code == 404


KINDS = ("valid", "again", "forged", "bytes", "cut", "type", "large", "huge")


def spoilt(kind: str, number: int, chance: random.Random, valid: list[str]) -> dict[str, Any]:
    """A delivery with one thing wrong; `valid` with none."""
    one = delivery(GOOD | {"n": number}, "issues", delivery_id=f"d-{number}")
    if kind == "again":
        one = delivery(GOOD, "issues", delivery_id=chance.choice(valid[-1_000:] or ["none"]))
    elif kind == "forged":
        one["headers"]["x-hub-signature-256"] = signature(one["content"], "guessed")
    elif kind == "bytes":
        one["content"] = chance.randbytes(chance.randrange(2_000))
    elif kind == "cut":
        one["content"] = one["content"][: chance.randrange(len(one["content"]))]
    elif kind == "type":
        one["headers"]["content-type"] = chance.choice(["", "text/plain", "multipart/x"])
    elif kind == "large":
        one["headers"]["content-length"] = str(MAX_BODY * 2)
    elif kind == "huge" and number % 50 == 0:
        one["content"] = b"x" * (MAX_BODY + 1)
    return one


async def storm(web: httpx.AsyncClient, inside: Inside, count: int, seed: int = 7) -> int:
    """Send valid, forged, broken, oversized and repeated deliveries; how many were valid."""
    chance = random.Random(seed)  # noqa: S311 - the same storm each time
    valid: list[str] = []
    for number in range(count):
        kind = chance.choice(KINDS if valid else ("valid",))
        answer = await web.post("/webhooks", **spoilt(kind, number, chance, valid))
        assert answer.status_code in {200, 202, 400, 401, 413, 415}, (kind, answer.text)
        good = kind == "valid" or (kind == "huge" and number % 50)
        assert (answer.status_code == 202) == bool(good), (kind, answer.text)
        if good:
            valid.append(f"d-{number}")
    assert [one.id for one in inside.taken] == valid, "no valid one is lost, no other gets in"
    return len(valid)


async def test_a_storm_of_all_kinds_lets_only_valid_deliveries_in(
    web: httpx.AsyncClient, inside: Inside
) -> None:
    assert await storm(web, inside, 2_000) > 200


async def test_many_at_once_are_all_passed_on(web: httpx.AsyncClient, inside: Inside) -> None:
    answers = await asyncio.gather(*(post(web, GOOD | {"n": n}) for n in range(300)))

    assert [status for status, _ in answers] == [202] * 300
    assert sorted(one.payload["n"] for one in inside.taken) == list(range(300))
