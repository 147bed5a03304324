"""Payloads are sealed by the newest key and opened by each; the codec server asks who is there."""

import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from starter.codec_server import MAX_BODY, CodecServer, token_from
from starter.encryption import AesGcmCodec, UnreadablePayloadError, codec_from
from starter.exits import CliError
from workflows.plugin import podium_plugin

OLD, NEW = b"o" * 32, b"n" * 32
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"a secret"')
TOKEN = "a token of the codec server"
ORIGIN = "http://localhost:8233"


async def test_the_newest_key_encrypts_and_old_ones_still_decrypt() -> None:
    before, after = AesGcmCodec({"old": OLD}), AesGcmCodec({"new": NEW, "old": OLD})

    (early,), (late,) = await before.encode([PLAIN]), await after.encode([PLAIN])

    assert b"secret" not in early.SerializeToString() + late.SerializeToString()
    assert (early.metadata["encryption-key-id"], late.metadata["encryption-key-id"]) == (
        b"old", b"new",
    )  # fmt: skip
    assert await after.decode([early, late, PLAIN]) == [PLAIN, PLAIN, PLAIN]
    with pytest.raises(UnreadablePayloadError, match="no key 'new'"):
        await before.decode([late])


async def test_the_same_payload_never_looks_the_same_and_is_sealed_once() -> None:
    codec = AesGcmCodec({"new": NEW})
    one, two = await codec.encode([PLAIN, PLAIN])

    assert one.data != two.data
    assert await codec.encode([one]) == [one]


@pytest.mark.parametrize("place", [0, 12, -1])
async def test_a_changed_payload_or_another_key_of_that_name_is_refused(place: int) -> None:
    (sealed,) = await AesGcmCodec({"k": NEW}).encode([PLAIN])
    data = bytearray(sealed.data)
    data[place] ^= 1
    changed = Payload(metadata=sealed.metadata, data=bytes(data))

    for codec, payload in ((AesGcmCodec({"k": NEW}), changed), (AesGcmCodec({"k": OLD}), sealed)):
        with pytest.raises(UnreadablePayloadError, match="not encrypted with the key 'k' here"):
            await codec.decode([payload])
    with pytest.raises(UnreadablePayloadError):
        await AesGcmCodec({"k": NEW}).decode([Payload(metadata=sealed.metadata, data=b"short")])


async def test_messages_and_stack_traces_of_failures_are_encrypted_too() -> None:
    plugin = podium_plugin(AesGcmCodec({"k": NEW}))
    converter: Any = plugin.data_converter
    failure = Failure()
    try:
        raise ApplicationError("secret message", "secret detail")  # noqa: TRY301
    except ApplicationError as error:
        await converter.encode_failure(error, failure)

    assert b"secret" not in failure.SerializeToString()
    assert b"test_encryption" not in failure.SerializeToString(), "of the stack trace"
    assert "secret message" in str(await converter.decode_failure(failure))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("k", "write ID=FILE"),
        ("k=", "write ID=FILE"),
        ("a/b={good}", "write ID=FILE"),
        ("k={good},k={good}", "each id once"),
        ("k={gone}", "cannot be read"),
        ("k={short}", "openssl rand -base64 32"),
        ("k={text}", "no key of 32 bytes"),
    ],
)
def test_wrong_keys_are_refused_and_not_told(setting: str, words: str, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("good", "short", "text", "gone")}
    files["good"].write_bytes(base64.b64encode(NEW) + b"\n")
    files["short"].write_bytes(base64.b64encode(b"short-key"))
    files["text"].write_text("this is no base64 at all")

    with pytest.raises(CliError) as refused:
        codec_from({"PODIUM_ENCRYPTION_KEYS": setting.format(**files)})

    assert words in str(refused.value)
    assert "base64 at all" not in str(refused.value)
    assert codec_from({}) is None
    assert codec_from({"PODIUM_ENCRYPTION_KEYS": f"k={files['good']}"}) is not None


@pytest.fixture
async def web() -> AsyncIterator[httpx.AsyncClient]:
    app = CodecServer(AesGcmCodec({"k": NEW}), TOKEN, [ORIGIN]).app()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://codec.test") as client:
        yield client


SENT = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "ImEi"}]}
BEARER = {"authorization": f"Bearer {TOKEN}"}


async def test_what_is_encoded_is_decoded_again(web: httpx.AsyncClient) -> None:
    encoded = await web.post("/encode", json=SENT, headers=BEARER)
    decoded = await web.post("/decode", json=encoded.json(), headers=BEARER)

    assert "ImEi" not in encoded.text
    assert decoded.json() == SENT


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b"{}", 401),
        ({"authorization": "Bearer "}, b"{}", 401),
        ({"authorization": f"Bearer {TOKEN}x"}, b"{}", 401),
        ({"authorization": TOKEN}, b"{}", 401),
        ({"cookie": f"podium-codec={2**40}.AAAA"}, b"{}", 401),
        ({"cookie": f"podium-codec={TOKEN}"}, b"{}", 401),
        ({**BEARER, "content-type": "text/plain"}, b"{}", 415),
        ({**BEARER, "content-type": "application/json"}, b"{", 400),
        ({**BEARER, "content-type": "application/json"}, b"[1]", 400),
        ({**BEARER, "content-type": "application/json"}, b'{"payloads": [{"data": 1}]}', 400),
        ({**BEARER, "content-type": "application/json"}, b"[" * 100_000, 400),
        ({**BEARER, "content-type": "application/json"}, b" " * (MAX_BODY + 1), 413),
        ({**BEARER, "content-type": "application/json"},
         b'{"payloads": [{"metadata": {"encoding": "YmluYXJ5L2VuY3J5cHRlZA=="}}]}', 422),
    ],
)  # fmt: skip
async def test_strangers_and_nonsense_are_refused(
    web: httpx.AsyncClient, headers: dict[str, str], body: bytes, status: int
) -> None:
    assert (await web.post("/decode", content=body, headers=headers)).status_code == status


async def test_a_browser_signs_in_once_and_for_a_time(
    web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = await web.post("/sign-in", data={"token": "guess"})
    assert (wrong.status_code, list(web.cookies)) == (401, [])
    assert (await web.get("/sign-in")).status_code == 200

    right = await web.post("/sign-in", data={"token": TOKEN})

    assert "<p>Signed in." in right.text
    assert "<form" not in right.text
    kept = right.headers["set-cookie"]
    assert "HttpOnly" in kept
    assert "SameSite=strict" in kept
    assert TOKEN not in kept
    assert (await web.post("/decode", json=SENT)).status_code == 200
    # Sent by hand from here on: this client, too, drops what is out of date.
    cookie = {"cookie": kept.partition(";")[0]}
    web.cookies.clear()
    assert (await web.post("/decode", json=SENT, headers=cookie)).status_code == 200
    now = time.time()
    monkeypatch.setattr("starter.codec_server.time.time", lambda: now + 13 * 3_600)
    assert (await web.post("/decode", json=SENT, headers=cookie)).status_code == 401


@pytest.mark.parametrize(("origin", "allowed"), [(ORIGIN, ORIGIN), ("http://evil.test", None)])
async def test_only_the_uis_pages_may_read(
    web: httpx.AsyncClient, origin: str, allowed: str | None
) -> None:
    asked = {"origin": origin, "access-control-request-method": "POST",
             "access-control-request-headers": "authorization,content-type,x-namespace"}  # fmt: skip
    preflight = await web.options("/decode", headers=asked)
    answer = await web.post("/decode", json=SENT, headers=BEARER | {"origin": origin})

    assert preflight.is_success is (allowed is not None)
    assert answer.headers.get("access-control-allow-origin") == allowed


def test_a_short_token_is_refused() -> None:
    with pytest.raises(CliError, match="openssl rand"):
        token_from({"PODIUM_CODEC_TOKEN": "short"})
