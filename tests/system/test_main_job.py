"""The main job on a real server: dispatch, wait, collect, report."""

from tests.system.stand import Stand, spec


async def test_twelve_items_are_each_dispatched_once_and_reported(stand: Stand) -> None:
    async with stand.workers(cached=0):
        handle = await stand.start(spec(12, **{"max-parallel": 4}))
        report = await handle.result()

    assert report["status"] == "succeeded"
    assert report["totals"]["by_status"] == {"success": 12}
    dispatched = [record.dispatch_id for record in stand.control.ledger().dispatches]
    assert len(dispatched) == len(set(dispatched)) == 12
    assert stand.control.concurrency().peak == 4
