"""GitHub Enterprise Server: below `/api/v3`, and no answer to a dispatch tells its run."""

import asyncio
from collections import Counter

from contracts.report import OrchestrationReport
from tests.patience import PATIENCE
from tests.system.stand import Stand, spec

ITEMS = 6
SETTLE_SECONDS = "4"
"""After each run of the nameless worker; the sandbox's lists are never stale here."""


async def test_runs_are_found_where_no_dispatch_tells_them(stand: Stand) -> None:
    """By the id in their titles; the nameless worker's one by one, by what is new in the list."""
    control = stand.control
    control.settings(return_run_details=False)
    control.timed([{"duration_seconds": 1}])
    nameless = spec(2, name="nameless")
    nameless["worker"]["workflow"] = "nameless.yml"
    settings = stand.settings(
        GITHUB_API_URL=f"{stand.sandbox.api_url}/api/v3", PODIUM_SETTLE_SECONDS=SETTLE_SECONDS
    )
    async with stand.workers(settings):
        handles = [await stand.start(one) for one in (spec(ITEMS), nameless)]
        results = await asyncio.wait_for(
            asyncio.gather(*(handle.result() for handle in handles)), PATIENCE
        )
    reports = [OrchestrationReport.model_validate(result) for result in results]
    posts = Counter(one.status for one in control.requests() if one.path.endswith("/dispatches"))

    assert [one.totals.by_status for one in reports] == [{"success": ITEMS}, {"success": 2}]
    assert posts[204] == len(control.runs()) == ITEMS + 2, "each item has one run"
    assert set(control.dispatches_by_id().values()) == {1}
    assert len(control.dispatches_by_id()) == ITEMS
    assert set(posts) == {204, 422}
    assert posts[422] < ITEMS, "the key is not sent again once it was refused"
    told = {row.run_id for report in reports for row in report.results}
    assert told == {run.run_id for run in control.runs()}
