"""A worker that answers in comments, and a stranger who claims to be it."""

import asyncio
import json
from typing import Any

import httpx

from tests.system.stand import Stand, spec

REPOSITORY = "octo-org/comments"
COMMENTED = {"channels": ["comment"], "comment-on": "${{ item.number }}"}
COMMENTER = """
name: commenter
run-name: "commenter ${{ inputs.issue_number }} [${{ inputs.dispatch_id }}]"
on:
  workflow_dispatch:
    inputs:
      issue_number: {required: true}
      dispatch_id: {required: false}
jobs:
  work:
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
"""


def commented(items: int, parallel: int = 10) -> dict[str, Any]:
    """A spec whose worker answers in a comment on each of so many issues."""
    return spec(
        [{"key": f"i{n}", "number": n} for n in range(1, items + 1)],
        repository=REPOSITORY,
        worker={
            "workflow": "commenter.yml",
            "inputs": {"issue_number": "${{ item.number }}"},
            "result": COMMENTED,
        },
        **{"max-parallel": parallel},
    )


def serve_commenter(stand: Stand, items: int, seconds: float = 4) -> None:
    """Serve the repository, its issues, and runs that take so long."""
    files = {".github/workflows/commenter.yml": COMMENTER}
    stand.control.add_repository(REPOSITORY, files=files)
    issues = [{"number": n, "title": f"Issue {n}"} for n in range(1, items + 1)]
    stand.control.seed_issues(REPOSITORY, issues)
    result: dict[str, Any] = {
        "protocol": "podium/v1",
        "dispatch_id": "{dispatch_id}",
        "worker": "commenter",
    }
    result |= {"run_id": "{run_id}", "run_attempt": "{run_attempt}", "status": "success"}
    result |= {"outputs": {"honest": True}}
    rule = {"duration_seconds": seconds, "artifact": False, "comment": True, "result": result}
    stand.control.timed([rule])


async def forge(stand: Stand, done: "asyncio.Future[Any]") -> int:
    """Claim failure for every run while it goes on, as a stranger, until something is done."""
    token, forged = stand.control.add_token("mallory"), set[int]()
    headers = {"Authorization": f"Bearer {token}"}
    issues = f"{stand.sandbox.api_url}/repos/{REPOSITORY}/issues"
    async with httpx.AsyncClient(headers=headers, trust_env=False) as mallory:
        while not done.done():
            for run in stand.control.runs():
                if run.status == "in_progress" and run.run_id not in forged:
                    forged.add(run.run_id)
                    lie: dict[str, Any] = {
                        "protocol": "podium/v1",
                        "worker": "commenter",
                        "status": "failure",
                    }
                    lie |= {"run_id": run.run_id, "run_attempt": 1, "outputs": {"honest": False}}
                    body = f"```json podium-result\n{json.dumps(lie)}\n```"
                    number = run.title.split()[1]
                    await mallory.post(f"{issues}/{number}/comments", json={"body": body})
            await asyncio.sleep(0.1)
    return len(forged)
