"""The Temporal Worker of production, with a fuse: it is killed, or stopped, at a named moment.

Processes with it are forked from one that has imported all this, and done nothing else: importing is
more than a second of a processor's work.
"""

import asyncio
import multiprocessing
import os
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest import mock

from temporalio.client import Client
from temporalio.plugin import SimplePlugin

import worker_main
from activities.settings import Settings, settings_from
from activities.watching import Watching
from starter.connection import connect
from tests.system.moments import Fuse, Fused, FusedWorker, light

_ready = multiprocessing.get_context("forkserver")
_ready.set_forkserver_preload([__name__])


def fork(environment: Mapping[str, str], log: Path) -> BaseProcess:
    """Start such a Temporal Worker in a process of its own; whoever does so ends it."""
    process = _ready.Process(target=_main, args=(dict(environment), log), daemon=True)
    process.start()
    return process


def _main(environment: dict[str, str], log: Path) -> None:
    with log.open("ab") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    with mock.patch.dict(os.environ, environment, clear=True):
        asyncio.run(run())


def fused(settings: Settings, fuse: Fuse) -> Settings:
    """Put the fuse around the adapter."""
    github: Any = settings.github
    for area in ("actions", "issues", "repositories"):
        setattr(github, area, Fused(getattr(github, area), area, fuse))
    return settings


async def run() -> None:
    """Serve all queues until killed."""
    fuse = Fuse.of(os.environ)
    light(fuse)

    def watching(client: Client) -> Any:
        return Fused(Watching(client), "watching", fuse)

    plugin = SimplePlugin("fuse", interceptors=[FusedWorker(fuse)])
    client = await connect([plugin])
    settings = fused(settings_from(os.environ), fuse)
    with mock.patch.object(worker_main, "Watching", watching):
        by_queue = worker_main.activities_by_queue(client, settings)
    await worker_main.serve(worker_main.workers_for(client, by_queue), asyncio.Event())
