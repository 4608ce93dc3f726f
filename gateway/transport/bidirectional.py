"""JSON-RPC over TCP where the server calls its clients too, requests and replies interleaved on one connection.

Each side counts its own requests: the ids of ours begin at 1 on every connection and have nothing to do with the client's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from mypy_extensions import mypyc_attr

from gateway.protocols.jsonrpc.envelope import MalformedError, encode_call, error_text
from gateway.protocols.jsonrpc.messages import MessageStream
from gateway.protocols.jsonrpc.request import Reply, Request
from gateway.protocols.jsonrpc.stream import RequestStream
from gateway.transport import limits
from gateway.transport.jsonrpc import Connection
from gateway.transport.jsonrpc_listener import JsonRpcListener
from gateway.transport.line import Life

log: Final = logging.getLogger(__name__)

MAX_OUTSTANDING_CALLS = limits.MAX_OUTSTANDING_CALLS  # no constant to the compiler, so that a test can set it lower

# What a call ends with that the client did not answer, in the words of the reference's own clients.
TIMED_OUT: Final = "REPLY_TIMEOUT"
GONE: Final = "DISCONNECTED"
BUSY: Final = "MAX_OUTSTANDING_CALLS_EXCEEDED"

_NULL: Final = b"null"


@mypyc_attr(native_class=False)
@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: the JSON of the client's result, or in `error` why there is none."""

    result: bytes
    error: str | None


class Client(Protocol):
    """A client that can be called."""

    name: str
    """Unlike that of any other connection, of an earlier process neither."""
    host: str

    def ask_client(self, method: str, params: object, timeout_seconds: float) -> asyncio.Future[Answer]:
        """Calls the client. The future always ends, and never with an exception: a client that does not answer in time, is gone,
        or owes too many answers already ends it with TIMED_OUT, GONE or BUSY as the error."""


class Roster(Protocol):
    """Who keeps the clients that may be called."""

    def join(self, client: Client) -> None:
        """The client has made its first request."""

    def leave(self, client: Client) -> None:
        """The client has gone; what it has not answered is answered with GONE."""


class BidirectionalConnection(Connection):
    """One client that can be called; `name` makes its name of where it comes from."""

    def __init__(self, listener: JsonRpcListener, roster: Roster, name: Callable[[str], str]) -> None:
        super().__init__(listener)
        self.host = ""
        self.name = ""
        self._roster = roster
        self._last_id = 0
        self._calls: dict[int, tuple[asyncio.Future[Answer], asyncio.TimerHandle]] = {}
        self._name_of = name

    # -- the client's requests -----------------------------------------------------------------------------------------

    def _open(self) -> RequestStream:
        return MessageStream(self._listener.max_request_bytes)

    def _read(self, stream: RequestStream) -> Request | None:
        assert isinstance(stream, MessageStream), "this connection opened it"
        request = stream.next_request()
        for reply in stream.take_replies():
            self._take(reply)
        return request

    def _ask(self, request: Request) -> bytes | Awaitable[tuple[bytes, int]]:
        """A request without an id is a notification: it is done and not answered."""
        if not self.name:
            self._introduce()
        answer = self._listener.service.call(request, self.name)
        if bytes(request.id) != _NULL:
            return answer
        return b"" if isinstance(answer, bytes) else _unanswered(answer)

    def _introduce(self) -> None:
        assert self._transport is not None, "who asks is connected"
        peer = self._transport.get_extra_info("peername") or ("", 0)
        self.host = str(peer[0])
        self.name = self._name_of(f"{peer[0]}:{peer[1]}")
        self._roster.join(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.name:
            self._roster.leave(self)
        for ident in tuple(self._calls):
            self._finish_call(ident, Answer(_NULL, GONE))

    # -- our requests --------------------------------------------------------------------------------------------------

    def ask_client(self, method: str, params: object, timeout_seconds: float) -> asyncio.Future[Answer]:
        """See `Client`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        if self._life is not Life.OPEN:
            future.set_result(Answer(_NULL, GONE))
        elif len(self._calls) >= MAX_OUTSTANDING_CALLS:
            future.set_result(Answer(_NULL, BUSY))
        else:
            self._last_id += 1
            ident = self._last_id
            timer = loop.call_later(timeout_seconds, self._finish_call, ident, Answer(_NULL, TIMED_OUT))
            self._calls[ident] = (future, timer)
            self._put(encode_call(ident, method, params))
            self._write()
        return future

    def _take(self, reply: Reply) -> None:
        """A reply to nothing that is waited for (too late, or never asked) is passed over."""
        text = bytes(reply.id)
        if not text.isdigit():
            log.debug("reply with an unknown id", extra={"client": self.name})
            return
        try:
            error = error_text(bytes(reply.error))
        except MalformedError:
            error = "malformed error"
        self._finish_call(int(text[:20]), Answer(bytes(reply.result), error))

    def _finish_call(self, ident: int, answer: Answer) -> None:
        future, timer = self._calls.pop(ident, (None, None))
        if timer is not None:
            timer.cancel()
        if future is not None and not future.done():
            future.set_result(answer)


async def _unanswered(answer: Awaitable[tuple[bytes, int]]) -> tuple[bytes, int]:
    _, ticket = await answer
    return b"", ticket
