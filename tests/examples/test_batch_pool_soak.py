"""X8 with a thousand records: poison among them, and runs that die half-way through their batch."""

from pathlib import Path

import pytest

from contracts.report import OrchestrationStatus
from tests.examples.stages import EXAMPLES, PIECES, load, serving
from tests.examples.test_batch_pool_end_to_end import process
from tests.examples.theatre import Theatre
from tests.system.stand import open_stand

PIECE = next(piece for piece in PIECES if piece.label == "X8")
ITEMS, POISON, DEATHS = 1_000, 50, 7
"""Of 50 batches of 20, every seventh loses its run after some of its effects."""
MOST_WORKERS = 10


@pytest.mark.soak
@pytest.mark.covers("X8", "T8")
@pytest.mark.timeout(1_200)
async def test_a_thousand_records_are_recorded_once_whatever_dies(tmp_path: Path) -> None:
    made = load(EXAMPLES / PIECE.folder / "make_catalogue.py")
    records = made.catalogue(ITEMS, POISON / ITEMS, dies_once=DEATHS)
    bad = {
        key
        for number, (key, record) in enumerate(records.items(), 1)
        if {**record, "drill": ""} != {**made.good_record(number), "drill": ""}
    }
    drills = [key for key, record in records.items() if "drill" in record]
    assert (len(records), len(bad), len(drills)) == (ITEMS, POISON, DEATHS)
    copy, scratch = tmp_path / "copy", tmp_path / "stand"
    copy.mkdir()
    scratch.mkdir()
    made.write(copy, records)

    async with open_stand(scratch, mode="act") as stand, stand.workers():
        stand.control.add_repository(PIECE.repository, copy / "repository")
        with serving(PIECE.folder, "effects_server.py", "EffectsServer") as server:
            report = await process(Theatre(stand, copy), server.url, "a-thousand")
            effects = server.effects
        runs = stand.control.runs()
        peak = stand.control.concurrency().peak

    assert report.status is OrchestrationStatus.PARTIAL
    assert report.totals.by_status == {"success": ITEMS - POISON, "failure": POISON}
    named = {row.key.partition(":")[2] for row in report.results if row.status == "failure"}
    assert named == bad
    assert set(effects) == set(records) - bad
    assert {one.versions for one in effects.values()} == {1}
    again = [key for key, one in effects.items() if one.writes > 1]
    assert set(drills) <= set(again), "their runs did die, after the effect"
    assert sum(run.conclusion == "failure" for run in runs) >= DEATHS
    assert 1 < peak <= MOST_WORKERS
