"""Cuts a stream of octets into Diameter messages. A piece of the stream may end at any octet; the work is linear in what is fed."""

from __future__ import annotations

from gateway.protocols.diameter.codes import HEADER_BYTES, INVALID_MESSAGE_LENGTH, VERSION
from gateway.protocols.diameter.limits import MAX_MESSAGE_BYTES
from gateway.protocols.diameter.message import DecodeError, Message


class MessageStream:
    """Feed it octets with `feed`, take messages with `next` until it answers None.

    `broken` is set once the stream can no longer be cut: a header that says less than 20 octets, no multiple of 4, or more than is
    taken. Its `message`, where a whole header was there, can be answered with `broken.result` (5015); then the connection is to be
    closed, as where no message can begin (`broken.message` is None). What was fed behind it is dropped.
    """

    broken: DecodeError | None
    _data: bytes  # what was fed last and is not taken yet, from _at on
    _at: int
    _part: bytearray  # the beginning of the message that _data continues
    _wanted: int  # octets of that message; 0: its length is not known yet
    _limit: int

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self.broken = None
        self._data = b""
        self._at = 0
        self._part = bytearray()
        self._wanted = 0
        self._limit = max_bytes

    @property
    def held(self) -> int:
        """Octets fed and not yet taken as messages."""
        return len(self._part) + len(self._data) - self._at

    def feed(self, data: bytes) -> None:
        """Takes more of the stream. What was fed before must have been drained with `next`; if not, both are joined."""
        if self.broken is not None:
            return
        self._data = self._data[self._at :] + data if self._at < len(self._data) else data
        self._at = 0

    def next(self) -> bytes | None:
        """The next whole message; None: more must be fed, or the stream is broken."""
        if self.broken is not None:
            return None
        if self._part:
            return self._continued()
        data = self._data
        at = self._at
        left = len(data) - at
        if left == 0:
            return None
        if left >= 4:
            length = data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]
            if length < HEADER_BYTES or length & 3 or length > self._limit:
                self._break(data[at : at + HEADER_BYTES], length)
                return None
            if left >= length:
                self._at = at + length
                return data if left == len(data) == length else data[at : at + length]
            self._wanted = length
        self._part += data[at:]
        self._data = b""
        self._at = 0
        return None

    def _continued(self) -> bytes | None:
        """The message whose beginning is held already."""
        if self._at >= len(self._data):
            return None
        if not self._wanted:
            self._data = bytes(self._part) + self._data[self._at :]
            self._at = 0
            self._part = bytearray()
            return self.next()
        missing = self._wanted - len(self._part)
        piece = self._data[self._at : self._at + missing]
        self._at += len(piece)
        self._part += piece
        if len(piece) < missing:
            return None
        whole = bytes(self._part)
        self._part = bytearray()
        self._wanted = 0
        return whole

    def _break(self, header: bytes, length: int) -> None:
        message = Message(header) if len(header) == HEADER_BYTES and header[0] == VERSION else None
        self.broken = DecodeError(INVALID_MESSAGE_LENGTH, f"a message of {length} octets", b"", message)
        self._data = b""
        self._at = 0
        self._part = bytearray()
