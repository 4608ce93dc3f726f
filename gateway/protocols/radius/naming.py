"""Paths into a packet, resolved: `Framed-IP-Address`, `Cisco.Cisco-AVPair`, `WiMAX.WiMAX-Capability.WiMAX-Release`, `Attr-26.9.1`.

A vendor's name may stand before its attributes, and a TLV's before what is inside it. `:3` behind a name takes those with that tag.
"""

from __future__ import annotations

from typing import Final

from engine.fields.path import Path
from gateway.protocols.radius.covering import ANY_TAG, MAX_TAG
from gateway.protocols.radius.dictionary import Attribute, Dictionary, Vendor

FIRST: Final = -1


class Place:
    """What a path leads to. `number`: the value of that number (from 0) of all that there are; FIRST: none was named."""

    attribute: Attribute
    tag: int
    number: int

    def __init__(self, attribute: Attribute, tag: int, number: int) -> None:
        self.attribute = attribute
        self.tag = tag
        self.number = number


class UnknownNameError(ValueError):
    """A path that leads nowhere; `name` is the part that no dictionary has, `vendor` the vendor before it, if one was found."""

    name: str
    vendor: Vendor | None

    def __init__(self, text: str, name: str, vendor: Vendor | None = None) -> None:
        super().__init__(text)
        self.name = name
        self.vendor = vendor


def resolve(dictionary: Dictionary, path: Path) -> Place:
    """A path, without its scope, resolved. UnknownNameError for a name that no dictionary has; ValueError for what is no path."""
    names: list[str] = []
    number = FIRST
    for step in _joined(path):
        if step.startswith("["):
            digits = step[1:-1]
            if not names or number != FIRST or not digits.isdecimal() or not digits.isascii() or len(digits) > 4:
                raise ValueError(f"no number of an attribute: <{step[:60]}>")
            number = int(digits)
        elif number != FIRST:
            raise ValueError(f"<{step[:60]}> behind the number of an attribute")
        else:
            names.append(step)
    if not names:
        raise ValueError("a path without an attribute")
    last, tag = _tagged(names[-1])
    names[-1] = last
    vendor = dictionary.vendor_named(names[0]) if len(names) > 1 else None
    if vendor is not None:
        names = names[1:]
    attribute = dictionary.named(names[0], vendor)
    if attribute is None:
        raise _unknown(names[0], vendor, len(names) > 1)
    for name in names[1:]:
        attribute = _inside(attribute, name)
    if tag != ANY_TAG and not attribute.has_tag:
        raise ValueError(f"{attribute.name} has no tag")
    return Place(attribute, tag, number)


def _joined(path: Path) -> Path:
    """A path whose `Attr-26.9.1` is one step, as it was before it was split at its dots."""
    if not path or not path[0].startswith("Attr-"):
        return path
    end = 1
    while end < len(path) and path[end].isdecimal():
        end += 1
    return (".".join(path[:end]), *path[end:])


def _tagged(name: str) -> tuple[str, int]:
    plain, colon, tag = name.partition(":")
    if not colon:
        return name, ANY_TAG
    if not tag.isdecimal() or not tag.isascii() or len(tag) > 2 or int(tag) > MAX_TAG:
        raise ValueError(f"<{tag[:60]}> is no tag: 0 to {MAX_TAG}")
    return plain, int(tag)


def _inside(outer: Attribute, name: str) -> Attribute:
    for child in outer.children.values():
        if name == child.name:
            return child
    raise UnknownNameError(f"DICTIONARY_NOT_FOUND, attributeName: <{name[:60]}>", name, outer.vendor)


def _unknown(name: str, vendor: Vendor | None, in_vendor: bool) -> UnknownNameError:
    """In the words that recorded answers have."""
    kind = "vendorName" if in_vendor and vendor is None else "attributeName"
    return UnknownNameError(f"DICTIONARY_NOT_FOUND, {kind}: <{name[:60]}>", name, vendor)
