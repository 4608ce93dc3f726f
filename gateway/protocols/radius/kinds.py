"""The data types of attributes (RFC 8044), one row each, by the names that FreeRADIUS dictionaries use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OCTETS: Final = 0
TEXT: Final = 1
IPADDR: Final = 2
INTEGER: Final = 3
SIGNED: Final = 4
DATE: Final = 5
BYTE: Final = 6
SHORT: Final = 7
INTEGER64: Final = 8
IPV6ADDR: Final = 9
IPV6PREFIX: Final = 10
IPV4PREFIX: Final = 11
IFID: Final = 12
ETHER: Final = 13
COMBO_IP: Final = 14
ABINARY: Final = 15  # Ascend's binary filters: octets to us
TLV: Final = 16
VSA: Final = 17
EXTENDED: Final = 18
LONG_EXTENDED: Final = 19
EVS: Final = 20

KINDS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "octets": OCTETS,
        "string": TEXT,
        "ipaddr": IPADDR,
        "integer": INTEGER,
        "signed": SIGNED,
        "date": DATE,
        "byte": BYTE,
        "short": SHORT,
        "integer64": INTEGER64,
        "ipv6addr": IPV6ADDR,
        "ipv6prefix": IPV6PREFIX,
        "ipv4prefix": IPV4PREFIX,
        "ifid": IFID,
        "ether": ETHER,
        "combo-ip": COMBO_IP,
        "abinary": ABINARY,
        "tlv": TLV,
        "vsa": VSA,
        "extended": EXTENDED,
        "long-extended": LONG_EXTENDED,
        "evs": EVS,
    }
)
"""The number of each type by its name in FreeRADIUS 3."""

OTHER_NAMES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "text": TEXT,
        "uint8": BYTE,
        "uint16": SHORT,
        "uint32": INTEGER,
        "uint64": INTEGER64,
        "int32": SIGNED,
        "ipv4addr": IPADDR,
        "time": DATE,
        "combo_ip": COMBO_IP,
        "comboip": COMBO_IP,
        "ether-addr": ETHER,
        "extended-flags": LONG_EXTENDED,
        "long_extended": LONG_EXTENDED,
        "vendor-specific": VSA,
    }
)
"""What older and newer dictionaries call them; taken without a word."""

NAMES: Final[Mapping[int, str]] = MappingProxyType({kind: name for name, kind in KINDS.items()})
"""The name of each type by its number."""

BITS: Final[Mapping[int, int]] = MappingProxyType({INTEGER: 32, SIGNED: 32, BYTE: 8, SHORT: 16, INTEGER64: 64})
"""Of the types that are whole numbers: those that may have named values."""

SIZES: Final[Mapping[int, int]] = MappingProxyType(
    {IPADDR: 4, INTEGER: 4, SIGNED: 4, DATE: 4, BYTE: 1, SHORT: 2, INTEGER64: 8, IPV6ADDR: 16, IPV4PREFIX: 6, IFID: 8, ETHER: 6}
)
"""Octets of a value, for the types that fix them."""

HOLDING: Final = frozenset((TLV, VSA, EXTENDED, LONG_EXTENDED, EVS))
"""The types that hold other attributes and have no value of their own."""
