"""The data formats of AVPs (RFC 6733 sections 4.2, 4.3 and 4.4), one row each, by the names that dictionaries use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OCTETS: Final = 0
UTF8: Final = 1
IDENTITY: Final = 2
URI: Final = 3
ADDRESS: Final = 4
TIME: Final = 5
I32: Final = 6
I64: Final = 7
U32: Final = 8
U64: Final = 9
F32: Final = 10
F64: Final = 11
ENUM: Final = 12
GROUPED: Final = 13
IPFILTER: Final = 14
QOSFILTER: Final = 15
IPV4: Final = 16  # no format of an RFC: 4 octets, an address without its family
IPV6: Final = 17  # the same with 16 octets

KINDS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "OctetString": OCTETS,
        "UTF8String": UTF8,
        "DiameterIdentity": IDENTITY,
        "DiameterURI": URI,
        "Address": ADDRESS,
        "Time": TIME,
        "Integer32": I32,
        "Integer64": I64,
        "Unsigned32": U32,
        "Unsigned64": U64,
        "Float32": F32,
        "Float64": F64,
        "Enumerated": ENUM,
        "Grouped": GROUPED,
        "IPFilterRule": IPFILTER,
        "QoSFilterRule": QOSFILTER,
        "IPv4": IPV4,
        "IPv6": IPV6,
    }
)
"""The number of each format by its name. IPv4 and IPv6 are what other dictionaries of this layout have for a bare address."""

NAMES: Final[Mapping[int, str]] = MappingProxyType({kind: name for name, kind in KINDS.items()})
"""The name of each format by its number."""

SIZES: Final[Mapping[int, int]] = MappingProxyType({I32: 4, U32: 4, F32: 4, ENUM: 4, TIME: 4, IPV4: 4, I64: 8, U64: 8, F64: 8, IPV6: 16})
"""Octets of a value, for those formats that fix them."""

NUMBERS: Final = frozenset({I32, I64, U32, U64, ENUM})
"""The formats of whole numbers."""
