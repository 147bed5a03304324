"""What many repositories cost while polls are all there is: calls per run, and the budget of polls.

First an audit: a map-reduce over an organization's repositories, one worker run for each, a few at
once. A fleet's workers run in its spec's repository and get the other's name, so there is one watcher,
and how long runs take is learned over all of them.

Then a rush: each repository has an orchestration, and so a watcher, of its own; all begin at once and
nothing is known of how long runs take. The watch queue's limit must hold, and what does not fit into it
makes the ends be seen later. Polls are counted as GitHub gets them, by the first pages of lists.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from setting import REPOSITORY, Stand, open_stand, promised, spec, table
from temporalio.client import WorkflowHandle

from activities.rates import set_where_none_is
from tests.system.stand import WORKER_FILE

CALLS = 8
"""Most calls per run of the audit."""
WINDOW_SECONDS = 10
BURST = 1.5
"""By how much the server lets a limit be exceeded for so many seconds: it smooths, and is no gate."""
MEAN = 1.05
LISTS = "/repos/{owner}/{repo}/actions/runs"
ORGANIZATION = "octo-org"


@dataclass(frozen=True)
class Options:
    """What is measured."""

    repositories: int
    seconds: float
    parallel: int
    rush: int
    rush_seconds: float
    polls: float


def options() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--repositories", type=int, default=200, help="audited, one run each (default: 200)")
    add("--seconds", type=float, default=20, help="length of each run (default: 20)")
    add("--parallel", type=int, default=10, help="audited at once (default: 10)")
    add("--rush", type=int, default=200, help="repositories of the rush (default: 200)")
    add("--rush-seconds", type=float, default=20, help="length of its runs (default: 20)")
    add("--polls", type=float, default=5, help="polls a second that are left to it (default: 5)")
    return Options(**vars(parser.parse_args()))


def serve(stand: Stand, count: int, seconds: float) -> list[str]:
    """Serve so many repositories of an organization, and runs that take so long."""
    served = [f"{ORGANIZATION}/r{number:03}" for number in range(count)]
    for name in served:
        stand.control.add_repository(name, files={".github/workflows/analyzer.yml": WORKER_FILE})
    stand.control.timed([{"duration_seconds": seconds}])
    return served


async def audit(asked: Options) -> Counter[str]:
    """Run a worker for each repository of the organization; its calls by endpoint."""
    data = spec(
        [],
        pattern="map-reduce",
        worker={"workflow": "analyzer.yml", "inputs": {"item": "${{ item.full_name }}"}},
        reduce={"said": {"reducer": "counts", "field": "outputs.said"}},
        **{"max-parallel": asked.parallel},
    )
    source = {"source": "organization-repositories", "organization": ORGANIZATION}
    data["for-each"] = source | {"limit": asked.repositories}
    with tempfile.TemporaryDirectory() as folder:
        async with open_stand(Path(folder)) as stand:
            serve(stand, asked.repositories, asked.seconds)
            async with stand.workers():
                report = await (await stand.start(data)).result()
            calls = stand.control.api_calls("podium-operator")
    totals = report["totals"]["by_status"]
    assert totals == {"success": asked.repositories}, totals
    return calls


async def rush(asked: Options) -> tuple[list[float], list[float], Counter[str]]:
    """Start an orchestration in each repository at once.

    Returns:
        When polls came, how many seconds after its run each orchestration ended, and all calls.
    """
    with tempfile.TemporaryDirectory() as folder:
        async with open_stand(Path(folder)) as stand:
            served = serve(stand, asked.rush, asked.rush_seconds)
            settings = stand.settings(PODIUM_POLLS_PER_SECOND=str(asked.polls))
            await set_where_none_is(stand.client, settings.limits)
            async with stand.workers(settings):
                specs = [spec(1, name=f"rush-{name[-4:]}", repository=name) for name in served]
                handles = await asyncio.gather(*(stand.start(one) for one in specs))
                reports = await asyncio.gather(*(handle.result() for handle in handles))
            statuses = Counter(one["status"] for one in reports)
            assert statuses == {"succeeded": asked.rush}, statuses
            seen = await _seen(stand, handles, served)
            requests = stand.control.requests()
            calls = stand.control.api_calls("podium-operator")
    lists = [one for one in requests if one.route == LISTS and one.login == "podium-operator"]
    return [one.at for one in lists if "page=1" in one.query.split("&")], seen, calls


async def _seen(
    stand: Stand, handles: list[WorkflowHandle[Any, Any]], served: list[str]
) -> list[float]:
    """Seconds from each run's end to that of its orchestration."""
    ended = {run.repository: run.completed_at or 0.0 for run in stand.control.runs()}
    closed = await asyncio.gather(*(handle.describe() for handle in handles))
    return [
        one.close_time.timestamp() - ended[name]
        for one, name in zip(closed, served, strict=True)
        if one.close_time is not None
    ]


def busiest(times: list[float], seconds: float) -> float:
    """The most that came a second, over any stretch of so long."""
    ordered, first, most = sorted(times), 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most / seconds


def shown(calls: Counter[str], runs: int) -> None:
    """Print calls per run by endpoint, the most frequent first."""
    rows: list[list[object]] = [[route, n, n / runs] for route, n in calls.most_common()]
    table(["endpoint", "calls", "per run"], [*rows, ["all", calls.total(), calls.total() / runs]])


async def measure_audit(asked: Options) -> int:
    """Measure the audit, print, and judge."""
    calls = await audit(asked)
    per_run = calls.total() / asked.repositories
    print(
        f"\nAudit: {asked.repositories} repositories of {REPOSITORY.split('/')[0]}, one run of "
        f"{asked.seconds:g} s each, {asked.parallel} at once, polls alone:\n"
    )
    shown(calls, asked.repositories)
    what = f"audit: at most {CALLS} calls per run"
    return promised(what, kept=per_run <= CALLS)


async def measure_rush(asked: Options) -> int:
    """Measure the rush, print, and judge."""
    polls, seen, calls = await rush(asked)
    took = max(polls) - min(polls)
    mean, most = len(polls) / took, busiest(polls, WINDOW_SECONDS)
    print(
        f"\nRush: {asked.rush} repositories, one run of {asked.rush_seconds:g} s each, all at once, "
        f"nothing learned; {asked.polls:g} polls a second allowed:\n"
    )
    shown(calls, asked.rush)
    seen.sort()
    head = ["polls a second", "mean", f"busiest {WINDOW_SECONDS} s", "busiest 1 s"]
    print()
    table(head, [["of a repository's list", mean, most, busiest(polls, 1)]])
    print()
    tail = seen[min(len(seen) - 1, int(0.99 * len(seen)))]
    rows = [["orchestration", statistics.median(seen), tail, seen[-1]]]
    table(["ended after its run by", "median s", "99 % s", "longest s"], rows)
    kept = mean <= MEAN * asked.polls and most <= BURST * asked.polls
    what = (
        f"rush: at most {asked.polls:g} polls a second ({MEAN:g} times as many over all, {BURST:g} "
        f"times over {WINDOW_SECONDS} s)"
    )
    return promised(what, kept=kept)


async def measure(asked: Options) -> int:
    """Measure what is asked for."""
    codes = [0]
    if asked.repositories:
        codes.append(await measure_audit(asked))
    if asked.rush:
        codes.append(await measure_rush(asked))
    return max(codes)


if __name__ == "__main__":
    code = asyncio.run(measure(options()))
    sys.stdout.flush()
    os._exit(code)  # a process that ran a Worker may abort on an ordinary exit
