"""A dispatch whose answer was lost is found, proved absent, or told to be unknown."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from activities.dispatch import DispatchActivities
from activities.github.actions import Dispatched, Run, RunsPage
from activities.once import Memory
from activities.watching import Watching
from contracts import errors
from contracts.runs import DispatchOrder, RunRef, Waiter
from contracts.watch import Intent, Lookup, RunRow
from contracts.worker import WorkerRequest

ID = f"pd-{'0' * 24}"
SETTLE = timedelta(seconds=60)
NOW = datetime.now(UTC)


def run(run_id: int, **changes: Any) -> Run:
    """One of our own runs, of another dispatch."""
    row = RunRow(run_id=run_id, status="queued", workflow="w.yml")
    return replace(Run(row, NOW - SETTLE, "workflow_dispatch", "podium"), **changes)


def of_this(run_id: int, *, workflow: str = "w.yml", **changes: Any) -> Run:
    row = RunRow(run_id=run_id, status="queued", workflow=workflow, dispatch_id=ID)
    return run(run_id, row=row, **changes)


def order(**changes: Any) -> DispatchOrder:
    base: dict[str, Any] = {
        "request": WorkerRequest(
            repository="o/r", workflow="w.yml", ref="main", inputs={}, dispatch_id=ID
        ),
        "waiter": Waiter(workflow_id="w", first_execution_run_id="first"),
        "original_execution_run_id": "run",
        "chain_started_at": NOW - timedelta(days=1),
    }
    return DispatchOrder(**{**base, **changes})


@dataclass
class GitHubOf:
    """A GitHub with a list of runs, newest first."""

    listed: list[Run] = field(default_factory=list)
    delay: float = 0
    """Seconds that a call waits for a free thread."""
    sent: int = 0
    pages: int = 0

    def __post_init__(self) -> None:
        self.actions = self.repositories = self

    async def call(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
        await asyncio.sleep(self.delay)
        return function(*arguments, **named)

    def login(self) -> str:
        return "podium"

    def runs(self, repository: str, *, workflow: str, page: int) -> RunsPage:
        self.pages += 1
        shown = self.listed[(page - 1) * 100 : page * 100]
        more = len(self.listed) > page * 100
        return RunsPage(tuple(shown), "", not_modified=False, more=more, server_time=NOW)

    def dispatch(self, *_: Any) -> Dispatched:
        self.sent += 1
        return Dispatched(9_999, "u")


@dataclass
class Watcher:
    """A watcher that knows what the test says."""

    known: Lookup = field(default_factory=Lookup)
    delay: float = 0
    fails: Exception | None = None
    released: bool = False

    async def announce(self, repository: str, intent: Intent) -> None:
        await asyncio.sleep(self.delay)
        if self.fails:
            raise self.fails

    async def lookup(self, repository: str, ask: Any) -> Lookup:
        return self.known.model_copy(update={"free": ask.candidates})

    async def release(self, *_: Any) -> None:
        self.released = True

    async def claim(self, *_: Any) -> bool:
        return True

    async def watch(self, *_: Any) -> None:
        """Take it in."""


class Attempt:
    """One attempt at a dispatch; by default the second, after a send whose answer was lost."""

    def __init__(self, github: GitHubOf, watcher: Watcher | None = None, **changes: Any) -> None:
        self.github, self.watcher = github, watcher or Watcher()
        self.env = ActivityEnvironment()
        base: Any = replace(
            self.env.info,
            attempt=2,
            workflow_id="w",
            workflow_run_id="run",
            started_time=datetime.now(UTC),
            scheduled_time=NOW - timedelta(minutes=5),
            current_attempt_scheduled_time=NOW,
            start_to_close_timeout=timedelta(seconds=25),
            heartbeat_details=doubt(NOW - 2 * SETTLE),
        )
        self.env.info = replace(base, **changes)
        self.left: list[Memory] = []
        self.env.on_heartbeat = lambda *d: self.left.append(Memory.model_validate(d[0]))

    async def go(self, asked: DispatchOrder | None = None) -> RunRef:
        github: Any = self.github
        watcher: Any = self.watcher
        client: Any = None
        activities = DispatchActivities(github, watcher, client, SETTLE)
        return await self.env.run(activities.dispatch, asked or order())

    async def fails(self, asked: DispatchOrder | None = None) -> ApplicationError:
        with pytest.raises(ApplicationError) as failed:
            await self.go(asked)
        return failed.value


def doubt(since: datetime) -> list[Any]:
    return [Memory(attempt=1, in_doubt_since=since).model_dump(mode="json")]


async def test_the_run_is_found_by_its_title() -> None:
    github = GitHubOf([run(12), of_this(11), of_this(10), run(9)])

    found = await Attempt(github).go()

    assert (found.run_id, found.adopted, github.sent) == (10, True, 0)


@pytest.mark.parametrize(
    "stranger",
    [
        of_this(11, event="push"),
        of_this(11, event="pull_request"),
        of_this(11, actor="mallory"),
        of_this(11, workflow="other.yml"),
    ],
)
async def test_a_run_that_only_has_the_title_is_not_adopted(stranger: Run) -> None:
    github = GitHubOf([stranger])

    assert (await Attempt(github).go()).run_id == 9_999
    assert github.sent == 1


async def test_a_watcher_that_knows_nothing_proves_nothing() -> None:
    """It has forgotten the run: it completed, or its waiter had gone."""
    github = GitHubOf([of_this(11)])
    forgetful = Watcher(Lookup(announced=False, since=NOW - timedelta(days=9)))

    found = await Attempt(github, forgetful).go()

    assert (found.run_id, github.sent) == (11, 0)


async def test_a_list_that_does_not_reach_back_proves_no_absence() -> None:
    github = GitHubOf([run(5_000 - i) for i in range(1_100)])

    failed = await Attempt(github).fails()

    assert (failed.type, failed.non_retryable) == (errors.DISPATCH_UNKNOWN, True)
    assert "the newest 1000 runs of w.yml" in failed.message
    assert (github.sent, github.pages) == (0, 10)


async def test_until_it_has_settled_such_a_list_is_read_again() -> None:
    """A newer run proves nothing either, where older ones are out of sight."""
    newer = [run(6_000, created_at=datetime.now(UTC) + timedelta(seconds=9))]
    github = GitHubOf(newer + [run(5_000 - i) for i in range(1_100)])

    # Of this moment: the module may have been read minutes ago.
    failed = await Attempt(github, heartbeat_details=doubt(datetime.now(UTC))).fails()

    assert (failed.type, github.sent) == (errors.UNSETTLED, 0)


async def test_a_long_chain_is_read_back_to_when_this_dispatch_began() -> None:
    """Ten thousand runs of the same chain do not make each lost answer unknown."""
    hour_ago = NOW - timedelta(hours=1)
    github = GitHubOf([run(5_000)] + [run(4_000 - i, created_at=hour_ago) for i in range(1_100)])

    assert (await Attempt(github).go()).run_id == 9_999
    assert github.pages == 1


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({"workflow_run_id": "a later run"}, order()),
        ({}, order(doubted_since=NOW - timedelta(hours=2))),
    ],
)
async def test_a_chain_that_was_reset_is_read_back_to_its_start(
    changes: dict[str, Any], asked: DispatchOrder
) -> None:
    hour_ago = NOW - timedelta(hours=1)
    before = [run(4_000 - i, created_at=hour_ago) for i in range(150)]
    github = GitHubOf([run(5_000), *before, of_this(3_000, created_at=hour_ago)])

    assert (await Attempt(github, **changes).go(asked)).run_id == 3_000


async def test_runs_without_ids_are_not_guessed_from_a_list_that_is_cut_short() -> None:
    github = GitHubOf([run(5_000 - i) for i in range(1_100)])
    attempt = Attempt(github)

    failed = await attempt.fails(order(correlated=False, watermark=1))

    assert (failed.type, failed.non_retryable) == (errors.DISPATCH_UNKNOWN, True)
    assert (github.sent, attempt.watcher.released) == (0, True)


async def test_a_list_that_reaches_the_watermark_is_enough_for_runs_without_ids() -> None:
    github = GitHubOf([run(5_000 - i) for i in range(1_100)])

    found = await Attempt(github).go(order(correlated=False, watermark=4_999))

    assert (found.run_id, github.pages) == (5_000, 1)


@pytest.mark.parametrize(
    ("github", "watcher"),
    [(GitHubOf(), Watcher(delay=0.4)), (GitHubOf(delay=0.4), Watcher())],
    ids=["Temporal is slow", "no thread is free"],
)
async def test_what_comes_before_a_send_does_not_make_it_late(
    github: GitHubOf, watcher: Watcher
) -> None:
    """0.3 s are left in which it may begin."""
    begun = datetime.now(UTC) - timedelta(seconds=25 - 12 - 1 - 0.3)
    attempt = Attempt(github, watcher, attempt=1, heartbeat_details=[], started_time=begun)

    failed = await attempt.fails()

    assert (failed.type, github.sent) == (errors.UNSETTLED, 0)
    assert (attempt.left[-1].attempt, attempt.left[-1].in_doubt_since) == (1, None)


async def test_a_dispatch_that_could_not_be_announced_was_not_sent() -> None:
    github = GitHubOf()
    watcher = Watcher(fails=RPCError("slow", RPCStatusCode.DEADLINE_EXCEEDED, b""))
    attempt = Attempt(github, watcher, attempt=1, heartbeat_details=[])

    with pytest.raises(RPCError):
        await attempt.go()

    assert (github.sent, attempt.left[-1].in_doubt_since) == (0, None)


@pytest.mark.parametrize("there", [True, False])
async def test_telling_a_watcher_takes_seconds_at_most_and_starts_one_where_there_is_none(
    there: bool,
) -> None:
    told: list[tuple[str, timedelta]] = []

    class Temporal:
        def get_workflow_handle(self, workflow_id: str) -> Any:
            return self

        async def signal(self, *_: Any, rpc_timeout: timedelta) -> None:
            told.append(("signal", rpc_timeout))
            if not there:
                raise RPCError("no such workflow", RPCStatusCode.NOT_FOUND, b"")

        async def start_workflow(self, *_: Any, rpc_timeout: timedelta, **named: Any) -> None:
            told.append((f"start with {named['start_signal']}", rpc_timeout))

    client: Any = Temporal()
    intent = Intent(dispatch_id=ID, waiter=order().waiter, workflow="w.yml", announced_at=NOW)
    await Watching(client).announce("o/r", intent)

    wanted = ["signal"] if there else ["signal", "start with announce"]
    assert [what for what, _ in told] == wanted
    assert all(timedelta() < limit <= timedelta(seconds=5) for _, limit in told)
