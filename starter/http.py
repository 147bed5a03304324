"""What Podium's small web servers share: bounded bodies, plain answers, and the server they run in."""

import asyncio
import contextlib
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

AT_ONCE = 100
"""Requests answered at once; more are told 503."""
_GRACE_SECONDS = 5


class RefusedError(Exception):
    """A request that is not taken; the message is its answer."""

    def __init__(self, status: int, words: str) -> None:
        self.status = status
        super().__init__(words)


async def body_of(request: Request, limit: int) -> bytes:
    """Read a body, of one that is too large no more than the limit.

    Raises:
        RefusedError: it is larger than `limit` bytes, or ended early.
    """
    too_large = RefusedError(413, f"larger than {limit} bytes")
    told = request.headers.get("content-length", "0")
    if told.isdecimal() and int(told[:20]) > limit:
        raise too_large
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise too_large
            parts.append(part)
    except ClientDisconnect as error:
        raise RefusedError(400, "the body ended early") from error
    return b"".join(parts)


def said(status: int, words: str) -> Response:
    """Answer in a few words."""
    return JSONResponse({"said": words}, status)


async def serve_app(app: Starlette, host: str, port: int) -> None:
    """Serve until cancelled; what was received by then is answered first."""
    server = _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            lifespan="off",
            access_log=False,
            log_config=None,
            limit_concurrency=AT_ONCE,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            server_header=False,
        )
    )
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command, which cancels `serve_app`."""
        yield
