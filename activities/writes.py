"""Each kind of write, as something that can be sent, and looked for before it is sent again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio import activity

from activities import sanitize
from activities.github import AmbiguousError, GitHub, RefusedError, UnavailableError
from activities.markers import Markers
from activities.once import SEND_DEADLINE, Sight, in_time, within
from activities.texts import rendered
from contracts.markdown import fit
from contracts.outputs import (
    MATTER,
    MAX_BODY,
    CreateComment,
    CreateIssue,
    CreatePullRequest,
    IssueRef,
)
from contracts.outputs import (
    Write as Asked,
)

_MAX_PAGES = 3
_UNPROCESSABLE = 422
_SAID = "said"
"""Kind of the mark of what a comment says, beside the one of the write."""
_LATER = timedelta(seconds=2)
"""GitHub's times have whole seconds."""


@dataclass(frozen=True)
class Marking:
    """How a write is told from others: a hidden mark, and our own login."""

    github: GitHub
    markers: Markers

    def body(self, ask: Asked) -> str:
        """The text with its mark."""
        text = ask.body
        if not isinstance(text, str):
            text = rendered(text, self.github.pages)
        mark = self.markers.mark(ask.kind, ask.write_id)
        if isinstance(ask, CreateComment) and ask.says:
            mark = f"{mark}\n{self.markers.mark(_SAID, ask.says)}"
        whole = f"(The text was cut here. The whole is in the run {_run()}.)"
        return f"{fit(text, MAX_BODY - len(mark) - 2, whole)}\n\n{mark}"

    async def sight(
        self, ask: Asked, seen: list[dict[str, Any]], since: datetime, *, settled: bool
    ) -> Sight[IssueRef]:
        """Find our mark; a newer one of anybody's proves absence."""
        login = await self.github.call(self.github.repositories.login)
        mine = [one for one in seen if self._is_mine(one, ask, login)]
        if mine:
            return Sight(ref(min(mine, key=lambda one: int(one.get("number") or one["id"]))))
        newest = max((datetime.fromisoformat(one["created_at"]) for one in seen), default=None)
        return Sight(absent=settled or (newest is not None and newest > since + _LATER))

    def _is_mine(self, one: dict[str, Any], ask: Asked, login: str) -> bool:
        return ask.write_id in self.ids(one, login)

    def ids(self, one: dict[str, Any], login: str, kind: str = "") -> set[str]:
        """Read the marks of what our own login wrote; what others wrote, or copied, has none."""
        author = (one.get("user") or {}).get("login")
        if login and author != login:
            return set()
        return self.markers.write_ids(one.get("body") or "", kind)


@dataclass(frozen=True)
class IssueWrite:
    """A new issue."""

    ask: CreateIssue
    marking: Marking
    answer: type[IssueRef] = IssueRef

    async def send(self) -> IssueRef:
        """Create it."""
        return ref(await within(SEND_DEADLINE, self._post))

    async def look(self, since: datetime, *, settled: bool) -> Sight[IssueRef]:
        """Look among the newest issues."""
        github = self.marking.github
        seen = await github.call(github.issues.newest, self.ask.repository, max_pages=_MAX_PAGES)
        return await self.marking.sight(self.ask, seen, since, settled=settled)

    async def _post(self) -> dict[str, Any]:
        ask, github = self.ask, self.marking.github
        body = self.marking.body(ask)
        return await github.call(
            in_time(github.issues.create),
            ask.repository,
            sanitize.title(ask.title),
            body,
            tuple(map(sanitize.label, ask.labels)),
        )


@dataclass(frozen=True)
class CommentWrite:
    """A new comment."""

    ask: CreateComment
    marking: Marking
    answer: type[IssueRef] = IssueRef

    async def said(self) -> IssueRef | None:
        """Find our newest comment on the matter, where it says the same."""
        ask, marking = self.ask, self.marking
        github, matter = marking.github, ask.says[:MATTER]
        login = await github.call(github.repositories.login)
        seen = await github.call(
            github.issues.comments, ask.repository, ask.number, max_pages=_MAX_PAGES
        )
        told = [(one, said) for one in seen for said in marking.ids(one, login, _SAID)]
        comment, said = next((one for one in reversed(told) if one[1].startswith(matter)), ({}, ""))
        if said != ask.says:
            return None
        made = "new" if ask.write_id in marking.ids(comment, login) else "kept"
        return self._ref(comment).model_copy(update={"made": made})

    async def send(self) -> IssueRef:
        """Write it."""
        return self._ref(await within(SEND_DEADLINE, self._post))

    async def look(self, since: datetime, *, settled: bool) -> Sight[IssueRef]:
        """Look among the comments since then."""
        ask, github = self.ask, self.marking.github
        seen = await github.call(
            github.issues.comments,
            ask.repository,
            ask.number,
            since=since - timedelta(days=1),
            max_pages=_MAX_PAGES,
        )
        found = await self.marking.sight(ask, seen, since, settled=settled)
        if found.answer is None:
            return found
        return Sight(found.answer.model_copy(update={"number": ask.number}))

    async def _post(self) -> dict[str, Any]:
        ask, github = self.ask, self.marking.github
        body = self.marking.body(ask)
        return await github.call(in_time(github.issues.comment), ask.repository, ask.number, body)

    def _ref(self, comment: dict[str, Any]) -> IssueRef:
        return IssueRef(number=self.ask.number, url=comment.get("html_url") or "")


@dataclass(frozen=True)
class PullRequestWrite:
    """A new pull request, or the open one of the same branch: GitHub allows no other beside it."""

    ask: CreatePullRequest
    marking: Marking
    answer: type[IssueRef] = IssueRef

    async def send(self) -> IssueRef:
        """Open it; where one is open, that one is taken, with this text if Podium wrote it."""
        github, base = self.marking.github, self.ask.base
        if base is None:
            found = await github.call(github.repositories.get, self.ask.repository)
            base = str(found["default_branch"])
        try:
            return ref(await within(SEND_DEADLINE, lambda: self._post(base)))
        except RefusedError as refused:
            standing = await self._standing(base) if refused.status == _UNPROCESSABLE else None
            if standing is None:
                raise
        return await self._take(standing)

    async def look(self, since: datetime, *, settled: bool) -> Sight[IssueRef]:
        """Look among the pull requests of the branch."""
        github = self.marking.github
        seen = await github.call(github.issues.pulls_of, self.ask.repository, self.ask.head)
        return await self.marking.sight(self.ask, seen, since, settled=settled)

    async def _standing(self, base: str) -> dict[str, Any] | None:
        """Find the open pull request from the branch to the base."""
        github = self.marking.github
        seen = await github.call(github.issues.pulls_of, self.ask.repository, self.ask.head)
        open_ones = (one for one in seen if one["state"] == "open" and one["base"]["ref"] == base)
        return next(open_ones, None)

    async def _take(self, standing: dict[str, Any]) -> IssueRef:
        """Give an open one this text and mark; one that others opened keeps its own."""
        ask, github = self.ask, self.marking.github
        login = await github.call(github.repositories.login)
        if not self.marking.ids(standing, login, ask.kind):
            return ref(standing).model_copy(update={"made": "kept"})
        try:
            await github.call(
                in_time(github.issues.edit_pull),
                ask.repository,
                standing["number"],
                title=sanitize.title(ask.title),
                body=self.marking.body(ask),
            )
        except AmbiguousError as error:  # to edit again is safe: no look comes first
            raise UnavailableError(str(error), error.status) from error
        return ref(standing).model_copy(update={"made": "updated"})

    async def _post(self, base: str) -> dict[str, Any]:
        ask, github = self.ask, self.marking.github
        return await github.call(
            in_time(github.issues.open_pull),
            ask.repository,
            title=sanitize.title(ask.title),
            body=self.marking.body(ask),
            head=ask.head,
            base=base,
            draft=ask.draft,
        )


def _run() -> str:
    """Name the run that an activity works for."""
    return f"`{activity.info().workflow_id}`" if activity.in_activity() else "that wrote it"


def ref(written: dict[str, Any]) -> IssueRef:
    """Name what was written, as GitHub answers it."""
    number = int(written.get("number") or 0)
    return IssueRef(number=number, url=written.get("html_url") or "")
