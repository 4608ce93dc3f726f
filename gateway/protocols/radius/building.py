"""Attributes from fields: what a processor filled in (path, text, new_branch), in its order, becomes the attributes of a packet.

    ("Tollgate", "Tw-Plan"), "gold", False

Each field is an attribute, so `*group` repeats one. What is inside a TLV goes into the last one of that kind, or begins another with
`new_branch`. `*radReplyCode` is none: it says what packet it is (reference agents.md section 2, recordings radius-access).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.fields.path import Path
from engine.times import UTC_ZONE, Zone
from gateway.protocols.radius.attributes import wrap
from gateway.protocols.radius.codes import CODES
from gateway.protocols.radius.covering import ANY_TAG, NO_TAG, cover
from gateway.protocols.radius.dictionary import Attribute, Dictionary
from gateway.protocols.radius.limits import MAX_PATHS
from gateway.protocols.radius.naming import FIRST, Place, resolve
from gateway.protocols.radius.values import write_value

REPLY_CODE: Final = "*radReplyCode"

Field = tuple[Path, str, bool]
"""A path without its scope, the text, and whether it begins a new branch."""


class Node:
    """An attribute that is being built: its octets, or what is in a TLV."""

    attribute: Attribute
    value: bytes
    inner: list[Node]

    def __init__(self, attribute: Attribute) -> None:
        self.attribute = attribute
        self.value = b""
        self.inner = []

    def wire(self) -> bytes:
        """The attribute with all that is in it; as deep as dictionaries let TLVs be."""
        if not self.inner:
            return wrap(self.attribute, self.value)
        return wrap(self.attribute, b"".join([node.wire() for node in self.inner]))


class Builder:
    """Builds by one dictionary; paths are resolved once (bounded by MAX_PATHS)."""

    dictionary: Dictionary
    _places: dict[Path, Place]

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self._places = {}

    def build(
        self,
        fields: Sequence[Field],
        secret: bytes = b"",
        authenticator: bytes = b"",
        salt: int = 0,
        zone: Zone = UTC_ZONE,
        now_ns: int = 0,
    ) -> bytes:
        """The attributes of fields on the wire; `*radReplyCode` is passed over. ValueError for a path or a value that there cannot be.

        `authenticator`: of the request, by which values are hidden; `salt`: a number by chance, counted up for each that is salted.
        Times without an offset are of `zone`.
        """
        top: list[Node] = []
        for path, text, new_branch in fields:
            if path[0] == REPLY_CODE:
                continue
            place = self._places.get(path)
            if place is None:
                place = self.place(path)
            attribute = place.attribute
            value = write_value(attribute, text, zone, now_ns)
            if attribute.encrypt or attribute.has_tag:
                value = cover(attribute, value, NO_TAG if place.tag == ANY_TAG else place.tag, secret, authenticator, salt)
                salt += 1
            node = Node(attribute)
            node.value = value
            if attribute.parent is None:
                top.append(node)
            else:
                _reach(top, attribute.parent, new_branch).inner.append(node)
        return b"".join([node.wire() for node in top])

    def place(self, path: Path) -> Place:
        """A path resolved. ValueError as for naming.resolve, and for one with a number: attributes are added one behind the other."""
        place = resolve(self.dictionary, path)
        if place.number != FIRST:
            raise ValueError(f"{place.attribute.name}[{place.number}]: attributes are added one behind the other")
        if len(self._places) >= MAX_PATHS:
            self._places.clear()
        self._places[path] = place
        return place


def reply_code(fields: Sequence[Field]) -> int:
    """The code that the last `*radReplyCode` asks for, 0 where there is none. ValueError, in the recorded words, for a name of none."""
    found = 0
    for path, text, _ in fields:
        if path[0] == REPLY_CODE:
            found = CODES.get(text, 0)
            if not found:
                raise ValueError(f"unsupported packet code name: <{text[:60]}>")
    return found


def _reach(top: list[Node], tlv: Attribute, new_branch: bool) -> Node:
    """The TLV that a field goes into, and those around it, made where they are not there."""
    level = top
    if tlv.parent is not None:
        level = _reach(top, tlv.parent, new_branch).inner
        new_branch = False
    if not new_branch:
        for node in reversed(level):
            if node.attribute is tlv:
                return node
    made = Node(tlv)
    level.append(made)
    return made
