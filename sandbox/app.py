"""Puts all endpoints together."""

from collections import defaultdict
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.connections import Connections
from sandbox.control_api import Control
from sandbox.deliveries import Deliveries
from sandbox.faults import Faults
from sandbox.gate import Endpoint, Gate, Handler
from sandbox.hub import Hub
from sandbox.pages import Pages
from sandbox.rest import (
    actions,
    apps,
    code,
    code_scanning,
    graphql,
    issues,
    pulls,
    repositories,
    runs,
    search,
)
from sandbox.runs.engine import Engine
from sandbox.runs.timed import TimedRules

ENTERPRISE_PREFIX = "/api/v3"
_AREAS = (
    repositories,
    code,
    issues,
    pulls,
    search,
    actions,
    runs,
    code_scanning,
    graphql,
    apps,
)


def github_app(hub: Hub, engine: Engine, timed: TimedRules, connections: Connections) -> Starlette:
    """The application of the first port: control endpoints, then GitHub's."""
    faults, deliveries = Faults(), Deliveries(hub)
    hub.run_changed = deliveries.run_changed
    hub.issue_opened = deliveries.issue_opened
    hub.commented = deliveries.commented
    gate = Gate(hub, engine, faults, connections)
    table: dict[str, dict[str, Handler]] = defaultdict(dict)
    for area in _AREAS:
        for (method, template), handler in area.ROUTES.items():
            table[template][method] = handler
    routes: list[BaseRoute] = [*Control(hub, engine, faults, timed, deliveries).routes()]
    # Fixed paths first: `/issues/comments` must not be read as an issue's number.
    templates = sorted(table, key=lambda t: (t.count(":path"), t.count("{")))
    routes.extend(Route(t, Endpoint(gate, _plain(t), table[t])) for t in templates)
    routes += Pages(hub).routes()
    routes.append(Route("/{path:path}", Endpoint(gate, "unknown", {})))
    # A page in somebody's browser may resolve its own name to this machine; it must not
    # reach endpoints that run code.
    trusted = Middleware(TrustedHostMiddleware, allowed_hosts=_hosts(hub.api_url))
    return Starlette(routes=routes, middleware=[trusted, Middleware(EnterprisePath)])


class EnterprisePath:
    """Serves the API below `/api/v3` too, as GitHub Enterprise Server does; GraphQL is beside it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the prefix off a request's path."""
        path = scope.get("path", "")
        if path == "/api/graphql":
            scope = {**scope, "path": "/graphql"}
        elif path.startswith(f"{ENTERPRISE_PREFIX}/"):
            scope = {**scope, "path": path.removeprefix(ENTERPRISE_PREFIX)}
        await self._app(scope, receive, send)


def _hosts(api_url: str) -> list[str]:
    """Names by which this server may be called; any, where it does not listen on loopback."""
    host = urlsplit(api_url).hostname or ""
    return [host, "localhost"] if host.startswith("127.") else ["*"]


def _plain(template: str) -> str:
    for kind in (":int", ":path"):
        template = template.replace(kind, "")
    return template
