"""Hostile strings through the doors of a running Podium end as harmless text in GitHub's issues."""

import asyncio
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
import yaml

from contracts import names
from contracts.hardening import MARK, QUOTED
from contracts.report import OrchestrationReport
from tests.gfm import alive, alive_in_title
from tests.hostile import many
from tests.patience import PATIENCE
from tests.system.judging import decisions
from tests.system.stand import REPOSITORY, TOKEN, WORKER_FILE, Stand, spec
from tests.system.test_gate_comments import Room, ended, until
from tests.webhooks.posting import delivery
from tests.webhooks.process import receiver

AGENT = WORKER_FILE.replace(
    "dispatch_id: {required: false}", "dispatch_id: {}\n      aw_context: {}"
)
ISSUES = 30
TEXTS = [text.encode(errors="replace").decode() for text in many(8 * ISSUES + 50, 11)]


def asked() -> dict[str, Any]:
    inputs = {"item": "${{ item.title }}"}
    return spec(
        0,
        on={"workflow_dispatch": {"inputs": {"team": {"type": "string"}}}},
        **{
            "for-each": {"source": "open-issues"},
            "worker": {"workflow": "analyzer.yml", "inputs": inputs, "retry": {"maximum-attempts": 1}},
            "max-parallel": ISSUES,
            "report": {
                "title": "Of ${{ inputs.team }} and ${{ event.issue.title }}",
                "columns": {"Said": "outputs.said"},
            },
            "success": {"min-success-rate": 0},
            "safe-outputs": {"create-issue": {"max": 1}},
        },
    )  # fmt: skip


def hostile_world(stand: Stand) -> None:
    """Issues by strangers, and workers that were talked into anything."""
    texts = iter(TEXTS[50:])
    stand.control.add_repository(REPOSITORY, files={".github/workflows/analyzer.yml": AGENT})
    issues = [
        {
            "number": n,
            "title": " ".join([next(texts), next(texts)])[:250] or "-",
            "body": next(texts),
        }
        for n in range(1, ISSUES + 1)
    ]
    stand.control.seed_issues(REPOSITORY, issues)
    stand.control.timed([_rule(texts, failed=n % 5 == 0) for n in range(ISSUES)])


def _rule(texts: Any, *, failed: bool) -> dict[str, Any]:
    result = {
        "protocol": "podium/v1", "dispatch_id": "{dispatch_id}", "run_id": "{run_id}",
        "worker": next(texts)[:100], "status": "failure" if failed else "success",
        "summary": next(texts)[:900], "outputs": {"said": [next(texts), next(texts)]},
    }  # fmt: skip
    return {"times": 1, "result": result, "duration_seconds": 2}


async def run(stand: Stand) -> OrchestrationReport:
    event = {"issue": {"title": TEXTS[0] + TEXTS[3], "number": 1}}
    started = await stand.client.start_workflow(
        "OrchestratorWorker",
        {"spec": asked(), "event": event, "inputs": {"team": TEXTS[2] + TEXTS[15]}},
        id=names.workflow_id("test", uuid4().hex[:8]),
        task_queue=names.TASK_QUEUE,
    )
    for gate, approver, comment in zip(TEXTS[0:15], TEXTS[15:30], TEXTS[30:45], strict=True):
        said = {"gate": gate[:90], "approver": approver[:90], "comment": comment}
        await started.signal("approve", said)
    return OrchestrationReport.model_validate(await asyncio.wait_for(started.result(), PATIENCE))


def report_issue(stand: Stand, report: OrchestrationReport) -> dict[str, Any]:
    number = report.issue_url.rsplit("/", 1)[-1]
    url = f"{stand.sandbox.api_url}/repos/{REPOSITORY}/issues/{number}"
    found: dict[str, Any] = requests.get(
        url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
    ).json()
    return found


@pytest.mark.covers("C2")
async def test_what_strangers_and_workers_say_is_harmless_text_in_the_report(stand: Stand) -> None:
    hostile_world(stand)
    async with stand.workers():
        report = await run(stand)

    issue = await asyncio.to_thread(report_issue, stand, report)
    body, mark, _ = re.split(r"(<!-- podium:report [0-9a-f]{24} [0-9a-f]{32} -->)$", issue["body"])
    assert mark
    assert report.totals.by_status == {"success": ISSUES * 4 // 5, "failure": ISSUES // 5}
    assert len(decisions(report, "signal-refused")) == 15, "the signals' texts are in it"
    assert alive(body) == []
    assert alive_in_title(issue["title"]) == []
    handed = [sent.inputs["item"] for sent in stand.control.dispatches()]
    assert len(handed) == ISSUES
    for text in handed:
        lines = text.splitlines()
        assert len(lines) == 1 or all(one == QUOTED or one.startswith(MARK) for one in lines)


GATED = {
    "name": "door",
    "pattern": "pipeline",
    "repository": REPOSITORY,
    "on": {"issues": {"types": ["opened"]}},
    "stages": [
        {
            "name": "production",
            "approval": {"approvers": ["boss"]},
            "workers": {"deploy": {"workflow": "analyzer.yml", "inputs": {"item": "x"}}},
        }
    ],
    "report": {"title": "About ${{ event.issue.title }}"},
    "safe-outputs": {"create-issue": {"max": 1}},
}
DELIVERIES = 12
OURS = ("@boss", "\n/approve production\n", "/reject production because of this\n")
"""An approval issue mentions who is asked, and shows how to answer."""


def opened(number: int, texts: list[str]) -> dict[str, Any]:
    """What GitHub would send of an issue by a stranger who chose all of the words."""
    issue = {
        "number": number,
        "title": texts[0][:250] or "-",
        "body": texts[1],
        "labels": [{"name": texts[2][:50]}],
        "user": {"login": texts[3][:90]},
    }
    sender = {"login": texts[4][:90], "type": "User"}
    place = {"full_name": REPOSITORY}
    return {"action": "opened", "issue": issue, "sender": sender, "repository": place}


def written(room: Room) -> list[str]:
    """All that Podium has written in the repository, without its marks; titles are judged."""
    found = []
    for issue in room.ask("boss", "GET", "/issues?state=all&per_page=100"):
        if "<!-- podium:" in (issue["body"] or ""):
            assert alive_in_title(issue["title"]) == []
            said = room.ask("boss", "GET", f"/issues/{issue['number']}/comments?per_page=100")
            found += [
                issue["body"],
                *(one["body"] for one in said if "<!-- podium:" in one["body"]),
            ]
    return [
        re.sub(r"<!-- podium:[a-z]+ [0-9a-f]{24} [0-9a-f]{32} -->$", "", text) for text in found
    ]


@pytest.mark.covers("C2")
async def test_what_deliveries_and_comments_say_is_harmless_text_in_approval_issues(
    stand: Stand, tmp_path: Path
) -> None:
    """Strangers start it by a delivery; who approves is talked into anything."""
    (tmp_path / "door.yml").write_text(yaml.safe_dump(GATED))
    room, told = Room(stand), TEXTS[50:]
    async with stand.workers(), receiver(stand, "--specs", str(tmp_path)) as web:
        for n in range(DELIVERIES):
            payload = opened(n + 1, told[5 * n : 5 * n + 5])
            posted = delivery(payload, "issues", delivery_id=f"d-{n}")
            answer = await web.post("/webhooks", **posted)
            assert answer.json()["said"] == "door is started"
        handles = [
            stand.client.get_workflow_handle(f"podium/door/d-{n}") for n in range(DELIVERIES)
        ]

        async def all_ask() -> Any:
            gates = [await handle.query("gates") for handle in handles]
            return all(one and one[0]["issue_number"] for one in gates) and gates

        gates = await until(all_ask)
        texts = written(room)
        for n, (gate,) in enumerate(gates):
            said = f"/approve production {told[100 + n]}"
            await room.say("boss", gate["issue_number"], said)
        reports = [await ended(handle) for handle in handles]
        texts += written(room)

    assert {report.status for report in reports} == {"succeeded"}
    assert len(texts) == DELIVERIES * (1 + 3), "approval issues; then they, their ends and reports"
    assert [found for found in (alive(text, ours=OURS) for text in texts) if found] == []
