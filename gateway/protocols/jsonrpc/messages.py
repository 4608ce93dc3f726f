"""One side of a connection where both sides call: bytes in, requests and replies out."""

from __future__ import annotations

from gateway.protocols.jsonrpc.envelope import MalformedError, decode_message
from gateway.protocols.jsonrpc.limits import MAX_REQUEST_BYTES
from gateway.protocols.jsonrpc.request import Reply, Request
from gateway.protocols.jsonrpc.stream import RequestStream


class MessageStream(RequestStream):
    """As a RequestStream; the replies that came before the request it gives (or before the end of what was fed) are in `replies`."""

    replies: list[Reply]

    def __init__(self, limit_bytes: int = MAX_REQUEST_BYTES) -> None:
        super().__init__(limit_bytes)
        self.replies = []

    def next_request(self) -> Request | None:
        while not self.broken:
            frame = self._splitter.next_frame()
            if frame is None:
                self.broken = self._splitter.broken
                return None
            try:
                message = decode_message(frame)
            except MalformedError as fault:
                self.broken = str(fault)
                return None
            if isinstance(message, Request):
                return message
            self.replies.append(message)
        return None

    def take_replies(self) -> list[Reply]:
        """The replies that came; they are given once."""
        found = self.replies
        self.replies = []
        return found
