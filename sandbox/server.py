"""The process: two listening sockets, one event loop, an end within three seconds."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import uvicorn
from starlette.types import ASGIApp

from sandbox.app import github_app
from sandbox.blobs import Blobs
from sandbox.connections import Connections
from sandbox.hub import Hub
from sandbox.issues import seed_issue
from sandbox.runs.act import ActExecutor
from sandbox.runs.engine import Engine
from sandbox.runs.timed import TimedExecutor, TimedRules
from sandbox.settings import Mode
from sandbox.store import Store, load_world

DEFAULT_LOGIN = "octo-operator"
_CLOSE_SECONDS = 2.0
_PARENT_LOOK_SECONDS = 0.5


@dataclass(slots=True)
class Options:
    """What the command line says. `repositories` and `issues` map OWNER/NAME to a path."""

    host: str = "127.0.0.1"
    port: int = 0
    runners: int = 10
    mode: Mode = "act"
    state_file: Path | None = None
    work_dir: Path | None = None
    parent_pid: int | None = None
    repositories: dict[str, Path] = field(default_factory=dict)
    issues: dict[str, Path] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    """Login by token."""


def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT comes, or the parent is gone."""
    if options.work_dir is not None:
        options.work_dir.mkdir(parents=True, exist_ok=True)
        asyncio.run(_serve(options, options.work_dir.resolve(), []))
        return
    with tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as folder:
        place = Path(folder).resolve()
        asyncio.run(_serve(options, place, [place]))


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `_serve`, which ends both servers."""
        yield


async def _serve(options: Options, work_dir: Path, removable: list[Path]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    front, back = _listen(options.host, options.port), _listen(options.host, 0)
    data = options.state_file.with_suffix(".d") if options.state_file else work_dir
    hub = Hub(_url(front), _url(back), data, work_dir, load_world(options.state_file))
    store = Store(options.state_file, hub.world) if options.state_file else None
    if store:
        hub.changed = store.changed
    engine = Engine(hub)
    timed = TimedRules(hub)
    engine.executors = {
        "timed": TimedExecutor(engine, timed),
        "act": ActExecutor(engine, work_dir, removable),
    }
    token = _prepare(hub, options)
    connections = Connections()
    app = github_app(hub, engine, timed, connections)
    servers = [_server(app, connections), _server(Blobs(hub).app(), None)]
    tasks = [
        asyncio.create_task(server.serve(sockets=[sock]))
        for server, sock in zip(servers, (front, back), strict=True)
    ]
    print(json.dumps({"api_url": hub.api_url, "token": token}), flush=True)  # noqa: T201 - the promised line
    await _wait_for_end(stop, options.parent_pid)
    for server in servers:
        server.should_exit = server.force_exit = True
    await engine.close()
    await asyncio.wait(tasks, timeout=_CLOSE_SECONDS)
    if store:
        store.close()


def _listen(host: str, port: int) -> socket.socket:
    # asyncio switches off Nagle only for sockets that name TCP; without it answers take 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    # Before the address is printed, so that nobody who reads it finds the port closed.
    sock.listen(2048)
    return sock


def _url(sock: socket.socket) -> str:
    host, port = sock.getsockname()
    return f"http://{host}:{port}"


def _server(app: ASGIApp, connections: Connections | None) -> _Server:
    config = uvicorn.Config(
        app,
        http=connections.protocol_class() if connections else "h11",
        ws="none",
        lifespan="off",
        # At the end open requests are dropped; their tracebacks would tell nobody anything.
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        # A Temporal Worker that a test froze wakes to the connections that it had.
        timeout_keep_alive=300,
        backlog=2048,
        timeout_graceful_shutdown=1,
    )
    return _Server(config)


def _prepare(hub: Hub, options: Options) -> str:
    """Repositories, issues and tokens of the command line; gives the first token."""
    hub.settings = hub.settings.changed({"runners": options.runners, "mode": options.mode})
    for name, folder in options.repositories.items():
        hub.add_repository(name, folder)
    for name, file in options.issues.items():
        repository = hub.repository(*name.split("/"))
        for entry in json.loads(file.read_text(encoding="utf-8")):
            if int(entry["number"]) not in repository.issues:
                seed_issue(hub, repository, entry)
    added = [hub.add_token(login, token) for token, login in options.tokens.items()]
    if not added:
        added = [hub.add_token(DEFAULT_LOGIN, hub.world.token)]
        hub.world.token = added[0].token
    return added[0].token


async def _wait_for_end(stop: asyncio.Event, parent: int | None) -> None:
    """Wait for a signal; where a parent is named, also look whether it lives."""
    while not stop.is_set():
        if parent is not None and not _lives(parent):
            sys.stderr.write("sandbox: the parent process is gone\n")
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PARENT_LOOK_SECONDS):
                await stop.wait()


def _lives(pid: int) -> bool:
    if os.getppid() == pid:
        return True
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
