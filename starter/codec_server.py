"""Temporal's remote codec: its UI and command line send payloads here to be read by people.

Whoever is answered could read everything. So each request shows the token: as a bearer, from the
command line; from the UI, which has none to send, as a cookie that `/sign-in` set in this browser.
"""

import base64
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.converter import PayloadCodec

from starter.encryption import UnreadablePayloadError
from starter.exits import CliError
from starter.http import RefusedError, body_of, said

CODEC_TOKEN = "PODIUM_CODEC_TOKEN"  # noqa: S105 - the name of a setting
MIN_TOKEN = 16
MAX_BODY = 8 * 1024 * 1024
"""Bytes: what one message of Temporal may carry, 4 MiB, in base64, and its frame."""
_MAX_FORM = 4_096
_COOKIE = "podium-codec"
_SIGNED_IN_SECONDS = 12 * 3_600
_JSON = "application/json"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Podium codec server</title>
<body><p>{words}</p>{form}</body></html>"""
_FORM = """<form method="post">
<label>Token <input type="password" name="token" autocomplete="off" autofocus></label>
<button>Sign in</button></form>"""

Turn = Callable[[Sequence[Payload]], Awaitable[list[Payload]]]


def token_from(environment: Mapping[str, str]) -> str:
    """Read the token.

    Raises:
        CliError: there is none, or a short one.
    """
    token = environment.get(CODEC_TOKEN, "")
    if len(token) < MIN_TOKEN:
        raise CliError(
            f"{CODEC_TOKEN} is not set, or has under {MIN_TOKEN} characters; make one by: "
            "openssl rand -hex 32"
        )
    return token


class CodecServer:
    """Encodes and decodes for those who show the token."""

    def __init__(self, codec: PayloadCodec, token: str, origins: Sequence[str]) -> None:
        """Make it.

        Args:
            codec: what it lends out.
            token: what callers must show.
            origins: of the UI; scripts of no other page may read answers.
        """
        self._codec, self._token, self._origins = codec, token.encode(), list(origins)

    def app(self) -> Starlette:
        """Make the web application."""
        cors = Middleware(
            CORSMiddleware,
            allow_origins=self._origins,
            allow_methods=["POST"],
            allow_headers=["authorization", "content-type", "x-namespace"],
            allow_credentials=True,
        )
        return Starlette(
            routes=[
                Route("/encode", self.encode, methods=["POST"]),
                Route("/decode", self.decode, methods=["POST"]),
                Route("/sign-in", self.sign_in, methods=["GET", "POST"]),
            ],
            middleware=[cors],
        )

    async def encode(self, request: Request) -> Response:
        """Encrypt what a person is about to send."""
        return await self._turned(request, self._codec.encode)

    async def decode(self, request: Request) -> Response:
        """Decrypt what a person wants to read."""
        return await self._turned(request, self._codec.decode)

    async def sign_in(self, request: Request) -> Response:
        """Take the token from a person, and have their browser show that from now on."""
        if request.method == "GET":
            return _page(200, "The token of this codec server:", _FORM)
        try:
            form = await body_of(request, _MAX_FORM)
        except RefusedError as error:
            return said(error.status, str(error))
        given = parse_qs(form.decode(errors="replace")).get("token", [""])[0]
        if not hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token):
            return _page(401, "That is not the token. Once more:", _FORM)
        until = int(time.time()) + _SIGNED_IN_SECONDS
        answer = _page(200, "Signed in. Go back to the Temporal UI, and load its page again.")
        answer.set_cookie(
            _COOKIE,
            f"{until}.{self._stamp(until)}",
            max_age=_SIGNED_IN_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    async def _turned(self, request: Request, turn: Turn) -> Response:
        try:
            self._check(request)
            payloads = _payloads(await body_of(request, MAX_BODY))
            turned = Payloads(payloads=await turn(payloads))
        except RefusedError as error:
            return said(error.status, str(error))
        except UnreadablePayloadError as error:
            return said(422, str(error))
        return JSONResponse(MessageToDict(turned))

    def _check(self, request: Request) -> None:
        """Know the caller before a byte of the body is read.

        Raises:
            RefusedError: with the status and the words of the answer.
        """
        bearer = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
        shown = hmac.compare_digest(bearer, b"Bearer " + self._token)
        if not shown and not self._signed_in(request.cookies.get(_COOKIE, "")):
            raise RefusedError(401, "show the token: Authorization: Bearer, or at /sign-in")
        # A form of another page could send a cookie along, but not with this type.
        if request.headers.get("content-type", "").partition(";")[0].strip() != _JSON:
            raise RefusedError(415, f"send {_JSON}")

    def _signed_in(self, cookie: str) -> bool:
        until, _, stamp = cookie.partition(".")
        if not (until.isascii() and until.isdigit() and len(until) <= len(str(2**63))):
            return False
        wanted = self._stamp(int(until))
        fits = hmac.compare_digest(stamp.encode("utf-8", "replace"), wanted.encode())
        return fits and int(until) > time.time()

    def _stamp(self, until: int) -> str:
        made = hmac.new(self._token, f"podium-codec until {until}".encode(), "sha256").digest()
        return base64.urlsafe_b64encode(made).decode().rstrip("=")


def _payloads(body: bytes) -> Sequence[Payload]:
    """Read what Temporal's remote codecs send.

    Raises:
        RefusedError: it is something else.
    """
    try:
        sent: Any = json.loads(body)
        return ParseDict(sent, Payloads()).payloads
    except (ParseError, ValueError, RecursionError, TypeError, AttributeError):
        raise RefusedError(400, "no payloads in JSON") from None


def _page(status: int, words: str, form: str = "") -> Response:
    headers = {
        "content-security-policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
        "cache-control": "no-store",
    }
    return HTMLResponse(_PAGE.format(words=words, form=form), status, headers)
