"""How fast worker runs go through Podium, beside bare Temporal doing as many activities and signals.

GitHub is a stub in memory that answers at once, and whose runs end at once. All sides run on the
same server, in turns; what counts is the median of the rounds' ratios. Circuit breakers are a side
of their own: bare Temporal does nothing that could be held against them.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections import deque
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from bare import QUEUE, WATCH, BareActivities, BareFan, BareWatch
from setting import binary, promised, spec, table
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.markers import Markers
from activities.settings import Settings
from contracts import names
from tests.fakes import FakeGitHub
from worker_main import activities_by_queue, workers_for
from workflows.plugin import podium_plugin

PROMISED = 0.7


@dataclass(frozen=True)
class Options:
    """What is measured."""

    runs: int
    window: int
    rounds: int


def options() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500, help="worker runs a round (default: 500)")
    parser.add_argument("--window", type=int, default=250, help="at once (default: 250)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    return Options(**vars(parser.parse_args()))


class InstantGitHub(FakeGitHub):
    """The tests' GitHub in memory, which here does not watch how full the window is."""

    def simultaneous(self) -> int:
        """Look at nothing."""
        return 0


async def podium(client: Client, github: Any, asked: Options, breaker: Any) -> float:
    """Worker runs a second of one orchestration, dispatch to result."""
    settings = Settings(github=github, markers=Markers(b"bench"), settle=timedelta(seconds=5))
    data = spec(asked.runs, **{"max-parallel": asked.window}, breaker=breaker)
    async with AsyncExitStack() as running:
        for worker in workers_for(client, activities_by_queue(client, settings)):
            await running.enter_async_context(worker)
        began = time.perf_counter()
        report = await client.execute_workflow(
            "OrchestratorWorker",
            {"spec": data},
            id=f"podium/bench/{uuid4()}",
            task_queue=names.TASK_QUEUE,
        )
        took = time.perf_counter() - began
    assert report["totals"]["by_status"] == {"success": asked.runs}, report["totals"]
    return asked.runs / took


async def bare(client: Client, asked: Options) -> float:
    """The same number of activities and signals, a second, with nothing in between."""
    mine = BareActivities(client)
    worker = Worker(
        client,
        task_queue=QUEUE,
        workflows=[BareFan, BareWatch],
        activities=[mine.first, mine.second],
        disable_eager_activity_execution=True,
    )
    async with worker:
        began = time.perf_counter()
        await client.execute_workflow(
            "BareFan", args=[asked.runs, asked.window], id="bare-fan", task_queue=QUEUE
        )
        took = time.perf_counter() - began
        await client.get_workflow_handle(WATCH).terminate()
    return asked.runs / took


async def measure(asked: Options) -> int:
    """Measure, print, and judge."""
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=binary("temporal"),
        dev_server_log_level="error",
        search_attributes=[SearchAttributeKey.for_keyword(n) for n in names.SEARCH_ATTRIBUTES],
        plugins=[podium_plugin()],
    )
    async with environment as env:
        # Bare Temporal is without our plugin: as the SDK comes.
        plain = await Client.connect(env.client.service_client.config.target_host)
        github, ours, guarded, theirs = InstantGitHub(), [], [], []
        for number in range(asked.rounds):
            # Whatever comes later in a round meets a server with more to keep: take turns.
            turns = deque("bpg")
            turns.rotate(number)
            for side in turns:
                if side == "b":
                    theirs.append(await bare(plain, asked))
                elif side == "p":
                    ours.append(await podium(env.client, github, asked, "disabled"))
                else:
                    guarded.append(await podium(env.client, github, asked, {}))
    ratio, guarded_ratio = (
        statistics.median(our / their for our, their in zip(mine, theirs, strict=True))
        for mine in (ours, guarded)
    )
    print(f"\n{asked.runs} runs, {asked.window} at once, instant GitHub; runs a second by round:\n")
    rounds = [f"round {n + 1}" for n in range(asked.rounds)]
    sides = {"podium": ours, "podium, with breakers": guarded, "bare": theirs}
    table(["engine", *rounds, "best"], [[name, *one, max(one)] for name, one in sides.items()])
    print(f"\npodium / bare, median of the rounds: {ratio:.2f}")
    print(f"with circuit breakers: {guarded_ratio:.2f}")
    return promised(f"at least {PROMISED} of bare Temporal", kept=ratio >= PROMISED)


if __name__ == "__main__":
    code = asyncio.run(measure(options()))
    sys.stdout.flush()
    os._exit(code)  # a process that ran a Worker may abort on an ordinary exit
