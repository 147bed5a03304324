"""What the demo asks of Temporal and of the sandbox around its one orchestration."""

from contextlib import suppress

from temporalio.client import Client
from temporalio.service import RPCError

from contracts.names import run_watch_id
from sandbox.control import SandboxControl

_SHOWN = 4


async def terminate(client: Client, workflow_id: str, repository: str) -> None:
    """End what an interrupted demo left, before a Temporal Worker goes on with it."""
    for left in (workflow_id, run_watch_id(repository)):
        with suppress(RPCError):  # it has ended already
            await client.get_workflow_handle(left).terminate("the demo was interrupted")


def control_of(api_url: str) -> SandboxControl:
    """Make the sandbox's control client; a context manager."""
    return SandboxControl(api_url)


def calls(control: SandboxControl, login: str) -> str:
    """Say how many runs and calls it took, by the sandbox's own ledger."""
    runs = len(control.dispatches())
    by_route = control.api_calls(login)
    total = by_route.total()
    share = f" ({total / runs:.1f} per run)" if runs else ""
    most = ", ".join(f"{count} {_short(route)}" for route, count in by_route.most_common(_SHOWN))
    return f"{runs} dispatches, {total} API calls by Podium{share}: {most}"


def _short(route: str) -> str:
    return route.replace("/repos/{owner}/{repo}", "").replace("/actions/workflows/{key}", "…")
