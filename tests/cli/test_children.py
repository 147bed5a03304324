"""Child processes: ports that are free for them, and waits that Ctrl-C ends."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from starter import children
from starter.children import LOCALHOST, Child, free_ports


def test_a_free_port_is_kept_for_a_server() -> None:
    ports = free_ports(3)

    assert len(set(ports)) == 3
    for port in ports:
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((LOCALHOST, port))
        socket.create_server((LOCALHOST, port)).close()


@pytest.mark.parametrize("turns", range(12))
async def test_a_wait_for_a_child_is_cancelled_at_any_moment(
    turns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also as a refusal arrives: `asyncio.wait_for` of Python 3.11 would take the refusal for all."""

    async def refuse(*_: object) -> None:
        await asyncio.sleep(0)
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio, "open_connection", refuse)
    monkeypatch.setattr(children, "_LOOK_SECONDS", 0)
    log = tmp_path / "log"
    child = Child("sleeper", ["/bin/sleep", "60"], environment=os.environ, log=log, grace=0)
    try:
        waiting = asyncio.create_task(child.listening(1, timeout=0.5))
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    finally:
        child.kill()
