"""Packets as octets (RFC 2865 sections 3 and 5).

A packet is checked once, when it is decoded: its length, and that its attributes fill it. Where an attribute lies is found when it is asked
for, by stepping from one to the next, which costs less than an index of a packet of which few attributes are read. Values are cut out in
attributes.py. Nothing is changed on the way in: what nobody knows is kept as it came, in `raw`.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from gateway.protocols.radius.codes import ACCESS_REQUEST, ACCOUNTING_REQUEST, COA_REQUEST, DISCONNECT_REQUEST, HEADER_BYTES, STATUS_SERVER
from gateway.protocols.radius.limits import MAX_PACKET_BYTES

NO_ATTRIBUTE: Final = -1

# what is wrong with octets that are no packet; the words that they are counted under
TOO_SHORT: Final = "too_short"
BAD_LENGTH: Final = "bad_length"
BAD_ATTRIBUTE: Final = "bad_attribute"


class DecodeError(ValueError):
    """Octets that are no packet, to be discarded without an answer (RFC 2865 section 3). `reason` is one of the words above."""

    reason: str

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Packet:
    """One packet. `raw` are its octets, without what followed them in the datagram."""

    raw: bytes
    code: int
    identifier: int

    def __init__(self, raw: bytes) -> None:
        """Takes whole octets; decode() has looked at them."""
        self.raw = raw
        self.code = raw[0]
        self.identifier = raw[1]

    @property
    def authenticator(self) -> bytes:
        return self.raw[4:HEADER_BYTES]

    @property
    def attributes(self) -> bytes:
        """All attributes as they came."""
        return self.raw[HEADER_BYTES:]

    @property
    def is_request(self) -> bool:
        """Whether a client sends it, or a server a change of authorization."""
        return self.code in (ACCESS_REQUEST, ACCOUNTING_REQUEST, STATUS_SERVER, DISCONNECT_REQUEST, COA_REQUEST)

    def find(self, number: i64, start: i64 = HEADER_BYTES) -> i64:
        """Where the first attribute of a number begins, from `start` on, itself the begin of one; NO_ATTRIBUTE (-1) when there is none."""
        data = self.raw
        end: i64 = len(data)
        at = start
        while at < end:
            if data[at] == number:
                return at
            at += data[at + 1]
        return NO_ATTRIBUTE

    def after(self, at: i64) -> i64:
        """Where the attribute behind another one begins, or the packet ends."""
        return at + self.raw[at + 1]

    def value(self, at: i64) -> bytes:
        """The octets of the attribute that begins there, number and length left out."""
        return self.raw[at + 2 : at + self.raw[at + 1]]

    def first(self, number: i64) -> bytes | None:
        """The value of the first attribute of a number."""
        at = self.find(number)
        return None if at == NO_ATTRIBUTE else self.value(at)

    def all(self, number: i64) -> list[bytes]:
        """The values of all attributes of a number, in order."""
        found: list[bytes] = []
        at = self.find(number)
        while at != NO_ATTRIBUTE:
            found.append(self.value(at))
            at = self.find(number, self.after(at))
        return found

    def whole(self, number: i64) -> bytes:
        """All attributes of a number as they came, one behind the other: the Proxy-State of an answer (RFC 2865 section 5.33)."""
        data = self.raw
        at = self.find(number)
        found = b""
        while at != NO_ATTRIBUTE:
            end = self.after(at)
            found += data[at:end]
            at = self.find(number, end)
        return found

    def count(self) -> int:
        """How many attributes there are."""
        data = self.raw
        end: i64 = len(data)
        at: i64 = HEADER_BYTES
        found = 0
        while at < end:
            found += 1
            at += data[at + 1]
        return found


def decode(data: bytes) -> Packet:
    """The packet of a datagram, or of what stream.py cut. Octets behind its length are padding. DecodeError for what is none."""
    size: i64 = len(data)
    if size < HEADER_BYTES:
        raise DecodeError(TOO_SHORT, f"{size} octets")
    length: i64 = data[2] << 8 | data[3]
    if length < HEADER_BYTES or length > MAX_PACKET_BYTES or length > size:
        raise DecodeError(BAD_LENGTH, f"a length of {length} for {size} octets")
    at: i64 = HEADER_BYTES
    while at < length:
        if at + 2 > length:
            raise DecodeError(BAD_ATTRIBUTE, "half a header of an attribute at the end")
        step: i64 = data[at + 1]
        if step < 2 or at + step > length:
            raise DecodeError(BAD_ATTRIBUTE, f"attribute {data[at]} has length {step} where {length - at} octets are left")
        at += step
    return Packet(data if size == length else data[:length])


def encode(code: int, identifier: int, authenticator: bytes, body: bytes) -> bytes:
    """A packet on the wire; `body` are its attributes. ValueError for more than fits into one."""
    return header(code, identifier, len(body)) + authenticator + body


def header(code: int, identifier: int, size: int) -> bytes:
    """The four octets before the authenticator, for attributes of `size` octets. ValueError for more than fits into a packet."""
    length = HEADER_BYTES + size
    if length > MAX_PACKET_BYTES:
        raise ValueError(f"a packet of {length} octets, {MAX_PACKET_BYTES} is the most")
    return bytes((code, identifier, length >> 8, length & 255))
