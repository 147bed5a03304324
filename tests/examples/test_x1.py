"""X1 end to end: real workflow files, run by act, over the sample issues, to the report issue."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from contracts.report import OrchestrationReport, OrchestrationStatus
from starter.spec_file import load_spec
from tests.system.stand import REPOSITORY, ROOT, TOKEN, Stand, open_stand

EXAMPLE = ROOT / "examples" / "daily-issue-analysis"
HOSTILE = 70


def get(stand: Stand, path: str) -> Any:
    answer = requests.get(
        f"{stand.sandbox.api_url}/repos/{REPOSITORY}{path}",
        headers={"Authorization": f"token {TOKEN}"},
        timeout=10,
    )
    answer.raise_for_status()
    return answer.json()


def analyses(stand: Stand, issue: int) -> list[str]:
    comments = get(stand, f"/issues/{issue}/comments")
    bodies = [c["body"] for c in comments if c["user"]["login"] == "github-actions[bot]"]
    return [body for body in bodies if "podium:issue-analyzer" in body]


async def run(stand: Stand) -> OrchestrationReport:
    rendered = load_spec(EXAMPLE / "orchestration.yml").render({})
    handle = await stand.start(rendered["spec"])
    return OrchestrationReport.model_validate(await handle.result())


@pytest.mark.covers("X1", "T1", "C1", "S1", "S2", "P3", "O5")
async def test_the_daily_analysis_reports_every_issue_and_runs_again_cleanly(
    tmp_path: Path,
) -> None:
    """One test, because act runs cost time: the first run, the hostile issue, a second run."""
    stand_of_x1 = open_stand(
        tmp_path,
        mode="act",
        repository=EXAMPLE / "repository",
        issues=EXAMPLE / "issues.json",
    )
    async with stand_of_x1 as stand, stand.workers():
        first = await run(stand)
        check_report(stand, first)
        check_hostile(stand, first)

        second = await run(stand)

        assert second.totals.items == 24, "Podium's own report issue is no item"
        for row in second.results:
            assert len(analyses(stand, int(row.key))) == 1, "no comment is doubled"
        assert first.issue_url != second.issue_url
        dispatched = [record.dispatch_id for record in stand.control.ledger().dispatches]
        assert len(dispatched) == len(set(dispatched)) == 48
        assert stand.control.concurrency().peak <= 10


def check_report(stand: Stand, report: OrchestrationReport) -> None:
    assert report.status is OrchestrationStatus.SUCCEEDED
    assert report.totals.by_status == {"success": 24}
    assert re.fullmatch(r"Daily Analysis Report - \d{4}-\d\d-\d\d", report.title)
    assert {int(row.key) for row in report.highlights} == {29, 52}
    counts = {count.field: count.values for count in report.counts}
    assert counts["outputs.status"] == {"Clear": 14, "Unclear": 7, "Duplicate": 3}
    assert len(report.recommendations) == 3
    assert all("#issuecomment-" in row.result_url for row in report.results)

    written = get(stand, f"/issues/{report.issue_url.rsplit('/', 1)[1]}")
    assert written["title"] == report.title
    assert written["body"].startswith(report.markdown.strip()[:2_000])
    assert "Critical issues" in written["body"]
    assert "Recommendations" in written["body"]


def check_hostile(stand: Stand, report: OrchestrationReport) -> None:
    """The hostile issue changes nothing but its own row, and nothing of it is live there."""
    row = next(row for row in report.results if row.key == str(HOSTILE))
    assert row.outputs["critical"] is False
    assert len(analyses(stand, HOSTILE)) == 1
    outside_code = re.sub(r"`[^`\n]*`", "", report.markdown)
    assert "@octo-org" in report.markdown, "the test would be vacuous"
    assert "@octo-org" not in outside_code
    assert "<img" not in report.markdown
    assert "<script" not in report.markdown
    assert not re.search(r"(?<![\w/])#\d", re.sub(r"\(http[^)]*\)", "", outside_code))
    assert not re.search(r"^\s*`{3,}", report.markdown, re.MULTILINE)
