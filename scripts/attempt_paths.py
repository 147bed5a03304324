"""What happens between two attempts at an item, to be recorded."""

import asyncio
from typing import Any

import httpx
from temporalio.client import WorkflowHandle

from contracts import names
from sandbox.settings import TimedRule
from tests.system.stand import REPOSITORY, Stand


async def fail_once(stand: Stand) -> None:
    """Have the first run fail, and those after it succeed."""
    first = TimedRule(conclusion="failure", times=1)
    stand.control.timed([first, TimedRule(duration_seconds=15)])


async def run_again(stand: Stand, handle: WorkflowHandle[Any, Any]) -> None:
    """Do what a person does on the page of a failed run, once its failure is known."""
    person = {"Authorization": f"Bearer {stand.control.add_token('maintainer')}"}
    runs = f"{stand.sandbox.api_url}/repos/{REPOSITORY}/actions/runs"
    while not any(  # noqa: ASYNC110 - a server's
        one["kind"] == "retried" for one in await handle.query(names.QUERY_DECISIONS)
    ):
        await asyncio.sleep(0.2)
    (failed,) = stand.control.runs()
    async with httpx.AsyncClient(headers=person, trust_env=False) as github:
        (await github.post(f"{runs}/{failed.run_id}/rerun")).raise_for_status()
