"""Paths into a packet: what `~*req.Acct-Session-Id` and `~*req.Cisco.Cisco-AVPair` read (reference agents.md section 2).

A path is resolved once, when it is first read (naming.py). It reads the first of several values; `[1]` behind it the one of that number,
from 0. What is hidden in the packet reads as it was before. An attribute that is not there, and a name that no dictionary has, is missing.
"""

from __future__ import annotations

from engine.fields.path import Path, Source
from engine.fields.values import MISSING
from gateway.protocols.radius.attributes import all_values, first_value
from gateway.protocols.radius.covering import ANY_TAG, tag_of, uncover
from gateway.protocols.radius.dictionary import Attribute, Dictionary
from gateway.protocols.radius.kinds import SIZES
from gateway.protocols.radius.limits import MAX_PATHS
from gateway.protocols.radius.naming import FIRST, Place, UnknownNameError, resolve
from gateway.protocols.radius.packet import Packet
from gateway.protocols.radius.values import read_value


class Paths:
    """Every path that was read so far, resolved by one dictionary. One for all packets of it; bounded by MAX_PATHS."""

    dictionary: Dictionary
    _places: dict[Path, Place | None]

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self._places = {}

    def place(self, path: Path, at: int = 1) -> Place | None:
        """What path[at:] leads to; None for a name that no dictionary has. ValueError for what is no path."""
        steps = path if at == 1 else ("", *path[at:])
        place = self._places.get(steps)
        if place is None and steps not in self._places:
            try:
                place = resolve(self.dictionary, steps[1:])
            except UnknownNameError:
                place = None
            if len(self._places) >= MAX_PATHS:
                self._places.clear()
            self._places[steps] = place
        return place


class RadiusSource(Source):
    """What `~*req.` or `~*oreq.` reads: a packet, with the secret and the authenticator that its values are hidden by."""

    packet: Packet
    paths: Paths
    _secret: bytes
    _authenticator: bytes

    def __init__(self, packet: Packet, paths: Paths, secret: bytes = b"", authenticator: bytes = b"") -> None:
        """`authenticator`: of the request, for the packet that answers one."""
        self.packet = packet
        self.paths = paths
        self._secret = secret
        self._authenticator = authenticator

    def read(self, path: Path, at: int) -> object:
        """The value behind path[at:]: see values.read_value. ValueError for what is no path."""
        place = self.paths.place(path, at)
        if place is None:
            return MISSING
        attribute = place.attribute
        if place.number == FIRST and place.tag == ANY_TAG:
            value = first_value(self.packet, attribute)
        else:
            value = self._picked(place)
        return MISSING if value is None else self._shown(attribute, value)

    def _picked(self, place: Place) -> bytes | None:
        values = all_values(self.packet, place.attribute)
        if place.tag != ANY_TAG:
            values = [value for value in values if tag_of(place.attribute, value) == place.tag]
        number = max(place.number, 0)
        return values[number] if number < len(values) else None

    def _shown(self, attribute: Attribute, value: bytes) -> object:
        if attribute.encrypt or attribute.has_tag:
            authenticator = self._authenticator or self.packet.authenticator
            try:
                value = uncover(attribute, value, self._secret, authenticator)
            except ValueError:
                return MISSING
        if attribute.array:
            size = SIZES.get(attribute.kind, 0)
            value = value[:size] if size else value
        return read_value(attribute, value)
