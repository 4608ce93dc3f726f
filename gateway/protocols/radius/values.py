"""Values of attributes: what a path reads of octets, and the octets of what a field says (RFC 2865 section 5, RFC 8044).

Numbers read as their names where the dictionary has one, else as ints, dates as Moments in UTC, addresses and prefixes as their text, texts
as text. Octets read as text where they are printable UTF-8, else as `0x` and hexadecimal digits, and both are written back as they were.
Octets of a `string` that are no UTF-8 become lone surrogates, and come back as they were.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import Final

from mypy_extensions import i64

from engine.fields.values import MISSING
from engine.times import UTC_ZONE, Moment, Zone, parse_time
from gateway.protocols.radius.dictionary import Attribute
from gateway.protocols.radius.kinds import (
    BITS,
    BYTE,
    COMBO_IP,
    DATE,
    ETHER,
    HOLDING,
    IFID,
    INTEGER,
    INTEGER64,
    IPADDR,
    IPV4PREFIX,
    IPV6ADDR,
    IPV6PREFIX,
    NAMES,
    SHORT,
    SIGNED,
    SIZES,
    TEXT,
)
from gateway.protocols.radius.limits import MAX_ADDRESSES

SECOND: Final = 1_000_000_000
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_MOST_SECONDS: Final = 0xFFFF_FFFF
_ADDRESSES: Final[dict[bytes, str]] = {}  # texts of IPv4 addresses of late: that of a NAS comes with each of its packets


def read_value(attribute: Attribute, value: bytes) -> object:
    """The value of octets, hiding and tag taken off; MISSING where they do not fit the type."""
    kind = attribute.kind
    if kind == TEXT:
        return value.decode("utf-8", "surrogateescape")
    size = SIZES.get(kind, 0)
    if size and size != len(value):
        return MISSING
    if kind in (INTEGER, BYTE, SHORT, INTEGER64, SIGNED):
        number = number_at(value, 0) if size == 4 and kind != SIGNED else int.from_bytes(value, "big", signed=kind == SIGNED)
        return attribute.values.get(number, number) if attribute.values else number
    if kind == IPADDR:
        return dotted(value)
    if kind == DATE:
        return Moment(number_at(value, 0) * SECOND, UTC_ZONE)
    if kind == IPV6ADDR:
        return str(IPv6Address(value))
    if kind == COMBO_IP:
        return dotted(value) if len(value) == 4 else str(IPv6Address(value)) if len(value) == 16 else MISSING
    if kind in (IPV6PREFIX, IPV4PREFIX):
        return _prefix(value, kind)
    if kind == IFID:
        return ":".join([value[at : at + 2].hex() for at in range(0, 8, 2)])
    if kind == ETHER:
        return value.hex(":")
    return octets_text(value)


def number_at(octets: bytes, at: i64) -> int:
    """The number of four octets from a place on, the highest first."""
    high: i64 = octets[at] << 8 | octets[at + 1]
    low: i64 = octets[at + 2] << 8 | octets[at + 3]
    return high << 16 | low


def dotted(value: bytes) -> str:
    """Four octets as an IPv4 address."""
    found = _ADDRESSES.get(value)
    if found is None:
        if len(_ADDRESSES) >= MAX_ADDRESSES:
            _ADDRESSES.clear()
        found = _ADDRESSES[value] = f"{value[0]}.{value[1]}.{value[2]}.{value[3]}"
    return found


def _prefix(value: bytes, kind: int) -> object:
    """`2001:db8::/32`, `192.0.2.0/24` (RFC 3162 section 2.3, RFC 6572): bits beyond the length are taken off."""
    size = len(value)
    if kind == IPV4PREFIX:
        bits = value[1] & 0x3F
        return str(IPv4Network((value[2:], bits), False)) if bits <= 32 else MISSING
    if not 2 <= size <= 18 or value[1] > 128:
        return MISSING
    return str(IPv6Network((value[2:] + bytes(18 - size), value[1]), False))


def octets_text(value: bytes) -> str:
    """Octets as text: as they are where they are printable UTF-8 and do not look like hexadecimal digits, else `0x` and these."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return "0x" + value.hex()
    return text if text.isprintable() and not _is_hex(text) else "0x" + value.hex()


def _is_hex(text: str) -> bool:
    return text[:2] == "0x" and len(text) % 2 == 0 and all(digit in _HEX for digit in text[2:])


# -- writing -------------------------------------------------------------------------------------------------------------


def write_value(attribute: Attribute, text: str, zone: Zone = UTC_ZONE, now_ns: int = 0) -> bytes:
    """The octets of a text for an attribute; times without an offset are of `zone`. ValueError for what does not fit it."""
    kind = attribute.kind
    if kind == TEXT:
        return text_octets(text)
    if kind in BITS:
        return _number(attribute, text)
    if kind == DATE:
        return _date(attribute, text, zone, now_ns)
    if kind in HOLDING:
        raise ValueError(f"{attribute.name} holds other attributes, no value fits it")
    try:
        return _written(kind, text, attribute.size)
    except ValueError:
        wanted = f"octets[{attribute.size}]" if attribute.size else NAMES[kind]
        raise ValueError(f"{attribute.name}: <{text[:60]}> is no {wanted}") from None


def text_octets(text: str) -> bytes:
    """A text's octets; lone surrogates that stand for octets become those octets."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # surrogates that stand for none
        return text.encode("utf-8", "replace")


def _number(attribute: Attribute, text: str) -> bytes:
    bits = BITS[attribute.kind]
    named = attribute.numbers.get(text)
    if named is None and attribute.kind != SIGNED and len(text) <= 20 and text.isdecimal() and text.isascii():
        number = int(text)
        if not number >> bits:
            return number.to_bytes(bits // 8, "big")
    return _bounded(attribute, text, bits) if named is None else (named & (1 << bits) - 1).to_bytes(bits // 8, "big")


def _bounded(attribute: Attribute, text: str, bits: int) -> bytes:
    """A number with a sign, perhaps; the errors of all."""
    least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if attribute.kind == SIGNED else (0, (1 << bits) - 1)
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 20:
        # the words that recorded answers have
        raise ValueError(f'strconv.Atoi: parsing "{text[:60]}": invalid syntax')
    number = int(text)
    if not least <= number <= most:
        raise ValueError(f"{attribute.name}: {text[:60]} is beyond {least} to {most}")
    return (number & (1 << bits) - 1).to_bytes(bits // 8, "big")


def _date(attribute: Attribute, text: str, zone: Zone, now_ns: int) -> bytes:
    try:
        seconds = parse_time(text, zone, now_ns).ns // SECOND
    except ValueError:
        raise ValueError(f"{attribute.name}: <{text[:60]}> is no time") from None
    if not 0 <= seconds <= _MOST_SECONDS:
        raise ValueError(f"{attribute.name}: <{text[:60]}> is beyond 1970 to 2106")
    return seconds.to_bytes(4, "big")


def _written(kind: int, text: str, size: int) -> bytes:
    if kind == IPADDR:
        return _quad(text)
    if kind == IPV6ADDR:
        return IPv6Address(text).packed
    if kind == COMBO_IP:
        return IPv6Address(text).packed if ":" in text else _quad(text)
    if kind == IPV4PREFIX:
        network = IPv4Network(text)
        return bytes((0, network.prefixlen)) + network.network_address.packed
    if kind == IPV6PREFIX:
        prefix = IPv6Network(text)
        return bytes((0, prefix.prefixlen)) + prefix.network_address.packed[: (prefix.prefixlen + 7) // 8]
    if kind == IFID:
        parts = text.split(":")
        if len(parts) != 4 or not all(1 <= len(part) <= 4 and set(part) <= _HEX for part in parts):
            raise ValueError
        return b"".join([int(part, 16).to_bytes(2, "big") for part in parts])
    if kind == ETHER:
        pairs = text.replace("-", ":").split(":")
        if len(pairs) != 6 or not all(1 <= len(pair) <= 2 and set(pair) <= _HEX for pair in pairs):
            raise ValueError
        return bytes([int(pair, 16) for pair in pairs])
    value = bytes.fromhex(text[2:]) if _is_hex(text) else text_octets(text)
    if size and len(value) != size:
        raise ValueError
    return value


def _quad(text: str) -> bytes:
    """The four octets of `192.0.2.10`; ValueError for what is none. Leading zeros are refused: some read them as octal."""
    parts = text.split(".")
    if len(parts) != 4:
        raise ValueError
    found: list[int] = []
    for part in parts:
        if not part.isdecimal() or not part.isascii() or len(part) > 3 or (part[0] == "0" and len(part) > 1):
            raise ValueError
        found.append(int(part))
    return bytes(found)
