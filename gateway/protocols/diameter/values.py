"""Values of AVPs: what a path reads of octets, and the octets of what a field says (RFC 6733 sections 4.2 and 4.3).

Numbers and enumerated values read as ints, times as Moments in UTC, addresses as their text, texts and identities as text, octets as
text where they are printable, else as bytes, floats as exact Decimals. Octets of a text that are no UTF-8 become lone surrogates, and
come back as they were.
"""

from __future__ import annotations

import struct
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from engine.fields.values import MISSING
from engine.times import UTC_ZONE, Moment, Zone, parse_time
from gateway.protocols.diameter.dictionary import Avp
from gateway.protocols.diameter.kinds import (
    ADDRESS,
    ENUM,
    F32,
    F64,
    GROUPED,
    I32,
    I64,
    IPV4,
    IPV6,
    NAMES,
    OCTETS,
    TIME,
    U32,
    U64,
)

SECOND: Final = 1_000_000_000
_NTP_UNIX: Final = 2_208_988_800  # seconds from 1900 to 1970
_NTP_ERA: Final = 1 << 32
_HALF_ERA: Final = 1 << 31  # below it a time is of the era that begins in 2036 (RFC 6733 section 4.3.1, RFC 5905)
_FAMILY_IPV4: Final = 1
_FAMILY_IPV6: Final = 2
_MOST_DIGITS: Final = 20


def read_value(kind: int, data: bytes, start: int, end: int) -> object:
    """The value of data[start:end]; MISSING where its octets do not fit the kind. A group reads as its octets."""
    size = end - start
    if kind in (U32, ENUM, I32):
        if size != 4:
            return MISSING
        number = _four(data, start)
        return number - (1 << 32) if kind != U32 and number >= 1 << 31 else number
    if kind in (U64, I64):
        if size != 8:
            return MISSING
        high = _four(data, start)
        if kind == I64 and high >= 1 << 31:
            high -= 1 << 32
        return high << 32 | _four(data, start + 4)
    if kind == OCTETS:
        return _octets(data[start:end])
    if kind == GROUPED:
        return data[start:end]
    if kind == TIME:
        if size != 4:
            return MISSING
        return Moment(_unix(_four(data, start)) * SECOND, UTC_ZONE)
    if kind == ADDRESS:
        return _address(data[start:end])
    if kind in (F32, F64):
        return _decimal(kind, data[start:end])
    if kind == IPV4:
        return str(IPv4Address(data[start:end])) if size == 4 else MISSING
    if kind == IPV6:
        return str(IPv6Address(data[start:end])) if size == 16 else MISSING
    return data[start:end].decode("utf-8", "surrogateescape")


def _four(data: bytes, at: int) -> int:
    """The number in four octets."""
    return data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]


def _octets(value: bytes) -> object:
    """Text where the octets are one, so that numbers and times in it are read as such; else the octets."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return value
    return text if text.isprintable() else value


def _unix(seconds: int) -> int:
    return seconds - _NTP_UNIX if seconds >= _HALF_ERA else seconds + _NTP_ERA - _NTP_UNIX


def _address(value: bytes) -> object:
    """An IP address as its text; of another family (RFC 6733 section 4.3.1) what stands behind it, as octets."""
    if len(value) < 2:
        return MISSING
    family = value[0] << 8 | value[1]
    if family == _FAMILY_IPV4:
        return str(IPv4Address(value[2:])) if len(value) == 6 else MISSING
    if family == _FAMILY_IPV6:
        return str(IPv6Address(value[2:])) if len(value) == 18 else MISSING
    return value[2:]


def _decimal(kind: int, value: bytes) -> object:
    """A float as the shortest decimal that is nearest to it; one that is no number reads as missing."""
    if len(value) != (4 if kind == F32 else 8):
        return MISSING
    if kind == F64:
        number = Decimal(repr(struct.unpack(">d", value)[0]))
        return number if number.is_finite() else MISSING
    for digits in range(1, 10):
        number = Decimal(f"{struct.unpack('>f', value)[0]:.{digits}g}")
        if not number.is_finite():
            return MISSING
        try:
            if struct.pack(">f", number) == value:
                return number
        except OverflowError:  # rounded up beyond the largest
            continue
    return MISSING


# -- writing -------------------------------------------------------------------------------------------------------------


def write_value(avp: Avp, text: str, zone: Zone = UTC_ZONE, now_ns: int = 0) -> bytes:
    """The octets of a text for an AVP; times without an offset are of `zone`. ValueError, naming the AVP, for what does not fit it."""
    kind = avp.kind
    if kind == U32:
        return _whole(avp, text, 0, 0xFFFF_FFFF).to_bytes(4, "big")
    if kind == U64:
        return _whole(avp, text, 0, (1 << 64) - 1).to_bytes(8, "big")
    if kind == ENUM:
        named = avp.numbers.get(text)
        number = _whole(avp, text, -(1 << 31), (1 << 31) - 1) if named is None else named
        return (number & 0xFFFF_FFFF).to_bytes(4, "big")
    if kind == I32:
        return _whole(avp, text, -(1 << 31), (1 << 31) - 1).to_bytes(4, "big", signed=True)
    if kind == I64:
        return _whole(avp, text, -(1 << 63), (1 << 63) - 1).to_bytes(8, "big", signed=True)
    if kind == TIME:
        return _time(avp, text, zone, now_ns)
    if kind in (ADDRESS, IPV4, IPV6):
        return _packed(avp, text)
    if kind in (F32, F64):
        return _float(avp, text)
    if kind == GROUPED:
        raise ValueError(f"{avp.name} is a group, no value fits it")
    return octets(text)


def octets(text: str) -> bytes:
    """A text's octets; lone surrogates that stand for octets become those octets."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # surrogates that stand for none
        return text.encode("utf-8", "replace")


def _whole(avp: Avp, text: str, least: int, most: int) -> int:
    digits = text
    if least < 0 and text[:1] in ("-", "+"):
        digits = text[1:]
    if len(digits) <= _MOST_DIGITS and digits.isascii() and digits.isdecimal():
        number = int(text)
        if least <= number <= most:
            return number
    raise _misfit(avp, text)


def _time(avp: Avp, text: str, zone: Zone, now_ns: int) -> bytes:
    try:
        seconds = parse_time(text, zone, now_ns).ns // SECOND + _NTP_UNIX
    except ValueError:
        raise _misfit(avp, text) from None
    if not _HALF_ERA <= seconds < _HALF_ERA + _NTP_ERA:
        raise _misfit(avp, text)
    return (seconds % _NTP_ERA).to_bytes(4, "big")


def _packed(avp: Avp, text: str) -> bytes:
    try:
        address = ip_address(text)
    except ValueError:
        raise _misfit(avp, text) from None
    if avp.kind == ADDRESS:
        family = _FAMILY_IPV4 if address.version == 4 else _FAMILY_IPV6
        return family.to_bytes(2, "big") + address.packed
    if (address.version == 4) != (avp.kind == IPV4):
        raise _misfit(avp, text)
    return address.packed


def _float(avp: Avp, text: str) -> bytes:
    try:
        number = Decimal(text)
        if number.is_finite():
            return struct.pack(">f" if avp.kind == F32 else ">d", number)
    except (ArithmeticError, ValueError, struct.error):
        pass
    raise _misfit(avp, text)


def _misfit(avp: Avp, text: str) -> ValueError:
    return ValueError(f"{avp.name}: <{text[:60]}> is no {NAMES[avp.kind]}")
