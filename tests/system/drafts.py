"""A repository with a generator and a critic whose runs end by rules, and a branch per draft."""

from typing import Any

import requests
from temporalio.client import WorkflowHandle

from contracts import names
from tests.system.stand import TOKEN, Stand

REPOSITORY = "octo-org/drafts"
SUGGEST_AFTER = {"limit.historyCount.suggestContinueAsNew": "40"}
SCORES = (3, 5, 4, 6, 6, 9)
FILE = """
name: {name}
run-name: "{name} ${{{{ inputs.iteration }}}} [${{{{ inputs.dispatch_id }}}}]"
on:
  workflow_dispatch:
    inputs:
      iteration: {{required: true}}
      feedback: {{required: false}}
      dispatch_id: {{required: false}}
jobs:
  work:
    runs-on: ubuntu-latest
    steps: [{{run: "true"}}]
"""
ITERATION = "${{ reflection.iteration }}"


def spec(**changes: Any) -> dict[str, Any]:
    """A spec of as many rounds as there are scores, the last of which is enough."""
    base = {
        "name": "drafts",
        "pattern": "reflection",
        "repository": REPOSITORY,
        "safe-outputs": {"create-pull-request": {"max": 1}, "create-issue": {"max": 1}},
        "generator": {
            "workflow": "generator.yml",
            "inputs": {"iteration": ITERATION, "feedback": "${{ reflection.feedback }}"},
        },
        "critic": {"workflow": "critic.yml", "inputs": {"iteration": ITERATION}},
        "threshold": 9,
        "max-iterations": len(SCORES),
        "pull-request": {},
    }
    return base | changes


async def start(
    stand: Stand, data: dict[str, Any], key: str = "drafts"
) -> WorkflowHandle[Any, Any]:
    """Start a reflection."""
    return await stand.client.start_workflow(
        "Reflection",
        {"spec": data},
        id=names.workflow_id("test", key),
        task_queue=names.TASK_QUEUE,
    )


def prepare(stand: Stand, seconds: float = 2) -> None:
    """Serve both workers and the branches that the drafts name; say how each run ends, and when."""
    files = {
        f".github/workflows/{name}.yml": FILE.format(name=name) for name in ("generator", "critic")
    }
    stand.control.add_repository(REPOSITORY, files=files)
    there = {branch["name"] for branch in ask(stand, "GET", "/branches")}
    for number in range(1, len(SCORES) + 1):
        if f"draft-{number}" not in there:
            _push(stand, f"draft-{number}")
    reviews = [
        {
            "workflow": "critic.yml",
            "inputs": {"iteration": str(number)},
            "duration_seconds": seconds,
            "result": told({"score": score, "feedback": f"wish {number}"}),
        }
        for number, score in enumerate(SCORES, 1)
    ]
    draft = told({"branch": "draft-{inputs.iteration}"})
    stand.control.timed([*reviews, {"duration_seconds": seconds, "result": draft}])


def told(outputs: dict[str, Any]) -> dict[str, Any]:
    """A whole result; the sandbox fills in whose it is."""
    return {
        "protocol": "podium/v1",
        "dispatch_id": "{dispatch_id}",
        "worker": "one of both",
        "run_id": "{run_id}",
        "run_attempt": "{run_attempt}",
        "status": "success",
        "summary": "done",
        "outputs": outputs,
    }


def _push(stand: Stand, branch: str) -> None:
    """Make a branch with a commit of its own."""
    tip = ask(stand, "GET", "/git/ref/heads/main")["object"]["sha"]
    ask(stand, "POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": tip})
    body = {"message": branch, "content": "aGVsbG8=", "branch": branch}
    ask(stand, "PUT", f"/contents/{branch}.txt", body)


def ask(stand: Stand, method: str, path: str, body: Any = None) -> Any:
    """Ask the sandbox about the repository."""
    answer = requests.request(
        method,
        f"{stand.sandbox.api_url}/repos/{REPOSITORY}{path}",
        json=body,
        headers={"Authorization": f"token {TOKEN}"},
        timeout=10,
    )
    answer.raise_for_status()
    return answer.json()
