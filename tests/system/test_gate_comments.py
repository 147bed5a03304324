"""Gates are answered by comments: only by the right people, and at the cost of what is read for it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import requests
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle

from contracts import names
from contracts.report import OrchestrationReport
from sandbox.control import TimedRule
from scripts import router_paths
from starter.webhooks import Delivery
from starter.webhooks.gates import GateNews
from tests.patience import PATIENCE
from tests.system.stand import REPOSITORY, Stand

OPERATOR = "podium-operator"
PEOPLE = {
    "boss": "write",
    "second": "maintain",
    "starter": "admin",
    "weak": "triage",
    "outsider": "none",
    "helper[bot]": "write",
    "member": "read",
}


def spec(**approval: Any) -> dict[str, Any]:
    worker = {"workflow": "analyzer.yml", "inputs": {"item": "x"}}
    stage = {"name": "production", "workers": {"deploy": worker}, "approval": approval}
    base = {"name": "release", "pattern": "pipeline", "repository": REPOSITORY}
    return base | {"stages": [stage], "safe-outputs": {"create-issue": {"max": 1}}}


class Room:
    """People who write on the sandbox's GitHub, and the webhook's receiver."""

    def __init__(self, stand: Stand) -> None:
        self.stand, self.news = stand, GateNews(stand.client)
        self.api = f"{stand.sandbox.api_url}/repos/{REPOSITORY}"
        for login in PEOPLE:
            stand.control.add_token(login, f"token-of-{login}")
        stand.control.settings(collaborators=PEOPLE, teams={"octo-org/ops": ["member"]})

    def ask(self, login: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer token-of-{login}"}
        answer = requests.request(
            method, f"{self.api}{path}", json=body, headers=headers, timeout=20
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def comment(self, login: str, number: int, text: str) -> dict[str, Any]:
        made: dict[str, Any] = self.ask(login, "POST", f"/issues/{number}/comments", {"body": text})
        return made

    async def tell(self, number: int, comment: dict[str, Any]) -> str:
        """Deliver a comment, as the receiver does what GitHub signs."""
        payload = {
            "action": "created",
            "comment": comment,
            "issue": {"number": number},
            "repository": {"full_name": REPOSITORY},
        }
        return await self.news.commented(Delivery(uuid4().hex, "issue_comment", payload))

    async def say(self, login: str, number: int, text: str) -> str:
        return await self.tell(number, self.comment(login, number, text))


async def start(client: Client, data: dict[str, Any], by: str = "") -> WorkflowHandle[Any, Any]:
    return await client.start_workflow(
        "Pipeline",
        {"spec": data, "initiator": by},
        id=names.workflow_id("release", uuid4().hex[:8]),
        task_queue=names.TASK_QUEUE,
    )


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while not (found := await look()):  # noqa: ASYNC110 - the server tells of no change
            await asyncio.sleep(0.05)
    return found


async def asked(stand: Stand, handle: WorkflowHandle[Any, Any]) -> int:
    """The number of the approval issue, once it is watched."""

    async def look() -> Any:
        gates = await handle.query("gates")
        return gates and gates[0]["issue_number"]

    number = int(await until(look))
    watch = stand.client.get_workflow_handle(names.gate_watch_id(REPOSITORY))

    async def watched() -> bool:
        try:
            return number in (await watch.query("status"))["issues"]
        except Exception:  # noqa: BLE001 - it is not there yet
            return False

    await until(watched)
    return number


async def ended(handle: WorkflowHandle[Any, Any]) -> OrchestrationReport:
    try:
        return OrchestrationReport.model_validate(await handle.result())
    except WorkflowFailureError:
        return OrchestrationReport.model_validate(await handle.query("report"))


async def refusals(handle: WorkflowHandle[Any, Any]) -> list[str]:
    told = await handle.query("decisions")
    kinds = ("answer-refused", "signal-refused")
    return [one["reason"] for one in told if one["kind"] in kinds]


async def test_only_comments_of_approvers_count_and_each_refusal_is_recorded(stand: Stand) -> None:
    room = Room(stand)
    approvers = ["@boss", "weak", "@starter", "octo-org/ops", "helper[bot]"]
    async with stand.workers():
        handle = await start(stand.client, spec(approvers=approvers, quorum=2), by="starter")
        await handle.signal("approve", {"approver": "boss"})
        number = await asked(stand, handle)
        issue = room.ask("boss", "GET", f"/issues/{number}")
        forged = room.ask("outsider", "POST", "/issues", {"title": "x", "body": issue["body"]})
        edited = room.comment("boss", number, "/reject")
        room.ask("boss", "PATCH", f"/issues/comments/{edited['id']}", {"body": "/approve"})
        deleted = room.comment("boss", number, "/approve")
        room.ask("boss", "DELETE", f"/issues/comments/{deleted['id']}")
        cases: list[tuple[str, Callable[[], Awaitable[Any]]]] = [
            ("outsider is none of the approvers", lambda: room.say("outsider", number, "/approve")),
            ("weak is none of the approvers, or may", lambda: room.say("weak", number, "/approve")),
            ("the comment was edited", lambda: room.tell(number, edited)),
            ("the comment was deleted", lambda: room.tell(number, deleted)),
            ("helper[bot] is no person", lambda: room.say("helper[bot]", number, "/approve")),
            ("nobody reviews what is their own", lambda: room.say("starter", number, "/approve")),
            ("approval issue of no open gate", lambda: room.say("boss", forged["number"], "/approve")),
            ("missing 1 required", lambda: handle.signal("approve")),
            ("verified by GitHub", lambda: handle.signal("approve", {"approver": "boss"})),
            ("name the gate", lambda: handle.signal("approve", {"approver": "boss", "gate": "x"})),
            ("greater than or equal", lambda: handle.signal("gate_comment", {"number": 0})),
        ]  # fmt: skip
        for n, (reason, act) in enumerate(cases, 2):

            async def recorded(n: int = n) -> bool:
                return len(await refusals(handle)) >= n

            await act()
            await until(recorded)
            told = await refusals(handle)
            assert reason in told[-1], told[-1]
            assert len(told) == n
        assert "name the gate (open: none)" in (await refusals(handle))[0], "before it was open"
        assert (await handle.query("gates"))[0]["answers"] == []

        await room.say("boss", number, "/approve production looks good")
        await room.say("member", number, "/approve")
        report = await ended(handle)

    counted = [d for d in report.decisions if d.kind == "answered"]
    assert report.status == "succeeded", report.reason
    assert [(d.by, d.established) for d in counted] == [
        ("boss", "verified"),
        ("member", "verified"),
    ]
    issue = room.ask("boss", "GET", f"/issues/{number}")
    assert issue["state"] == "closed"
    assert "approve" in issue["body"]
    assert "| boss | approve |" in issue["body"]
    assert issue["body"].startswith("**Approved by boss, member")


async def test_while_two_gates_are_open_only_an_answer_that_names_one_counts(stand: Stand) -> None:
    """A router's doubt, and what may be written, wait for people at once."""
    room, asks = Room(stand), {"approvers": ["boss"]}
    router_paths.seed(stand.control)
    stand.control.timed([*router_paths.verdicts(), TimedRule()])
    data = router_paths.unsure()
    data["for-each"] = {"source": "open-issues", "limit": 2}
    data["safe-outputs"]["approval"] = asks
    async with stand.workers():
        handle = await stand.start(data)

        async def both() -> Any:
            gates = {one["gate"]: one["issue_number"] for one in await handle.query("gates")}
            return len(gates) == 2 and all(gates.values()) and gates

        numbers = await until(both)
        await handle.signal("approve", {"approver": "boss"})
        await room.say("boss", numbers["outputs"], "/approve")

        async def refused() -> Any:
            told = await refusals(handle)
            return len(told) == 2 and told

        assert all("name the gate (open: " in one for one in await until(refused))
        await room.say("boss", numbers["routing-1"], "/reject routing-1")
        await room.say("boss", numbers["outputs"], "/approve outputs")
        report = await ended(handle)

    answers = {d.subject: d.reason for d in report.decisions if d.kind == "answered"}
    assert answers.keys() == {"outputs", "routing-1"}
    assert {row.key: row.route for row in report.results} == {"1": "bug", "2": "rest"}
    assert len([d for d in report.decisions if (d.kind, d.reason) == ("commented", "route")]) == 2


async def test_an_answer_that_no_webhook_told_of_is_found_and_costs_little(stand: Stand) -> None:
    room = Room(stand)
    watch = names.gate_watch_id(REPOSITORY)
    async with stand.workers():
        handle = await start(stand.client, spec(approvers=["@boss"]))
        number = await asked(stand, handle)
        await stand.client.get_workflow_handle(watch).terminate("a quicker one takes its place")
        waiter = {"workflow_id": handle.id, "first_execution_run_id": handle.first_execution_run_id}
        gate = (await handle.query("gates"))[0]
        issue = {"number": number, "waiter": waiter, "since": gate["opened_at"]}
        await stand.client.start_workflow(
            "GateWatch",
            {"repository": REPOSITORY, "every": 0.5, "issues": {number: issue}},
            id=watch,
            task_queue=names.TASK_QUEUE,
        )
        await until(_swept(stand, 3))
        stand.control.clear_ledger()
        await until(_swept(stand, 3))
        quiet = [r for r in stand.control.requests() if r.counted and r.login == OPERATOR]
        room.comment("boss", number, "/approve production")
        report = await ended(handle)

    assert quiet == [], "looks at what is unchanged are free"
    paid = Counter(
        r.route
        for r in stand.control.requests()
        if r.counted and r.login == OPERATOR and r.method == "GET"
    )
    assert report.status == "succeeded"
    assert paid["/repos/{owner}/{repo}/issues/{number}/comments"] == 1
    assert paid["/repos/{owner}/{repo}/collaborators/{username}/permission"] == 1


def _swept(stand: Stand, times: int) -> Callable[[], Awaitable[bool]]:
    seen: list[str] = []

    async def look() -> bool:
        watch = stand.client.get_workflow_handle(names.gate_watch_id(REPOSITORY))
        at = (await watch.query("status"))["swept_at"]
        if at not in seen:
            seen.append(at)
        return len(seen) > times

    return look
