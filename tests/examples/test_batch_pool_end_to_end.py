"""X8 end to end: each good record is recorded once, whatever dies half-way; bad ones are named."""

from pathlib import Path
from typing import Any

import pytest

from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.examples.stages import PIECES, serving
from tests.examples.theatre import Theatre, ended, open_theatre

PIECE = next(piece for piece in PIECES if piece.label == "X8")
POISON = {"W-0020", "W-0040"}


async def process(theatre: Theatre, url: str, key: str) -> OrchestrationReport:
    started_with = theatre.rendered(target_url=url)
    # Waiting between attempts is not what is looked at here.
    started_with["spec"]["worker"]["retry"] = {"initial-interval": "1s", "maximum-interval": "2s"}
    return await ended(await theatre.start(started_with, key))


@pytest.mark.covers("X8", "T8")
@pytest.mark.timeout(200)
async def test_every_good_record_is_recorded_once_over_two_days(tmp_path: Path) -> None:
    async with open_theatre(tmp_path, PIECE.folder, PIECE.repository) as theatre:
        with serving(PIECE.folder, "effects_server.py", "EffectsServer") as server:
            report = await process(theatre, server.url, "today")

            assert report.status is OrchestrationStatus.PARTIAL
            assert report.totals.items == 40
            assert report.totals.by_status == {"success": 38, "failure": 2}
            named = {row.key.partition(":")[2] for row in report.results if row.status == "failure"}
            assert named == POISON
            check_effects(server)
            assert "redistributed" in {decision.kind for decision in report.decisions}

            await process(theatre, server.url, "tomorrow")

            check_effects(server)


def check_effects(server: Any) -> None:
    """One version of each good record's effect, and nothing of the bad ones."""
    effects = server.effects
    assert len(effects) == 38
    assert not POISON & set(effects)
    assert {effect.versions for effect in effects.values()} == {1}
