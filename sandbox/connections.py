"""Open connections by client address, so that one can be reset as a broken network would."""

import asyncio
import socket
import struct
from typing import Any

from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

_LINGER_OFF = struct.pack("ii", 1, 0)


class Connections:
    """Knows the transport behind each request."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol_class(self) -> type[H11Protocol]:
        """A protocol for uvicorn that reports its connections here."""
        connections = self._open

        class Reporting(H11Protocol):
            def connection_made(  # type: ignore[override]  # uvicorn narrows asyncio's type
                self, transport: asyncio.Transport
            ) -> None:
                connections[_peer(transport)] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                connections.pop(_peer(self.transport), None)
                super().connection_lost(exc)

        return Reporting

    def reset(self, request: Request) -> None:
        """Break the connection of a request: the client gets a TCP reset and no answer."""
        client = request.client
        transport = self._open.get((client.host, client.port)) if client else None
        if transport is not None:
            plain: socket.socket = transport.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
            transport.abort()


def _peer(transport: asyncio.Transport) -> tuple[str, int]:
    peer: Any = transport.get_extra_info("peername") or ("", 0)
    return str(peer[0]), int(peer[1])
