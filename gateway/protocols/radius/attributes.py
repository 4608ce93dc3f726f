"""Where the octets of an attribute's value lie in a packet, and how they are put there.

Plain attributes (RFC 2865 section 5), those of vendors in attribute 26, several in one, with the widths of type and length that the vendor
has and WiMAX's continuation, values over several attributes (`concat`, RFC 3579 section 3.1), extended and long extended attributes with
their fragments and vendors (RFC 6929), and what is inside TLVs. What does not fit its own lengths is no value: the packet stays good.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from gateway.protocols.radius.codes import EXTENDED_VENDOR, MORE, VENDOR_SPECIFIC
from gateway.protocols.radius.dictionary import Attribute, Vendor, is_long
from gateway.protocols.radius.limits import MAX_JOINED_BYTES, MAX_VALUE_BYTES
from gateway.protocols.radius.packet import NO_ATTRIBUTE, Packet

_BYTE: Final = tuple([bytes([number]) for number in range(256)])
_VENDOR_HEAD: Final = bytes([VENDOR_SPECIFIC])
_SMALLEST: Final = 6  # octets of an attribute 26 without anything of the vendor's


def first_value(packet: Packet, attribute: Attribute) -> bytes | None:
    """The octets of the first value of an attribute; None when it is not there."""
    if attribute.parent is None and not attribute.space:
        vendor = attribute.vendor
        if not vendor.number:
            if not attribute.concat:
                return None if attribute.internal else packet.first(attribute.number)
        elif not vendor.continued:
            return _first_of_vendor(packet, vendor, attribute.number)
    found = all_values(packet, attribute)
    return found[0] if found else None


def all_values(packet: Packet, attribute: Attribute) -> list[bytes]:
    """The octets of all values of an attribute, in the order of the packet."""
    parent = attribute.parent
    if parent is not None:
        found: list[bytes] = []
        for outer in all_values(packet, parent):
            found.extend([value for number, value in inner_values(outer) if number == attribute.number])
        return found
    if attribute.internal:
        return []
    if attribute.space:
        return _extended(packet, attribute)
    if attribute.vendor.number:
        return [value for number, value in vendor_values(packet, attribute.vendor) if number == attribute.number]
    values = packet.all(attribute.number)
    if attribute.concat and len(values) > 1:
        return [b"".join(values)]
    return values


# -- a vendor's in attribute 26 ------------------------------------------------------------------------------------------


def vendor_of(packet: Packet, at: i64) -> int:
    """The vendor of the attribute 26 that begins there; 0 for one that is too short to say."""
    data = packet.raw
    if data[at + 1] < _SMALLEST or data[at + 2]:
        return 0
    return data[at + 3] << 16 | data[at + 4] << 8 | data[at + 5]


def _first_of_vendor(packet: Packet, vendor: Vendor, number: int) -> bytes | None:
    data = packet.raw
    at = packet.find(VENDOR_SPECIFIC)
    while at != NO_ATTRIBUTE:
        end = packet.after(at)
        if vendor_of(packet, at) == vendor.number:
            if vendor.type_bytes == 1 and vendor.length_bytes == 1 and end - at > 8 and data[at + 7] == end - at - _SMALLEST:
                if data[at + 6] == number:  # one attribute that fills it, as nearly always
                    return data[at + 8 : end]
            else:
                for one, value in split_vendor(data[at + _SMALLEST : end], vendor):
                    if one == number:
                        return value
        at = packet.find(VENDOR_SPECIFIC, end)
    return None


def vendor_values(packet: Packet, vendor: Vendor) -> list[tuple[int, bytes]]:
    """Number and octets of all attributes of a vendor, fragments joined."""
    parts = _Parts()
    at = packet.find(VENDOR_SPECIFIC)
    while at != NO_ATTRIBUTE:
        end = packet.after(at)
        if vendor_of(packet, at) == vendor.number:
            for number, value in split_vendor(packet.raw[at + _SMALLEST : end], vendor):
                if not vendor.continued:
                    parts.found.append((number, value))
                elif value:
                    parts.add(number, value[0], value[1:])
        at = packet.find(VENDOR_SPECIFIC, end)
    return parts.found


class _Parts:
    """Fragments being joined. One that another value stands behind is spoiled, and so is all of its value."""

    found: list[tuple[int, bytes]]
    _part: bytes
    _number: int  # of the value that is not ended; -1: none
    _spoiled: list[int]

    def __init__(self) -> None:
        self.found = []
        self._part = b""
        self._number = -1
        self._spoiled = []

    def add(self, number: int, flags: int, value: bytes) -> None:
        """The next fragment, or a whole value."""
        if self._number not in (-1, number):
            self.spoil()
        more = bool(flags & MORE)
        if number in self._spoiled:
            if not more:
                self._spoiled.remove(number)
            return
        self._part += value
        self._number = number
        if not more:
            self.found.append((number, self._part))
            self._part = b""
            self._number = -1

    def spoil(self) -> None:
        """Drops the value that is not ended, and the fragments of it that are yet to come."""
        if self._number >= 0:
            self._spoiled.append(self._number)
            self._part = b""
            self._number = -1


def split_vendor(data: bytes, vendor: Vendor) -> list[tuple[int, bytes]]:
    """Number and octets of the attributes inside one attribute 26, behind the vendor's number; none where they do not fill it.

    The continuation octet of WiMAX is the first octet of the value. ValueError is never raised: a stranger's octets are only octets.
    """
    head = vendor.type_bytes + vendor.length_bytes
    size: i64 = len(data)
    if size < head:
        return []
    if not vendor.length_bytes:
        return [(int.from_bytes(data[: vendor.type_bytes], "big"), data[vendor.type_bytes :])]
    found: list[tuple[int, bytes]] = []
    at: i64 = 0
    while at < size:
        if size - at < head:
            return []
        begin = at + vendor.type_bytes
        length: i64 = int.from_bytes(data[begin : at + head], "big")
        if length < head or length > size - at:
            return []
        found.append((int.from_bytes(data[at:begin], "big"), data[at + head : at + length]))
        at += length
    return found


# -- extended ------------------------------------------------------------------------------------------------------------


def _extended(packet: Packet, attribute: Attribute) -> list[bytes]:
    vendor = attribute.vendor.number
    number = EXTENDED_VENDOR if vendor else attribute.number
    found = [value for one, value in extended_values(packet, attribute.space) if one == number]
    if not vendor:
        return found
    head = attribute.vendor.head + _BYTE[attribute.number]
    return [value[5:] for value in found if value.startswith(head)]


def extended_values(packet: Packet, space: int) -> list[tuple[int, bytes]]:
    """Extended type and octets of all attributes of an extended one, fragments joined (RFC 6929 section 2.2).

    Fragments stand one behind the other; one that is not followed by the rest is no value.
    """
    parts = _Parts()
    expected: i64 = NO_ATTRIBUTE  # where the next fragment has to begin
    at = packet.find(space)
    while at != NO_ATTRIBUTE:
        end = packet.after(at)
        value = packet.value(at)
        if not is_long(space):
            if value:
                parts.found.append((value[0], value[1:]))
        elif len(value) >= 2:
            if at != expected:
                parts.spoil()
            parts.add(value[0], value[1], value[2:])
            expected = end
        at = packet.find(space, end)
    return parts.found


def inner_values(data: bytes) -> list[tuple[int, bytes]]:
    """Number and octets of what is inside a TLV (RFC 6929 section 2.3); none where it does not fill it."""
    found: list[tuple[int, bytes]] = []
    size: i64 = len(data)
    at: i64 = 0
    while at < size:
        if size - at < 2:
            return []
        length: i64 = data[at + 1]
        if length < 2 or length > size - at:
            return []
        found.append((data[at], data[at + 2 : at + length]))
        at += length
    return found


# -- onto the wire -------------------------------------------------------------------------------------------------------


def wrap(attribute: Attribute, value: bytes) -> bytes:
    """An attribute on the wire, in as many as it needs. ValueError, naming it, for a value that is too long for it.

    One inside a TLV comes as it stands in there; the TLV is wrapped by who builds it.
    """
    size = len(value)
    if attribute.parent is not None:
        if size > MAX_VALUE_BYTES:
            raise _too_long(attribute, size, MAX_VALUE_BYTES)
        return _BYTE[attribute.number] + _BYTE[size + 2] + value
    if attribute.internal:
        raise ValueError(f"{attribute.name} is a name for servers, no packet carries it")
    if attribute.space:
        return _wrap_extended(attribute, value)
    vendor = attribute.vendor
    if vendor.number:
        if vendor.type_bytes == 1 and vendor.length_bytes == 1 and not vendor.continued:
            if size > MAX_VALUE_BYTES - 6:
                raise _too_long(attribute, size, MAX_VALUE_BYTES - 6)
            return _VENDOR_HEAD + _BYTE[size + 8] + vendor.head + _BYTE[attribute.number] + _BYTE[size + 2] + value
        return _wrap_other(attribute, value)
    if size <= MAX_VALUE_BYTES:
        return _BYTE[attribute.number] + _BYTE[size + 2] + value
    if not attribute.concat:
        raise _too_long(attribute, size, MAX_VALUE_BYTES)
    return b"".join([_BYTE[attribute.number] + _BYTE[len(piece) + 2] + piece for piece in _pieces(attribute, value, MAX_VALUE_BYTES)])


def _wrap_other(attribute: Attribute, value: bytes) -> bytes:
    """The attribute of a vendor with widths of its own."""
    vendor = attribute.vendor
    number = attribute.number.to_bytes(vendor.type_bytes, "big")
    head = vendor.type_bytes + vendor.length_bytes + (1 if vendor.continued else 0)
    most = MAX_VALUE_BYTES - 4 - head
    if len(value) > most and not vendor.continued:
        raise _too_long(attribute, len(value), most)
    pieces = _pieces(attribute, value, most)
    found: list[bytes] = []
    for position, piece in enumerate(pieces):
        length = (head + len(piece)).to_bytes(vendor.length_bytes, "big") if vendor.length_bytes else b""
        more = _BYTE[MORE if position < len(pieces) - 1 else 0] if vendor.continued else b""
        found.append(_VENDOR_HEAD + _BYTE[_SMALLEST + head + len(piece)] + vendor.head + number + length + more + piece)
    return b"".join(found)


def _wrap_extended(attribute: Attribute, value: bytes) -> bytes:
    vendor = attribute.vendor
    number = attribute.number
    if vendor.number:
        value = vendor.head + _BYTE[number] + value
        number = EXTENDED_VENDOR
    head = _BYTE[attribute.space]
    if not is_long(attribute.space):
        if len(value) > MAX_VALUE_BYTES - 1:
            raise _too_long(attribute, len(value), MAX_VALUE_BYTES - 1)
        return head + _BYTE[len(value) + 3] + _BYTE[number] + value
    pieces = _pieces(attribute, value, MAX_VALUE_BYTES - 2)
    last = len(pieces) - 1
    found: list[bytes] = []
    for position, piece in enumerate(pieces):
        found.append(head + _BYTE[len(piece) + 4] + _BYTE[number] + _BYTE[MORE if position < last else 0] + piece)
    return b"".join(found)


def _pieces(attribute: Attribute, value: bytes, most: int) -> list[bytes]:
    if len(value) > MAX_JOINED_BYTES:
        raise _too_long(attribute, len(value), MAX_JOINED_BYTES)
    return [value[at : at + most] for at in range(0, len(value), most)] or [b""]


def _too_long(attribute: Attribute, size: int, most: int) -> ValueError:
    return ValueError(f"{attribute.name}: a value of {size} octets, {most} fit into it")
