"""The paths of circuit breakers: of those who ask and tell, and of the breaker itself."""

import asyncio
from pathlib import Path
from typing import Any

from activities.executions import Entity, ask
from contracts.circuit import Permits
from contracts.names import SIGNAL_FORCE_CLOSE, UPDATE_PERMIT
from sandbox.control import TimedRule
from scripts.recording import finish, save
from tests.system.stand import REPOSITORY, Stand, open_stand
from workflows import policies


def guarded(tasks: int, **breaker: Any) -> dict[str, Any]:
    """Tasks of the stand's worker behind its circuit breaker."""
    once = {"maximum-attempts": 1}
    return {
        "name": "test",
        "pattern": "circuit-breaker",
        "repository": REPOSITORY,
        "max-parallel": 2,
        "success": {"min-success-rate": 0},
        "breaker": {"cool-down": "1s", **breaker},
        "tasks": [
            {
                "name": f"task-{n}",
                "worker": {"workflow": "analyzer.yml", "inputs": {"item": f"{n}"}, "retry": once},
                "advice": "look at it",
            }
            for n in range(tasks)
        ],
    }


async def circuit_breaker(stand: Stand) -> None:
    """Two failures open the circuit, and the other tasks are skipped; then a probe closes it."""
    numbers = {"failure-threshold": 2, "success-threshold": 1}
    stand.control.timed([TimedRule(conclusion="failure")])
    await finish(stand, "circuit-breaker", guarded(5, **numbers))
    stand.control.timed([])
    await asyncio.sleep(1)
    await finish(stand, "circuit-breaker-healed", guarded(2, **numbers))
    await save(stand.client, "breaker", "breaker/octo-org/analyzer.yml")


async def circuit_breaker_gathered(stand: Stand) -> None:
    """More outcomes in a second than there are messages."""
    stand.control.timed([TimedRule(duration_seconds=1)])
    await finish(stand, "circuit-breaker-gathered", guarded(12) | {"max-parallel": 4})
    stand.control.timed([])


async def record_circuit_breaker_chained(folder: Path) -> None:
    """Record chains of runs: of many tasks, and of their breaker."""
    chained = {"limit.historyCount.suggestContinueAsNew": "50"}
    async with open_stand(folder, dynamic=chained) as stand, stand.workers():
        stand.control.timed([TimedRule(duration_seconds=2)])
        await finish(stand, "circuit-breaker-chained", guarded(10))
        await save(stand.client, "circuit-breaker-chained", "podium/test/circuit-breaker-chained")
        await save(stand.client, "breaker-chained", "breaker/octo-org/analyzer.yml")


async def record_breaker_short(folder: Path) -> None:
    """Record a breaker whose history became long before the server says so."""
    breaker = Entity("Breaker", "breaker/octo-org/short.yml", {"worker": "short"}, "A breaker")
    question = {"dispatch_ids": ["pd-1"], "settings": {}, "valid_for": "PT10M"}
    async with open_stand(folder) as stand:
        async with stand.workers():
            await ask(stand.client, breaker, UPDATE_PERMIT, question, Permits)
        for _ in range(policies.MAX_BREAKER_EVENTS):
            await stand.client.get_workflow_handle(breaker.id).signal(SIGNAL_FORCE_CLOSE)
        async with stand.workers():
            await ask(stand.client, breaker, UPDATE_PERMIT, question, Permits)
        await save(stand.client, "breaker-short", breaker.id)
