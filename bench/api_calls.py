"""How many GitHub API calls a worker run costs, beside watchers that poll each run by itself.

Podium is measured with results in comments and webhooks, with results in artifacts and webhooks, and
with every webhook lost while a receiver waits for them. Every request that reaches the sandbox's API
counts: dispatches, lists, 304s, artifact redirects. Downloads from the storage behind a redirect do
not; GitHub does not count them either.

Beside the comments that are results, others are written while the runs go on: by a stranger, and as
the bot itself, edited, early, or about something else. One that is believed fails the bench.

Time is scaled: a run of `--seconds` stands for one of `--real` seconds, and the others' intervals
shrink alike. Podium's do so by themselves, for it polls every twentieth of what runs take, as long as
that is 1 to 30 s. Its sweep, every 5 minutes whatever runs take, does not; those that the real time
would have had are added, at their dearest.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import requests
from setting import REPOSITORY, Stand, open_stand, promised, spec, table

from contracts.watch import MAX_PAGES
from tests.webhooks.commenting import TRICKS, Liar, collected, commented, serve_commenter, untrue
from tests.webhooks.process import delivered, receiver
from workflows import policies

COMMENTS, ARTIFACTS, LOST, OTHERS = "comments", "artifacts", "lost", "others"
MODES = {
    COMMENTS: ("webhooks, results in comments", 1.2),
    ARTIFACTS: ("webhooks, results in artifacts", 3.1),
    LOST: ("every webhook lost, artifacts", 3.6),
}
"""What is measured of Podium, and how many calls per run are promised at most."""
INTERVALS = (5, 10)
"""Seconds between two polls of the watchers that Podium is held against."""
OTHERS_RUNS = 100
"""Theirs grow linearly: so many runs tell as much as more."""


@dataclass(frozen=True)
class Options:
    """What is measured."""

    runs: int
    seconds: float
    parallel: int
    real: float
    only: list[str]

    @property
    def scale(self) -> float:
        """How many times shorter runs are than those that they stand for."""
        return self.real / self.seconds


def options() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000, help="worker runs (default: 1,000)")
    parser.add_argument("--seconds", type=float, default=20, help="length of each (default: 20)")
    parser.add_argument("--parallel", type=int, default=50, help="runs at once (default: 50)")
    parser.add_argument("--real", type=float, default=300, help="what it stands for (default: 300)")
    known = [*MODES, OTHERS]
    parser.add_argument("--only", nargs="+", choices=known, default=known, help="a part of it")
    return Options(**vars(parser.parse_args()))


async def podium(mode: str, asked: Options) -> Counter[str]:
    """Have Podium run all of them, and count its calls."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            stand = await stack.enter_async_context(open_stand(Path(folder)))
            stand.control.timed([{"duration_seconds": asked.seconds}])
            data = spec(asked.runs, **{"max-parallel": asked.parallel})
            if mode == COMMENTS:
                publish_after = serve_commenter(stand, asked.runs, asked.seconds)
                data = commented(asked.runs, asked.parallel)
            data["for-each"]["limit"] = asked.runs
            web = await stack.enter_async_context(receiver(stand, quiet=True))
            delivered(stand, web, lost=1.0 if mode == LOST else 0.0)
            await stack.enter_async_context(stand.workers())
            handle = await stand.start(data)
            running = asyncio.ensure_future(handle.result())
            if mode == COMMENTS:
                lies = await Liar(stand, publish_after).lie_until(running)
                await _none_believed(stand, handle.id, lies, asked)
            totals = (await running)["totals"]["by_status"]
            calls, posted = stand.control.api_calls("podium-operator"), stand.control.posted()
    assert totals == {"success": asked.runs}, totals
    print(f"{MODES[mode][0]}: {posted.posted} deliveries posted, {posted.lost} lost")
    assert bool(posted.posted) == (mode != LOST), "the deliveries are not those of this set-up"
    return calls


async def _none_believed(
    stand: Stand, workflow_id: str, lies: Counter[str], asked: Options
) -> None:
    """Hold every result that was collected against what its run published."""
    verdicts = await collected(stand, workflow_id)
    wrong = untrue(verdicts)
    assert not wrong, (
        f"{len(wrong)} results are not their runs' own: {dict(list(wrong.items())[:3])}"
    )
    assert len(verdicts) == asked.runs, f"{len(verdicts)} results of {asked.runs} runs"
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(lies.items()))
    print(f"not believed, of {lies.total()} written beside the {asked.runs} results: {told}")
    assert lies["by a stranger"] >= asked.runs * 0.9, "most runs ended before anybody lied"
    seldom = [trick for trick in TRICKS if lies[trick] < asked.runs / len(TRICKS) / 2]
    assert not seldom, f"hardly ever played: {seldom}"


class Others:
    """Dispatches and polls each run by itself, as dispatch-and-wait actions do; at its best.

    It is told the run id by the dispatch and never polls twice in an interval, which not all of
    them manage.
    """

    def __init__(self, stand: Stand, interval: float, scale: float) -> None:
        self.login = f"polls each run every {interval:g} s"
        self._interval = interval / scale
        self._base = f"{stand.sandbox.api_url}/repos/{REPOSITORY}/actions"
        token = stand.control.add_token(self.login)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._local = threading.local()

    def run_all(self, runs: int, parallel: int) -> None:
        """Run so many, at most `parallel` at once."""
        with ThreadPoolExecutor(parallel) as threads:
            list(threads.map(self._one, range(runs)))

    def _one(self, number: int) -> None:
        body = {"ref": "main", "inputs": {"item": str(number)}, "return_run_details": True}
        path = "workflows/analyzer.yml/dispatches"
        run_id = self._ask("POST", path, json=body).json()["workflow_run_id"]
        status, began, looks = "", time.monotonic(), 0
        while status != "completed":
            looks += 1  # by the clock: a slow answer does not make its interval longer
            time.sleep(max(0.0, began + looks * self._interval - time.monotonic()))
            status = self._ask("GET", f"runs/{run_id}").json()["status"]
        found = self._ask("GET", f"runs/{run_id}/artifacts").json()["artifacts"]
        self._ask("GET", f"artifacts/{found[0]['id']}/zip")

    def _ask(self, method: str, path: str, json: object = None) -> requests.Response:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        answer: requests.Response = self._local.session.request(
            method,
            f"{self._base}/{path}",
            json=json,
            headers=self._headers,
            timeout=30,
            allow_redirects=False,
        )
        answer.raise_for_status()
        return answer


async def others(asked: Options) -> dict[str, Counter[str]]:
    """Run the watchers one after another, each as a login of its own."""
    runs = min(asked.runs, OTHERS_RUNS)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        async with open_stand(Path(folder)) as stand:
            stand.control.timed([{"duration_seconds": asked.seconds}])
            stand.control.settings(rate_limit=10**9)  # theirs would not do for so many polls
            for interval in INTERVALS:
                watcher = Others(stand, interval, asked.scale)
                await asyncio.to_thread(watcher.run_all, runs, asked.parallel)
                found[watcher.login] = stand.control.api_calls(watcher.login)
    return found


def sweeps(asked: Options) -> float:
    """Calls per run of the sweeps that scaled time left out, each with as many pages as it can have."""
    left_out = asked.runs / asked.parallel * (asked.real - asked.seconds)
    return max(0.0, left_out / policies.SWEEP.total_seconds() * MAX_PAGES / asked.runs)


def row(name: str, calls: Counter[str], runs: int, swept: float = 0.0) -> list[object]:
    """One line of the table: calls per run, by kind."""

    def share(*endings: str) -> float:
        return sum(n for route, n in calls.items() if route.endswith(endings)) / runs

    kinds = [
        share("/dispatches"),
        share("/actions/runs"),
        share("/actions/runs/{run_id}", "/jobs"),
        share("/artifacts", "/zip"),
        share("/comments"),
    ]
    total = calls.total() / runs
    return [name, runs, calls.total(), *kinds, total - sum(kinds), swept, total + swept]


def fairness(asked: Options) -> str:
    """Say how time is scaled, and whether Podium's own intervals are scaled alike."""

    def interval(seconds: float) -> float:
        wanted = timedelta(seconds=seconds) / policies.POLL_SHARE
        return min(max(wanted, policies.POLL_MIN), policies.POLL_MAX).total_seconds()

    here, real = interval(asked.seconds), interval(asked.real)
    share = (real / asked.real) / (here / asked.seconds)
    told = (
        f"Time is scaled {asked.scale:g} to 1: runs of {asked.seconds:g} s stand for runs of "
        f"{asked.real:g} s, and the others' intervals are divided alike. Podium polls every "
        f"{here:g} s here and every {real:g} s there: "
    )
    if abs(share - 1) < 0.01:
        return told + "as many polls per run."
    return told + f"{1 / share:.2g} times as many polls per run as this shows; no fair comparison."


async def measure(asked: Options) -> int:
    """Measure, print, and judge."""
    rows, codes = [], [0]
    print(fairness(asked), flush=True)
    for mode, (name, _) in MODES.items():
        if mode in asked.only:
            swept = 0.0 if mode == LOST else sweeps(asked)
            rows.append(row(name, await podium(mode, asked), asked.runs, swept))
    per_run = {str(one[0]): float(str(one[-1])) for one in rows}
    if OTHERS in asked.only:
        runs = min(asked.runs, OTHERS_RUNS)
        rows += [row(name, calls, runs) for name, calls in (await others(asked)).items()]
    head = ["watcher", "runs", "calls", "dispatch", "lists", "run", "artifact", "comments", "other"]
    print(f"\n{asked.runs} runs of {asked.seconds:g} s, {asked.parallel} at once; calls per run:\n")
    table([*head, "+ sweeps", "per run"], rows)
    codes += [
        promised(f"{name}: at most {most} calls per run", kept=per_run[name] <= most)
        for name, most in MODES.values()
        if name in per_run
    ]
    return max(codes)


if __name__ == "__main__":
    code = asyncio.run(measure(options()))
    sys.stdout.flush()
    os._exit(code)  # a process that ran a Worker may abort on an ordinary exit
