"""Receivers as processes under a storm of deliveries; what arrives at Temporal is what counts."""

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client

from contracts import names
from contracts.watch import RunWatchState, SeenRuns
from tests.system.stand import open_stand
from tests.webhooks.process import receiver_process
from tests.webhooks.storm import NOTHING, REFUSED, REPOSITORIES, Storm

SPEC = """
name: {name}
pattern: orchestrator-worker
on: {{issues: {{types: [opened]}}}}
repository: {repository}
for-each: {{source: list, items: [hello]}}
worker: {{workflow: analyzer.yml, inputs: {{item: "${{{{ event.issue.number }}}}"}}}}
"""
NOBODY = "a task queue that no Temporal Worker serves"
LINES = 24
GROWTH = 0.15
"""Most that a receiver may grow by, of what it had after the first fifth of the storm."""
FIRST_RUN = 1_000_000


async def watchers(client: Client) -> None:
    """Have somebody there who can be told, and whose history keeps all that was told."""
    for repository in REPOSITORIES:
        await client.start_workflow(
            "RunWatch",
            RunWatchState(repository=repository),
            id=names.run_watch_id(repository),
            task_queue=NOBODY,
        )


async def signalled(client: Client) -> Counter[int]:
    """Count how often each run's end arrived at Temporal."""
    found: Counter[int] = Counter()
    for repository in REPOSITORIES:
        history = await client.get_workflow_handle(names.run_watch_id(repository)).fetch_history()
        for event in history.events:
            told = event.workflow_execution_signaled_event_attributes
            if told.signal_name:
                (seen,) = await client.data_converter.decode(told.input.payloads, [SeenRuns])
                assert told.signal_name == names.SIGNAL_RUNS_SEEN
                assert not seen.results
                found.update(row.run_id - FIRST_RUN for row in seen.rows)
    return found


async def started(client: Client, wanted: int) -> Counter[str]:
    """Count what was started, once the server's index shows as much as was wanted."""
    end = time.monotonic() + 30
    while True:
        found = [one async for one in client.list_workflows("WorkflowType != 'RunWatch'")]
        if len(found) >= wanted or time.monotonic() > end:
            return Counter(one.id.rpartition("/")[2] for one in found)
        await asyncio.sleep(1)


def resident(process: int) -> int:
    """Memory that a process has, in KiB."""
    (line,) = [
        one for one in Path(f"/proc/{process}/status").read_text().splitlines() if "VmRSS" in one
    ]
    return int(line.split()[1])


def judge_answers(storm: Storm) -> None:
    """Each was answered by what it was."""
    answers = storm.answers
    assert set(answers["end"]) == set(answers["issue"]) == {202}
    assert set(answers["again"]) <= {200}
    assert set(answers["elsewhere"]) <= {200, 202}, "another receiver may not know it yet"
    assert {kind: set(answers[kind]) for kind in REFUSED} == {
        kind: {status} for kind, status in REFUSED.items()
    }
    assert {status for kind in NOTHING for status in answers[kind]} == {202}
    assert set(answers["short"]) <= {0, 400}
    assert set(answers["no-http"]) <= {0, 400}
    assert set(answers["huge"]) <= {0, 202, 413}


async def judge_arrivals(client: Client, storm: Storm) -> None:
    """All that is valid arrived, once but for what was sent to another receiver; nothing else did."""
    told, begun = await signalled(client), await started(client, len(storm.started))
    repeated = sum(storm.answers["elsewhere"].values())
    assert set(told) == storm.ends
    assert 0 <= told.total() - len(storm.ends) <= repeated
    assert begun == Counter(storm.started)


async def hold_out(folder: Path, count: int, parts: int) -> tuple[Storm, list[list[int]]]:
    """Let a storm blow at two receivers; their memory after each part of it."""
    specs = folder / "specs"
    specs.mkdir()
    for number, repository in enumerate(REPOSITORIES):
        text = SPEC.format(name=f"welcome-{number}", repository=repository)
        (specs / f"{number}.yml").write_text(text)
    storm, memory = Storm(seed=3), list[list[int]]()
    async with open_stand(folder) as stand, AsyncExitStack() as running:
        await watchers(stand.client)
        receivers = [
            await running.enter_async_context(receiver_process(stand, "--specs", str(specs)))
            for _ in range(2)
        ]
        addresses = [(web.base_url.host, web.base_url.port or 0) for web, _ in receivers]
        for _ in range(parts):
            await storm.blow(addresses, count // parts, LINES)
            memory.append([resident(process) for _, process in receivers])
        for web, _ in receivers:
            assert (await web.get("/readyz")).status_code == httpx.codes.OK
        judge_answers(storm)
        await judge_arrivals(stand.client, storm)
    return storm, memory


@pytest.mark.timeout(240)
async def test_a_storm_at_two_receivers_wakes_and_starts_only_what_is_valid(
    tmp_path: Path,
) -> None:
    storm, _ = await hold_out(tmp_path, 1_500, 1)

    assert min(len(storm.ends), len(storm.started)) > 50

    assert storm.answers["huge"][413] + storm.answers["huge"][0] > 0


@pytest.mark.soak
@pytest.mark.timeout(1_800)
async def test_a_hundred_thousand_deliveries_leave_memory_flat(tmp_path: Path) -> None:
    began = time.monotonic()
    storm, memory = await hold_out(tmp_path, 100_000, 10)
    warm, growths = memory[1], list[float]()
    for sampled in memory[2:]:
        growths += [now / before - 1 for now, before in zip(sampled, warm, strict=True)]
    print(  # noqa: T201 - figures of a soak
        f"{time.monotonic() - began:.0f} s, {len(storm.ends)} ends, {len(storm.started)} starts, "
        f"memory {memory} KiB, answers { {k: dict(v) for k, v in storm.answers.items()} }"
    )

    assert max(growths) <= GROWTH, memory
    _all_kinds(storm.answers)


def _all_kinds(answers: dict[str, Counter[int]]) -> None:
    kinds = ("end", "issue", "again", "elsewhere", "short", "no-http", *REFUSED, *NOTHING)
    assert min(answers[kind].total() for kind in kinds) > 4_000
