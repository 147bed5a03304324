"""X7 end to end: while the site is down its checks are left alone; the other tasks are done."""

from pathlib import Path
from typing import Any

import pytest

from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.examples.stages import PIECES, serving
from tests.examples.theatre import Theatre, ended, open_theatre

PIECE = next(piece for piece in PIECES if piece.label == "X7")
LINKS = "link-checker.yml"


async def maintain(theatre: Theatre, url: str, key: str, **changes: Any) -> OrchestrationReport:
    started_with = theatre.rendered(site_url=url)
    started_with["spec"] |= {"max-parallel": 1, **changes}
    return await ended(await theatre.start(started_with, key))


def by_status(report: OrchestrationReport) -> dict[str, int]:
    return report.totals.by_status


@pytest.mark.covers("X7", "T7", "E1")
@pytest.mark.timeout(200)
async def test_checks_of_a_site_that_is_down_are_left_alone_and_come_back(tmp_path: Path) -> None:
    breaker = {"failure-threshold": 3, "cool-down": "3s", "success-threshold": 2}
    async with open_theatre(tmp_path, PIECE.folder, PIECE.repository) as theatre:
        with serving(PIECE.folder, "site_server.py", "SiteServer") as site:
            site.down = True
            down = await maintain(theatre, site.url, "down", breaker={**breaker, "cool-down": "1h"})

            assert by_status(down) == {"failure": 3, "skipped": 2, "success": 3}
            assert theatre.files().count(LINKS) == 3
            skipped = [row for row in down.results if row.status == "skipped"]
            assert all("open" in row.reason for row in skipped)
            assert down.breakers
            assert any("web site" in advice for advice in down.recommendations)

            site.down = False
            await theatre.stand.client.get_workflow_handle(f"breaker/octo-org/{LINKS}").signal(
                "reset"
            )
            changes = {"breaker": breaker, "max-parallel": 8}
            healed = await maintain(theatre, site.url, "healed", **changes)

            assert healed.status is OrchestrationStatus.SUCCEEDED
            assert by_status(healed) == {"success": 8}
            check_second(theatre, healed)


def check_second(theatre: Theatre, report: OrchestrationReport) -> None:
    """The labels of the first run are found, and each run has one text of its own."""
    (labels,) = (row.outputs for row in report.results if row.worker == "label-sync")
    assert (labels["created"], labels["updated"]) == ([], [])
    assert labels["unchanged"]
    assert theatre.written(PIECE.repository) == {"issues": 2, "comments": 0, "pulls": 0}
