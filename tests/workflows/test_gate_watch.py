"""A gate that waits a month: what it costs, and how its history and its watcher's stay small."""

from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from contracts import names
from contracts.gate_watch import command_of, is_command
from tests.conftest import WorkersFor
from tests.fakes import FakeGitHub
from tests.workflows.looks import EVERY, look_less_often
from tests.workflows.test_pipeline import ended, failing, open_gate, spec, start, worker

MONTH = timedelta(days=30)


def waiting(**approval: object) -> dict[str, object]:
    gate = {"approvers": ["@boss"], "timeout": "40d", **approval}
    stage = {"name": "production", "approval": gate, "workers": {"deploy": worker("p1")}}
    return spec(stages=[stage], deadline="60d")


async def test_a_month_of_waiting_costs_nothing_but_the_answer(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(failing(), skipping.get_current_time)
    async with workers_for(skipping.client, github, cached=20):
        await look_less_often(skipping.client)
        handle = await start(skipping.client, waiting())
        number = (await open_gate(skipping, handle))["issue_number"]
        before = github.requests
        for _ in range(MONTH.days):
            await skipping.sleep(timedelta(days=1))
        silent, asked, looks = github.counted, github.requests - before, github.looks
        length = (await handle.describe()).history_length
        github.written_comments.append((number, comment(github, number)))
        await skipping.sleep(2 * EVERY)
        report = await ended(handle)

    assert looks >= MONTH / EVERY - 3
    assert (silent, asked) == (0, 0), "no call that GitHub counts"
    assert length < 800, "bounded by how often the gate is registered again"
    assert github.counted == 2, "the list that has the comment, and the permission"
    assert report.status == "succeeded"
    assert "verified by GitHub" in next(d.reason for d in report.decisions if d.kind == "answered")


def comment(github: FakeGitHub, number: int) -> dict[str, object]:
    at = github.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": 77,
        "body": "/approve production",
        "user": {"login": "Boss", "type": "User"},
        "issue_url": f"https://api.github.test/repos/octo-org/widgets/issues/{number}",
        "created_at": at,
        "updated_at": at,
        "html_url": "https://github.test/octo-org/widgets/issues/1#issuecomment-77",
    }


async def test_a_watcher_of_nothing_ends_and_bad_messages_wedge_nothing(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    async with workers_for(skipping.client, FakeGitHub(), cached=20):
        for given in ({"repository": "o/r"}, {"issues": 7}, "nonsense"):
            handle = await skipping.client.start_workflow(
                "GateWatch",
                given,
                id=f"gate-watch/{uuid4()}",
                task_queue=names.TASK_QUEUE,
                start_signal="watch",
                start_signal_args=["nonsense"],
            )
            assert await handle.result() is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("/approve", ("approve", None, "", "")),
        ("  /Approve PRODUCTION  fine\nby me", ("approve", "production", "", "fine\nby me")),
        ("/reject not yet", ("reject", None, "", "not yet")),
        ("/choose production canary slowly", ("choose", "production", "canary", "slowly")),
        ("/choose canary", ("choose", None, "canary", "")),
        ("/approved", None),
        ("> /approve", None),
        ("I say /approve", None),
        ("", None),
    ],
)
def test_a_comment_is_a_command_by_how_it_begins(
    body: str, told: tuple[str, str | None, str, str] | None
) -> None:
    command = command_of(body, ["production"])

    assert is_command(body) == (told is not None)
    shown = command and (command.verb, command.gate, command.choice, command.comment)
    assert shown == told
