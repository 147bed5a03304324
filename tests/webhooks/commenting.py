"""A worker that answers in comments, and others who write what must not be taken for its results."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Collection
from typing import Any

import httpx

from contracts.runs import Verdict
from sandbox.control import RunRecord
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


def serve_commenter(stand: Stand, items: int, seconds: float = 4) -> float:
    """Serve the repository, its issues, and runs that take so long; says when they publish."""
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
    result |= {"outputs": {"honest": True, "run": "{run_id}"}}
    cleanup = min(2.0, seconds / 2)  # for whoever wants to write in between
    rule = {"duration_seconds": seconds, "artifact": False, "comment": True, "result": result}
    rule["cleanup_seconds"] = cleanup
    stand.control.timed([rule])
    return seconds - cleanup


BOT = "github-actions[bot]"
"""Every workflow of the repository writes as this one: who writes is not enough to be believed."""
EARLY, PROGRESS, ELSEWHERE = "before the end", "only progress", "of another's run"
EDITED, TURNED, ATTEMPT = "edited", "true, then edited", "of another attempt"
TRICKS = (EARLY, EDITED, PROGRESS, TURNED, ELSEWHERE, ATTEMPT)
"""What is written as the bot itself, by turns; each run has a stranger's forgery too."""
_EARLY_ENOUGH = 1.0
"""Seconds before a result: what the bot itself says after it would be the last word, and count."""
_RECENT = 120
"""Seconds that runs are looked back for: the ledger keeps all of them."""


class Liar:
    """Writes, while a run goes on, what must not be believed: a failure in place of its result.

    Some of it comes before the run's true result, the rest between that and the run's end. What is
    `before the end` is whole, by the bot, and of the right run and attempt: only the true result, which
    comes later, takes it back. `true, then edited` is a copy of that, which becomes a lie.
    """

    def __init__(
        self, stand: Stand, publish_after: float, tricks: Collection[str] = TRICKS
    ) -> None:
        """Make it of a stand that serves the commenter.

        Args:
            stand: whose runs are lied about.
            publish_after: seconds from a run's start to its result.
            tricks: played by turns.
        """
        self.told: Counter[str] = Counter()
        """How often what was written."""
        self._stand, self._tricks, self._publish_after = stand, tuple(tricks), publish_after
        self._begun: dict[int, str] = {}
        self._done: set[int] = set()
        self._web = httpx.AsyncClient(trust_env=False, timeout=30)
        self._tokens = {one: stand.control.add_token(one) for one in ("mallory", BOT)}

    async def lie_until(self, done: "asyncio.Future[Any]") -> Counter[str]:
        """Write on the issue of each run that goes on, until something is done."""
        async with self._web:
            while not done.done():
                since = time.time() - _RECENT
                runs = await asyncio.to_thread(self._stand.control.runs, since=since)
                going = [run for run in runs if run.status == "in_progress"]
                await asyncio.gather(*(self._lie(run, going) for run in going))
                await asyncio.sleep(0.1)
        return self.told

    async def _lie(self, run: RunRecord, going: list[RunRecord]) -> None:
        published = (run.started_at or time.time()) + self._publish_after
        if run.run_id not in self._begun:
            trick = self._tricks[len(self._begun) % len(self._tricks)]
            self._begun[run.run_id] = trick
            if time.time() < published - _EARLY_ENOUGH:
                await self._before(trick, run, next((o for o in going if o != run), run))
        if run.run_id in self._done or time.time() < published:
            return
        self._done.add(run.run_id)
        await self._after(self._begun[run.run_id], run)

    async def _before(self, trick: str, run: RunRecord, other: RunRecord) -> None:
        lies = {
            EARLY: _lie(run.run_id),
            PROGRESS: _lie(run.run_id, progress=0.5),
            ELSEWHERE: _lie(other.run_id),
        }
        if trick in lies and not (trick == ELSEWHERE and other == run):
            await self._comment(BOT, run, lies[trick])
            self.told[trick] += 1

    async def _after(self, trick: str, run: RunRecord) -> None:
        await self._comment("mallory", run, _lie(run.run_id))
        self.told["by a stranger"] += 1
        first = {
            EDITED: "at work",
            TURNED: _result(run.run_id, honest=True),
            ATTEMPT: _lie(run.run_id, run_attempt=2),
        }
        if trick not in first:
            return
        number = await self._comment(BOT, run, first[trick])
        if trick != ATTEMPT:
            await self._ask("PATCH", BOT, f"comments/{number}", _lie(run.run_id))
        self.told[trick] += 1

    async def _comment(self, login: str, run: RunRecord, body: str) -> int:
        return await self._ask("POST", login, f"{_issue(run)}/comments", body)

    async def _ask(self, method: str, login: str, path: str, body: str) -> int:
        answer = await self._web.request(
            method,
            f"{self._stand.sandbox.api_url}/repos/{REPOSITORY}/issues/{path}",
            headers={"Authorization": f"Bearer {self._tokens[login]}"},
            json={"body": body},
        )
        answer.raise_for_status()
        return int(answer.json()["id"])


def _issue(run: RunRecord) -> str:
    return run.title.split()[1]


async def collected(stand: Stand, workflow_id: str) -> dict[int, Verdict]:
    """What was made of each run's result, by run, over the whole chain of an orchestration."""
    found: dict[int, Verdict] = {}
    async for one in stand.client.list_workflows(f"WorkflowId = '{workflow_id}'"):
        asked: dict[int, int] = {}
        handle = stand.client.get_workflow_handle(workflow_id, run_id=one.run_id)
        async for event in handle.fetch_history_events():
            planned = event.activity_task_scheduled_event_attributes
            if planned.activity_type.name == "github.run.collect":
                order = json.loads(planned.input.payloads[0].data)
                asked[event.event_id] = order["run"]["run_id"]
            done = event.activity_task_completed_event_attributes
            if done.scheduled_event_id in asked:
                verdict = Verdict.model_validate_json(done.result.payloads[0].data)
                found[asked[done.scheduled_event_id]] = verdict
    return found


def untrue(verdicts: dict[int, Verdict]) -> dict[int, Verdict]:
    """Those that are not what the run itself published."""
    return {
        run_id: one
        for run_id, one in verdicts.items()
        if one.status != "success" or one.outputs != {"honest": True, "run": run_id}
    }


def _lie(run_id: int, **more: Any) -> str:
    """What claims to be a run's result, and that it failed."""
    return _result(run_id, honest=False, **more)


def _result(run_id: int, *, honest: bool, **more: Any) -> str:
    result: dict[str, Any] = {"protocol": "podium/v1", "worker": "commenter"}
    result |= {"status": "success" if honest else "failure", "run_id": run_id, "run_attempt": 1}
    result |= {"outputs": {"honest": honest, "run": run_id}} | more
    return f"```json podium-result\n{json.dumps(result)}\n```"
