"""A port, and the clients that are connected to it, whatever they speak."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Final, cast

from gateway.transport.census import Census
from gateway.transport.gate import Gate
from gateway.transport.limits import BACKLOG, LOOK_SECONDS, REQUEST_SECONDS
from gateway.transport.line import Line
from gateway.transport.tls import Certificates, TlsPort, listening_socket

log: Final = logging.getLogger(__name__)


class Listener:
    """The clients of one door, with what they share: what waits for the disk, and every bound.

    `start` opens a TCP port for them, `start_tls` one that speaks TLS; a door that gets its connections from elsewhere (WebSocket, peers
    that we connect to) makes them by `connect`, and they are not `counted` again where somebody else has counted them.
    """

    def __init__(
        self,
        gate: Gate,
        census: Census,
        make: Callable[[], Line],
        *,
        counted: bool = True,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        self.gate = gate
        self.held_bytes = 0
        self.stuck_bytes = 0
        self._make = make
        self.census = census
        self._counted = counted
        self._request_seconds = request_seconds
        self._connections: set[Line] = set()
        self._server: asyncio.Server | None = None
        self._tls: TlsPort | None = None
        self._port = 0
        self._empty: asyncio.Event | None = None
        self._look: asyncio.TimerHandle | None = None
        if counted:
            census.watch(lambda: len(self._connections))

    async def start(self, host: str, port: int) -> None:
        """Accepts connections from now on. Raises OSError when the address cannot be had."""
        self._server = await asyncio.get_running_loop().create_server(self.connect, host or None, port, backlog=BACKLOG)
        self._port = int(self._server.sockets[0].getsockname()[1])

    def start_socket(self, listening: socket.socket) -> None:
        """Accepts connections of a listening socket from now on, whatever transport it is of."""
        self._port = int(listening.getsockname()[1])
        self._tls = TlsPort(self.connect, None, self.census, counts=False)
        self._tls.open(listening)

    def start_tls(self, host: str, port: int, certificates: Certificates) -> None:
        """Accepts connections that begin with a TLS handshake from now on. Raises OSError when the address cannot be had."""
        listening = listening_socket(host, port)
        self._port = int(listening.getsockname()[1])
        self._tls = TlsPort(self.connect, certificates, self.census, counts=False)
        self._tls.open(listening)

    def connect(self) -> asyncio.Protocol:
        """The protocol of a new connection."""
        return cast(asyncio.Protocol, self._make())

    @property
    def port(self) -> int:
        """The port that is listened on."""
        assert self._port, "the listener is started"
        return self._port

    @property
    def listening(self) -> bool:
        """Whether it has a port."""
        return self._port != 0

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    @property
    def in_flight(self) -> int:
        """How many of their requests are not answered yet."""
        return sum(connection.in_flight for connection in self._connections)

    def admit(self, connection: Line) -> bool:
        """Takes a new connection up, unless there are too many or the listener is stopping."""
        if self._empty is not None or (self._counted and not self.census.enter()):
            return False
        self._connections.add(connection)
        if self._look is None:
            self._wait()
        return True

    def leave(self, connection: Line) -> None:
        """The connection is gone."""
        self._connections.discard(connection)
        if self._empty is not None and not self._connections:
            self._empty.set()

    def _wait(self) -> None:
        self._look = asyncio.get_running_loop().call_later(min(LOOK_SECONDS, self._request_seconds), self._drop_late)

    def _drop_late(self) -> None:
        """Drops who began a request and does not finish it; looks again while anybody is connected."""
        self._look = None
        before = asyncio.get_running_loop().time() - self._request_seconds
        for connection in tuple(self._connections):
            connection.drop_if_begun_before(before)
        if self._connections:
            self._wait()

    def close_port(self) -> None:
        """Frees the port at once; those who are connected stay."""
        if self._server is not None:
            self._server.close()
        if self._tls is not None:
            self._tls.close()

    async def stop(self, timeout_seconds: float) -> None:
        """Frees the port at once and lets what is in flight finish, no longer than the timeout; then drops what is left."""
        self.close_port()
        self._empty = asyncio.Event()
        if self._look is not None:
            self._look.cancel()
        await asyncio.sleep(0)  # the loop lets go of the port before it closes thousands of connections
        for connection in tuple(self._connections):
            connection.end()
        if self._connections:
            try:
                await asyncio.wait_for(self._empty.wait(), timeout_seconds)
            except TimeoutError:
                log.warning("connections dropped at shutdown", extra={"count": len(self._connections)})
        for connection in tuple(self._connections):
            connection.abort()
