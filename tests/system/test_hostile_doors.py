"""Hostile strings through the doors of a running Podium end as harmless text in GitHub's issues."""

import asyncio
import re
from typing import Any
from uuid import uuid4

import pytest
import requests

from contracts import names
from contracts.hardening import MARK, QUOTED
from contracts.report import OrchestrationReport
from tests.gfm import alive, alive_in_title
from tests.hostile import many
from tests.patience import PATIENCE
from tests.system.judging import decisions
from tests.system.stand import REPOSITORY, TOKEN, WORKER_FILE, Stand, spec

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
