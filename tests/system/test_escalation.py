"""A spec that keeps failing becomes one issue per cause, kept current, and closed when it is healed."""

from pathlib import Path
from typing import Any

import pytest
import requests
from temporalio.client import WorkflowFailureError

from contracts.report import OrchestrationReport
from tests.patience import PATIENCE
from tests.system.drafts import told
from tests.system.judging import decisions
from tests.system.stand import REPOSITORY, TOKEN, Stand, open_stand, spec
from tests.system.test_github_for_real import issues

FAILING = [{"conclusion": "failure", "duration_seconds": 0.1}]
OTHER = [{"conclusion": "success", "duration_seconds": 0.1, "result": {"protocol": "podium/v9"}}]
FINE = [{"duration_seconds": 0.1, "result": told({})}]


async def run(stand: Stand, rules: list[dict[str, Any]]) -> OrchestrationReport:
    stand.control.timed(rules)
    once = {"workflow": "analyzer.yml", "inputs": {"item": "x"}, "retry": {"maximum-attempts": 1}}
    data = spec(1, escalation={"after": 2, "labels": ["on-call"]}, worker=once, breaker=False)
    handle = await stand.start(data)
    try:
        result = await handle.result()
    except WorkflowFailureError:
        result = await handle.query("report")
    return OrchestrationReport.model_validate(result)


def shown(stand: Stand) -> list[tuple[str, str]]:
    return [(one["title"], one["state"]) for one in issues(stand, REPOSITORY)[::-1]]


ONE = "test keeps failing: analyzer: failure"
TWO = "test keeps failing: analyzer: unknown-protocol"


@pytest.mark.covers("E4", "S3")
@pytest.mark.timeout(PATIENCE + 60)
async def test_one_issue_per_cause_until_it_is_healed(tmp_path: Path) -> None:
    outsider = "outsider-token"
    async with open_stand(tmp_path) as stand, stand.workers(stand.settings()):
        first = await run(stand, FAILING)
        assert (shown(stand), first.escalation_url) == ([], "")

        second = await run(stand, FAILING)
        assert shown(stand) == [(ONE, "open")]
        found = issues(stand, REPOSITORY)[0]
        assert decisions(second, "escalated") == ["#1"]
        assert second.escalation_url == found["html_url"]
        assert [one["name"] for one in found["labels"]] == ["on-call"]
        assert second.workflow_id in found["body"]
        assert first.workflow_id in found["body"]

        # An outsider copies the mark: it is neither updated nor closed, and hides nothing.
        stand.control.add_token("outsider", outsider)
        copy(stand, outsider, found["body"])
        copy(stand, TOKEN, found["body"])  # as if another run had opened one at the same moment
        third = await run(stand, FAILING)
        assert issues(stand, REPOSITORY)[0]["state_reason"] == "duplicate"
        assert decisions(third, "escalated-again") == ["#1"]
        assert third.workflow_id in issues(stand, REPOSITORY)[-1]["body"]
        assert "| 3 |" in issues(stand, REPOSITORY)[-1]["body"]

        await run(stand, OTHER)
        await run(stand, OTHER)
        assert shown(stand)[3:] == [(TWO, "open")]

        healed = await run(stand, FINE)
        assert decisions(healed, "healed") == ["#1", "#4"]
        copies = [("copied", "open"), ("copied", "closed")]
        assert shown(stand) == [(ONE, "closed"), *copies, (TWO, "closed")]
        first_issue, copied, _, _ = issues(stand, REPOSITORY)[::-1]
        assert len(first_issue["texts"]) == 1
        assert copied["texts"] == []

        again = await run(stand, FAILING)
        assert again.escalation_url == "", "it counts anew"


def copy(stand: Stand, token: str, body: str) -> None:
    """Open an issue with somebody else's text."""
    answer = requests.post(
        f"{stand.sandbox.api_url}/repos/{REPOSITORY}/issues",
        json={"title": "copied", "body": body},
        headers={"Authorization": f"Bearer {token}"},
        timeout=20,
    )
    answer.raise_for_status()
