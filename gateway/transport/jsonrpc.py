"""JSON-RPC over TCP: many requests in flight on a connection, answers as they are ready, joined per wake-up of the loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

from mypy_extensions import mypyc_attr

from gateway.protocols.jsonrpc.envelope import MalformedError
from gateway.protocols.jsonrpc.request import Request
from gateway.protocols.jsonrpc.stream import RequestStream
from gateway.transport import limits
from gateway.transport.limits import MAX_CALLS_PER_TURN
from gateway.transport.line import Life, Line

if TYPE_CHECKING:
    from gateway.transport.jsonrpc_listener import JsonRpcListener

log: Final = logging.getLogger(__name__)

TURN_SECONDS = limits.TURN_SECONDS  # no constant to the compiler, so that a test can set it lower


@mypyc_attr(allow_interpreted_subclasses=True)
class RpcService(Protocol):
    """Who answers requests."""

    ticket: int
    """What the last answer that `call` gave at once has to wait for; 0: nothing."""

    def call(self, request: Request, client: str = "") -> bytes | Awaitable[tuple[bytes, int]]:
        """The answer, its ticket in `ticket`; or what will be (answer, ticket). Raises MalformedError for what is no JSON.

        `client` names the connection where the server may call it back.
        """


def dismiss(answer: Awaitable[object]) -> None:
    """Lets go of an answer that nobody waits for any more, begun or not."""
    if isinstance(answer, Coroutine):
        answer.close()


class Connection(Line):
    """One client that speaks JSON-RPC."""

    def __init__(self, listener: JsonRpcListener) -> None:
        super().__init__(listener)
        self._listener = listener
        self._stream: RequestStream | None = None
        self._next: Request | None = None  # read, and left to the next turn
        self._tasks: set[asyncio.Task[None]] | None = None

    # -- called by the loop --------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._life is not Life.OPEN:
            return
        if self._stream is None:
            self._stream = self._open()
        self._stream.feed(data)
        if not self._busy:
            self._turn()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stream = None
        super().connection_lost(exc)
        for task in self._tasks or ():
            task.cancel()

    # -- requests ------------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """Answers what was read, up to the bounds of one turn."""
        self._busy = False
        stream = self._stream
        calls = 0
        over_at = monotonic() + TURN_SECONDS
        while stream is not None and self._life is not Life.CLOSED and not self._full():
            request = self._next or self._read(stream)
            self._next = None
            if request is not None and calls and (calls >= MAX_CALLS_PER_TURN or monotonic() > over_at):
                self._next = request
                self._busy = True
                asyncio.get_running_loop().call_soon(self._turn)
                break
            if request is None or not self._call(request):
                if request is not None or stream.broken:
                    self._stream = None
                    self._life = Life.ENDING
                break
            calls += 1
        if calls:
            self._since = 0.0
        self._hold_bytes(0 if self._stream is None else self._stream.held)
        self._write()
        self._steer()
        self._close_when_done()

    def _open(self) -> RequestStream:
        return RequestStream(self._listener.max_request_bytes)

    def _read(self, stream: RequestStream) -> Request | None:
        return stream.next_request()

    def _ask(self, request: Request) -> bytes | Awaitable[tuple[bytes, int]]:
        return self._listener.service.call(request)

    def _call(self, request: Request) -> bool:
        """False when the request shows that the stream is broken."""
        service, gate = self._listener.service, self._listener.gate
        try:
            answer = self._ask(request)
        except MalformedError:
            return False
        if not isinstance(answer, bytes):
            self._start(answer)
        elif gate.is_open(service.ticket):
            self._put(answer)
        else:
            self._in_flight += 1
            self._waiting_bytes += len(answer)
            gate.hold(service.ticket, self, answer)
        return True

    def _start(self, answer: Awaitable[tuple[bytes, int]]) -> None:
        self._in_flight += 1
        if self._tasks is None:
            self._tasks = set()
        task = asyncio.get_running_loop().create_task(self._finish(answer))
        self._tasks.add(task)
        task.add_done_callback(partial(self._forget, answer))

    def _forget(self, answer: Awaitable[tuple[bytes, int]], task: asyncio.Task[None]) -> None:
        if self._tasks is not None:
            self._tasks.discard(task)
        if task.cancelled():
            dismiss(answer)

    async def _finish(self, answer: Awaitable[tuple[bytes, int]]) -> None:
        text, ticket = await answer
        self._waiting_bytes += len(text)
        if self._listener.gate.is_open(ticket):
            self.deliver(text)
            self.flush()
        else:
            self._listener.gate.hold(ticket, self, text)

    def _waits(self) -> bool:
        return self._stream is not None
