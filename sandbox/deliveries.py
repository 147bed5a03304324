"""Webhooks: signed and posted as GitHub does, with every way in which deliveries go wrong.

GitHub posts each delivery once, and never again by itself; it may come late, twice (a person sends
it again), before or after others, or never.
"""

import asyncio
import hashlib
import hmac
import json
import random
from typing import Any
from uuid import uuid4

import requests

from sandbox.control_models import Hook, Posted
from sandbox.hub import Hub
from sandbox.model import Comment, Issue, Repository, Run

_TIMEOUT_SECONDS = 10
"""As GitHub's own."""
_AT_ONCE = 20


class Deliveries:
    """Posts what happens to one hook; without one, to nobody."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._hook: Hook | None = None
        self._random = random.Random(0)  # noqa: S311 - shares of faults
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._lanes: dict[str, asyncio.Lock] = {}
        self._told = 0
        self._newest: dict[str, int] = {}
        self.posted = Posted()

    def send_to(self, hook: Hook | None) -> None:
        """Post to a hook from now on; None ends it."""
        self._hook = hook
        self._lanes, self._newest = {}, {}
        self._random.seed(self._hub.settings.seed)
        self.posted = Posted()

    def run_changed(self, run: Run) -> None:
        """Tell `workflow_run`: requested, in_progress, completed."""
        action = {"queued": "requested"}.get(run.state.status, run.state.status)
        if self._hook is None or action not in ("requested", "in_progress", "completed"):
            return
        repository = self._hub.world.repositories[run.repository.lower()]
        told = json.loads(self._hub.run_shapes.run_bytes(repository, run, run.state))
        entry = repository.workflows[run.workflow_path]
        workflow = self._hub.shapes.workflow(repository, entry, run.workflow_name)
        lane = f"{repository.full_name}#{run.inputs.get('issue_number', run.id)}"
        payload = {"action": action, "workflow_run": told, "workflow": workflow}
        if action == "in_progress" and self._random.random() < self._hook.early:
            begun = told | {"status": "queued", "conclusion": None}
            early = payload | {"action": "completed", "workflow_run": begun}
            if self._tell("workflow_run", repository, early, lane):
                self.posted.early += 1
        self._tell("workflow_run", repository, payload, lane)

    def issue_opened(self, repository: Repository, issue: Issue) -> None:
        """Tell `issues`, opened."""
        if self._hook is not None:
            shown = self._hub.issue_shapes.issue(repository, issue)
            told = {"action": "opened", "issue": shown}
            lane = f"{repository.full_name}#{issue.number}"
            self._tell("issues", repository, told, lane, issue.login)

    def commented(
        self, repository: Repository, comment: Comment, by: str, before: str | None
    ) -> None:
        """Tell `issue_comment`: created, or edited from what it was before."""
        if self._hook is None:
            return
        issue = self._hub.issue_shapes.issue(repository, repository.issues[comment.issue])
        shown = self._hub.issue_shapes.comment(repository, comment)
        told = {"action": "created", "issue": issue, "comment": shown}
        if before is not None:
            told |= {"action": "edited", "changes": {"body": {"from": before}}}
        lane = f"{repository.full_name}#{comment.issue}"
        self._tell("issue_comment", repository, told, lane, by)

    def _tell(
        self,
        event: str,
        repository: Repository,
        payload: dict[str, Any],
        lane: str,
        sender: str = "",
    ) -> bool:
        """Post something, or lose it; what is told in one lane, of an issue and its runs, keeps its order."""
        hook = self._hook
        if hook is None or event not in hook.events:
            return False
        if repository.full_name in hook.silent or self._random.random() < hook.lost:
            self.posted.lost += 1
            return False
        payload["repository"] = self._hub.shapes.repository(repository)
        payload["sender"] = self._hub.shapes.user(sender or "github-actions[bot]")
        times = 2 if self._random.random() < hook.twice else 1
        self.posted.twice += times - 1
        self._told += 1
        one = _Delivery(hook, event, json.dumps(payload).encode(), lane, self._told)
        # Late ones overtake each other; the others must not, as a comment its run's end.
        order = (
            asyncio.Lock() if hook.late_seconds else self._lanes.setdefault(lane, asyncio.Lock())
        )
        for _ in range(times):
            self._hub.background(self._post(one, self._random.uniform(0, hook.late_seconds), order))
        return True

    async def _post(self, delivery: "_Delivery", wait: float, order: asyncio.Lock) -> None:
        await asyncio.sleep(wait)
        async with order, self._slots:
            newest = self._newest.get(delivery.lane, 0)
            self.posted.overtaken += delivery.number < newest
            self._newest[delivery.lane] = max(newest, delivery.number)
            status = await asyncio.to_thread(delivery.post)
        self.posted.posted += 1
        if not 200 <= status < 300:
            refused = self.posted.refused
            refused[status] = refused.get(status, 0) + 1


class _Delivery:
    """One delivery; posted again it is the same one."""

    def __init__(self, hook: Hook, event: str, body: bytes, lane: str, number: int) -> None:
        self.lane, self.number = lane, number
        digest = hmac.new(hook.secret.encode(), body, hashlib.sha256).hexdigest()
        self._url, self._body = hook.url, body
        self._headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/5a17d80",
            "X-GitHub-Delivery": str(uuid4()),
            "X-GitHub-Event": event,
            "X-GitHub-Hook-ID": "1",
            "X-Hub-Signature-256": f"sha256={digest}",
        }

    def post(self) -> int:
        """Post it; the status of the answer, 0 where there was none."""
        with requests.Session() as session:
            session.trust_env = False  # a proxy must not see requests to this machine
            try:
                answer = session.post(
                    self._url, data=self._body, headers=self._headers, timeout=_TIMEOUT_SECONDS
                )
            except requests.RequestException:
                return 0
            return answer.status_code
