"""A cancellation at an awkward moment: nothing goes on, nothing is lost, and the report says so."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle

from scripts import cancel_paths
from tests.patience import PATIENCE
from tests.system.stand import REPOSITORY, TOKEN, Stand, open_stand

Handle = WorkflowHandle[Any, Any]
REASON = "the orchestration was cancelled"


async def cancelled(handle: Handle) -> dict[str, Any]:
    """Wait until it has closed as cancelled, in the run that was asked to; its report."""
    with pytest.raises(WorkflowFailureError):
        await asyncio.wait_for(handle.result(follow_runs=False), PATIENCE)
    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
    report: dict[str, Any] = await handle.query("report")
    assert report["status"] == "cancelled"
    assert report["reason"].startswith(REASON)
    return report


def decisions(report: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    return [(d["subject"], d["reason"]) for d in report["decisions"] if d["kind"] == kind]


def issues(stand: Stand) -> list[dict[str, Any]]:
    url = f"{stand.sandbox.api_url}/repos/{REPOSITORY}/issues?state=all"
    answer = requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20)
    answer.raise_for_status()
    return list(answer.json())


def labels(stand: Stand) -> dict[int, list[str]]:
    found = {one["number"]: [label["name"] for label in one["labels"]] for one in issues(stand)}
    return {number: names for number, names in found.items() if "bug" in names}


async def what_is_written_is_heard_out(stand: Stand) -> None:
    report = await cancelled(await cancel_paths.while_it_concludes(stand))

    assert report["totals"]["by_status"] == {"success": cancel_paths.ITEMS}
    ((subject, _),) = decisions(report, "labelled")
    assert labels(stand) == {int(subject.removeprefix("#")): ["bug"]}
    assert decisions(report, "outputs-left-out") == [("", "2")]
    assert decisions(report, "output-failed") == []
    assert report["issue_url"]


async def what_is_parked_is_ended(stand: Stand) -> None:
    report = await cancelled(await cancel_paths.while_it_parks(stand))
    ends = sorted(run.conclusion or "" for run in stand.control.runs())

    assert report["totals"]["by_status"] == {"success": 1, "cancelled": 2}
    assert ends == ["cancelled", "cancelled", "success"]
    assert decisions(report, "stopped") == [("", REASON)], "told once"
    assert labels(stand) == {1: ["bug"]}
    assert decisions(report, "output-failed") == []
    assert report["issue_url"]


async def a_parked_gate_is_closed(stand: Stand) -> None:
    report = await cancelled(await cancel_paths.while_its_gate_parks(stand))

    assert [one for one, _ in decisions(report, "gate-stopped")] == ["production"]
    (asking,) = [one for one in issues(stand) if one["title"].startswith("Approve ")]
    assert asking["state"] == "closed"
    assert stand.control.runs() == []


SCENARIOS: tuple[Callable[[Stand], Awaitable[None]], ...] = (
    what_is_written_is_heard_out,
    what_is_parked_is_ended,
    a_parked_gate_is_closed,
)


async def alone(stand: Stand, folder: Path, scenario: Callable[[Stand], Awaitable[None]]) -> None:
    async with stand.beside(folder) as mine, mine.workers():
        await scenario(mine)


async def test_a_cancellation_while_it_concludes_or_parks_ends_all_in_order(
    tmp_path: Path,
) -> None:
    """Side by side, as each waits for something slow."""
    async with (
        open_stand(tmp_path / "stand", dynamic=cancel_paths.SUGGESTED_AFTER) as stand,
        asyncio.TaskGroup() as all_of_them,
    ):
        for scenario in SCENARIOS:
            folder = tmp_path / scenario.__name__.replace("_", "-")
            folder.mkdir()
            all_of_them.create_task(alone(stand, folder, scenario))
