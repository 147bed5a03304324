"""The Temporal Worker of production, with a fuse: it is killed, or stopped, at a named moment."""

import asyncio
import os
from typing import Any
from unittest import mock

from temporalio.client import Client
from temporalio.plugin import SimplePlugin

import worker_main
from activities.settings import Settings, settings_from
from activities.watching import Watching
from starter.connection import connect
from tests.system.moments import Fuse, Fused, FusedWorker, light


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


if __name__ == "__main__":
    asyncio.run(run())
