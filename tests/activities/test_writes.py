"""Writes are held back like dispatches are: what begins too late could still go out beside the next."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.markers import Markers
from activities.once import Origin, send_once
from activities.writes import CommentWrite, IssueWrite, Marking, PullRequestWrite
from contracts import errors
from contracts.outputs import CreateComment, CreateIssue, CreatePullRequest

COMMON: dict[str, Any] = {
    "write_id": "0" * 24,
    "repository": "o/r",
    "body": "text",
    "original_execution_run_id": "run",
}
ISSUE = CreateIssue(kind="report", title="t", **COMMON)
COMMENT = CreateComment(kind="report", number=5, **COMMON)
PULL = CreatePullRequest(kind="proposal", title="t", head="h", base="main", **COMMON)


@dataclass
class Busy:
    """A GitHub whose threads are all taken for a while."""

    delay: float
    sent: list[str] = field(default_factory=list)

    @property
    def issues(self) -> "Busy":
        return self

    async def call(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
        await asyncio.sleep(self.delay)
        return await asyncio.to_thread(function, *arguments, **named)

    def create(self, *_: Any) -> dict[str, Any]:
        return self._write("issue")

    def comment(self, *_: Any) -> dict[str, Any]:
        return self._write("comment")

    def open_pull(self, *_: Any, **__: Any) -> dict[str, Any]:
        return self._write("pull")

    def _write(self, what: str) -> dict[str, Any]:
        self.sent.append(what)
        return {"number": 1, "html_url": "u"}


def write(kind: str, github: Any) -> Any:
    marking = Marking(github, Markers(b"key"))
    return {
        "issue": IssueWrite(ISSUE, marking),
        "comment": CommentWrite(COMMENT, marking),
        "pull": PullRequestWrite(PULL, marking),
    }[kind]


async def attempt(kind: str, github: Busy, left: float) -> None:
    """A first attempt that may begin to send for `left` more seconds."""
    env = ActivityEnvironment()
    env.info = replace(
        env.info,
        attempt=1,
        workflow_run_id="run",
        started_time=datetime.now(UTC) - timedelta(seconds=25 - 12 - 1 - left),
        start_to_close_timeout=timedelta(seconds=25),
        heartbeat_details=[],
    )
    client: Any = None
    await env.run(send_once, write(kind, github), Origin("run"), client, timedelta(seconds=60))


@pytest.mark.parametrize("kind", ["issue", "comment", "pull"])
async def test_a_write_that_waited_too_long_for_a_thread_is_not_sent(kind: str) -> None:
    late, soon = Busy(delay=0.4), Busy(delay=0)

    with pytest.raises(ApplicationError) as failed:
        await attempt(kind, late, left=0.3)
    await attempt(kind, soon, left=5)

    assert failed.value.type == errors.UNSETTLED
    assert (late.sent, soon.sent) == ([], [kind])
