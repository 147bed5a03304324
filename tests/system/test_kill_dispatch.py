"""A Temporal Worker dies around a dispatch: the run completes, and nothing happens twice."""

from pathlib import Path

from tests.system.killing import Death, survive_all

DEATHS = [
    Death("before watching.announce", 5),
    Death("after watching.announce", 9),
    Death("after actions.dispatch", 7),
    Death("before watching.watch", 3),
    Death("after watching.watch", 15),
    Death("after github.run.dispatch", 9),
]


async def test_a_worker_killed_around_a_dispatch_leaves_one_run_per_item(tmp_path: Path) -> None:
    found = await survive_all(tmp_path, DEATHS)

    assert found == {str(death): [] for death in DEATHS}
