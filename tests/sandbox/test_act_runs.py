"""Workflow files really run, unchanged, with a token that may do what they declare."""

import contextlib
import io
import json
import os
import time
import zipfile
from typing import Any

import psutil
import pytest
import requests

from tests.sandbox.conftest import Repo

# Tells our sleeping steps from those of another test process on the same machine.
SECONDS = str(200_000 + os.getpid())
HEAD = """
name: Real
on:
  workflow_dispatch:
    inputs: {word: {type: string, default: ''}, deep: {type: boolean, default: false}}
"""
CALL = """
import json, os, sys, urllib.error, urllib.request
path, body = sys.argv[1:]
request = urllib.request.Request(
    f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}{path}",
    json.dumps({"body": body}).encode(), {"Authorization": "Bearer " + os.environ["TOKEN"]})
try:
    print("status", urllib.request.urlopen(request, timeout=10).status)
except urllib.error.HTTPError as error:
    print("status", error.code, error.read().decode())
"""


def serve(repo: Repo, text: str, **files: str) -> None:
    """Serve one workflow file, `real.yml`, and `call.py`."""
    repo.control.add_repository(
        repo.name, files={".github/workflows/real.yml": HEAD + text, "call.py": CALL} | files
    )


def log_of(repo: Repo, run_id: int) -> str:
    """The text of a run's log."""
    link = repo.ask("GET", f"/actions/runs/{run_id}/logs").headers["location"]
    with zipfile.ZipFile(io.BytesIO(requests.get(link, timeout=20).content)) as archive:
        return archive.read(archive.namelist()[0]).decode()


def files_of(repo: Repo, run_id: int, name: str) -> dict[str, bytes]:
    """The files of an artifact."""
    with zipfile.ZipFile(io.BytesIO(repo.artifact(run_id, name))) as archive:
        return {entry: archive.read(entry) for entry in archive.namelist()}


def test_steps_see_the_run_and_publish_an_artifact(real_repo: Repo) -> None:
    serve(
        real_repo,
        """
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8
      - uses: actions/setup-python@v6
      - name: Write
        env: {WORD: "${{ inputs.word }}", DEEP: "${{ inputs.deep }}"}
        run: |
          test -f call.py
          python -c 'import json, os; json.dump(dict(os.environ), open("env.json", "w"))'
      - uses: actions/upload-artifact@v4
        with: {name: result, path: env.json}
""",
    )
    run_id = real_repo.dispatch("real.yml", word="$(touch x) 'q\"", deep="true")
    run = real_repo.ended(run_id)
    env: dict[str, Any] = json.loads(files_of(real_repo, run_id, "result")["env.json"])

    assert run["conclusion"] == "success"
    assert (env["WORD"], env["DEEP"]) == ("$(touch x) 'q\"", "true")
    assert env["GITHUB_RUN_ID"] == str(run_id)
    assert (env["GITHUB_RUN_ATTEMPT"], env["GITHUB_REPOSITORY"]) == ("1", real_repo.name)
    assert (env["GITHUB_SHA"], env["GITHUB_REF"]) == (run["head_sha"], "refs/heads/main")
    assert env["GITHUB_API_URL"] == env["GITHUB_SERVER_URL"] == real_repo.sandbox.api_url
    assert env["GITHUB_ACTOR"] == "octo-operator"
    assert "GITHUB_TOKEN" not in env, "a step has the token only where the file gives it"


def test_the_token_may_do_what_the_file_permits_and_dies_with_the_run(real_repo: Repo) -> None:
    serve(
        real_repo,
        """
permissions: {issues: write, contents: read}
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - env: {TOKEN: "${{ secrets.GITHUB_TOKEN }}"}
        run: |
          python call.py /issues/1/comments hello
          python call.py /actions/runs/1/cancel x
          printf %s "$TOKEN" > token
      - uses: actions/upload-artifact@v4
        with: {name: token, path: token}
""",
    )
    real_repo.ask("POST", "/issues", {"title": "One"})
    run_id = real_repo.dispatch("real.yml")
    real_repo.ended(run_id)
    (comment,) = real_repo.get("/issues/1/comments")
    token = files_of(real_repo, run_id, "token")["token"].decode()
    log = log_of(real_repo, run_id)

    assert (comment["body"], comment["user"]["login"]) == ("hello", "github-actions[bot]")
    assert "status 403" in log
    assert "Resource not accessible by integration" in log
    assert token not in log
    assert Repo(real_repo.sandbox, real_repo.name, token).ask("GET", "").status_code == 401


def test_without_permissions_a_token_only_reads(real_repo: Repo) -> None:
    serve(
        real_repo,
        """
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - {env: {TOKEN: "${{ github.token }}"}, run: python call.py /issues/1/comments hello}
""",
    )
    real_repo.ask("POST", "/issues", {"title": "One"})
    run_id = real_repo.dispatch("real.yml")
    real_repo.ended(run_id)

    assert "status 403" in log_of(real_repo, run_id)
    assert real_repo.get("/issues/1/comments") == []


def test_jobs_matrices_and_steps_are_listed_with_their_ends(real_repo: Repo) -> None:
    serve(
        real_repo,
        """
jobs:
  first:
    runs-on: ubuntu-latest
    outputs: {x: "${{ steps.s.outputs.x }}"}
    steps:
      - {id: s, name: Say, run: echo x=1 >> "$GITHUB_OUTPUT"}
      - {name: Forgiven, run: exit 3, continue-on-error: true}
  each:
    needs: first
    runs-on: ubuntu-latest
    strategy: {fail-fast: false, matrix: {v: [1, 2]}}
    steps: [{name: Compare, run: "test ${{ matrix.v }} = ${{ needs.first.outputs.x }}"}]
  never: {if: false, runs-on: ubuntu-latest, steps: [{run: 'true'}]}
""",
    )
    run_id = real_repo.dispatch("real.yml")
    run = real_repo.ended(run_id)
    jobs = real_repo.get(f"/actions/runs/{run_id}/jobs")["jobs"]
    steps = {
        s["name"]: s["conclusion"] for job in jobs for s in job["steps"] if job["name"] == "first"
    }

    assert run["conclusion"] == "failure"
    assert {job["name"]: job["conclusion"] for job in jobs} == {
        "first": "success",
        "each (1)": "success",
        "each (2)": "failure",
        "never": "skipped",
    }
    assert steps["Say"] == steps["Forgiven"] == "success"


def test_uploads_take_folders_globs_and_lists_and_can_fail(real_repo: Repo) -> None:
    serve(
        real_repo,
        """
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - run: mkdir -p out/deep .hid && touch out/a.txt out/b.md out/deep/c.txt .hid/x d.txt
      - {uses: actions/upload-artifact@v4, with: {name: folder, path: out}}
      - {uses: actions/upload-artifact@v4, with: {name: glob, path: "out/**/*.txt"}}
      - uses: actions/upload-artifact@v4
        with:
          name: several
          path: |
            d.txt
            out
            !out/deep
      - {uses: actions/upload-artifact@v4, with: {name: hidden, path: .hid, if-no-files-found: ignore}}
      - {uses: actions/upload-artifact@v4, with: {name: folder, path: d.txt, overwrite: true}}
      - {uses: actions/download-artifact@v4, with: {name: glob, path: back}}
      - run: test -f back/deep/c.txt
      - {uses: actions/upload-artifact@v4, with: {name: none, path: nothing, if-no-files-found: error}}
""",
    )
    run_id = real_repo.dispatch("real.yml")
    run = real_repo.ended(run_id)
    names = [a["name"] for a in real_repo.get(f"/actions/runs/{run_id}/artifacts")["artifacts"]]
    found = {name: sorted(files_of(real_repo, run_id, name)) for name in names}

    assert run["conclusion"] == "failure"
    assert "No files were found with the provided path: nothing" in log_of(real_repo, run_id)
    assert found == {
        "folder": ["d.txt"],
        "glob": ["a.txt", "deep/c.txt"],
        "several": ["d.txt", "out/a.txt", "out/b.md"],
    }


def test_a_cancel_ends_every_process_of_the_run(real_repo: Repo) -> None:
    sleep = f"sleep {SECONDS}"
    job = f"{{runs-on: ubuntu-latest, steps: [{{name: Sleep, run: {sleep} & {sleep}}}]}}"
    serve(real_repo, f"jobs: {{work: {job}}}")
    run_id = real_repo.dispatch("real.yml")
    real_repo.wait_for(run_id, "in_progress")
    _until(lambda: _sleepers() == 2)
    real_repo.ask("POST", f"/actions/runs/{run_id}/cancel")
    run = real_repo.ended(run_id)
    (job_now,) = real_repo.get(f"/actions/runs/{run_id}/jobs")["jobs"]

    assert (run["conclusion"], job_now["conclusion"]) == ("cancelled", "cancelled")
    _until(lambda: _sleepers() == 0)


def _sleepers() -> int:
    count = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            count += process.cmdline() == ["sleep", SECONDS]
    return count


def _until(condition: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


def test_a_job_over_its_time_is_cancelled(real_repo: Repo) -> None:
    real_repo.control.settings(minute_seconds=0.5)
    job = "{runs-on: ubuntu-latest, timeout-minutes: 1, steps: [{run: sleep 60}]}"
    serve(real_repo, f"jobs: {{work: {job}}}")
    run_id = real_repo.dispatch("real.yml")
    run = real_repo.ended(run_id)

    assert run["conclusion"] == "cancelled"
    assert "exceeded the maximum execution time" in log_of(real_repo, run_id)


def test_at_most_so_many_runs_run_at_once(real_repo: Repo) -> None:
    real_repo.control.settings(runners=2)
    job = "{runs-on: ubuntu-latest, steps: [{run: sleep 0.3}]}"
    serve(real_repo, f"jobs: {{work: {job}}}")
    made = {real_repo.dispatch("real.yml") for _ in range(5)}
    for run_id in made:
        assert real_repo.ended(run_id)["conclusion"] == "success"
    lives = [r for r in real_repo.control.runs() if r.run_id in made]

    assert real_repo.control.concurrency(since=min(r.queued_at for r in lives)).peak == 2


@pytest.mark.parametrize(
    ("jobs", "conclusion", "word"),
    [
        (
            "{a: {runs-on: ubuntu-latest, steps: [{uses: some/where@v1}]}}",
            "failure",
            "some/where@v1",
        ),
        (
            "{a: {runs-on: ubuntu-latest, needs: nobody, steps: [{run: 'true'}]}}",
            "startup_failure",
            "dependency",
        ),
    ],
)
def test_what_cannot_run_ends_with_a_reason(
    real_repo: Repo, jobs: str, conclusion: str, word: str
) -> None:
    serve(real_repo, f"jobs: {jobs}")
    run_id = real_repo.dispatch("real.yml")

    assert real_repo.ended(run_id)["conclusion"] == conclusion
    assert word in log_of(real_repo, run_id)


def test_a_folder_can_stand_in_for_any_action(real_repo: Repo, tmp_path: Any) -> None:
    (tmp_path / "action.yml").write_text(
        "name: own\nruns: {using: composite, steps: [{shell: bash, run: echo own action ran}]}"
    )
    real_repo.control.settings(local_actions={"some/where": str(tmp_path)})
    serve(real_repo, "jobs: {a: {runs-on: ubuntu-latest, steps: [{uses: some/where@v9}]}}")
    run_id = real_repo.dispatch("real.yml")

    assert real_repo.ended(run_id)["conclusion"] == "success"
    assert "own action ran" in log_of(real_repo, run_id)


def test_a_rerun_has_the_next_attempt_in_its_steps(real_repo: Repo) -> None:
    serve(
        real_repo,
        "jobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'test $GITHUB_RUN_ATTEMPT = 2'}]}}",
    )
    run_id = real_repo.dispatch("real.yml")
    first = real_repo.ended(run_id)
    real_repo.ask("POST", f"/actions/runs/{run_id}/rerun-failed-jobs")

    assert first["conclusion"] == "failure"
    assert real_repo.ended(run_id)["conclusion"] == "success"
