"""Examples run end to end: a stand with the example's repository, and its spec as rendered."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from temporalio.client import WorkflowFailureError, WorkflowHandle

from contracts import names
from contracts.report import OrchestrationReport
from sandbox.control import RunRecord
from starter.spec_file import load_spec
from tests.patience import PATIENCE
from tests.system.stand import ROOT, TOKEN, Stand, open_stand

_OURS = {"podium-operator", "github-actions[bot]"}


class Theatre:
    """One example on a stand."""

    def __init__(self, stand: Stand, folder: Path) -> None:
        self.stand, self.folder = stand, folder

    def rendered(self, spec: str = "orchestration.yml", **inputs: Any) -> dict[str, Any]:
        """The input that `podium render` prints."""
        return load_spec(self.folder / spec).render(inputs)

    async def start(self, started_with: dict[str, Any], key: str = "") -> WorkflowHandle[Any, Any]:
        """Start what was rendered."""
        pattern = started_with["spec"]["pattern"]
        return await self.stand.client.start_workflow(
            pattern.title().replace("-", ""),
            {"initiator": "octo-dev", **started_with},
            id=names.workflow_id(started_with["spec"]["name"], key or uuid4().hex[:8]),
            task_queue=names.TASK_QUEUE,
        )

    def dispatched(self) -> list[RunRecord]:
        """All runs so far, in the order of their dispatch."""
        return sorted(self.stand.control.runs(), key=lambda run: run.run_id)

    def written(self, repository: str) -> dict[str, int]:
        """How many issues, comments and pull requests of Podium's or a worker's there are."""
        found = {
            kind: self._listed(f"/repos/{repository}/{path}per_page=100")
            for kind, path in {
                "issues": "issues?state=all&",
                "comments": "issues/comments?",
                "pulls": "pulls?state=all&",
            }.items()
        }
        found["issues"] = [one for one in found["issues"] if "pull_request" not in one]
        return {
            kind: sum(one["user"]["login"] in _OURS for one in all_) for kind, all_ in found.items()
        }

    def _listed(self, path: str) -> list[dict[str, Any]]:
        answer = requests.get(
            f"{self.stand.sandbox.api_url}{path}",
            headers={"Authorization": f"token {TOKEN}"},
            timeout=20,
        )
        answer.raise_for_status()
        listed: list[dict[str, Any]] = answer.json()
        return listed

    def files(self) -> list[str]:
        """The worker files that were dispatched, in order."""
        return [run.workflow.rsplit("/", 1)[-1] for run in self.dispatched()]


@asynccontextmanager
async def open_theatre(scratch: Path, example: str, repository: str) -> AsyncIterator[Theatre]:
    """Serve an example's repository, its issues included, with Temporal Workers beside it."""
    folder = ROOT / "examples" / example
    async with open_stand(scratch, mode="act") as stand, stand.workers():
        stand.control.add_repository(repository, folder / "repository")
        issues = folder / "issues.json"
        if issues.exists():
            stand.control.seed_issues(repository, json.loads(issues.read_text()))
        yield Theatre(stand, folder)


async def ended(handle: WorkflowHandle[Any, Any]) -> OrchestrationReport:
    """Wait for the end, whatever it is."""
    try:
        return OrchestrationReport.model_validate(await handle.result())
    except WorkflowFailureError:
        return OrchestrationReport.model_validate(await handle.query(names.QUERY_REPORT))


async def open_gate(handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    """Wait until a gate is open."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await handle.query(names.QUERY_GATES)):  # noqa: ASYNC110 - a server's
            await asyncio.sleep(0.1)
    gate: dict[str, Any] = found[0]
    return gate
