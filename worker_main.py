"""The Temporal Worker: settings, adapters, activity objects, and one Worker per task queue."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

from activities.breaking import BreakerActivities, Breaking
from activities.collected import CollectedActivities
from activities.dispatch import DispatchActivities
from activities.escalation import EscalationActivities
from activities.gate_comments import GateCommentActivities
from activities.github.errors import GitHubError
from activities.outputs import OutputActivities
from activities.powers import STRICT, TooPowerfulError, powers, require_little
from activities.rates import set_where_none_is
from activities.reports import ReportActivities
from activities.results import ResultActivities
from activities.routing import RouteActivities
from activities.sarif.uploads import SarifActivities
from activities.settings import Settings, SettingsError, settings_from
from activities.sources import SourceActivities
from activities.watch import WatchActivities
from activities.watching import Watching
from activities.workers import WorkerActivities
from contracts import names
from starter.connection import connect, require_search_attributes
from starter.exits import BAD_INPUT, UNREACHABLE, CliError
from starter.retention import require_retention
from starter.telemetry import set_up_logging, set_up_metrics, tracing_plugins
from workflows.plugin import WORKFLOWS

GRACE = timedelta(seconds=10)
"""How long activities may go on after SIGTERM before they are cancelled."""

_SETTLE_SECONDS = 0.3
"""Python may abort when it ends right after a Worker did (sdk-python issue 300)."""

logger = logging.getLogger("podium.worker")

Activities = Sequence[Callable[..., Any]]


def activities_by_queue(client: Client, settings: Settings) -> dict[str, Activities]:
    """Make the activity objects, and say which queue serves which method."""
    github, watching = settings.github, Watching(client)
    dispatch = DispatchActivities(github, watching, client, settings.settle)
    watch = WatchActivities(github, watching, client)
    comments = GateCommentActivities(github, client)
    sources = SourceActivities(github, settings.markers)
    sarif = SarifActivities(github)
    results, reports = ResultActivities(github), ReportActivities(github.pages)
    escalation = EscalationActivities(github, settings.markers, client)
    return {
        names.TASK_QUEUE: [
            watch.gone,
            watch.register,
            comments.register,
            reports.render,
            reports.preview,
            escalation.streak,
            BreakerActivities(Breaking(client)).read,
        ],
        names.READ_QUEUE: [
            WorkerActivities(github).describe,
            results.collect,
            results.progress,
            RouteActivities(github).route,
            sources.page,
            sources.count,
            dispatch.read,
            CollectedActivities(github, settings.markers).health_issue,
            dispatch.watermark,
            comments.answer,
            sarif.follow,
            escalation.find,
        ],
        names.WATCH_QUEUE: [watch.poll, comments.sweep],
        names.DISPATCH_QUEUE: [dispatch.dispatch, dispatch.cancel],
        names.CONTENT_QUEUE: _content(client, settings, sarif),
    }


def _content(client: Client, settings: Settings, sarif: SarifActivities) -> Activities:
    """What writes to GitHub for people to read."""
    outputs = OutputActivities(
        settings.github, settings.markers, client, settings.limits.content, settings.settle
    )
    return [
        outputs.create_issue,
        outputs.comment,
        outputs.create_pull_request,
        outputs.close_issue,
        outputs.edit_issue,
        outputs.add_labels,
        sarif.publish,
        sarif.consolidate,
    ]


def workers_for(
    client: Client, by_queue: dict[str, Activities], *, max_cached_workflows: int = 500
) -> list[Worker]:
    """Make one Worker per task queue; workflows run on the first only."""
    return [
        Worker(
            client,
            task_queue=queue,
            workflows=WORKFLOWS if queue == names.TASK_QUEUE else [],
            activities=activities,
            max_cached_workflows=max_cached_workflows,
            # Without a cache, temporalio 1.35 loses a workflow task that comes while its run is
            # being evicted, and the run hangs; one task at a time leaves no room for that.
            max_concurrent_workflow_tasks=None if max_cached_workflows else 1,
            max_concurrent_activities=100,
            graceful_shutdown_timeout=GRACE,
            # Eager execution would go around the queues' rate limits.
            disable_eager_activity_execution=True,
        )
        for queue, activities in by_queue.items()
    ]


async def serve(workers: Sequence[Worker], stop: asyncio.Event) -> None:
    """Run Workers until told to stop, and let what they do come to its end."""
    async with AsyncExitStack() as running:
        for worker in workers:
            await running.enter_async_context(worker)
        logger.info("worker started", extra={"queues": [w.task_queue for w in workers]})
        await stop.wait()
        logger.info("worker stopping")


async def check_powers(settings: Settings) -> "asyncio.Task[None]":
    """Log what our token may do beyond what any spec needs; refuse it if that is asked for.

    Raises:
        TooPowerfulError: it can do more, and the settings are strict.
        CliError: the settings are strict, and GitHub cannot be asked.
    """

    async def tell() -> None:
        found = await settings.github.call(powers, settings.github)
        if settings.strict:
            require_little(found)
        level = logging.WARNING if found.excess else logging.INFO
        logger.log(level, "what the token may do", extra={"reason": str(found)})

    async def tell_if_possible() -> None:
        try:
            await tell()
        except GitHubError as error:
            logger.warning("what the token may do is not known", extra={"reason": str(error)})

    if not settings.strict:  # beside the work: Temporal Workers start while GitHub is away
        return asyncio.create_task(tell_if_possible())
    try:
        await tell()
    except GitHubError as error:
        raise CliError(
            f"{STRICT}: what the token may do is not known: {error}", UNREACHABLE
        ) from error
    return asyncio.create_task(asyncio.sleep(0))


async def run() -> int:
    """Run the Temporal Worker of this process; returns its exit code."""
    try:
        set_up_logging(os.environ)
        set_up_metrics(os.environ)
        settings = settings_from(os.environ)
        client = await connect(tracing_plugins(os.environ))
        await require_search_attributes(client)
        if short := await require_retention(client, os.environ):
            logger.warning("trails end early", extra={"reason": short})
        await set_where_none_is(client, settings.limits)
        told = await check_powers(settings)
    except (SettingsError, TooPowerfulError, CliError) as error:
        logger.error("cannot start", extra={"reason": str(error)})  # noqa: TRY400 - told, not traced
        return error.code if isinstance(error, CliError) else BAD_INPUT
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(workers_for(client, activities_by_queue(client, settings)), stop)
    told.cancel()
    settings.github.close()
    await asyncio.sleep(_SETTLE_SECONDS)
    return 0


def main() -> None:
    """Leave without the interpreter's own clean-up, which can abort after a Worker ran."""
    code = asyncio.run(run())
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
