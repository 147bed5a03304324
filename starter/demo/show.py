"""The demo from start to end: servers, one orchestration, its report, the count of calls."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starter.console import say
from starter.demo.servers import LOGIN, Mode, Servers
from starter.demo.state import REPOSITORY, SPEC, DemoState
from starter.demo.timed import rules

if TYPE_CHECKING:
    from temporalio.client import Client

    from starter.follow import Ended
    from starter.spec_file import SpecFile

_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Plan:
    """What the command asks for."""

    mode: Mode = "act"
    """Run the worker's workflow file with act, or let runs end by the clock."""
    max_parallel: int | None = None
    """In place of the spec's own."""
    keep: bool = False
    """Leave the servers up until a signal comes."""
    began: float = field(default_factory=time.monotonic)
    """When the command began."""


async def run_demo(state: DemoState, plan: Plan) -> int:
    """Run the demo, and leave nothing running behind it.

    Returns:
        The exit code, by the report's status.

    Raises:
        CliError: bad input (2), or a server that does not come up, or ends by itself (3).
    """
    servers = Servers(state, plan.mode)
    try:
        await servers.start()
        return await _guarded(servers, _show(servers, state, plan))
    finally:
        servers.stop()


async def _guarded(servers: Servers, work: Coroutine[Any, Any, int]) -> int:
    """Do the work; the end of any server ends it too."""
    shown = asyncio.ensure_future(work)
    guard = asyncio.ensure_future(servers.guard())
    try:
        done, _ = await asyncio.wait((shown, guard), return_when=asyncio.FIRST_COMPLETED)
        if guard in done:
            guard.result()
        return await shown
    except asyncio.CancelledError:
        shown.cancel()
        return await shown  # its own answer, should it be only waiting for this
    finally:
        shown.cancel()
        guard.cancel()
        await asyncio.gather(shown, guard, return_exceptions=True)


async def _show(servers: Servers, state: DemoState, plan: Plan) -> int:
    if not state.unfinished():
        servers.start_worker()
    # Only now: reading these modules takes as long as the servers take to come up.
    from starter.connection import connect
    from starter.demo import ending

    client = await connect(environment=servers.environment)
    if left := state.unfinished():
        await ending.terminate(client, left, REPOSITORY)
        state.finish()
        say(f"{left}, which was interrupted, is terminated", style="dim")
        servers.start_worker()
    await servers.sandbox_listening()
    with ending.control_of(servers.github) as control:
        if plan.mode == "timed":
            await asyncio.to_thread(control.timed, rules(state.issues))
        ended, page = await _orchestrate(servers, state, client, plan)
        calls = await asyncio.to_thread(ending.calls, control, LOGIN)
    _sum_up(ended, page, calls)
    say(f"the demo took {time.monotonic() - plan.began:.1f} s", style="dim")
    if plan.keep:
        await _keep(servers, ended.workflow_id)
    else:
        say("The links open while the servers run: make demo KEEP=1", style="dim")
    return ended.exit_code


async def _orchestrate(
    servers: Servers, state: DemoState, client: "Client", plan: Plan
) -> "tuple[Ended, str]":
    """Start the example, follow it, print its report; also gives its page in the UI."""
    from contracts.names import workflow_id
    from starter.display import progress_display, show_report
    from starter.follow import follow
    from starter.starting import start

    file, started_with = _spec(plan.max_parallel)
    key = datetime.now(UTC).strftime("demo-%Y-%m-%dT%H%M%SZ")
    name = workflow_id(file.spec.name, key)
    state.begin(name)
    handle = await start(client, file, started_with, name, page="")
    page = servers.page(name, handle.first_execution_run_id or "")
    say(f"{name} started after {time.monotonic() - plan.began:.1f} s\nTemporal UI: {page}")
    with progress_display() as show:
        ended = await follow(client, name, show, _LOOK_SECONDS)
    state.finish()
    show_report(ended)
    return ended, page


def _spec(max_parallel: int | None) -> "tuple[SpecFile, dict[str, Any]]":
    from contracts.orchestration import parse_spec
    from starter.spec_file import load_spec

    file = load_spec(SPEC)
    if max_parallel is not None:
        data = file.data | {"max-parallel": max_parallel}
        file = replace(file, data=data, spec=parse_spec(data))
    return file, file.render({})


def _sum_up(ended: "Ended", page: str, calls: str) -> None:
    report = ended.report
    say(f"\nRun:    {page}")
    if report is not None:
        say(f"Report: {report.issue_url or 'no issue was written'}")
        say(f"{calls}\nthe orchestration took {report.metrics.seconds:.1f} s", style="dim")


async def _keep(servers: Servers, workflow_id: str) -> None:
    environment = servers.environment
    say("\nThe servers are up until Ctrl-C. In another terminal, from the checkout:\n")
    for name in ("TEMPORAL_ADDRESS", "GITHUB_API_URL", "GITHUB_TOKEN", "PODIUM_MARKER_KEY"):
        say(f"  export {name}={environment[name]}")
    say("  export PATH=$PWD/.venv/bin:$PATH")
    say("  temporal workflow list")
    say(f"  temporal workflow describe --workflow-id {workflow_id}")
    say(f"  temporal workflow query --workflow-id {workflow_id} --name report")
    say(f"  ./podium render {SPEC} > run.json")
    say("  temporal workflow start --type OrchestratorWorker --task-queue podium \\")
    say("    --workflow-id podium/daily-issue-analysis/again --input-file run.json")
    say("  temporal workflow signal --workflow-id podium/daily-issue-analysis/again --name pause")
    say("  ./podium watch podium/daily-issue-analysis/again")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        say("stopping")
