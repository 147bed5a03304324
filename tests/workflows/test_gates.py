"""Gates in a workflow: updates, escalation, and a wait of 30 days."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from contracts.gates import Answered, Ballot, GatesState, OpenGate
from contracts.report import OrchestrationStatus
from contracts.specs.gates import Approval
from tests.conftest import WorkersFor
from tests.fakes import FakeGitHub
from tests.workflows.looks import look_less_often
from tests.workflows.test_pipeline import ended, open_gate, start, worker
from workflows.parts import ballot
from workflows.parts.gate import Gates
from workflows.parts.progress import waiting

LONGEST = 700
"""Events of one history: what a gate waits in, and what a pipeline needs around it."""


def spec(**approval: Any) -> dict[str, Any]:
    return {
        "name": "deploy",
        "pattern": "pipeline",
        "repository": "octo-org/widgets",
        "deadline": "60d",
        "stall-after": "60d",
        "stages": [
            {
                "name": "production",
                "approval": {"approvers": ["boss"], **approval},
                "workers": {"deploy": worker("p1")},
            }
        ],
    }


async def update(handle: WorkflowHandle[Any, Any], asked: Any) -> str:
    """Decide; the reason of a refusal, or nothing."""
    try:
        await handle.execute_update("decide", asked)
    except WorkflowUpdateFailedError as error:
        return str(error.cause)
    return ""


async def lengths(client: Client, first: WorkflowHandle[Any, Any]) -> list[int]:
    """Events of each history of a chain; this server lists no workflows."""
    found: list[int] = []
    run_id = first.first_execution_run_id
    while run_id:
        history = await client.get_workflow_handle(first.id, run_id=run_id).fetch_history()
        found.append(len(history.events))
        last = history.events[-1].workflow_execution_continued_as_new_event_attributes
        run_id = last.new_execution_run_id
    return found


async def test_an_update_is_refused_with_the_reason_or_counts(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(clock=skipping.get_current_time)
    asked = spec(choices=["canary"], **{"require-comment": True})
    asked["stages"][0]["workers"]["deploy"] = worker(
        "${{ stages.production.approval.outputs.choice }}"
    )
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, asked)
        await open_gate(skipping, handle)
        said = {"approver": "boss", "choice": "canary"}
        assert "comment" in await update(handle, said)
        assert "no approver" in await update(handle, {"approver": "guest", "comment": "me"})
        assert "no choice" in await update(handle, {"approver": "boss", "choice": "later"})
        assert "name the gate" in await update(handle, {"approver": "boss", "gate": "staging"})
        assert "valid dictionary" in await update(handle, "boss")
        described = str(await handle.query("__temporal_workflow_metadata"))
        assert "GitHub login" in described, "the dialogs of the Temporal UI say nothing"
        assert "production waits for a decision" in described, "the run's page says nothing"
        [gate] = await handle.query("gates")
        assert f"[The approval issue]({gate['issue_url']})" in described
        assert await update(handle, {**said, "comment": "a tenth"}) == ""
        report = await ended(handle)

    assert [run.inputs["item"] for run in github.started.values()] == ["canary"]
    [counted] = [one for one in report.decisions if one.kind == "answered"]
    assert (counted.by, counted.established) == ("boss", "claimed")
    assert "canary" in counted.reason
    assert "a tenth" in counted.reason
    refused = [one.reason for one in report.decisions if one.kind == "answer-refused"]
    assert len(refused) == 4, "each refusal is recorded, but for what is no answer at all"
    assert refused[1] == "guest: guest is no approver of production", "an auditor asks who tried"


@pytest.mark.parametrize("verified", [False, True])
def test_the_page_of_a_run_says_who_is_asked_and_how_to_answer(verified: bool) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    said = Answered(choice="approve", login="boss", established="verified", at=now)
    gate = OpenGate(
        gate="production", what="Stage <b>production</b>", approvers=("boss", "octo-org/ops"),
        opened_at=now, until=now, issue_url="https://github.test/1", verified=verified, answers=(said,),
    )  # fmt: skip
    page = waiting(gate)

    assert page[0] == "### Stage b production /b waits for a decision"
    assert "By `boss`, `octo-org/ops`, until 2026-11-24 00:00 UTC; silence rejects." in page
    assert "So far: `boss` approve (verified)" in page
    assert ("Only comments on that issue count." in page) is verified
    if not verified:
        assert json.loads(page[-1].strip("`"))["gate"] == "production", "to be pasted as it stands"


async def test_who_started_it_may_not_answer(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(clock=skipping.get_current_time)
    asked = spec(approvers=["boss", "chief"])
    given = {"spec": asked, "event": {"sender": {"login": "Boss"}}}
    async with workers_for(skipping.client, github):
        handle = await skipping.client.start_workflow(
            "Pipeline", given, id="podium/deploy/own", task_queue="podium"
        )
        await open_gate(skipping, handle)
        assert "their own" in await update(handle, {"approver": "@boss"})
        assert await update(handle, {"approver": "chief"}) == ""
        report = await ended(handle)

    assert report.status is OrchestrationStatus.SUCCEEDED


async def test_a_gate_waits_for_a_month_and_is_escalated(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(clock=skipping.get_current_time)
    silence = {"timeout-action": "escalate", "escalate": {"approvers": ["ceo"], "timeout": "10d"}}
    asked = spec(timeout="30d", reminders={"every": "3d", "max": 9}, **silence)
    asked["stages"][0]["approval"]["any-reject-rejects"] = True
    async with workers_for(skipping.client, github, cached=10):
        await look_less_often(skipping.client)
        handle = await start(skipping.client, asked)
        await open_gate(skipping, handle)
        await skipping.sleep(timedelta(days=10))
        for number in range(200):
            await handle.signal("approve", {"approver": f"guest-{number}"})
        await handle.signal("approve", {"approver": "ceo"})
        for _ in range(21):  # the server answers no call for longer than 30 s
            await skipping.sleep(timedelta(days=1))
        [gate] = await handle.query("gates")
        before = github.requests
        assert (gate["escalated"], gate["reminded"], gate["refused"]) == (True, 9, 201)
        await handle.signal("approve", {"approver": "ceo", "comment": "go"})
        report = await ended(handle)

    histories = await lengths(skipping.client, handle)
    assert len(histories) >= 2, "it never continued as new"
    assert max(histories) < LONGEST
    assert report.status is OrchestrationStatus.SUCCEEDED
    assert len([c for n, c in github.written_comments if "still waits" in c["body"]]) == 9
    assert before < 30, "waiting read from GitHub"
    refused = [one for one in report.decisions if one.kind == "signal-refused"]
    assert len(refused) == 50
    assert "only counted" in refused[-1].reason


async def test_an_answer_after_a_gate_was_parked_is_decided_about_by_the_chains_next_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Closed now, its issue would stay open, and the next run would ask again."""

    async def at_once(_: Any) -> None:
        return

    monkeypatch.setattr(workflow, "wait_condition", at_once)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    state = GatesState()
    aside: Any = SimpleNamespace(call=lambda *_: None, decide=lambda *_, **__: None)
    gates = Gates(state, aside, aside, paused=False, parks=lambda: True)
    gate = ballot.opened("outputs", "", Approval(approvers=("boss",)), now)
    state.open["outputs"] = gate
    assert await gates.news("outputs") is None
    said = Answered(choice="approve", login="boss", established="verified", at=now)
    gate.ballots["boss"] = Ballot(said=[said])

    gates._settle()
    assert list(state.open) == ["outputs"]
    Gates(state, aside, aside, paused=False, parks=lambda: None)._settle()
    assert state.closed["outputs"].granted
