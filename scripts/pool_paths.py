"""The paths of worker pools, and of votes."""

from pathlib import Path
from typing import Any

from sandbox.control import TimedRule
from sandbox.settings import ItemResults
from scripts.recording import finish, save
from tests.system.stand import Stand, open_stand, spec


def pooled(items: int, **changes: Any) -> dict[str, Any]:
    """A pool over the stand's worker, which gets its batch as its item."""
    base = {
        "pattern": "worker-pool",
        "worker": {
            "workflow": "analyzer.yml",
            "inputs": {"item": "${{ batch.items }}"},
            "retry": {"initial-interval": "1s"},
        },
        "pool": {"items-per-worker": 2, "max-workers": 3, "max-attempts": 3},
        "success": {"min-success-rate": 0},
    }
    return spec(items, **{**base, **changes})


def batched(**rule: Any) -> list[TimedRule]:
    """The rules by which one batch is lost, and the others tell of each item."""
    answers = ItemResults(input="item", failing={"item-3": "no such record"})
    return [
        TimedRule(times=1, conclusion="failure", result=None, **rule),
        TimedRule(item_results=answers, **rule),
    ]


async def worker_pool(stand: Stand) -> None:
    """A batch is lost and goes out again in halves; one item is poison."""
    stand.control.timed(batched())
    await finish(stand, "worker-pool", pooled(8))
    stand.control.timed([])


async def voting(stand: Stand) -> None:
    """One item that votes agree on, and one that they do not."""
    answers = [{"outputs": {"answer": n}} for n in range(3)]
    torn = [TimedRule(inputs={"item": "item-0"}, times=1, result=one) for one in answers]
    stand.control.timed([*torn, TimedRule(result={"outputs": {"answer": "same"}})])
    votes = {"votes": 3, "quorum": 2, "on": "outputs.answer"}
    await finish(stand, "voting", spec(2, voting=votes, success={"min-success-rate": 0}))
    stand.control.timed([])


async def record_worker_pool_chained(folder: Path) -> None:
    """Record a chain of runs with batches in flight."""
    chained = {"limit.historyCount.suggestContinueAsNew": "60"}
    async with open_stand(folder, dynamic=chained) as stand, stand.workers():
        stand.control.timed(batched(duration_seconds=2))
        await finish(stand, "worker-pool-chained", pooled(24))
        await save(stand.client, "worker-pool-chained", "podium/test/worker-pool-chained")
