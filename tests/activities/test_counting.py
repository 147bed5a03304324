"""Leave before each send: when it is asked for, and what a denied one leaves behind."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.counting import Counted, Counting
from activities.github import AmbiguousError, RateLimitedError, UnavailableError
from activities.github.client import GitHubClient
from activities.github.errors import RefusedError, told_to_temporal
from activities.github.repositories import Repositories
from activities.markers import Markers
from activities.once import Sight
from activities.writes import CommentWrite, IssueWrite, Marking, PullRequestWrite
from contracts import errors
from contracts.content import AskedWrite, ContentLimits, Leaves
from contracts.names import content_id
from contracts.outputs import CreateComment, CreateIssue, CreatePullRequest
from tests.activities.test_once import DONE, Attempt, Writing, remembering
from tests.fakes import FakeGitHub

FULL = RateLimitedError("full", 0, timedelta(minutes=7))
AWAY = RPCError("away", RPCStatusCode.UNAVAILABLE, b"")


@dataclass
class Asked:
    """A counter that answers what the test says, and keeps what it was asked."""

    denial: Exception | None = None
    writes: list[tuple[str, bool]] = field(default_factory=list)

    async def require(self, repository: str, write: AskedWrite) -> None:
        assert repository == "octo-org/widgets"
        self.writes.append((write.write_id, write.again))
        if self.denial is not None:
            raise self.denial


def counted(writing: Writing, counter: Any) -> Any:
    return Counted(writing, "octo-org/widgets", "w1", counter)


async def test_a_first_send_has_leave() -> None:
    writing, counter = Writing(), Asked()

    assert await Attempt().run(counted(writing, counter)) == DONE

    assert (counter.writes, writing.sent) == ([("w1", False)], 1)


@pytest.mark.parametrize("denial", [FULL, AWAY])
async def test_without_leave_nothing_is_sent_and_the_next_attempt_need_not_look(
    denial: Exception,
) -> None:
    writing, first = Writing(), Attempt()
    with pytest.raises(type(denial)):
        await first.run(counted(writing, Asked(denial)))
    assert writing.sent == 0

    left = [memory.model_dump(mode="json") for memory in first.left[-1:]]
    counter = Asked()
    await Attempt(attempt=2, heartbeat_details=left).run(counted(writing, counter))

    assert (writing.sent, writing.looks) == (1, [])
    assert counter.writes == [("w1", False)], "nothing was sent before"


async def test_what_may_have_been_sent_before_is_said() -> None:
    writing, counter = Writing(sight=Sight(absent=True)), Asked()
    doubt = remembering(attempt=1, in_doubt_since=datetime.now(UTC))

    await Attempt(attempt=2, heartbeat_details=doubt).run(counted(writing, counter))

    assert counter.writes == [("w1", True)]


async def test_what_is_found_needs_no_leave() -> None:
    writing, counter = Writing(sight=Sight(answer=DONE)), Asked()

    assert await Attempt(attempt=2).run(counted(writing, counter)) == DONE

    assert counter.writes == []


@pytest.mark.parametrize(
    ("failure", "left"),
    [(UnavailableError("no connection"), False), (AmbiguousError("lost"), True)],
)
async def test_only_a_send_that_may_have_arrived_is_in_doubt(
    failure: Exception, left: bool
) -> None:
    writing, attempt = Writing(result=failure), Attempt()

    with pytest.raises((UnavailableError, ApplicationError)):
        await attempt.run(counted(writing, Asked()))

    assert (attempt.left[-1].in_doubt_since is not None) == left


class Slow(Asked):
    """A counter that takes its time."""

    async def require(self, repository: str, write: AskedWrite) -> None:
        await asyncio.sleep(0.3)


WRITE: dict[str, Any] = {
    "repository": "octo-org/widgets",
    "body": "b",
    "write_id": "w1",
    "kind": "report",
    "original_execution_run_id": "run",
}


@pytest.mark.parametrize("kind", ["issue", "comment", "pull-request"])
async def test_a_leave_that_came_late_sends_nothing(kind: str) -> None:
    """Else a next attempt might look while this one is still sending."""
    fake = FakeGitHub()
    github: Any = fake
    marking = Marking(github, Markers(b"k"))
    writing: Any = {
        "issue": IssueWrite(CreateIssue(**WRITE, title="t"), marking),
        "comment": CommentWrite(CreateComment(**WRITE, number=1), marking),
        "pull-request": PullRequestWrite(CreatePullRequest(**WRITE, title="t", head="h"), marking),
    }[kind]
    nearly_late = datetime.now(UTC) - timedelta(seconds=11.9)

    with pytest.raises(ApplicationError, match="too little of this attempt is left"):
        await Attempt(started_time=nearly_late).run(counted(writing, Slow()))

    assert (fake.created_issues, fake.written_comments, fake.opened_pulls) == ([], [], [])


def asking(answer: Leaves, monkeypatch: pytest.MonkeyPatch) -> Counting:
    """Counting, where the counter answers this."""

    async def ask(*_: Any) -> Leaves:
        return answer

    monkeypatch.setattr("activities.executions.ask", ask)
    client: Any = None
    github: Any = FakeGitHub()
    return Counting(client, github, ContentLimits())


async def test_a_full_hour_is_told_to_temporal_as_a_rate_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted_as: list[str] = []
    monkeypatch.setattr("activities.metrics.failed", counted_as.append)
    counting = asking(Leaves(waits={"a": timedelta(minutes=52, seconds=3.4)}), monkeypatch)

    with pytest.raises(ApplicationError) as told, told_to_temporal():
        await counting.require("octo-org/widgets", AskedWrite(write_id="a"))

    assert told.value.type == errors.GITHUB_RATE_LIMITED
    assert told.value.next_retry_delay == timedelta(minutes=52, seconds=3.4)
    assert not told.value.non_retryable
    assert told.value.message == (
        "podium has written all that is allowed (80 a minute, 500 an hour); again in 52m3s"
    )
    assert counted_as == [errors.GITHUB_RATE_LIMITED]


@pytest.mark.parametrize(("told", "waited"), [(0.001, 1), (10**6, 3_605)])
async def test_a_wait_is_bounded(told: float, waited: float, monkeypatch: Any) -> None:
    counting = asking(Leaves(waits={"a": timedelta(seconds=told)}), monkeypatch)

    with pytest.raises(RateLimitedError) as full:
        await counting.require("octo-org/widgets", AskedWrite(write_id="a"))

    assert full.value.wait == timedelta(seconds=waited)


async def test_an_answer_that_leaves_it_out_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RPCError, match="did not understand"):
        await asking(Leaves(), monkeypatch).require("octo-org/widgets", AskedWrite(write_id="a"))


class Speaks:
    """A client of a token or an App."""

    def __init__(self, login: str, *, by_owner: bool) -> None:
        self.by_owner, self._login = by_owner, login

    def login(self) -> str:
        if not self._login:
            raise RefusedError("may not ask", 403)
        return self._login


@pytest.mark.parametrize(
    ("login", "by_owner", "counter"),
    [
        ("Octo-Cat", False, "content/octo-cat"),
        ("podium[bot]", True, "content/podium[bot]/octo-org"),
        ("", False, "content/unnamed/octo-org"),
    ],
)
def test_each_identity_has_a_counter(login: str, by_owner: bool, counter: str) -> None:
    client: Any = Speaks(login, by_owner=by_owner)

    assert content_id(Repositories(client).identity("Octo-Org/widgets")) == counter


def test_a_token_is_one_identity_and_an_app_is_one_in_each_installation() -> None:
    from github import Auth

    many: Any = object()

    assert not GitHubClient(Auth.Token("t")).by_owner
    assert GitHubClient(many).by_owner
