"""How many GitHub API calls a worker run costs, beside watchers that poll each run by itself.

Podium is measured in three ways: polling alone (every webhook lost), with webhooks and results in
artifacts, and with webhooks and results in comments, among which a stranger mixes forged ones for
runs that still go on. Every request that reaches the sandbox's API counts: dispatches, lists, 304s,
artifact redirects. Downloads from the storage behind a redirect do not; GitHub does not count them
either. Runs are short: `--seconds` is the scale.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import requests
from setting import REPOSITORY, Stand, open_stand, promised, spec, table

from tests.webhooks.commenting import commented, forge, serve_commenter
from tests.webhooks.process import delivered, receiver

PROMISED = {"polling alone": 3.6, "webhooks, artifacts": 3.1, "webhooks, comments": 1.2}
"""Most calls per run."""
INTERVALS = (5, 10)
"""Seconds between two polls of the watchers that Podium is held against."""
NAIVE_RUNS = 100
"""Theirs grow linearly: so many runs tell as much as more."""


@dataclass(frozen=True)
class Options:
    """What is measured."""

    runs: int
    seconds: float
    parallel: int


def options() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300, help="worker runs (default: 300)")
    parser.add_argument("--seconds", type=float, default=20, help="length of each (default: 20)")
    parser.add_argument("--parallel", type=int, default=50, help="runs at once (default: 50)")
    return Options(**vars(parser.parse_args()))


async def podium(mode: str, asked: Options) -> Counter[str]:
    """Have Podium run all of them, and count its calls."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            stand = await stack.enter_async_context(open_stand(Path(folder)))
            stand.control.timed([{"duration_seconds": asked.seconds}])
            data = spec(asked.runs, **{"max-parallel": asked.parallel})
            if mode == "webhooks, comments":
                serve_commenter(stand, asked.runs, asked.seconds)
                data = commented(asked.runs, asked.parallel)
            data["for-each"]["limit"] = asked.runs
            if mode != "polling alone":
                delivered(stand, await stack.enter_async_context(receiver(stand)))
            await stack.enter_async_context(stand.workers())
            running = asyncio.ensure_future((await stand.start(data)).result())
            forged = await forge(stand, running) if "comments" in mode else 0
            totals = (await running)["totals"]["by_status"]
            calls = stand.control.api_calls("podium-operator")
    assert totals == {"success": asked.runs}, totals
    if forged:
        print(f"{forged} of {asked.runs} runs had a forged result beside their own; none counted")
    return calls


class Naive:
    """Dispatches and polls each run by itself, as dispatch-and-wait actions do; at its best.

    It is told the run id by the dispatch and never polls twice in an interval, which not all of
    them manage.
    """

    def __init__(self, stand: Stand, interval: float) -> None:
        self.login = f"polls-every-{interval:g}-s"
        self._interval = interval
        self._base = f"{stand.sandbox.api_url}/repos/{REPOSITORY}/actions"
        token = stand.control.add_token(self.login)
        self._headers = {"Authorization": f"Bearer {token}"}

    def run_all(self, runs: int, parallel: int) -> None:
        """Run so many, at most `parallel` at once."""
        with ThreadPoolExecutor(parallel) as threads:
            list(threads.map(self._one, range(runs)))

    def _one(self, number: int) -> None:
        body = {"ref": "main", "inputs": {"item": str(number)}, "return_run_details": True}
        path = "workflows/analyzer.yml/dispatches"
        run_id = self._ask("POST", path, json=body).json()["workflow_run_id"]
        status = ""
        while status != "completed":
            time.sleep(self._interval)
            status = self._ask("GET", f"runs/{run_id}").json()["status"]
        found = self._ask("GET", f"runs/{run_id}/artifacts").json()["artifacts"]
        self._ask("GET", f"artifacts/{found[0]['id']}/zip")

    def _ask(self, method: str, path: str, json: object = None) -> requests.Response:
        answer = requests.request(
            method,
            f"{self._base}/{path}",
            json=json,
            headers=self._headers,
            timeout=30,
            allow_redirects=False,
        )
        answer.raise_for_status()
        return answer


async def naive(stand: Stand, asked: Options) -> dict[str, Counter[str]]:
    """Run the watchers beside each other, each as a login of its own."""
    watchers = [Naive(stand, interval) for interval in INTERVALS]
    runs = min(asked.runs, NAIVE_RUNS)
    await asyncio.gather(
        *(asyncio.to_thread(watcher.run_all, runs, asked.parallel) for watcher in watchers)
    )
    return {watcher.login: stand.control.api_calls(watcher.login) for watcher in watchers}


def row(name: str, calls: Counter[str], runs: int) -> list[object]:
    """One line of the table: calls per run, by kind."""

    def share(*endings: str) -> float:
        return sum(n for route, n in calls.items() if route.endswith(endings)) / runs

    kinds = [
        share("/dispatches"),
        share("/actions/runs"),
        share("/actions/runs/{run_id:int}", "/jobs"),
        share("/artifacts", "/zip"),
    ]
    total = calls.total() / runs
    return [name, runs, calls.total(), *kinds, total - sum(kinds), total]


async def measure(asked: Options) -> int:
    """Measure, print, and judge."""
    rows = [row(mode, await podium(mode, asked), asked.runs) for mode in PROMISED]
    with tempfile.TemporaryDirectory() as folder:
        async with open_stand(Path(folder)) as stand:
            stand.control.timed([{"duration_seconds": asked.seconds}])
            others = await naive(stand, asked)
    per_run = {str(one[0]): float(str(one[-1])) for one in rows}
    rows += [row(name, calls, min(asked.runs, NAIVE_RUNS)) for name, calls in others.items()]
    head = ["watcher", "runs", "calls", "dispatch", "lists", "run", "artifact", "other", "per run"]
    print(f"\n{asked.runs} runs of {asked.seconds:g} s, {asked.parallel} at once; calls per run:\n")
    table(head, rows)
    codes = [
        promised(f"{mode}: at most {most} calls per run", kept=per_run[mode] <= most)
        for mode, most in PROMISED.items()
    ]
    return max(codes)


if __name__ == "__main__":
    code = asyncio.run(measure(options()))
    sys.stdout.flush()
    os._exit(code)  # a process that ran a Worker may abort on an ordinary exit
