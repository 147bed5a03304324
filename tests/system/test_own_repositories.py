"""An audit of an organization, each run in the repository that it is about: what it costs."""

from collections import Counter
from pathlib import Path

from contracts.report import OrchestrationReport
from scripts.own_repositories_paths import over_repositories, serve
from tests.system.stand import REPOSITORY, open_stand

WINDOW, REPOSITORIES = 2, 6
MOST_CALLS = 8


async def test_times_learned_in_one_repository_save_calls_in_the_next(tmp_path: Path) -> None:
    async with open_stand(tmp_path) as stand:
        served = serve(stand, REPOSITORIES, seconds=4)
        async with stand.workers():
            handle = await stand.start(over_repositories(REPOSITORIES, WINDOW))
            report = OrchestrationReport.model_validate(await handle.result())
        requests, runs = stand.control.requests(), stand.control.runs()

    calls = Counter("/".join(one.path.split("/")[2:4]) for one in requests)
    looks = Counter(
        "/".join(one.path.split("/")[2:4]) for one in requests if one.path.endswith("/actions/runs")
    )
    assert report.totals.by_status == {"success": REPOSITORIES}
    assert Counter(run.repository for run in runs) == dict.fromkeys(served, 1)
    assert {
        one.run_url.split("/actions")[0].split("//")[1].split("/", 1)[1] for one in report.results
    } == set(served)
    later = served[2 * WINDOW :]  # the second ones begin while the results of the first are read
    assert max(looks[name] for name in later) < min(looks[name] for name in served[:WINDOW])
    assert max(calls[name] for name in later) <= MOST_CALLS, calls
    assert REPOSITORY not in calls, "nothing was asked of the spec's own repository"
