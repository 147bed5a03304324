"""The counter of writes on a real server: Temporal Workers come and go, and nothing is forgotten."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from activities.counting import Counting
from activities.github import RateLimitedError
from contracts import names
from contracts.content import AskedWrite, ContentLimits, ContentView
from tests.fakes import FakeGitHub
from tests.system.stand import REPOSITORY, open_stand

COUNTER = "content/podium"
SUGGEST_AFTER = {"limit.historyCount.suggestContinueAsNew": "40"}


async def test_it_remembers_through_restarts_and_continue_as_new(tmp_path: Path) -> None:
    github: Any = FakeGitHub()
    limits = ContentLimits(per_minute=None, per_hour=40)
    async with open_stand(tmp_path, dynamic=SUGGEST_AFTER) as stand:
        counting = Counting(stand.client, github, limits)
        for start in range(0, 40, 10):
            async with stand.workers():
                for number in range(start, start + 10):
                    await counting.require(REPOSITORY, AskedWrite(write_id=f"w{number}"))
        async with stand.workers():
            with pytest.raises(RateLimitedError) as full:
                await counting.require(REPOSITORY, AskedWrite(write_id="one more"))
            await counting.require(REPOSITORY, AskedWrite(write_id="w3"))
            handle = stand.client.get_workflow_handle(COUNTER)
            view = await handle.query(names.QUERY_STATE, result_type=ContentView)
        runs = [run async for run in stand.client.list_workflows(f"WorkflowId = '{COUNTER}'")]

    assert timedelta(minutes=55) < full.value.wait <= timedelta(hours=1, seconds=5)
    assert view.last_hour == 40
    assert len(runs) > 2, "it has continued as new"
