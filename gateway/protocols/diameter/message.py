"""Messages and AVPs as octets (RFC 6733 sections 3 and 4).

A message is indexed once, level by level: the numbers of its AVPs and where they begin. A group is indexed when it is first asked for.
Values are read where they are needed (values.py). Nothing is changed on the way in: what nobody knows is kept as it came, in `raw`.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from gateway.protocols.diameter.codes import (
    ERROR,
    HEADER_BYTES,
    INVALID_AVP_LENGTH,
    INVALID_HDR_BITS,
    INVALID_MESSAGE_LENGTH,
    PROXIABLE,
    REQUEST,
    RETRANSMITTED,
    UNSUPPORTED_VERSION,
    VENDOR_BIT,
    VERSION,
)
from gateway.protocols.diameter.limits import MAX_AVPS, MAX_DEPTH, MAX_FAILED_BYTES

NO_AVP: Final = -1
_HALF: Final = 1 << 31


class DecodeError(ValueError):
    """Octets that are no message. `result` is the Result-Code for it, `failed` the AVP for Failed-AVP (b"" none).

    `message` is what could be read: the header, and the AVPs before the broken one.
    """

    result: int
    text: str
    failed: bytes
    message: Message | None

    def __init__(self, result: int, text: str, failed: bytes = b"", message: Message | None = None) -> None:
        super().__init__(text)
        self.result = result
        self.text = text
        self.failed = failed
        self.message = message


class Avps:
    """The AVPs of one level, by position. `keys` are vendor << 32 | code, `offsets` where each begins in `data`."""

    data: bytes
    keys: list[int]
    offsets: list[int]
    depth: int
    _groups: list[Avps | None] | None  # by position, those that were asked for

    def __init__(self, data: bytes, depth: int = 0) -> None:
        self.data = data
        self.keys = []
        self.offsets = []
        self.depth = depth
        self._groups = None

    def index(self, start: int, end: int) -> None:
        """Finds the AVPs of data[start:end]. DecodeError (5014) where a length does not fit; those before it are there."""
        data = self.data
        keys = self.keys
        offsets = self.offsets
        at: i64 = start
        last: i64 = end
        while at < last:
            if last - at < 8:
                raise _broken(data, at, last)
            code: i64 = data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]
            length: i64 = data[at + 5] << 16 | data[at + 6] << 8 | data[at + 7]
            if data[at + 4] & VENDOR_BIT:
                if length < 12 or length > last - at:
                    raise _broken(data, at, last)
                vendor: i64 = data[at + 8] << 24 | data[at + 9] << 16 | data[at + 10] << 8 | data[at + 11]
                if vendor < _HALF:
                    code |= vendor << 32
                    keys.append(code)
                else:  # beyond 63 bits
                    keys.append(int(vendor) << 32 | int(code))
            else:
                if length < 8 or length > last - at:
                    raise _broken(data, at, last)
                keys.append(code)
            offsets.append(at)
            at += (length + 3) & ~3
        if len(keys) > MAX_AVPS:
            raise DecodeError(INVALID_AVP_LENGTH, f"more than {MAX_AVPS} AVPs on one level")

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, key: int, after: int = NO_AVP) -> int:
        """The position of the first AVP of a key behind another position; NO_AVP (-1) when there is none."""
        keys = self.keys
        count = len(keys)
        position = after + 1
        while position < count:
            if keys[position] == key:
                return position
            position += 1
        return NO_AVP

    def flags(self, position: int) -> int:
        """The flags of an AVP."""
        return self.data[self.offsets[position] + 4]

    def value_start(self, position: int) -> int:
        """Where the value of an AVP begins in `data`."""
        offset = self.offsets[position]
        return offset + (12 if self.data[offset + 4] & VENDOR_BIT else 8)

    def value_end(self, position: int) -> int:
        """Where it ends, padding left out."""
        data = self.data
        offset = self.offsets[position]
        return offset + (data[offset + 5] << 16 | data[offset + 6] << 8 | data[offset + 7])

    def value(self, position: int) -> bytes:
        """The value's octets."""
        return self.data[self.value_start(position) : self.value_end(position)]

    def whole(self, position: int) -> bytes:
        """The AVP as it came, header and padding included."""
        start, end = self.offsets[position], self.value_end(position)
        octets = self.data[start:end]
        return octets + b"\0" * (-(end - start) & 3) if (end - start) & 3 else octets

    def group(self, position: int) -> Avps:
        """The AVPs inside a group. DecodeError (5014) where they do not fit into it, or lie too deep."""
        groups = self._groups
        if groups is None:
            self._groups = groups = [None] * len(self.keys)
        else:
            known = groups[position]
            if known is not None:
                return known
        if self.depth >= MAX_DEPTH:
            raise DecodeError(INVALID_AVP_LENGTH, f"groups more than {MAX_DEPTH} deep")
        inner = Avps(self.data, self.depth + 1)
        try:
            inner.index(self.value_start(position), self.value_end(position))
        except DecodeError as error:
            raise DecodeError(error.result, error.text, _failed(self, position)) from None
        groups[position] = inner
        return inner

    def first(self, key: int) -> bytes | None:
        """The value of the first AVP of a key."""
        position = self.find(key)
        return None if position == NO_AVP else self.value(position)

    def number(self, key: int) -> int | None:
        """The first AVP of a key as a number without sign; None where there is none or it has not 4 or 8 octets."""
        value = self.first(key)
        return int.from_bytes(value, "big") if value is not None and len(value) in (4, 8) else None

    def text(self, key: int) -> str | None:
        """The first AVP of a key as text; None where there is none. Octets that are no UTF-8 are kept as lone surrogates."""
        value = self.first(key)
        return None if value is None else value.decode("utf-8", "surrogateescape")


class Message:
    """One message. `avps` are those of the top level, `raw` are its octets as they came."""

    raw: bytes
    flags: int
    command: int
    application: int
    hop_by_hop: int
    end_to_end: int
    avps: Avps

    def __init__(self, raw: bytes) -> None:
        """Reads the header of at least 20 octets."""
        self.raw = raw
        self.flags = raw[4]
        self.command = raw[5] << 16 | raw[6] << 8 | raw[7]
        self.application = raw[8] << 24 | raw[9] << 16 | raw[10] << 8 | raw[11]
        self.hop_by_hop = raw[12] << 24 | raw[13] << 16 | raw[14] << 8 | raw[15]
        self.end_to_end = raw[16] << 24 | raw[17] << 16 | raw[18] << 8 | raw[19]
        self.avps = Avps(raw)

    @property
    def is_request(self) -> bool:
        return bool(self.flags & REQUEST)

    @property
    def is_error(self) -> bool:
        """The E bit: an answer that says what went wrong on the way."""
        return bool(self.flags & ERROR)

    @property
    def is_repetition(self) -> bool:
        """The T bit: the sender does not know whether the request arrived before."""
        return bool(self.flags & RETRANSMITTED)


def decode(data: bytes) -> Message:
    """The message of whole octets (stream.py cuts them). DecodeError for what is none, with what to answer.

    Of groups only the lengths as a whole are looked at; what is inside them is when it is asked for (see checking.py).
    """
    if len(data) < HEADER_BYTES:
        raise DecodeError(INVALID_MESSAGE_LENGTH, "less than a header")
    message = Message(data)
    if data[0] != VERSION:
        raise DecodeError(UNSUPPORTED_VERSION, f"version {data[0]}", b"", message)
    length = data[1] << 16 | data[2] << 8 | data[3]
    if length != len(data) or length & 3:
        raise DecodeError(INVALID_MESSAGE_LENGTH, f"a length of {length} for {len(data)} octets", b"", message)
    if message.flags & (REQUEST | ERROR) == REQUEST | ERROR:
        raise DecodeError(INVALID_HDR_BITS, "the error bit in a request", b"", message)
    try:
        message.avps.index(HEADER_BYTES, length)
    except DecodeError as error:
        error.message = message
        raise
    return message


def encode(flags: int, command: int, application: int, hop_by_hop: int, end_to_end: int, body: bytes) -> bytes:
    """A message on the wire. The body are its AVPs, padded. ValueError for one longer than a header can say."""
    length = HEADER_BYTES + len(body)
    if length > 0xFF_FFFF:
        raise ValueError("a message of 16 MB or more")
    head = (VERSION << 56 | length << 32 | flags << 24 | command).to_bytes(8, "big") + (application << 32 | hop_by_hop).to_bytes(8, "big")
    return head + end_to_end.to_bytes(4, "big") + body


def answer_to(request: Message, body: bytes, error: bool = False) -> bytes:
    """An answer: the header of its request with R and T off, P as it was, E as told (RFC 6733 section 6.2)."""
    length = HEADER_BYTES + len(body)
    if length > 0xFF_FFFF:
        raise ValueError("a message of 16 MB or more")
    flags = (request.flags & PROXIABLE) | (ERROR if error else 0)
    return b"".join([(VERSION << 32 | length << 8 | flags).to_bytes(5, "big"), request.raw[5:HEADER_BYTES], body])


def _broken(data: bytes, at: i64, last: i64) -> DecodeError:
    """An AVP whose length does not fit: what is there of its header, completed with zeros, and no value (RFC 6733 section 7.5)."""
    header = data[at : min(at + 12, last)]
    size = 12 if len(header) > 4 and header[4] & VENDOR_BIT else 8
    failed = (header + bytes(12))[:size]
    told = int.from_bytes(failed[5:8], "big")
    failed = failed[:5] + size.to_bytes(3, "big") + failed[8:]
    code = int.from_bytes(failed[:4], "big")
    return DecodeError(INVALID_AVP_LENGTH, f"AVP {code} has length {told} where {last - at} octets are left", failed)


def _failed(avps: Avps, position: int) -> bytes:
    """A whole AVP for Failed-AVP, or its header alone where it is too long to give back."""
    if avps.value_end(position) - avps.offsets[position] <= MAX_FAILED_BYTES:
        return avps.whole(position)
    start = avps.value_start(position)
    size = start - avps.offsets[position]
    header = avps.data[avps.offsets[position] : start]
    return header[:5] + size.to_bytes(3, "big") + header[8:]


def failed_of(avps: Avps, position: int) -> bytes:
    """An AVP as it goes into a Failed-AVP: whole, or its header alone where it is longer than MAX_FAILED_BYTES."""
    return _failed(avps, position)
