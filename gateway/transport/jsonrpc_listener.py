"""A port that answers JSON-RPC, and the clients that are connected to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from gateway.transport.gate import Gate
from gateway.transport.jsonrpc import Connection, RpcService
from gateway.transport.limits import BACKLOG, LOOK_SECONDS, MAX_CONNECTIONS, REQUEST_SECONDS

log: Final = logging.getLogger(__name__)


class JsonRpcListener:
    """The clients of one door, with what they share: who answers, what waits for the disk, and every bound.

    `start` opens a TCP port for them; a door that gets its connections from elsewhere (WebSocket) makes them by `connect`.
    """

    def __init__(
        self,
        service: RpcService,
        gate: Gate,
        max_request_bytes: int,
        max_connections: int = MAX_CONNECTIONS,
        *,
        make: Callable[[JsonRpcListener], Connection] = Connection,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        self.service = service
        self.gate = gate
        self.max_request_bytes = max_request_bytes
        self.held_bytes = 0
        self.stuck_bytes = 0
        self._make = make
        self._max_connections = max_connections
        self._request_seconds = request_seconds
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._empty: asyncio.Event | None = None
        self._look: asyncio.TimerHandle | None = None

    async def start(self, host: str, port: int) -> None:
        """Accepts connections from now on. Raises OSError when the address cannot be had."""
        self._server = await asyncio.get_running_loop().create_server(self.connect, host or None, port, backlog=BACKLOG)

    def connect(self) -> Connection:
        """The protocol of a new connection."""
        return self._make(self)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        assert self._server is not None, "the listener is started"
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def listening(self) -> bool:
        """Whether it has a port."""
        return self._server is not None

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    def admit(self, connection: Connection) -> bool:
        """Takes a new connection up, unless there are too many or the listener is stopping."""
        if len(self._connections) >= self._max_connections or self._empty is not None:
            return False
        self._connections.add(connection)
        if self._look is None:
            self._wait()
        return True

    def leave(self, connection: Connection) -> None:
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

    async def stop(self, timeout_seconds: float) -> None:
        """Frees the port at once and lets what is in flight finish, no longer than the timeout; then drops what is left."""
        if self._server is not None:
            self._server.close()
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
