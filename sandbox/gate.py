"""The gate in front of every endpoint: tokens, limits, conditional requests, faults, ledger."""

import asyncio
import hashlib
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.connections import Connections
from sandbox.faults import FaultRule, Faults
from sandbox.hub import Hub
from sandbox.identities import Identity
from sandbox.ledger import RequestEntry
from sandbox.model import Repository
from sandbox.runs.engine import Engine
from sandbox.wire import API_VERSION, Answer, ApiError, not_found, now

MAX_BODY_BYTES = 16 * 1024 * 1024
_ETAG = re.compile(r'(?:W/)?"[^"]*"|\*')
_NOT_COUNTED = frozenset({"/rate_limit"})
_RESOURCES = {"/search/issues": "search", "/graphql": "graphql"}


@dataclass(slots=True)
class Call:
    """One request, as handlers see it.

    `as_of` is the time whose state lists of runs, issues and comments show; None means now.
    """

    hub: Hub
    engine: Engine
    method: str
    path: str
    params: dict[str, Any]
    query: dict[str, str]
    headers: dict[str, str]
    content: bytes = b""
    identity: Identity = field(default_factory=lambda: Identity("", ""))
    as_of: float | None = None

    @property
    def login(self) -> str:
        """Who asks."""
        return self.identity.login

    @property
    def repository(self) -> Repository:
        """The repository in the path.

        Raises:
            ApiError: 404, also for one that the token does not see.
        """
        found = self.hub.repository(self.params["owner"], self.params["repo"])
        if not self.identity.sees(found):
            raise not_found()
        return found

    def json(self) -> Any:
        """The body; an empty one is an empty object.

        Raises:
            ApiError: 400.
        """
        if not self.content.strip():
            return {}
        try:
            body = json.loads(self.content)
        except ValueError:
            raise ApiError(400, "Problems parsing JSON") from None
        if b"\\ud" in self.content.lower():
            # An escaped half of a surrogate pair is no character; GitHub does not keep it.
            return json.loads(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
        return body

    def fields(self) -> dict[str, Any]:
        """The body as an object.

        Raises:
            ApiError: 400 or 422.
        """
        body = self.json()
        if not isinstance(body, dict):
            raise ApiError(422, "Invalid request.\n\nThe body must be an object.")
        return body


Handler = Callable[[Call], Answer]


class Endpoint:
    """An ASGI application for one path template: a handler per method."""

    def __init__(self, gate: "Gate", route: str, handlers: dict[str, Handler]) -> None:
        self._gate = gate
        self._route = route
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._gate.respond(request, self._route, self._handlers)
        except ClientDisconnect:
            return
        await response(scope, receive, send)


class Gate:
    """Does for every endpoint what they have in common."""

    def __init__(self, hub: Hub, engine: Engine, faults: Faults, connections: Connections) -> None:
        self._hub = hub
        self._engine = engine
        self._faults = faults
        self._connections = connections

    async def respond(self, request: Request, route: str, handlers: dict[str, Handler]) -> Response:
        """Answer one request of the API and record it."""
        call = await self._call(request)
        given = self._identity(call)
        identity = given if isinstance(given, Identity) else None
        login = identity.login if identity else None
        rule = self._faults.choose(call.method, call.path, login)
        at = now()
        handler = handlers.get(call.method)
        answer = await self._answer(call, given, handler, rule)
        counted = answer.status != 304 and call.path not in _NOT_COUNTED
        if identity and counted:
            identity.meter.used += 1
        self._hub.ledger.add_request(
            RequestEntry(
                at,
                call.method,
                route,
                call.path,
                request.url.query,
                0 if rule and rule.kind == "reset" else answer.status,
                login,
                counted,
                rule.kind if rule else None,
            )
        )
        if rule and rule.kind == "reset":
            self._connections.reset(request)
        return self._response(call, identity, answer)

    async def _call(self, request: Request) -> Call:
        return Call(
            hub=self._hub,
            engine=self._engine,
            method=request.method,
            path=request.url.path,
            params=dict(request.path_params),
            query=dict(request.query_params),
            headers={name.lower(): value for name, value in request.headers.items()},
            content=await request.body(),
        )

    def _identity(self, call: Call) -> Identity | ApiError:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        moment, found = now(), None
        if scheme.lower() in {"bearer", "token"}:
            found = self._hub.identities.known(token.strip(), moment)
            try:
                found = found or self._hub.apps.signed(token.strip(), moment)
            except ApiError as error:
                return error
        return found or ApiError(401, "Bad credentials")

    async def _answer(
        self,
        call: Call,
        identity: Identity | ApiError,
        handler: Handler | None,
        rule: FaultRule | None,
    ) -> Answer:
        if rule and rule.kind == "slow" and rule.when == "before":
            await asyncio.sleep(rule.seconds)
        replaced = rule is not None and rule.kind in {"status", "reset", "rate-limit"}
        if rule and replaced and rule.when == "before":
            return rule.answer(call.login)
        if rule and rule.kind == "stale":
            call.as_of = now() - self._faults.staleness(rule)
        answer = self._work(call, identity, handler)
        if rule and rule.kind == "slow" and rule.when == "after":
            await asyncio.sleep(rule.seconds)
        return rule.answer(call.login) if rule and replaced else answer

    def _work(self, call: Call, identity: Identity | ApiError, handler: Handler | None) -> Answer:
        try:
            if isinstance(identity, ApiError):
                raise identity
            self._check(call, identity)
            if handler is None:
                raise not_found()
            return _conditional(call, handler(call))
        except ApiError as error:
            return error.answer()

    def _check(self, call: Call, identity: Identity) -> None:
        call.identity = identity
        if len(call.content) > MAX_BODY_BYTES:
            raise ApiError(413, "Payload Too Large")
        version = call.headers.get("x-github-api-version", API_VERSION)
        if version != API_VERSION:
            raise ApiError(400, f"The API version {version} is not supported.")
        limit, _, _ = self._rate(identity)
        if identity.meter.used >= limit and call.path not in _NOT_COUNTED:
            number = identity.installation
            who = f"installation ID {number}" if number else f"user {identity.login}"
            raise ApiError(403, f"API rate limit exceeded for {who}.")
        if identity.installation and call.method == "GET" and "repo" in call.params:
            identity.require_reading(call.path, call.repository)

    def _rate(self, identity: Identity) -> tuple[int, int, int]:
        """Limit, remaining and reset (epoch seconds) of a token."""
        window, moment, meter = self._hub.settings.rate_window_seconds, now(), identity.meter
        if moment - meter.window_started >= window:
            meter.window_started, meter.used = moment, 0
        limit = min(self._hub.settings.rate_limit, identity.rate_limit or 2**31)
        reset = int(meter.window_started + window) + 1
        return limit, max(0, limit - meter.used), reset

    def _response(self, call: Call, identity: Identity | None, answer: Answer) -> Response:
        headers = {
            "date": formatdate(usegmt=True),
            "x-github-request-id": secrets.token_hex(8).upper(),
            "x-github-media-type": "github.v3; format=json",
            "x-github-api-version-selected": API_VERSION,
        }
        if identity:
            limit, remaining, reset = self._rate(identity)
            headers |= {
                "x-ratelimit-limit": str(limit),
                "x-ratelimit-remaining": str(remaining),
                "x-ratelimit-used": str(min(identity.meter.used, limit)),
                "x-ratelimit-reset": str(reset),
                "x-ratelimit-resource": _RESOURCES.get(call.path, "core"),
            }
        if identity and identity.scopes is not None:
            headers["x-oauth-scopes"] = identity.scopes
        content = answer.content()
        if content:
            headers["content-type"] = answer.media_type
        return Response(content, answer.status, headers | answer.headers)


def _conditional(call: Call, answer: Answer) -> Answer:
    """Add a weak ETag to what can be read again, and honour `If-None-Match`."""
    if call.method != "GET" or answer.status != 200:
        return answer
    answer.body = answer.content()
    tag = f'W/"{hashlib.sha256(answer.body).hexdigest()}"'
    answer.headers["etag"] = tag
    answer.headers["cache-control"] = "private, max-age=60, s-maxage=60"
    asked = {t.removeprefix("W/") for t in _ETAG.findall(call.headers.get("if-none-match", ""))}
    if asked & {tag.removeprefix("W/"), "*"}:
        return Answer(304, None, answer.headers)
    return answer
