"""Cuts a stream of octets into packets: RADIUS over TCP and TLS (RFC 6613, RFC 6614). A piece may end at any octet."""

from __future__ import annotations

from gateway.protocols.radius.codes import HEADER_BYTES
from gateway.protocols.radius.limits import MAX_PACKET_BYTES
from gateway.protocols.radius.packet import BAD_LENGTH, DecodeError


class PacketStream:
    """Feed it octets with `feed`, take packets with `next` until it answers None.

    `broken` is set once a length says less than a header or more than a packet may have: nothing behind it can be cut, and the connection
    is to be closed (RFC 6613 section 2.6.4). What was fed behind it is dropped.
    """

    broken: DecodeError | None
    _data: bytes  # what was fed and is not taken yet, from _at on
    _at: int

    def __init__(self) -> None:
        self.broken = None
        self._data = b""
        self._at = 0

    @property
    def held(self) -> int:
        """Octets fed and not yet taken as packets; less than a packet once `next` answered None."""
        return len(self._data) - self._at

    def feed(self, data: bytes) -> None:
        """Takes more of the stream."""
        if self.broken is None:
            self._data = self._data[self._at :] + data if self._at < len(self._data) else data
            self._at = 0

    def next(self) -> bytes | None:
        """The next whole packet; None: more must be fed, or the stream is broken."""
        data = self._data
        at = self._at
        left = len(data) - at
        if self.broken is not None or left < 4:
            return None
        length = data[at + 2] << 8 | data[at + 3]
        if length < HEADER_BYTES or length > MAX_PACKET_BYTES:
            self.broken = DecodeError(BAD_LENGTH, f"a length of {length} in a stream")
            self._data = b""
            self._at = 0
            return None
        if left < length:
            return None
        self._at = at + length
        return data if length == len(data) else data[at : at + length]
