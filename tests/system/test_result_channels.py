"""Real worker files give their results in the issues and pull requests that they open."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.runs import OutcomeStatus, WorkerOutcome
from tests.system.stand import REPOSITORY, Stand, open_stand, spec

WORKER = """
name: {name}
run-name: "{name} ${{{{ inputs.item }}}} [${{{{ inputs.dispatch_id }}}}]"
on:
  workflow_dispatch:
    inputs:
      item: {{type: string, required: true}}
      dispatch_id: {{type: string, default: ""}}
permissions: {permissions}
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: python {name}.py
        env:
          TOKEN: ${{{{ github.token }}}}
          ITEM: ${{{{ inputs.item }}}}
          DISPATCH_ID: ${{{{ inputs.dispatch_id }}}}
"""
SHARED = '''
import base64, json, os, time, urllib.request

ITEM, ME = os.environ["ITEM"], "{name}"


def call(method, path, body):
    """Send one request below the repository."""
    url = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}{path}"
    headers = {"Authorization": "Bearer " + os.environ["TOKEN"]}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    return json.load(urllib.request.urlopen(request, timeout=10))


def told(**outputs):
    """Spell the result, with a word for people before it."""
    result = {
        "protocol": "podium/v1", "worker": ME, "status": "success", "summary": f"told of {ITEM}",
        "run_id": int(os.environ["GITHUB_RUN_ID"]),
        "run_attempt": int(os.environ["GITHUB_RUN_ATTEMPT"]),
        "dispatch_id": os.environ["DISPATCH_ID"], "outputs": outputs,
    }
    return f"For people: {ITEM}.\\n\\n```json podium-result\\n{json.dumps(result)}\\n```\\n"
'''
FINDER = """
issue = call("POST", "/issues", {"title": ITEM, "body": told(score=3), "labels": ["found"]})
path = f"/issues/{issue['number']}"
time.sleep(1.1)  # GitHub's times are whole seconds: what follows must show
if ITEM == "touched":
    call("POST", f"{path}/comments", {"body": "Thank you"})
    call("PATCH", path, {"state": "closed", "labels": ["done"]})
if ITEM == "edited":
    call("PATCH", path, {"body": told(score=9)})
"""
PROPOSER = """
branch, sha = f"propose-{ITEM}", os.environ["GITHUB_SHA"]
call("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": sha})
content = base64.b64encode(b"better").decode()
call("PUT", "/contents/notes.txt", {"message": "Better", "content": content, "branch": branch})
pull = {"title": ITEM, "head": branch, "base": "main", "body": told(branch=branch)}
call("POST", "/pulls", pull)
"""
SCORED = {"type": "object", "properties": {"score": {"const": 3}}, "required": ["score"]}


def serve(folder: Path) -> Path:
    """Write the repository: two workers, each with its script."""
    repository = folder / "repository"
    (repository / ".github" / "workflows").mkdir(parents=True)
    for name, permissions, script in (
        ("finder", "{issues: write, contents: read}", FINDER),
        ("proposer", "{contents: write, pull-requests: write}", PROPOSER),
    ):
        file = WORKER.format(name=name, permissions=permissions)
        (repository / ".github" / "workflows" / f"{name}.yml").write_text(file)
        (repository / f"{name}.py").write_text(SHARED.replace("{name}", name) + script)
    return repository


async def run(stand: Stand, worker: str, items: list[str], **result: Any) -> OrchestrationReport:
    data = spec(
        items,
        name=worker,
        worker={
            "workflow": f"{worker}.yml",
            "inputs": {"item": "${{ item.value }}"},
            "result": result,
            "retry": {"maximum-attempts": 1},
        },
        success={"min-success-rate": 0.5},
    )
    handle = await stand.start(data)
    return OrchestrationReport.model_validate(await handle.result())


def rows(report: OrchestrationReport) -> dict[str, WorkerOutcome]:
    return {row.key.partition(":")[2]: row for row in report.results}


@pytest.mark.covers("C1", "C2", "C3")
async def test_results_come_in_issues_and_pull_requests_that_workers_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.results._LAST_LOOKS", (0.2, 0.2))  # nothing is late here
    async with (
        open_stand(tmp_path, mode="act", repository=serve(tmp_path)) as stand,
        stand.workers(),
    ):
        found, proposed = await asyncio.gather(
            run(stand, "finder", ["quiet", "touched", "edited"], channels=["issue"], schema=SCORED),
            run(stand, "proposer", ["one"], channels=["pull-request"]),
        )
        requests = stand.control.ledger().requests

    of_finder, of_proposer = rows(found), rows(proposed)
    assert {name: row.status for name, row in of_finder.items()} == {
        "quiet": OutcomeStatus.SUCCESS,
        "touched": OutcomeStatus.SUCCESS,
        "edited": OutcomeStatus.NO_RESULT,
    }
    assert found.status is OrchestrationStatus.PARTIAL
    assert of_finder["touched"].outputs == {"score": 3}
    assert of_finder["touched"].summary == "told of touched"
    assert f"{REPOSITORY}/issues/" in of_finder["touched"].result_url
    assert of_proposer["one"].outputs == {"branch": "propose-one"}
    assert f"{REPOSITORY}/pull/" in of_proposer["one"].result_url
    # Once of the touched one, and at each of five looks of the edited one. The others are asked
    # about where the second changed while they were made.
    assert 1 + 5 <= sum(one.path == "/graphql" for one in requests) <= 1 + 5 + 2
    # One list for each that counts, and five looks for the one that does not.
    assert sum("creator=" in one.query for one in requests) == 3 + 5
