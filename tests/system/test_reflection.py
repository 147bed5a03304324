"""A reflection against the sandbox: the chain continues as new in flight, and a worker is killed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import requests

from contracts import names
from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.system.judging import carried_states, survivors, until
from tests.system.rooms import final_report
from tests.system.stand import TOKEN, Stand, end, open_stand

REPOSITORY = "octo-org/drafts"
SUGGEST_AFTER = {"limit.historyCount.suggestContinueAsNew": "40"}
SCORES = (3, 5, 4, 6, 6, 9)
FILE = """
name: {name}
run-name: "{name} ${{{{ inputs.iteration }}}} [${{{{ inputs.dispatch_id }}}}]"
on:
  workflow_dispatch:
    inputs:
      iteration: {{required: true}}
      feedback: {{required: false}}
      dispatch_id: {{required: false}}
jobs:
  work:
    runs-on: ubuntu-latest
    steps: [{{run: "true"}}]
"""
ITERATION = "${{ reflection.iteration }}"


def spec() -> dict[str, Any]:
    return {
        "name": "drafts",
        "pattern": "reflection",
        "repository": REPOSITORY,
        "safe-outputs": {"create-pull-request": {"max": 1}, "create-issue": {"max": 1}},
        "generator": {
            "workflow": "generator.yml",
            "inputs": {"iteration": ITERATION, "feedback": "${{ reflection.feedback }}"},
        },
        "critic": {"workflow": "critic.yml", "inputs": {"iteration": ITERATION}},
        "threshold": 9,
        "max-iterations": len(SCORES),
        "pull-request": {},
    }


def prepare(stand: Stand) -> None:
    """Serve both workers and the branches that the drafts name; say how each run ends."""
    files = {
        f".github/workflows/{name}.yml": FILE.format(name=name) for name in ("generator", "critic")
    }
    stand.control.add_repository(REPOSITORY, files=files)
    for number in range(1, len(SCORES) + 1):
        push(stand, f"draft-{number}")
    reviews = [
        {
            "workflow": "critic.yml",
            "inputs": {"iteration": str(number)},
            "duration_seconds": 2,
            "result": told({"score": score, "feedback": f"wish {number}"}),
        }
        for number, score in enumerate(SCORES, 1)
    ]
    draft = told({"branch": "draft-{inputs.iteration}"})
    stand.control.timed([*reviews, {"duration_seconds": 2, "result": draft}])


def told(outputs: dict[str, Any]) -> dict[str, Any]:
    """A whole result; the sandbox fills in whose it is."""
    return {
        "protocol": "podium/v1",
        "dispatch_id": "{dispatch_id}",
        "worker": "one of both",
        "run_id": "{run_id}",
        "run_attempt": "{run_attempt}",
        "status": "success",
        "summary": "done",
        "outputs": outputs,
    }


def push(stand: Stand, branch: str) -> None:
    """Make a branch with a commit of its own."""
    tip = ask(stand, "GET", "/git/ref/heads/main")["object"]["sha"]
    ask(stand, "POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": tip})
    body = {"message": branch, "content": "aGVsbG8=", "branch": branch}
    ask(stand, "PUT", f"/contents/{branch}.txt", body)


def ask(stand: Stand, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(
        method,
        f"{stand.sandbox.api_url}/repos/{REPOSITORY}{path}",
        json=body,
        headers={"Authorization": f"token {TOKEN}"},
        timeout=10,
    )
    answer.raise_for_status()
    return answer.json()


@pytest.mark.covers("T6", "O1")
@pytest.mark.timeout(180)
async def test_rounds_go_on_through_continue_as_new_and_a_killed_worker(tmp_path: Path) -> None:
    async with open_stand(tmp_path, dynamic=SUGGEST_AFTER) as stand:
        prepare(stand)
        first = stand.worker_process(PODIUM_SETTLE_SECONDS="5")
        try:
            handle = await stand.client.start_workflow(
                "Reflection", {"spec": spec()}, id="podium/drafts/1", task_queue=names.TASK_QUEUE
            )
            await until(stand.control, lambda runs: len(runs) == 3)
            critique = {"reviewer": "ann", "feedback": "more examples"}
            await handle.signal(names.SIGNAL_CRITIQUE, critique)
            await until(stand.control, lambda runs: len(runs) == 4)
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


@pytest.mark.parametrize("signal", [names.SIGNAL_STOP, names.SIGNAL_ACCEPT])
async def test_a_person_ends_it_and_what_is_in_flight_is_cancelled(
    tmp_path: Path, signal: str
) -> None:
    async with open_stand(tmp_path) as stand, stand.workers():
        prepare(stand)
        handle = await stand.client.start_workflow(
            "Reflection", {"spec": spec()}, id="podium/drafts/1", task_queue=names.TASK_QUEUE
        )
        await until(stand.control, lambda runs: len(runs) == 3)
        await asyncio.sleep(0.5)  # its dispatch is answered by then, or awaited
        await handle.signal(signal, {"reviewer": "ann"})
        report = OrchestrationReport.model_validate(await final_report(handle))

        ends = [run.conclusion for run in sorted(stand.control.runs(), key=lambda run: run.run_id)]
        assert ends == ["success", "success", "cancelled"]
        opened = [pull["head"]["ref"] for pull in ask(stand, "GET", "/pulls?state=all")]
        accepted = signal == names.SIGNAL_ACCEPT
        assert opened == (["draft-1"] if accepted else [])
        wanted = OrchestrationStatus.SUCCEEDED if accepted else OrchestrationStatus.FAILED
        assert report.status is wanted, report.reason
