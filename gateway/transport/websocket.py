"""WebSocket connections as any other: what its messages carry is one stream for a protocol, each line of what that writes a text frame."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from gateway.transport.limits import CLOSE_SECONDS, HIGH_WATER_BYTES, REQUEST_SECONDS

if TYPE_CHECKING:
    from aiohttp import web


# aiohttp looks at what comes only where it asks clients whether they are there. They are not asked: one that reads nothing until it has a
# question would not answer. The system asks (notice_when_gone).
_NEVER_SECONDS: Final = 1e9


class WebSocketTransport(asyncio.Transport):
    """What a protocol sees of one WebSocket connection.

    Text and binary messages are read as one stream, so a message may hold half a request or two. Backpressure works both ways: nothing
    is received while the protocol has paused reading, and it is told to pause writing while the client does not take what is there.
    """

    def __init__(self, socket: web.WebSocketResponse[Any], request: web.BaseRequest, late: Callable[[web.BaseRequest], None]) -> None:
        """`late` is told when the client began a message and did not finish it in time, before it is dropped."""
        super().__init__()
        self._late = late
        self._begun: asyncio.TimerHandle | None = None
        self._socket = socket
        self._request = request
        self._protocol: asyncio.Protocol | None = None
        self._lines: deque[bytes] = deque()
        self._unsent = 0
        self._high = HIGH_WATER_BYTES
        self._paused = False
        self._closing = False
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._to_send = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def run(self, protocol: asyncio.Protocol) -> None:
        """Carries the connection until either side has closed it."""
        self._protocol = protocol
        protocol.connection_made(self)
        self._reader = asyncio.create_task(self._receive(protocol))
        writer = asyncio.create_task(self._send(protocol))
        try:
            await asyncio.wait((self._reader, writer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._closing = True
            self.whole()
            for task in (self._reader, writer):
                task.cancel()
            protocol.connection_lost(None)
            await asyncio.gather(self._reader, writer, return_exceptions=True)
            await self._end()

    async def _receive(self, protocol: asyncio.Protocol) -> None:
        from aiohttp import WSMsgType

        while True:
            await self._may_read.wait()
            message = await self._socket.receive()
            self.whole()
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                protocol.data_received(message.data)
            elif message.type is not WSMsgType.PONG:
                return

    def begun(self) -> None:
        """Octets have come: of a message that has to be whole in time."""
        if self._begun is None and not self._closing and self._may_read.is_set():
            self._begun = asyncio.get_running_loop().call_later(REQUEST_SECONDS, self._drop)

    def whole(self) -> None:
        """A message is whole."""
        if self._begun is not None:
            self._begun.cancel()
            self._begun = None

    def _drop(self) -> None:
        self._late(self._request)
        self.abort()

    async def _send(self, protocol: asyncio.Protocol) -> None:
        """Sends line by line; ends when everything is sent that there was at the close."""
        from aiohttp import WSMsgType

        while True:
            while self._lines:
                line = self._lines.popleft()
                await self._socket.send_frame(line, WSMsgType.TEXT)
                self._unsent -= len(line)
                if self._paused and self._unsent <= self._high // 2:
                    self._paused = False
                    protocol.resume_writing()
            if self._closing:
                return
            self._to_send.clear()
            await self._to_send.wait()

    async def _end(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._socket.close()
        except (TimeoutError, ConnectionError):
            self._cut()

    def _cut(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()

    # -- called by the protocol ----------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if self._closing:
            return
        self._lines.extend(bytes(data).splitlines(keepends=True))
        self._unsent += len(data)
        self._to_send.set()
        if self._unsent > self._high and not self._paused and self._protocol is not None:
            self._paused = True
            self._protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        return self._unsent

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = HIGH_WATER_BYTES if high is None else high

    def pause_reading(self) -> None:
        self.whole()  # what comes from now on waits for us, not we for it
        self._may_read.clear()

    def resume_reading(self) -> None:
        self._may_read.set()

    def is_reading(self) -> bool:
        return self._may_read.is_set()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """Closes when what was written is sent."""
        self._closing = True
        self._to_send.set()

    def abort(self) -> None:
        """Closes at once."""
        self._closing = True
        self._lines.clear()
        self._to_send.set()
        self._cut()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return None if self._request.transport is None else self._request.transport.get_extra_info(name, default)


async def serve_websocket(
    request: web.BaseRequest, protocol: asyncio.Protocol, max_message_bytes: int, late: Callable[[web.BaseRequest], None]
) -> web.StreamResponse:
    """Makes the request a WebSocket connection of the protocol and carries it to its end. Any Origin is welcome, and none.

    Raises aiohttp's HTTPException where the handshake is wrong. A longer message ends the connection with 1009. `late`: WebSocketTransport.
    """
    socket = _socket_kind()(compress=False, max_msg_size=max_message_bytes, decode_text=False, autoping=False, heartbeat=_NEVER_SECONDS)
    transport = WebSocketTransport(socket, request, late)
    socket.on_octets = transport.begun
    await socket.prepare(request)
    await transport.run(protocol)
    response: web.StreamResponse = socket
    return response


@cache
def _socket_kind() -> Any:
    """aiohttp's WebSocket, which tells when octets come."""
    from aiohttp import web

    class Socket(web.WebSocketResponse[Any]):
        on_octets: Callable[[], None]

        def _on_data_received(self) -> None:
            super()._on_data_received()
            self.on_octets()

    return Socket
