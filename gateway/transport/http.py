"""The HTTP port: paths and who answers them. aiohttp speaks the protocol; nobody else here knows it."""

from __future__ import annotations

import asyncio
import logging
import socket
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, cast

from gateway.transport.census import Census, Dropped
from gateway.transport.limits import (
    ANSWER_BYTES_PER_SECOND,
    BACKLOG,
    HTTP_IDLE_SECONDS,
    MAX_HELD_BYTES,
    MAX_STUCK_BYTES,
    REQUEST_SECONDS,
    STALL_SECONDS,
)
from gateway.transport.tls import Certificates, TlsPort, listening_socket
from gateway.transport.websocket import serve_websocket

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
NOT_AUTHORIZED: Final = HttpReply(401, b"Not authorized\n")
TOO_MUCH: Final = HttpReply(503, b"too many answers are not read\n")
TOO_SLOW: Final = HttpReply(408, b"request took too long\n")
_NOBODY: Final = b"the password of nobody"
NO_WEBSOCKET: Final = HttpReply(400, b"not websocket protocol")


class HttpListener:
    """A port that answers HTTP/1.1 by exact path. `sockets` are the paths of WebSockets, with what makes the protocol of a connection;
    `users` are passwords by name, one of which every request has to give (RFC 7617), whatever its path. `token` is what those have to give
    that reach another address than loopback (RFC 6750); there a password is as good.

    aiohttp takes a quarter of a second to import, so `start` takes the port only, and the import goes on beside the loop: who connects
    meanwhile waits in the kernel's queue.
    """

    def __init__(
        self,
        routes: Mapping[str, HttpHandler],
        max_body_bytes: int,
        census: Census,
        *,
        sockets: Mapping[str, Callable[[], asyncio.Protocol]] | None = None,
        users: Mapping[str, bytes] | None = None,
        token: bytes = b"",
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        self._routes = dict(routes)
        self._sockets = dict(sockets or {})
        self.ask(users, token)
        self._request_seconds = request_seconds
        self._max_body_bytes = max_body_bytes
        self._census = census
        self.stuck_bytes = 0  # of answers that are not sent yet
        self.held_bytes = 0  # of bodies that are being read
        self._socket: socket.socket | None = None
        self._opening: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None
        self._tls: TlsPort | None = None
        self._protocols: web.Server | None = None
        census.watch(lambda: self.connections)

    def ask(self, users: Mapping[str, bytes] | None, token: bytes) -> None:
        """Who may come from now on."""
        self._users = None if users is None else dict(users)
        self._token = token

    def start(self, host: str, port: int, certificates: Certificates | None = None) -> None:
        """Takes the port and begins to answer as soon as it can, over TLS with certificates. Raises OSError when it cannot be had."""
        self._socket = listening_socket(host, port)
        if certificates is not None:
            self._tls = TlsPort(self._make, certificates, self._census, counts=True)
        self._opening = asyncio.get_running_loop().create_task(self._open(self._socket))

    @property
    def port(self) -> int:
        """The port that is listened on."""
        assert self._socket is not None, "the listener is started"
        return int(self._socket.getsockname()[1])

    @property
    def listening(self) -> bool:
        """Whether it has a port."""
        return self._socket is not None

    @property
    def connections(self) -> int:
        """How many clients are connected, those of WebSockets included."""
        return 0 if self._protocols is None else len(self._protocols.connections)

    async def ready(self) -> None:
        """Returns when requests are answered."""
        assert self._opening is not None, "the listener is started"
        await self._opening

    async def _open(self, sock: socket.socket) -> None:
        web = await asyncio.to_thread(_import_web)
        self._protocols = web.Server(
            self._answer,
            access_log=None,
            keepalive_timeout=min(HTTP_IDLE_SECONDS, self._request_seconds),
            handler_cancellation=True,  # nobody works for a client that has gone
        )
        if self._tls is not None:
            self._tls.open(sock)
        else:
            self._server = await asyncio.get_running_loop().create_server(self._protocol, sock=sock, backlog=BACKLOG)

    def _protocol(self) -> asyncio.BaseProtocol:
        return self._make() if self._census.enter() else _Refused()

    def _make(self) -> asyncio.BaseProtocol:
        assert self._protocols is not None, "connections come after opening"
        protocol: asyncio.BaseProtocol = self._protocols()
        return protocol

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        from aiohttp import web

        protocol = self._sockets.get(request.path)
        challenge = self._challenge(request)
        if challenge:
            self._census.unauthorized += 1
            self._complain("request without a password or token", {"peer": request.remote, "path": request.path})
            return web.Response(status=401, body=NOT_AUTHORIZED.body, headers={"WWW-Authenticate": challenge})
        if protocol is not None and request.headers.get("Upgrade", "").lower() == "websocket":
            return await serve_websocket(request, protocol(), self._max_body_bytes, self._late)
        handler = self._routes.get(request.path)
        if protocol is not None:
            reply = NO_WEBSOCKET
        else:
            reply = NOT_FOUND if handler is None else await self._handle(handler, request)
        if self.stuck_bytes + len(reply.body) > MAX_STUCK_BYTES:
            self._census.dropped[Dropped.UNREAD_TOGETHER] += 1
            reply = TOO_MUCH
        headers = {"Content-Type": reply.content_type} if reply.content_type else {}
        response = web.Response(status=reply.status, body=reply.body, headers=headers)
        self.stuck_bytes += len(reply.body)
        try:
            async with asyncio.timeout(STALL_SECONDS + len(reply.body) / ANSWER_BYTES_PER_SECOND):
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            self._census.dropped[Dropped.UNREAD] += 1
            self._complain("connection dropped", {"reason": Dropped.UNREAD.value, "peer": request.remote})
            if request.transport is not None:
                request.transport.abort()
        finally:
            self.stuck_bytes -= len(reply.body)
        return response

    def _challenge(self, request: web.BaseRequest) -> str:
        """How a request is to say who it comes from; empty where it has, or need not."""
        given = request.headers.get("Authorization", "")
        outside = bool(self._token) and not is_within(request.transport)
        if outside and is_bearer(given, self._token):
            return ""
        if self._users is not None:
            return "" if is_user(given, self._users) else 'Basic realm="Restricted"'
        return 'Bearer realm="Restricted"' if outside else ""

    def _late(self, request: web.BaseRequest) -> None:
        """A WebSocket client began a message and does not finish it."""
        self._census.dropped[Dropped.UNFINISHED] += 1
        self._complain("connection dropped", {"reason": Dropped.UNFINISHED.value, "peer": request.remote})

    def _complain(self, event: str, told: dict[str, object]) -> None:
        """Logs what a client has caused, within the bound for all of them."""
        self._census.complaints.tell(log, logging.WARNING, event, told)

    async def _handle(self, handler: HttpHandler, request: web.BaseRequest) -> HttpReply:
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._request_seconds):
                async for part in request.content.iter_any():
                    parts.append(part)
                    size += len(part)
                    self.held_bytes += len(part)
                    if size > self._max_body_bytes or self.held_bytes > MAX_HELD_BYTES:
                        return TOO_LARGE
        except TimeoutError:
            self._census.dropped[Dropped.UNFINISHED] += 1
            return TOO_SLOW
        finally:
            self.held_bytes -= size
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
        if self._tls is not None:
            self._tls.close()
        if self._socket is not None:
            self._socket.close()
        if self._protocols is not None:
            self._protocols.pre_shutdown()
            await self._protocols.shutdown(timeout_seconds)


def is_user(authorization: str, users: Mapping[str, bytes]) -> bool:
    """Whether a header's value names one of the users with its password; it takes as long for an unknown user as for a known one."""
    scheme, _, credentials = authorization.partition(" ")
    try:
        name, colon, password = b64decode(credentials, validate=True).partition(b":")
    except ValueError:
        return False
    known = users.get(name.decode("utf-8", "replace"))
    right = compare_digest(password, _NOBODY if known is None else known)
    return right and known is not None and bool(colon) and scheme.lower() == "basic"


def is_bearer(authorization: str, token: bytes) -> bool:
    """Whether a header's value is the token (RFC 6750 §2.1)."""
    scheme, _, given = authorization.partition(" ")
    return compare_digest(given.strip().encode("utf-8", "replace"), token) and scheme.lower() == "bearer"


def is_within(transport: asyncio.BaseTransport | None) -> bool:
    """Whether a connection reached a loopback address of this machine, so that it comes from the machine itself."""
    name = None if transport is None else transport.get_extra_info("sockname")
    try:
        address = ip_address(name[0]) if name else None
    except ValueError:
        return False
    if address is None:
        return False
    mapped = address.ipv4_mapped if address.version == 6 else None
    return (mapped or address).is_loopback


class _Refused(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).abort()  # uvloop's is none by its class


def _import_web() -> Any:
    from aiohttp import web

    return web
