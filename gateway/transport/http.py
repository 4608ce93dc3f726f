"""The HTTP port: paths and who answers them. aiohttp speaks the protocol; nobody else here knows it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from gateway.transport.limits import BACKLOG, MAX_CONNECTIONS, MAX_HELD_BYTES

if TYPE_CHECKING:
    from aiohttp import web

log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request with its whole body. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    peer: str


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An answer; `content_type` "" sends none."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


HttpHandler = Callable[[HttpRequest], Awaitable[HttpReply]]

NOT_FOUND: Final = HttpReply(404, b"404 page not found\n")
TOO_LARGE: Final = HttpReply(413, b"request too large\n")


class HttpListener:
    """A port that answers HTTP/1.1 by exact path.

    aiohttp takes a quarter of a second to import, so `start` takes the port only, and the import goes on beside the loop: who connects
    meanwhile waits in the kernel's queue.
    """

    def __init__(self, routes: Mapping[str, HttpHandler], max_body_bytes: int, max_connections: int = MAX_CONNECTIONS) -> None:
        self._routes = dict(routes)
        self._max_body_bytes = max_body_bytes
        self._max_connections = max_connections
        self._held_bytes = 0  # of bodies that are being read
        self._socket: socket.socket | None = None
        self._opening: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None
        self._protocols: web.Server | None = None

    def start(self, host: str, port: int) -> None:
        """Takes the port and begins to answer as soon as it can. Raises OSError when the address cannot be had."""
        both = not host and socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both or ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
        self._socket.setblocking(False)
        self._opening = asyncio.get_running_loop().create_task(self._open(self._socket))

    @property
    def port(self) -> int:
        """The port that is listened on."""
        assert self._socket is not None, "the listener is started"
        return int(self._socket.getsockname()[1])

    async def ready(self) -> None:
        """Returns when requests are answered."""
        assert self._opening is not None, "the listener is started"
        await self._opening

    async def _open(self, sock: socket.socket) -> None:
        web = await asyncio.to_thread(_import_web)
        self._protocols = web.Server(self._answer, access_log=None)
        self._server = await asyncio.get_running_loop().create_server(self._protocol, sock=sock, backlog=BACKLOG)

    def _protocol(self) -> asyncio.BaseProtocol:
        assert self._protocols is not None, "connections come after opening"
        if len(self._protocols.connections) >= self._max_connections:
            return _Refused()
        protocol: asyncio.BaseProtocol = self._protocols()
        return protocol

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        from aiohttp import web

        handler = self._routes.get(request.path)
        reply = NOT_FOUND if handler is None else await self._handle(handler, request)
        headers = {"Content-Type": reply.content_type} if reply.content_type else {}
        return web.Response(status=reply.status, body=reply.body, headers=headers)

    async def _handle(self, handler: HttpHandler, request: web.BaseRequest) -> HttpReply:
        parts: list[bytes] = []
        try:
            async for part in request.content.iter_any():
                parts.append(part)
                self._held_bytes += len(part)
                if sum(map(len, parts)) > self._max_body_bytes or self._held_bytes > MAX_HELD_BYTES:
                    return TOO_LARGE
        finally:
            self._held_bytes -= sum(map(len, parts))
        headers = {name.lower(): value for name, value in request.headers.items()}
        given = HttpRequest(request.method, request.path, request.query_string, headers, b"".join(parts), request.remote or "")
        try:
            return await handler(given)
        except Exception:
            log.exception("request failed", extra={"path": request.path})
            return HttpReply(500, b"internal error\n")

    async def stop(self, timeout_seconds: float) -> None:
        """Frees the port at once and lets requests under way finish, no longer than the timeout."""
        if self._opening is not None and not self._opening.done():
            self._opening.cancel()
        if self._server is not None:
            self._server.close()
        if self._socket is not None:
            self._socket.close()
        if self._protocols is not None:
            self._protocols.pre_shutdown()
            await self._protocols.shutdown(timeout_seconds)


class _Refused(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).abort()  # uvloop's is none by its class


def _import_web() -> Any:
    from aiohttp import web

    return web
