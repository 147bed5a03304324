"""Polls of run lists, and who still waits for runs."""

import asyncio

from temporalio import activity
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities import metrics
from activities.executions import execution
from activities.github import GitHub, NotFoundError
from activities.github.errors import told_to_temporal
from activities.watching import Watching
from contracts.runs import COMPLETED, WAITING, Waiter
from contracts.watch import (
    CheckWaiters,
    GoneWaiters,
    PageMark,
    Poll,
    PollRuns,
    RegisterRuns,
    RunRow,
    WatchedRun,
)

_TELLING = 20
"""Watchers told at once of what is waited for."""

_ENDED = frozenset(
    {
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED,
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED,
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED,
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED,
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT,
    }
)
"""Every other status, paused or one that is not known yet, is of an orchestration that goes on."""


class WatchActivities:
    """What `RunWatch` does outside: `github.runs.poll`, `podium.waiters.gone`."""

    def __init__(self, github: GitHub, watching: Watching, client: Client) -> None:
        self._github = github
        self._watching = watching
        self._client = client

    @activity.defn(name="github.runs.poll")
    async def poll(self, ask: PollRuns) -> Poll:
        """Read the newest runs once, with conditional requests; the watcher decides when again.

        It asks for one page, or one run, at a time: the queue's limit is then one of requests.

        Raises:
            ApplicationError: `GitHubRateLimited` or `GitHubUnavailable`, retried by policy.
        """
        with told_to_temporal():
            listed = await self._github.call(self._pages, ask)
            single = await asyncio.gather(*(self._one(ask.repository, i) for i in ask.by_id))
        rows = {row.run_id: row for row in (*listed.rows, *filter(None, single))}
        return Poll(
            rows=tuple(rows.values()),
            marks=listed.marks,
            requests=listed.requests + len(ask.by_id),
        )

    @activity.defn(name="podium.waiters.gone")
    async def gone(self, ask: CheckWaiters) -> GoneWaiters:
        """Tell which orchestrations have ended; one whose id was used again has ended too."""
        running = await asyncio.gather(*(self._is_running(waiter) for waiter in ask.waiters))
        return GoneWaiters(
            waiters=tuple(w for w, yes in zip(ask.waiters, running, strict=True) if not yes)
        )

    @activity.defn(name="podium.watch.register")
    async def register(self, ask: RegisterRuns) -> None:
        """Tell watchers again what is waited for; they may have been terminated meanwhile."""
        places: dict[str, list[WatchedRun]] = {}
        for watched in ask.runs:
            places.setdefault(watched.run.repository, []).append(watched)
        room = asyncio.Semaphore(_TELLING)

        async def tell(repository: str, runs: list[WatchedRun]) -> None:
            async with room:
                await self._watching.watch(repository, tuple(runs))

        await asyncio.gather(*(tell(*place) for place in places.items()))

    def _pages(self, ask: PollRuns) -> Poll:
        rows: list[RunRow] = []
        marks: list[PageMark] = []
        watched, held, known = set(ask.watched), set(ask.held), set(ask.known)
        for number in ask.pages:
            last = ask.marks[number - 1] if number <= len(ask.marks) else None
            page = self._github.actions.runs(
                ask.repository, page=number, etag=last.etag if last else ""
            )
            if page.not_modified and last:
                marks.append(last)
            else:
                lowest = min((run.row.run_id for run in page.runs), default=0)
                marks.append(PageMark(etag=page.etag, floor=lowest if page.more else 0))
                news = [run for run in page.runs if _is_news(run.row, watched, held, known)]
                rows += [run.row for run in news]
                for run in news:
                    if run.row.run_id in watched:
                        metrics.seen(run.ended_at, "poll")
            if marks[-1].floor <= ask.oldest:
                break
        return Poll(rows=tuple(rows), marks=tuple(marks), requests=len(marks))

    async def _one(self, repository: str, run_id: int) -> RunRow | None:
        """Read a run by itself; one that was deleted counts as cancelled."""
        try:
            found = await self._github.call(self._github.actions.run, repository, run_id)
        except NotFoundError:
            return RunRow(run_id=run_id, status=COMPLETED, conclusion="cancelled")
        return found.row if found.row.status == COMPLETED else None

    async def _is_running(self, waiter: Waiter) -> bool:
        try:
            found = await execution(self._client, waiter.workflow_id)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return False
            raise
        same = found.first_run_id in ("", waiter.first_execution_run_id)
        return same and found.status not in _ENDED


def _is_news(row: RunRow, watched: set[int], held: set[int], known: set[int]) -> bool:
    completed = row.status == COMPLETED
    if row.run_id in watched:
        return completed or (row.status == WAITING) != (row.run_id in held)
    return row.run_id not in known and (completed or row.dispatch_id is not None)
