"""`*3gpp_uli`: the user's location as a packet core reports it (3GPP TS 29.061, 16.4.7.2: 3GPP-User-Location-Info)."""

from __future__ import annotations

from typing import Final

from engine.fields.converter import Converter
from engine.fields.path import split_path, walk
from engine.fields.values import MISSING, value_text
from engine.fields.view import View

# The parts that each geographic location type has, in their order (TS 29.061, and TS 29.274 clause 8.21 for their octets).
_TYPES: Final[dict[int, tuple[str, ...]]] = {
    0: ("CGI",),
    1: ("SAI",),
    2: ("RAI",),
    128: ("TAI",),
    129: ("ECGI",),
    130: ("TAI", "ECGI"),
    135: ("NCGI",),
    136: ("TAI5GS",),
    137: ("TAI5GS", "NCGI"),
}
# Behind the three octets of MCC and MNC: the names and lengths, in octets, of what follows.
_PARTS: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    "CGI": (("LAC", 2), ("CI", 2)),
    "SAI": (("LAC", 2), ("SAC", 2)),
    "RAI": (("LAC", 2), ("RAC", 2)),
    "TAI": (("TAC", 2),),
    "ECGI": (("ECI", 4),),
    "TAI5GS": (("TAC", 3),),
    "NCGI": (("NCI", 5),),
}
_SPARE_BITS: Final = {"ECI": 0x0FFF_FFFF, "NCI": 0x0F_FFFF_FFFF}
_PLMN_OCTETS: Final = 3


class Location(Converter):
    """`*3gpp_uli[:path]`, the path as in `TAI.MCC`, `ECGI.ECI`; without one the whole as JSON."""

    path: tuple[str, ...]

    def __init__(self, parameters: str) -> None:
        self.path = split_path(parameters)

    def convert(self, value: object, view: View) -> object:
        octets = value if isinstance(value, bytes) else _octets(value_text(value))
        found = walk(read_location(octets), self.path, 0)
        if found is MISSING:
            raise ValueError(f"no <{'.'.join(self.path)}> in this location")
        return found


def _octets(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise ValueError("invalid location: not hexadecimal") from None


def read_location(octets: bytes) -> dict[str, object]:
    """The parts of a location by name; MCC and MNC are text, what follows are numbers. ValueError for octets that are none."""
    if not octets or octets[0] not in _TYPES:
        raise ValueError("invalid location: unknown type" if octets else "invalid location: empty")
    found: dict[str, object] = {"GeographicLocationType": octets[0]}
    position = 1
    for name in _TYPES[octets[0]]:
        length = _PLMN_OCTETS + sum([size for _, size in _PARTS[name]])
        if position + length > len(octets):
            raise ValueError(f"invalid location: {name} is cut off")
        found[name] = _part(name, octets, position)
        position += length
    return found


def _part(name: str, octets: bytes, position: int) -> dict[str, object]:
    """MCC and MNC are digits in half octets, low one first; a missing third digit of the MNC is 0xF."""
    first, second, third = octets[position], octets[position + 1], octets[position + 2]
    digits = [first & 15, first >> 4, second & 15, third & 15, third >> 4]
    if second >> 4 != 15:
        digits.append(second >> 4)
    text = "".join([f"{digit:x}" for digit in digits])
    part: dict[str, object] = {"MCC": text[:3], "MNC": text[3:]}
    position += _PLMN_OCTETS
    for field, size in _PARTS[name]:
        part[field] = int.from_bytes(octets[position : position + size], "big") & _SPARE_BITS.get(field, -1)
        position += size
    return part
