"""Writes to GitHub beyond dispatches, each once in effect."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.client import Client

from activities.github import GitHub
from activities.github.errors import told_to_temporal
from activities.markers import Markers
from activities.once import SEND_DEADLINE, SETTLE_MAX, Origin, Sight, send_once, within
from contracts.outputs import MAX_BODY, CreateIssue, IssueRef

_MAX_PAGES = 3


class OutputActivities:
    """`github.issue.create`."""

    def __init__(
        self, github: GitHub, markers: Markers, client: Client, settle: timedelta = SETTLE_MAX
    ) -> None:
        self._github = github
        self._markers = markers
        self._client = client
        self._settle = settle

    @activity.defn(name="github.issue.create")
    async def create_issue(self, ask: CreateIssue) -> IssueRef:
        """Create the issue, or find it created.

        Raises:
            ApplicationError: as `send_once` says, and what GitHub's answers mean.
        """
        write = _CreateIssue(ask, self._github, self._markers)
        origin = Origin(ask.original_execution_run_id, ask.doubted_since)
        with told_to_temporal():
            return await send_once(write, origin, self._client, self._settle)


@dataclass(frozen=True)
class _CreateIssue:
    ask: CreateIssue
    github: GitHub
    markers: Markers
    answer: type[IssueRef] = IssueRef

    async def send(self) -> IssueRef:
        return _ref(await within(SEND_DEADLINE, self._post))

    async def look(self, since: datetime, *, settled: bool) -> Sight[IssueRef]:
        """Find our mark among the newest issues; a newer issue of anybody proves absence."""
        issues = await self.github.call(
            self.github.issues.newest, self.ask.repository, max_pages=_MAX_PAGES
        )
        login = await self.github.call(self.github.repositories.login)
        mine = [issue for issue in issues if self._is_mine(issue, login)]
        if mine:
            return Sight(_ref(min(mine, key=lambda issue: issue["number"])))
        newest = max((datetime.fromisoformat(i["created_at"]) for i in issues), default=None)
        proof = newest is not None and newest > since + timedelta(seconds=2)
        return Sight(absent=settled or proof)

    def _is_mine(self, issue: dict[str, Any], login: str) -> bool:
        author = (issue.get("user") or {}).get("login")
        marked = self.ask.write_id in self.markers.write_ids(issue.get("body") or "")
        return marked and (not login or author == login)

    async def _post(self) -> dict[str, Any]:
        mark = self.markers.mark(self.ask.kind, self.ask.write_id)
        body = f"{self.ask.body[: MAX_BODY - len(mark) - 2]}\n\n{mark}"
        return await self.github.call(
            self.github.issues.create,
            self.ask.repository,
            self.ask.title,
            body,
            self.ask.labels,
        )


def _ref(issue: dict[str, Any]) -> IssueRef:
    return IssueRef(number=issue["number"], url=issue.get("html_url") or "")
