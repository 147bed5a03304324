"""Start, read and cancel worker runs."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from activities.breaking import Breaking, breaker_of
from activities.github import GitHub
from activities.github.actions import DISPATCHED, Dispatched, Run
from activities.github.errors import RefusedError, told_to_temporal
from activities.once import SEND_DEADLINE, SETTLE_MAX, Origin, Sight, in_time, send_once, within
from activities.watching import Watching
from contracts import errors
from contracts.circuit import CircuitState
from contracts.runs import CancelRun, DispatchOrder, ReadRun, ReadWatermark, RunRef, RunState
from contracts.watch import Intent, LookupRun, WatchedRun

_MAX_PAGES = 10
_RESOLUTION = timedelta(seconds=2)
"""`created_at` has whole seconds, and so has the `Date` that clocks are compared by."""
_CLOCKS_DIFFER = timedelta(seconds=60)
"""How far Temporal's clock may be from ours."""


class DispatchActivities:
    """Worker runs: `github.run.*`. Tokens live in the adapter, never in a payload."""

    def __init__(
        self, github: GitHub, watching: Watching, client: Client, settle: timedelta = SETTLE_MAX
    ) -> None:
        self._breaking = Breaking(client)
        self._github = github
        self._watching = watching
        self._client = client
        self._settle = settle

    @activity.defn(name="github.run.dispatch")
    async def dispatch(self, order: DispatchOrder) -> RunRef:
        """Start the run once in effect, and have it watched.

        Raises:
            ApplicationError: `GitHubRefused` and `GitHubNotFound` (final), `DispatchUnknown`
                (final: several runs may be this one, or one may be out of sight),
                `CircuitOpen` (final: nothing was sent), others retried by policy.
        """
        write = _Dispatch(order, self._github, self._watching, self._breaking, _earliest(order))
        origin = Origin(order.original_execution_run_id, order.doubted_since)
        with told_to_temporal():
            run = await send_once(write, origin, self._client, self._settle)
        run = run.model_copy(update={"breaker": breaker_of(order)})
        await self._watching.watch(order.request.repository, (_watched(order, run),))
        return run

    @activity.defn(name="github.run.read")
    async def read(self, ask: ReadRun) -> RunState:
        """Read a run as it is now."""
        with told_to_temporal():
            return await self._github.call(self._github.actions.state, ask.repository, ask.run_id)

    @activity.defn(name="github.run.cancel")
    async def cancel(self, ask: CancelRun) -> bool:
        """Cancel a run; False when it had ended. Repeating it does no harm, so 5xx is retried."""
        with told_to_temporal():
            return await self._github.call(
                self._github.actions.cancel, ask.repository, ask.run_id, force=ask.force
            )

    @activity.defn(name="github.runs.watermark")
    async def watermark(self, ask: ReadWatermark) -> int:
        """Read the highest run id of a workflow; 0 where it never ran."""
        with told_to_temporal():
            page = await self._github.call(
                self._github.actions.runs, ask.repository, workflow=ask.workflow
            )
        return max((run.row.run_id for run in page.runs), default=0)


@dataclass
class _Recent:
    """The newest runs of a workflow."""

    runs: list[Run] = field(default_factory=list)
    ahead: timedelta = timedelta()
    """By how much GitHub's clock is ahead of ours."""
    whole: bool = False
    """Whether they reach back to the first run that may be the dispatch's."""


@dataclass(frozen=True)
class _Dispatch:
    """The dispatch as a write that can be looked for."""

    order: DispatchOrder
    github: GitHub
    watching: Watching
    breaking: Breaking
    earliest: datetime
    """It was not sent before this."""
    answer: type[RunRef] = RunRef

    async def send(self) -> RunRef | None:
        request = self.order.request
        circuit = await self.breaking.require(self.order)
        await self.watching.announce(request.repository, _intent(self.order))
        sent_at = datetime.now(UTC)
        try:
            answer = await within(SEND_DEADLINE, self._post)
        except RefusedError:
            await self.watching.release(request.repository, request.dispatch_id)
            await self.breaking.failed(self.order)
            raise
        if answer.run_id is None:
            return None
        run = self._ref(answer.run_id, answer.url, sent_at)
        return run.model_copy(update={"probing": circuit is not CircuitState.CLOSED})

    async def look(self, since: datetime, *, settled: bool) -> Sight[RunRef]:
        order, request = self.order, self.order.request
        known = await self.watching.lookup(
            request.repository, LookupRun(dispatch_id=request.dispatch_id)
        )
        if known.run is not None:
            return Sight(known.run)
        if not order.correlated and not settled:
            return Sight()
        recent = await self._recent()
        if order.correlated:
            return await self._look_by_title(recent, since, settled=settled)
        return await self._look_by_elimination(recent)

    async def _look_by_title(
        self, recent: _Recent, since: datetime, *, settled: bool
    ) -> Sight[RunRef]:
        """The lowest run wins where a dispatch was sent twice; the watcher cancels the rest."""
        wanted = self.order.request.dispatch_id
        mine = [run for run in await self._ours(recent) if run.row.dispatch_id == wanted]
        if mine:
            return Sight(self._adopt(min(mine, key=lambda r: r.row.run_id)))
        if settled and not recent.whole:
            raise self._out_of_sight(len(recent.runs))
        newest = max((run.created_at for run in recent.runs), default=None)
        shown = newest is not None and newest >= since + recent.ahead + _RESOLUTION
        return Sight(absent=recent.whole and shown)

    async def _look_by_elimination(self, recent: _Recent) -> Sight[RunRef]:
        """Runs above the watermark that are ours and nobody's: one is it, several are nobody's."""
        request = self.order.request
        if not recent.whole:
            await self.watching.release(request.repository, request.dispatch_id)
            raise self._out_of_sight(len(recent.runs))
        candidates = {
            run.row.run_id: run
            for run in await self._ours(recent)
            if run.row.run_id > self.order.watermark
        }
        ask = LookupRun(dispatch_id=request.dispatch_id, candidates=tuple(candidates))
        free = (await self.watching.lookup(request.repository, ask)).free
        if not free:
            return Sight(absent=True)
        if len(free) > 1 or not await self.watching.claim(
            request.repository, free[0], request.dispatch_id
        ):
            # Nothing can ever match it, so a watcher would look for it in vain.
            await self.watching.release(request.repository, request.dispatch_id)
            raise ApplicationError(
                f"runs {', '.join(map(str, free[:5]))} of {request.workflow} may each be this "
                "dispatch, whose answer was lost; declare the input dispatch_id and show it in "
                "run-name so that they can be told apart",
                type=errors.DISPATCH_UNKNOWN,
                non_retryable=True,
            )
        return Sight(self._adopt(candidates[free[0]]))

    async def _ours(self, recent: _Recent) -> list[Run]:
        """Leave out runs that no dispatch of ours can have started, whatever their titles say."""
        login = await self.github.call(self.github.repositories.login)
        return [
            run
            for run in recent.runs
            if run.event == DISPATCHED
            and run.row.workflow in ("", self.order.request.workflow)
            and (not login or run.actor == login)
        ]

    def _out_of_sight(self, seen: int) -> ApplicationError:
        request = self.order.request
        return ApplicationError(
            f"its answer was lost, and the newest {seen} runs of {request.workflow} do not reach "
            "back to when it may have started; look for it by hand before doing it again",
            type=errors.DISPATCH_UNKNOWN,
            non_retryable=True,
        )

    async def _recent(self) -> _Recent:
        """Read the workflow's runs back to the first moment that this one may be of."""
        request, recent = self.order.request, _Recent()
        for number in range(1, _MAX_PAGES + 1):
            page = await self.github.call(
                self.github.actions.runs,
                request.repository,
                workflow=request.workflow,
                page=number,
            )
            recent.ahead = page.server_time - datetime.now(UTC)
            recent.runs += page.runs
            if not page.more or any(self._is_older(run, recent.ahead) for run in page.runs):
                recent.whole = True
                break
        return recent

    def _is_older(self, run: Run, ahead: timedelta) -> bool:
        if not self.order.correlated and run.row.run_id <= self.order.watermark:
            return True
        return run.created_at < self.earliest + ahead - _RESOLUTION

    def _adopt(self, run: Run) -> RunRef:
        found = self._ref(run.row.run_id, run.row.url, run.created_at)
        return found.model_copy(update={"adopted": True})

    async def _post(self) -> Dispatched:
        request = self.order.request
        return await self.github.call(
            in_time(self.github.actions.dispatch),
            request.repository,
            request.workflow,
            request.ref,
            request.inputs,
        )

    def _ref(self, run_id: int, url: str, at: datetime) -> RunRef:
        request = self.order.request
        return RunRef(
            repository=request.repository,
            workflow=request.workflow,
            run_id=run_id,
            dispatch_id=request.dispatch_id,
            url=url,
            dispatched_at=at,
        )


def _earliest(order: DispatchOrder) -> datetime:
    """Tell before when the dispatch cannot have been sent.

    In a chain that was reset, by an activity of any of its runs; otherwise only by this one,
    so that in a long chain there is little to read back.
    """
    info = activity.info()
    was_reset = info.workflow_run_id != order.original_execution_run_id
    if was_reset or order.doubted_since is not None:
        return order.chain_started_at
    return max(order.chain_started_at, info.scheduled_time - _CLOCKS_DIFFER)


def _intent(order: DispatchOrder) -> Intent:
    return Intent(
        dispatch_id=order.request.dispatch_id,
        waiter=order.waiter,
        workflow=order.request.workflow,
        announced_at=datetime.now(UTC),
        expected=order.expected,
        shortest=order.shortest,
    )


def _watched(order: DispatchOrder, run: RunRef) -> WatchedRun:
    return WatchedRun(
        run=run, waiter=order.waiter, expected=order.expected, shortest=order.shortest
    )
