"""A reflection against the sandbox: the chain continues as new in flight, and a worker is killed."""

import asyncio
from pathlib import Path

import pytest

from contracts import names
from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.system.drafts import SCORES, SUGGEST_AFTER, ask, prepare, spec, start
from tests.system.judging import carried_states, survivors, until
from tests.system.rooms import final_report
from tests.system.stand import Stand, end, open_stand


@pytest.mark.covers("T6", "O1")
@pytest.mark.timeout(180)
async def test_rounds_go_on_through_a_chain_and_a_killed_worker_and_people_end_them(
    tmp_path: Path,
) -> None:
    """Side by side, because each waits for its runs."""
    async with open_stand(tmp_path, dynamic=SUGGEST_AFTER) as stand, asyncio.TaskGroup() as scenes:
        scenes.create_task(goes_on(stand))
        for signal in (names.SIGNAL_STOP, names.SIGNAL_ACCEPT):
            scenes.create_task(ended_by_a_person(stand, tmp_path / signal, signal))


async def goes_on(stand: Stand) -> None:
    """All rounds, in a chain of runs that changes in flight, with a critique and a killed worker."""
    prepare(stand, seconds=1)
    first = stand.worker_process(PODIUM_SETTLE_SECONDS="5")
    try:
        handle = await start(stand, spec())
        await until(stand.control, lambda runs: len(runs) == 3)
        critique = {"reviewer": "ann", "feedback": "more examples"}
        await handle.signal(names.SIGNAL_CRITIQUE, critique)
        await until(stand.control, lambda runs: len(runs) == 4)
        await asyncio.sleep(0.5)  # or its dispatch is lost, and waited for until that times out
    finally:
        end(first)
    async with stand.workers(stand.settings(PODIUM_SETTLE_SECONDS="5")):
        report = OrchestrationReport.model_validate(await final_report(handle))
        states = await carried_states(handle)

    judge(stand, report)
    in_flight = [one for state in states for one in state.fleet.entries if one.run is not None]
    assert len(states) >= 2
    assert in_flight, "a run went on while the chain changed to its next run"
    assert max(len(state.model_dump_json()) for state in states) < 200_000


def judge(stand: Stand, report: OrchestrationReport) -> None:
    """Each draft and each review once, and one pull request."""
    assert report.status is OrchestrationStatus.SUCCEEDED, report.reason
    assert [one.score for one in report.rounds] == list(SCORES)
    assert [one.iteration for one in report.rounds if one.best] == [len(SCORES)]

    ledger = stand.control.ledger("runs", "dispatches")
    assert set(survivors(ledger).values()) == {1}
    assert len(survivors(ledger)) == 2 * len(SCORES)
    sent = [one.inputs for one in ledger.dispatches if one.workflow.endswith("generator.yml")]
    told = {one["iteration"]: one.get("feedback", "") for one in sent}
    assert told["2"] == "wish 1"
    assert told["3"] == "wish 2\n\nmore examples"
    assert told["4"] == "wish 3"

    pulls = ask(stand, "GET", "/pulls?state=all")
    assert [pull["head"]["ref"] for pull in pulls] == ["draft-6"]
    assert report.pull_request_url == pulls[0]["html_url"]


async def ended_by_a_person(house: Stand, folder: Path, signal: str) -> None:
    """What is in flight is cancelled, and the best so far is offered where it was accepted."""
    async with house.beside(folder) as stand, stand.workers():
        prepare(stand)
        handle = await start(stand, spec())
        await until(stand.control, lambda runs: len(runs) == 3)
        await asyncio.sleep(0.5)  # its dispatch is answered by then, or awaited
        await handle.signal(signal, {"reviewer": "ann"})
        report = OrchestrationReport.model_validate(await final_report(handle))

        ends = [run.conclusion for run in sorted(stand.control.runs(), key=lambda run: run.run_id)]
        assert ends == ["success", "success", "cancelled"], signal
        opened = [pull["head"]["ref"] for pull in ask(stand, "GET", "/pulls?state=all")]
        accepted = signal == names.SIGNAL_ACCEPT
        assert opened == (["draft-1"] if accepted else [])
        wanted = OrchestrationStatus.SUCCEEDED if accepted else OrchestrationStatus.FAILED
        assert report.status is wanted, report.reason
