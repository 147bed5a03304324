"""With keys the server's files hold no plain text; with the token the codec server shows it."""

import asyncio
import base64
import dataclasses
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowFailureError

from starter.audit.exporting import export
from starter.children import free_ports
from starter.codec_server import CodecServer
from starter.encryption import AesGcmCodec
from starter.http import serve_app
from tests.patience import PATIENCE
from tests.system.stand import Stand, spec
from tests.system.test_temporal_cli import temporal
from tests.system.test_worker_kinds import result
from workflows.plugin import podium_plugin

CODEC = AesGcmCodec({"2026-11": b"k" * 32})
TOKEN = "the token of this codec server"


async def run(stand: Stand, name: str, word: str) -> None:
    """One that succeeds and one that fails, both with the word in input, result and failure."""
    stand.control.timed([{"result": result(summary=f"summary-{word}")}])
    asked = spec([f"input-{word}"], name="codec")
    asked["worker"]["result"] = {"channels": ["artifact"]}
    async with stand.workers():
        good = await stand.start(asked, f"podium/codec/{name}-good")
        report = await asyncio.wait_for(good.result(), PATIENCE)
        assert report["results"][0]["summary"] == f"summary-{word}"
        bad = await stand.start(asked | {f"failure-{word}": 1}, f"podium/codec/{name}-bad")
        with pytest.raises(WorkflowFailureError) as failed:
            await asyncio.wait_for(bad.result(), PATIENCE)
    assert f"failure-{word}" in str(failed.value.cause)


def held(folder: Path, word: str) -> dict[str, bool]:
    """Whether each text is in the database file or its write-ahead log."""
    files = b"".join(file.read_bytes() for file in sorted(folder.glob("temporal.db*")))
    return {kind: f"{kind}-{word}".encode() in files for kind in ("input", "summary", "failure")}


def data_in(said: str) -> bytes:
    """All payloads of a history as Temporal's command line prints them: it leaves them in base64."""
    return b"\n".join(map(base64.b64decode, re.findall(r'"data": "([^"]*)"', said)))


async def shown(stand: Stand, name: str, *options: str) -> bytes:
    """The payloads of a history that Temporal's command line shows."""
    _, said = await temporal(
        stand, "workflow", "show", "--workflow-id", f"podium/codec/coded-{name}", "--output", "json",
        *options,
    )  # fmt: skip
    return data_in(said)


@asynccontextmanager
async def codec_server() -> AsyncIterator[str]:
    (port,) = free_ports(1)
    serving = asyncio.create_task(serve_app(CodecServer(CODEC, TOKEN, []).app(), "127.0.0.1", port))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


@pytest.mark.covers("E6")
async def test_the_servers_files_hold_no_plain_text_and_the_token_shows_it(
    stand: Stand, tmp_path: Path
) -> None:
    client = await Client.connect(stand.address, plugins=[podium_plugin(CODEC)])
    coded = dataclasses.replace(stand, client=client)

    await run(stand, "plain", "aardvark")
    await run(coded, "coded", "pangolin")

    assert set(held(tmp_path, "aardvark").values()) == {True}, "else the search would find nothing"
    assert set(held(tmp_path, "pangolin").values()) == {False}

    async with codec_server() as url:
        right, wrong = (("--codec-auth", f"Bearer {one}") for one in (TOKEN, "guessed"))
        good = await shown(stand, "good", "--codec-endpoint", url, *right)
        bad = await shown(stand, "bad", "--codec-endpoint", url, *right)
        # Refused, the command line asks again until its time is up.
        stranger = await shown(
            stand, "bad", "--codec-endpoint", url, *wrong, "--command-timeout", "2s"
        )
    without = await shown(stand, "bad")

    assert b"input-pangolin" in good
    assert b"summary-pangolin" in good
    assert b"failure-pangolin" in bad
    assert b"pangolin" not in stranger + without
    assert without, "it shows what it can"

    lines: list[bytes] = []
    done = await export(client, "podium/codec/coded-good", None, lines.append, None)
    assert done.gaps == 0
    assert any(b'"what":"dispatched"' in line for line in lines), "its decisions could be replayed"
