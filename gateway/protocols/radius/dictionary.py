"""What is known of vendors and attributes: the rows of the dictionaries, found by number and by name.

A dictionary grows file by file (reading.py) and is then only looked into. Of rows with one number the later counts, so what an operator
adds overrules what is built in; the earlier one is still found by its name. Of rows with one name and number the later has the named
values of the earlier, too. An attribute that no file has still
has a row, made when it is asked for: octets under the name `Attr-26.4242.1`, by which it can be read and written, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gateway.protocols.radius.codes import FIRST_EXTENDED, FIRST_LONG, LAST_EXTENDED, VENDOR_SPECIFIC
from gateway.protocols.radius.kinds import OCTETS
from gateway.protocols.radius.limits import MAX_DEPTH

PLAIN: Final = 0  # no extended space: an attribute of RFC 2865, or a vendor's in attribute 26

# how the octets of an attribute in attribute 26 are hidden, FreeRADIUS' `encrypt=`
HIDDEN_PASSWORD: Final = 1  # RFC 2865 section 5.2
HIDDEN_SALTED: Final = 2  # RFC 2868 section 3.5
HIDDEN_ASCEND: Final = 3  # Ascend's

_MAX_U24: Final = 0xFF_FFFF


class Vendor:
    """A vendor: its enterprise number, and how its attributes lie in attribute 26: octets of type and of length, a continuation octet."""

    name: str
    number: int
    type_bytes: int
    length_bytes: int
    continued: bool
    head: bytes

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self.type_bytes = 1
        self.length_bytes = 1
        self.continued = False
        self.head = number.to_bytes(4, "big")


class Attribute:
    """One attribute.

    `space` is the extended attribute that it lies in (241 to 246; PLAIN: none), `parent` the TLV around it. `key` is unique among those
    without a parent. `internal`: a number beyond what its place holds, so no packet carries it. `values` are names by number, `numbers`
    numbers by name. `size`: octets that `octets[n]` asks for (0: any).
    """

    name: str
    number: int
    vendor: Vendor
    space: int
    parent: Attribute | None
    depth: int
    kind: int
    size: int
    encrypt: int
    has_tag: bool
    concat: bool
    array: bool
    internal: bool
    key: int
    values: dict[int, str]
    numbers: dict[str, int]
    children: dict[int, Attribute]

    def __init__(self, name: str, number: int, kind: int, vendor: Vendor, space: int = PLAIN, parent: Attribute | None = None) -> None:
        self.name = name
        self.number = number
        self.vendor = vendor
        self.space = space
        self.parent = parent
        self.depth = 0 if parent is None else parent.depth + 1
        self.kind = kind
        self.size = 0
        self.encrypt = 0
        self.has_tag = False
        self.concat = False
        self.array = False
        self.internal = False
        self.key = attribute_key(number, vendor.number, space)
        self.values = {}
        self.numbers = {}
        self.children = {}

    @property
    def oid(self) -> str:
        """Its place in numbers: `1`, `26.9.1`, `241.26.11344.2`, with those of TLVs around it."""
        if self.parent is not None:
            return f"{self.parent.oid}.{self.number}"
        head = f"{self.space}." if self.space else ""
        if self.vendor.number:
            return f"{head}26.{self.vendor.number}.{self.number}"
        return f"{head}{self.number}"


def attribute_key(number: int, vendor: int = 0, space: int = PLAIN) -> int:
    """What an attribute outside TLVs is found by; fits 62 bits."""
    return (space - FIRST_EXTENDED + 1 if space else 0) << 57 | vendor << 32 | number


class Dictionary:
    """All rows together."""

    standard: Vendor  # number 0: nobody's, that is the RFCs'
    _vendors: dict[int, Vendor]
    _vendor_names: dict[str, Vendor]
    _attributes: dict[int, Attribute]  # by key
    _named: dict[int, dict[str, Attribute]]  # by vendor
    _anywhere: dict[str, Attribute]  # of any vendor, the RFCs' first

    def __init__(self) -> None:
        self.standard = Vendor("", 0)
        self._vendors = {0: self.standard}
        self._vendor_names = {}
        self._attributes = {}
        self._named = {0: {}}
        self._anywhere = {}

    # -- looking up ----------------------------------------------------------------------------------------------------

    def attribute(self, number: int, vendor: int = 0, space: int = PLAIN) -> Attribute | None:
        """The attribute of a number, outside TLVs."""
        return self._attributes.get(attribute_key(number, vendor, space))

    def keyed(self, key: int) -> Attribute | None:
        """The attribute of a key."""
        return self._attributes.get(key)

    def vendor(self, number: int) -> Vendor | None:
        return self._vendors.get(number)

    def vendor_named(self, name: str) -> Vendor | None:
        return self._vendor_names.get(name)

    def named(self, name: str, vendor: Vendor | None = None) -> Attribute | None:
        """The attribute of a name: of a vendor, or where none is told, the RFCs' one, else any vendor's that was read last.

        `Attr-26.9.1` names one by its numbers, whether a file has it or not.
        """
        if vendor is not None:
            found = self._named[vendor.number].get(name) if vendor.number in self._named else None
        else:
            found = self._named[0].get(name) or self._anywhere.get(name)
        if found is None and vendor is None and name.startswith("Attr-"):
            return self.numbered(name[5:])
        return found

    def numbered(self, oid: str) -> Attribute | None:
        """The attribute of an oid (see Attribute.oid); None for what is no place in a packet."""
        parts = oid.split(".")
        if len(parts) > MAX_DEPTH or not all(part.isdecimal() and part.isascii() and len(part) <= 10 for part in parts):
            return None
        numbers = [int(part) for part in parts]
        space = PLAIN
        if len(numbers) > 1 and FIRST_EXTENDED <= numbers[0] <= LAST_EXTENDED:
            space = numbers.pop(0)
        vendor = self.standard
        if numbers[0] == VENDOR_SPECIFIC and len(numbers) > 2:
            if not 0 < numbers[1] <= _MAX_U24:
                return None
            vendor = self._vendors.get(numbers[1]) or Vendor(f"Vendor-{numbers[1]}", numbers[1])
            numbers = numbers[2:]
        attribute = self.attribute(numbers[0], vendor.number, space) or self.unknown(numbers[0], vendor, space)
        for number in numbers[1:]:
            inner = attribute.children.get(number)
            if inner is None:
                return None
            attribute = inner
        return attribute

    def unknown(self, number: int, vendor: Vendor, space: int = PLAIN) -> Attribute:
        """A row for an attribute that no file has: octets, under its numbers."""
        made = Attribute("", number, OCTETS, vendor, space)
        made.name = f"Attr-{made.oid}"
        made.internal = number > widest(vendor, space)
        return made

    def near(self, name: str, vendor: Vendor | None = None) -> str:
        """The name most like a wrong one; empty when none is. Slow: for people."""
        from difflib import get_close_matches

        names = list(self._named.get(vendor.number, {})) if vendor is not None else list(self._anywhere)
        folded = {one.lower(): one for one in names}
        found = get_close_matches(name.lower(), list(folded), 1, 0.6)
        return folded[found[0]] if found else ""

    def near_vendor(self, name: str) -> str:
        """The vendor's name most like a wrong one; empty when none is."""
        from difflib import get_close_matches

        folded = {one.lower(): one for one in self._vendor_names}
        found = get_close_matches(name.lower(), list(folded), 1, 0.6)
        return folded[found[0]] if found else ""

    @property
    def attributes(self) -> Iterable[Attribute]:
        """All outside TLVs; those inside are their `children`."""
        return self._attributes.values()

    @property
    def vendors(self) -> Iterable[Vendor]:
        return [vendor for number, vendor in self._vendors.items() if number]

    # -- adding --------------------------------------------------------------------------------------------------------

    def add_vendor(self, name: str, number: int) -> Vendor:
        """The vendor of a number, made where it is not there; `name` is its name from now on. ValueError: another's name."""
        before = self._vendor_names.get(name)
        if before is not None and before.number != number:
            raise ValueError(f"{name} is vendor {before.number} already")
        vendor = self._vendors.get(number)
        if vendor is None:
            vendor = Vendor(name, number)
            self._vendors[number] = vendor
            self._named[number] = {}
        vendor.name = name
        self._vendor_names[name] = vendor
        return vendor

    def add_attribute(self, attribute: Attribute) -> None:
        """Takes an attribute, as the one of its place and of its name from now on."""
        parent = attribute.parent
        if parent is not None:
            before = parent.children.get(attribute.number)
            parent.children[attribute.number] = attribute
        else:
            before = self._attributes.get(attribute.key)
            self._attributes[attribute.key] = attribute
        if before is not None and before.name == attribute.name:
            _inherit(attribute, before)
        name = attribute.name
        self._named[attribute.vendor.number][name] = attribute
        known = self._anywhere.get(name)
        if known is None or known.vendor.number or not attribute.vendor.number:
            self._anywhere[name] = attribute

    def forget_value_names(self) -> None:
        """Values read as their numbers from now on, but for those that are named later; their names can still be written."""
        for attribute in self._attributes.values():
            _forget(attribute)


def _inherit(attribute: Attribute, before: Attribute) -> None:
    """Gives an attribute what was said of it before: named values, and what is inside it."""
    for number, name in before.values.items():
        attribute.values.setdefault(number, name)
    for name, number in before.numbers.items():
        attribute.numbers.setdefault(name, number)
    for number, child in before.children.items():
        child.parent = attribute
        attribute.children.setdefault(number, child)


def _forget(attribute: Attribute) -> None:
    attribute.values.clear()
    for child in attribute.children.values():
        _forget(child)


def widest(vendor: Vendor, space: int) -> int:
    """The greatest number of an attribute there."""
    if space or not vendor.number:
        return 255
    return (1 << 8 * vendor.type_bytes) - 1


def is_extended(number: int) -> bool:
    """Whether an attribute's number is that of an extended one (RFC 6929)."""
    return FIRST_EXTENDED <= number <= LAST_EXTENDED


def is_long(space: int) -> bool:
    """Whether an extended attribute's values may be cut into fragments."""
    return space >= FIRST_LONG
