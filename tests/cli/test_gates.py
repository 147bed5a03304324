"""`podium gates`, `podium approve` and `podium reject` against a real Temporal server."""

import json
import time
from typing import Any
from uuid import uuid4

import pytest

from contracts import names
from tests.cli.backstage import Backstage
from tests.cli.conftest import Podium
from tests.cli.specs import REPOSITORY, WORKER_FILES
from tests.patience import PATIENCE


@pytest.fixture
def run(backstage: Backstage) -> str:
    """An orchestration that waits for people."""
    worker = {"workflow": next(iter(WORKER_FILES)), "inputs": {}}
    approval = {"approvers": ["@octo-boss"], "choices": ["canary"], "require-comment": True}
    stage = {"name": "production", "approval": approval, "workers": {"deploy": worker}}
    spec: dict[str, Any] = {
        "name": "gated", "pattern": "pipeline", "repository": REPOSITORY, "stages": [stage],
    }  # fmt: skip
    name = names.workflow_id("gated", uuid4().hex)

    async def start() -> None:
        await backstage.stand.client.start_workflow(
            "Pipeline", {"spec": spec, "initiator": "starter"}, id=name, task_queue=names.TASK_QUEUE
        )

    backstage.ask(start())
    return name


def waiting(podium: Podium, run: str) -> dict[str, Any]:
    """The gate in the inbox, once visibility knows of it and its issue is written."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        rows = json.loads(podium("gates", "--json").out)
        found = [one for one in rows if one["run"] == run and one["issue_url"]]
        if found:
            gate: dict[str, Any] = found[0]
            return gate
        time.sleep(0.1)
    raise AssertionError("it never showed")


def test_the_inbox_shows_a_gate_and_an_answer_that_does_not_count_is_refused_with_the_reason(
    podium: Podium, run: str
) -> None:
    gate = waiting(podium, run)
    shown = podium("gates")
    stranger = podium("approve", run, "--approver", "guest", "--comment", "hm")
    silent = podium("approve", run, "--approver", "octo-boss")
    unknown = podium("approve", run, "--gate", "x", "--approver", "octo-boss", "--comment", "x")
    rejected = podium("reject", run, "--approver", "octo-boss", "--comment", "not on a Friday")
    late = podium("approve", run, "--approver", "octo-boss", "--comment", "do")

    assert (gate["gate"], gate["approvers"]) == ("production", ["@octo-boss"])
    assert shown.code == 0
    assert all(word in shown.out for word in (run, "production", "@octo-boss", gate["issue_url"]))
    assert stranger.code == silent.code == unknown.code == 1
    assert "guest is no approver of production" in stranger.err
    assert "a comment is required" in silent.err
    assert "name the gate (open: production)" in unknown.err
    assert rejected.code == 0
    assert f"rejected production of {run} as octo-boss" in rejected.out
    assert podium("watch", run, "--interval", "0.1").code == 1
    assert late.code != 0


def test_a_choice_lets_it_go_on_and_a_run_that_has_ended_or_never_was_is_told(
    podium: Podium, run: str
) -> None:
    waiting(podium, run)
    chosen = podium(
        "approve", run, "--choice", "canary", "--approver", "octo-boss", "--comment", "go"
    )
    assert chosen.code == 0
    assert "answered canary production" in chosen.out
    podium("watch", run, "--interval", "0.1")

    ended = podium("approve", run, "--approver", "octo-boss", "--comment", "go")
    never = podium("approve", "podium/none/1", "--approver", "octo-boss")

    assert ended.code == never.code == 2
    assert "has ended" in ended.err
    assert "no workflow podium/none/1" in never.err
