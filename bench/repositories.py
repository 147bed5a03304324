"""What many repositories cost while polls are all there is: calls per run, and the budget of polls.

First an audit: a map-reduce over an organization's repositories, one worker run in each, a few at once.
Each repository has its own watcher, which sees one run; how long runs take is what the orchestration has
learned in the others. Every request that reaches the sandbox's API counts, 304s too.

Then a rush: the same with all repositories at once, and nothing is known of how long runs take. The watch
queue's limit must hold, and what does not fit into it makes the ends be seen later. Polls are counted as
GitHub gets them, page by page.

Time may be scaled: a watcher polls every twentieth of what runs take, and every second at least. With runs
of less than 20 s, or in the first window, where nothing is known and a second is the least, scaled runs
cost less than real ones: `--real` tells what a run stands for, and what the first window would cost more
is added.
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

from setting import Stand, open_stand, promised, table
from temporalio.client import WorkflowHandle

from activities.rates import set_where_none_is
from contracts.names import SIGNAL_RUNS_COMPLETED
from contracts.watch import CompletedRuns
from scripts.own_repositories_paths import ORGANIZATION, over_repositories, serve
from workflows import policies

CALLS = 8
"""Most calls per run of the audit."""
WINDOW_SECONDS = 10
BURST = 1.5
"""By how much the server lets a limit be exceeded for so many seconds: it smooths, and is no gate."""
MEAN = 1.05
LISTS = "/repos/{owner}/{repo}/actions/runs"


@dataclass(frozen=True)
class Options:
    """What is measured."""

    repositories: int
    seconds: float
    parallel: int
    rush: int
    rush_seconds: float
    polls: float
    real: float


def options() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--repositories", type=int, default=200, help="audited, one run each (default: 200)")
    add("--seconds", type=float, default=20, help="length of each run (default: 20)")
    add("--parallel", type=int, default=10, help="audited at once (default: 10)")
    add("--rush", type=int, default=200, help="repositories of the rush (default: 200)")
    add("--rush-seconds", type=float, default=20, help="length of its runs (default: 20)")
    add("--real", type=float, default=60, help="what the audit's runs stand for (default: 60)")
    add("--polls", type=float, default=5, help="polls a second that are left to it (default: 5)")
    return Options(**vars(parser.parse_args()))


def unlearned(seconds: float) -> int:
    """How often a run is looked for of which nothing is known but for how long it goes on."""
    at, looks = 0.0, 0
    least, most = policies.POLL_MIN.total_seconds(), policies.POLL_MAX.total_seconds()
    while at < seconds:
        at += min(max(at / policies.POLL_SHARE, least), most)
        looks += 1
    return looks


async def audit(asked: Options) -> Counter[str]:
    """Run a worker in each repository of the organization; its calls by endpoint."""
    data = over_repositories(asked.repositories, asked.parallel)
    with tempfile.TemporaryDirectory() as folder:
        async with open_stand(Path(folder)) as stand:
            serve(stand, asked.repositories, asked.seconds)
            async with stand.workers():
                report = await (await stand.start(data)).result()
            calls = stand.control.api_calls("podium-operator")
            places = Counter(run.repository for run in stand.control.runs())
    totals = report["totals"]["by_status"]
    assert totals == {"success": asked.repositories}, totals
    assert set(places.values()) == {1}, "not each repository has its own run"
    assert len(places) == asked.repositories, places
    return calls


async def rush(asked: Options) -> tuple[list[float], list[float], Counter[str]]:
    """Run a worker in all repositories at once.

    Returns:
        When polls came, how many seconds after its end each run was seen, and all calls.
    """
    with tempfile.TemporaryDirectory() as folder:
        async with open_stand(Path(folder)) as stand:
            serve(stand, asked.rush, asked.rush_seconds)
            settings = stand.settings(PODIUM_POLLS_PER_SECOND=str(asked.polls))
            await set_where_none_is(stand.client, settings.limits)
            async with stand.workers(settings):
                handle = await stand.start(over_repositories(asked.rush, asked.rush))
                report = await handle.result()
            assert report["totals"]["by_status"] == {"success": asked.rush}, report["totals"]
            seen = await _seen(stand, handle)
            requests = stand.control.requests()
            calls = stand.control.api_calls("podium-operator")
    lists = [one for one in requests if one.route == LISTS and one.login == "podium-operator"]
    return [one.at for one in lists], seen, calls


async def _seen(stand: Stand, handle: WorkflowHandle[Any, Any]) -> list[float]:
    """Seconds from each run's end to when its orchestration was told."""
    ended = {run.run_id: run.completed_at or 0.0 for run in stand.control.runs()}
    seen = []
    async for execution in stand.client.list_workflows(f"WorkflowId = '{handle.id}'"):
        one = stand.client.get_workflow_handle(handle.id, run_id=execution.run_id)
        async for event in one.fetch_history_events():
            told = event.workflow_execution_signaled_event_attributes
            if told.signal_name == SIGNAL_RUNS_COMPLETED:
                news = CompletedRuns.model_validate_json(told.input.payloads[0].data)
                at = event.event_time.ToNanoseconds() / 1e9
                seen += [at - ended[one.run_id] for one in news.completions]
    return seen


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
    print(
        f"\nAudit: {asked.repositories} repositories of {ORGANIZATION}, one run of {asked.seconds:g} s "
        f"(for {asked.real:g} s) in each, {asked.parallel} at once, polls alone:\n"
    )
    first = min(asked.parallel, asked.repositories)
    more = first * max(0, unlearned(asked.real) - unlearned(asked.seconds))
    calls["what the first window of real runs would cost more"] = more
    shown(calls, asked.repositories)
    per_run = calls.total() / asked.repositories
    what = f"audit: at most {CALLS} calls per run"
    return promised(what, kept=per_run <= CALLS)


async def measure_rush(asked: Options) -> int:
    """Measure the rush, print, and judge."""
    polls, seen, calls = await rush(asked)
    took = max(polls) - min(polls)
    mean, most = len(polls) / took, busiest(polls, WINDOW_SECONDS)
    print(
        f"\nRush: {asked.rush} repositories, one run of {asked.rush_seconds:g} s in each, all at once, "
        f"nothing learned; {asked.polls:g} polls a second allowed:\n"
    )
    shown(calls, asked.rush)
    seen.sort()
    head = ["polls a second", "mean", f"busiest {WINDOW_SECONDS} s", "busiest 1 s"]
    print()
    table(head, [["of a repository's list", mean, most, busiest(polls, 1)]])
    print()
    tail = seen[min(len(seen) - 1, int(0.99 * len(seen)))]
    rows = [["end of a run", statistics.median(seen), tail, seen[-1]]]
    table(["was seen after", "median s", "99 % s", "longest s"], rows)
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
