"""`ContentCounter` on the time-skipping server: asked directly, and by the activities that write."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities import executions
from activities.counting import Counting
from activities.executions import RPC_TIMEOUT
from activities.github import RateLimitedError, UnavailableError
from activities.outputs import OutputActivities
from activities.rates import Limits
from contracts import names
from contracts.content import USED_WITHIN, AskedWrite, ContentLimits, ContentView, Leaves
from contracts.outputs import CreateIssue
from tests.conftest import WorkersFor
from tests.fakes import FakeGitHub
from worker_main import activities_by_queue
from worker_main import workers_for as composed
from workflows import policies
from workflows.entities.content_counter import MOST_ASKED
from workflows.plugin import podium_plugin

REPOSITORY = "octo-org/widgets"
COUNTER = "content/podium"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@workflow.defn(sandboxed=False)
class Writes:
    """Creates so many issues at once, as the outbox does each."""

    @workflow.run
    async def run(self, count: int) -> None:
        run_id = workflow.info().original_execution_run_id
        asks = [
            CreateIssue(
                repository=REPOSITORY,
                body="b",
                write_id=f"{run_id} {number}",
                kind="report",
                original_execution_run_id=run_id,
                title=f"{number}",
            )
            for number in range(count)
        ]
        written = [
            workflow.execute_activity_method(OutputActivities.create_issue, ask, **policies.CONTENT)
            for ask in asks
        ]
        await asyncio.gather(*written)


class Dated(FakeGitHub):
    """Keeps when each issue was created, by the server's clock."""

    def times(self) -> list[datetime]:
        return [datetime.fromisoformat(issue["created_at"]) for issue in self.created_issues]


async def write(client: Client, count: int) -> None:
    """Have so many issues created, and wait for all of them."""
    queue = uuid4().hex
    async with Worker(client, task_queue=queue, workflows=[Writes]):
        await client.execute_workflow(Writes.run, count, id=f"writes/{queue}", task_queue=queue)


async def written(env: WorkflowEnvironment, count: int) -> None:
    """Have issues created while time goes on by small steps, and stands still at the end.

    Who waits for a result lets time go on until he has it: an hour may pass behind the last write.
    """
    queue = uuid4().hex
    async with Worker(env.client, task_queue=queue, workflows=[Writes]):
        handle = await env.client.start_workflow(
            Writes.run, count, id=f"writes/{queue}", task_queue=queue
        )
        while (await handle.describe()).status == WorkflowExecutionStatus.RUNNING:
            await env.sleep(timedelta(seconds=10))
            await asyncio.sleep(0.05)


async def state(client: Client) -> ContentView:
    view: ContentView = await client.get_workflow_handle(COUNTER).query(
        names.QUERY_STATE, result_type=ContentView
    )
    return view


def most(times: Sequence[datetime], span: timedelta) -> int:
    """How many fall into the fullest span."""
    return max(sum(start <= one < start + span for one in times) for start in times)


@asynccontextmanager
async def limited(
    client: Client, github: Any, limits: ContentLimits, settings_for: Any
) -> AsyncIterator[None]:
    """All Workers of one process, with limits of their own."""
    settings = settings_for(github)
    settings = replace(settings, limits=Limits(settings.limits.by_queue, limits))
    async with AsyncExitStack() as running:
        for worker in composed(client, activities_by_queue(client, settings)):
            await running.enter_async_context(worker)
        yield


async def test_of_six_hundred_writes_five_hundred_are_in_the_first_hour(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """Through a continue-as-new, that forgets nothing."""
    client, sent = skipping.client, list[datetime]()
    counting = Counting(client, Dated(), ContentLimits())  # type: ignore[arg-type] # a fake

    async with workers_for(client, Dated()):
        await counting.require(REPOSITORY, AskedWrite(write_id="first"))
        sent.append(await skipping.get_current_time())
        first_run = (await client.get_workflow_handle(COUNTER).describe()).run_id
        while len(sent) < 600:
            try:
                await counting.require(REPOSITORY, AskedWrite(write_id=f"w{len(sent)}"))
            except RateLimitedError as full:
                await skipping.sleep(full.wait)
            else:
                sent.append(await skipping.get_current_time())
        described = await client.get_workflow_handle(COUNTER).describe()
        view = await state(client)

    assert most(sent, MINUTE) == 80
    assert most(sent, HOUR) == 500
    assert sum(one < sent[0] + HOUR for one in sent) == 500
    assert sent[-1] < sent[0] + HOUR + 10 * MINUTE, "and the rest as soon as there is room"
    assert len(sent) > MOST_ASKED
    assert described.run_id != first_run, "it has continued as new in between"
    assert (view.identity, view.limits) == ("podium", ContentLimits())
    assert 400 < view.last_hour <= 500


def test_a_leave_counts_for_as_long_as_its_answer_may_take() -> None:
    assert RPC_TIMEOUT <= USED_WITHIN, "a later answer is none, and nothing is sent"


async def test_two_temporal_workers_share_the_count(
    skipping: WorkflowEnvironment, settings_for: Any
) -> None:
    client, limits = skipping.client, ContentLimits(per_minute=8, per_hour=30)
    target = client.service_client.config.target_host
    second = await Client.connect(target, plugins=[podium_plugin()])
    one, other = Dated(clock=skipping.get_current_time), Dated(clock=skipping.get_current_time)

    async with (
        limited(client, one, limits, settings_for),
        limited(second, other, limits, settings_for),
    ):
        await write(client, 40)

    times = sorted([*one.times(), *other.times()])
    titles = [issue["title"] for issue in [*one.created_issues, *other.created_issues]]
    assert one.created_issues, "both have written"
    assert other.created_issues
    assert sorted(map(int, titles)) == list(range(40)), "each once"
    assert most(times, MINUTE) <= 8
    assert sum(time < times[0] + HOUR for time in times) == 30


async def test_a_write_that_is_retried_counts_once(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """Also when nothing could be sent for so long that the first minute is over."""
    refused = 8

    class Away(Dated):
        def create(self, *asked: Any) -> dict[str, Any]:
            nonlocal refused
            if refused:
                refused -= 1
                raise UnavailableError("no connection in time")
            return super().create(*asked)

    github = Away(clock=skipping.get_current_time)
    async with workers_for(skipping.client, github):
        began = await skipping.get_current_time()
        await written(skipping, 1)
        view = await state(skipping.client)

    assert len(github.created_issues) == 1
    assert github.times()[0] - began > MINUTE
    assert view.last_hour == 1


async def test_it_ends_when_its_last_hour_is_empty_and_begins_anew(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    client = skipping.client
    counting = Counting(client, Dated(), ContentLimits(per_hour=2))  # type: ignore[arg-type] # a fake
    async with workers_for(client, Dated()):
        await counting.require(REPOSITORY, AskedWrite(write_id="a"))
        await skipping.sleep(timedelta(minutes=40))
        await counting.require(REPOSITORY, AskedWrite(write_id="b"))
        await skipping.sleep(timedelta(minutes=30))
        running = (await client.get_workflow_handle(COUNTER).describe()).status
        await skipping.sleep(timedelta(minutes=31))
        await client.get_workflow_handle(COUNTER).result()
        await counting.require(REPOSITORY, AskedWrite(write_id="c"))
        view = await state(client)

    assert running is WorkflowExecutionStatus.RUNNING
    assert view.last_hour == 1


@pytest.mark.parametrize(
    "question",
    [
        None,
        "nonsense",
        {},
        {"writes": []},
        {"writes": [{"write_id": ""}]},
        {"writes": [{"write_id": "x" * 101}]},
        {"writes": [{"write_id": f"{n}"} for n in range(101)]},
        {"writes": [{"write_id": "a"}], "limits": {"per_hour": 0}},
    ],
)
async def test_a_question_that_is_none_gets_no_leave_and_wedges_nothing(
    skipping: WorkflowEnvironment, workers_for: WorkersFor, question: Any
) -> None:
    client = skipping.client
    stale = {"identity": "x", "leaves": [{"write_id": "a", "at": "0001-01-01T00:00:00Z"}]}
    async with workers_for(client, Dated()):
        handle = await client.start_workflow(
            "ContentCounter", stale, id=COUNTER, task_queue=names.TASK_QUEUE
        )
        answer = await handle.execute_update(names.UPDATE_LEAVE, question, result_type=Leaves)
        counting = Counting(client, Dated(), ContentLimits(per_hour=1))  # type: ignore[arg-type] # a fake
        await counting.require(REPOSITORY, AskedWrite(write_id="b"))

    assert answer == Leaves()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks the counter waits for a second, not for five."""
    monkeypatch.setattr(executions, "RPC_TIMEOUT", timedelta(seconds=1))


async def test_where_nobody_answers_nothing_is_sent(
    skipping: WorkflowEnvironment, settings_for: Any, impatient: None
) -> None:
    """Its Temporal Worker is away: the write is tried again, and sent when it is back."""
    client, github = skipping.client, Dated()
    settings = settings_for(github)
    by_queue = activities_by_queue(client, settings)
    others = {queue: by_queue[queue] for queue in by_queue if queue != names.TASK_QUEUE}
    async with AsyncExitStack() as running:
        for worker in composed(client, others):
            await running.enter_async_context(worker)
        writing = asyncio.create_task(write(client, 1))
        await asyncio.sleep(2.5)  # longer than it is waited for an answer
        assert github.created_issues == []
        for worker in composed(client, {names.TASK_QUEUE: by_queue[names.TASK_QUEUE]}):
            await running.enter_async_context(worker)
        await writing

    assert len(github.created_issues) == 1


async def test_where_temporal_is_away_there_is_no_leave(
    skipping: WorkflowEnvironment, impatient: None
) -> None:
    counting = Counting(skipping.client, Dated(), ContentLimits())  # type: ignore[arg-type] # a fake
    await skipping.shutdown()

    with pytest.raises(RPCError):
        await counting.require(REPOSITORY, AskedWrite(write_id="a"))


async def test_where_nothing_is_limited_nobody_is_asked() -> None:
    client = await Client.connect("127.0.0.1:1", lazy=True, plugins=[podium_plugin()])
    none = ContentLimits(per_minute=None, per_hour=None)

    await Counting(client, Dated(), none).require(REPOSITORY, AskedWrite(write_id="a"))  # type: ignore[arg-type] # a fake
