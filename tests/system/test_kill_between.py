"""A Temporal Worker dies between dispatches: the run completes, and nothing happens twice."""

from pathlib import Path

import pytest

from tests.system.killing import Death, survive_all

SHORT = [
    Death("before continue-as-new of OrchestratorWorker"),
    Death("after continue-as-new of OrchestratorWorker"),
    Death("before continue-as-new of RunWatch"),
    Death("before issues.create"),
    Death("after issues.create"),
]
LONG = [
    Death("before signal runs_completed of RunWatch", 5),
    Death("before podium.watch.register"),
    Death("after podium.report.render"),
    Death("before github.worker.describe"),
    Death("after github.items.page"),
    Death("before actions.artifact_zip", 6),
    Death("after github.run.collect", 11),
    Death("before github.runs.poll", 3),
    Death("after github.runs.poll", 4),
]


async def test_a_worker_killed_between_dispatches_changes_nothing(tmp_path: Path) -> None:
    found = await survive_all(tmp_path, SHORT)

    assert found == {str(death): [] for death in SHORT}


@pytest.mark.soak
async def test_a_worker_killed_at_other_moments_changes_nothing(tmp_path: Path) -> None:
    found = await survive_all(tmp_path, LONG)

    assert found == {str(death): [] for death in LONG}
