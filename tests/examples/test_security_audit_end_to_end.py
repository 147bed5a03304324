"""X5 end to end: an organization is scanned by real runs; its findings are exactly the planted ones."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import requests

from contracts.report import OrchestrationReport, OrchestrationStatus
from sandbox.control import SarifRecord
from sandbox.sarif import results_in
from tests.activities.test_sarif_independent import check_another_reads
from tests.examples.isolated import scripts
from tests.examples.sarif_checks import problems_of
from tests.examples.theatre import Theatre, ended, open_theatre
from tests.system.stand import REPOSITORY, ROOT, TOKEN

EXAMPLE = ROOT / "examples" / "security-audit"
HOME = "octo-org/security"
EXPECTED: dict[str, Any] = json.loads((EXAMPLE / "expected.json").read_text())["repositories"]
AUDITED = {name: one for name, one in EXPECTED.items() if not (one["archived"] or one["fork"])}
SCANNED = {name: one for name, one in AUDITED.items() if one["by_rule"] is not None}
CLEAN = {HOME, REPOSITORY}
"""Repositories of the organization besides the sample's: the scanner's own, and the stand's."""

make_organization = scripts(EXAMPLE)["make_organization"]


def add(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Add counts up, without what occurs nowhere."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return {name: number for name, number in sorted(total.items()) if number}


def serve(theatre: Theatre, folder: Path) -> None:
    """Put the sample organization into the sandbox."""
    for name, told in make_organization.write(folder)["repositories"].items():
        more = {key: told[key] for key in ("archived", "fork", "topics")}
        theatre.stand.control.add_repository(f"octo-org/{name}", folder=folder / name, **more)


async def audit(theatre: Theatre, key: str) -> OrchestrationReport:
    started_with = theatre.rendered()
    started_with["spec"]["worker"]["retry"] = {"maximum-attempts": 2, "initial-interval": "1s"}
    return await ended(await theatre.start(started_with, key))


def alerts(uploads: Iterable[SarifRecord]) -> dict[tuple[str, str, str], set[str]]:
    """What code scanning shows: by repository, tool and category the findings of the last upload."""
    shown = {}
    for upload in uploads:
        assert not upload.errors, (upload.repository, upload.errors)
        assert upload.document is not None
        for run in upload.document["runs"]:
            place = (
                upload.repository,
                run["tool"]["driver"]["name"],
                run["automationDetails"]["id"],
            )
            shown[place] = {json.dumps(result, sort_keys=True) for result in run["results"]}
    return shown


def check_figures(report: OrchestrationReport) -> None:
    """The planted numbers, by the workers' outputs and once more by their SARIF files."""
    reduced = report.reductions
    severities, rules = (
        add(one[key] for one in SCANNED.values()) for key in ("by_severity", "by_rule")
    )
    found = {name: number for name, number in reduced["severities"]["values"].items() if number}
    assert dict(sorted(found.items())) == severities
    assert dict(sorted(reduced["rules"]["values"].items())) == rules
    assert reduced["alerts"]["findings"] == sum(rules.values())
    assert {k: n for k, n in reduced["alerts"]["by_severity"].items() if n} == severities
    assert reduced["alerts"]["top_rules"].items() <= rules.items()
    ranked = [one["repository"] for one in reduced["alerts"]["worst_repositories"]]
    assert ranked[:2] == ["octo-org/web-shop", "octo-org/auth-service"]
    table = {row[0]: row[1] for row in reduced["repositories"]["rows"]}
    planted = {f"octo-org/{name}": sum(one["by_rule"].values()) for name, one in SCANNED.items()}
    assert table == planted | dict.fromkeys(CLEAN, 0)
    assert list(table.values()) == sorted(table.values(), reverse=True)


def check_told(report: OrchestrationReport) -> None:
    """What could not be done is in the report: a scan, a file that is none, a result nowhere."""
    (failed,) = (one for one in report.results if one.status.value == "failure")
    problems = report.reductions["alerts"]["problems"]
    told = {(one["key"], one["file"]): one["text"] for one in problems}
    assert failed.key == "octo-org/data-lake"
    assert "not scanned" in failed.reason
    assert len(told) == 2
    assert "no JSON" in told["octo-org/legacy-billing", "passed-along-1.sarif"]
    assert "no location" in told["octo-org/web-shop", "passed-along-1.sarif"]
    assert "passed-along-1.sarif" in report.markdown


def check_uploads(uploads: list[SarifRecord], commits: dict[str, str]) -> None:
    """Each repository got its own runs at the commit that was scanned, the home one all of them."""
    *_, last = uploads
    own = {one.repository: one for one in uploads if one is not last}
    assert set(own) == {f"octo-org/{name}" for name in SCANNED} | CLEAN
    assert {name: one.commit_sha for name, one in own.items()} == commits
    for name, told in SCANNED.items():
        document = own[f"octo-org/{name}"].document or {}
        assert problems_of(document) == []
        assert len(document["runs"]) == 1
        assert results_in(document) == sum(told["by_rule"].values())
    for one in uploads:
        check_another_reads(json.dumps(one.document))
    home = last.document or {}
    assert last.repository == HOME
    assert problems_of(home) == []
    assert len(home["runs"]) == len(SCANNED) + 1
    paths = [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for run in home["runs"]
        for result in run["results"]
    ]
    assert {path.split("/")[1] for path in paths} == {
        n for n, one in SCANNED.items() if one["by_rule"]
    }


def issues(theatre: Theatre) -> list[dict[str, Any]]:
    url = f"{theatre.stand.sandbox.api_url}/repos/{HOME}/issues"
    answer = requests.get(url, headers={"Authorization": f"token {TOKEN}"}, timeout=10)
    return list(answer.json())


@pytest.mark.covers("X5", "T5")
@pytest.mark.timeout(600)
async def test_an_organization_is_audited_and_a_second_audit_adds_nothing(tmp_path: Path) -> None:
    """One test, because real runs cost time: figures, uploads, what failed, and all of it again."""
    async with open_theatre(tmp_path, "security-audit", HOME) as theatre:
        serve(theatre, tmp_path / "octo-org")
        first = await audit(theatre, "first")
        uploads = theatre.stand.control.sarifs()
        again = await audit(theatre, "second")
        every = theatre.stand.control.sarifs()
        master = issues(theatre)

    assert first.status is OrchestrationStatus.PARTIAL, first.reason
    statuses = Counter(one["status"] for one in AUDITED.values())
    statuses["success"] += len(CLEAN)
    assert first.totals.by_status == statuses
    check_figures(first)
    check_told(first)
    commits = {one.key: one.outputs["commit_sha"] for one in first.results if one.outputs}
    check_uploads(uploads, commits)
    assert first.reductions["alerts"]["uploads"] == {"processed": len(uploads)}
    assert first.reductions["alerts"]["consolidated"][0]["status"] == "processed"
    assert again.reductions["alerts"]["findings"] == first.reductions["alerts"]["findings"]
    assert len(every) == 2 * len(uploads)
    assert alerts(every) == alerts(uploads)
    assert [one["title"][:26] for one in master] == ["Security audit of octo-org"] * 2
    assert "## Alerts" in master[0]["body"]
