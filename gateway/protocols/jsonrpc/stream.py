"""One client's side of a connection: bytes in, requests out, in the order in which they came."""

from __future__ import annotations

from gateway.protocols.jsonrpc.envelope import MalformedError, decode, decode_line
from gateway.protocols.jsonrpc.limits import MAX_REQUEST_BYTES
from gateway.protocols.jsonrpc.request import Request
from gateway.protocols.jsonrpc.splitter import Splitter


class RequestStream:
    """Feed it bytes with `feed`, take requests with `next_request` until it answers None.

    A client that ends each request with a newline gets by with one decode per line; all others are split by brackets.
    `broken` says why the stream has to be closed: after it no further request comes.
    """

    broken: str
    _splitter: Splitter

    def __init__(self, limit_bytes: int = MAX_REQUEST_BYTES) -> None:
        self.broken = ""
        self._splitter = Splitter(limit_bytes)

    @property
    def held(self) -> int:
        """Bytes fed that have not become requests."""
        return self._splitter.held

    def feed(self, data: bytes) -> None:
        self._splitter.feed(data)

    def next_request(self) -> Request | None:
        if self.broken:
            return None
        try:
            line = self._splitter.line()
            request = decode_line(line) if line else None
            if request is not None:
                self._splitter.take(len(line))
                return request
            frame = self._splitter.next_frame()
            if frame is not None:
                return decode(frame)
            self.broken = self._splitter.broken
        except MalformedError as fault:
            self.broken = str(fault)
        return None
