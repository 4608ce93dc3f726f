"""A packet for people: each attribute by its name and its value as text; `Attr-250`, `Attr-26.4242.1` for what no dictionary has."""

from __future__ import annotations

from engine.fields.values import MISSING, value_text
from gateway.protocols.radius.attributes import all_values, extended_values, inner_values, split_vendor, vendor_of, vendor_values
from gateway.protocols.radius.codes import EXTENDED_VENDOR, HEADER_BYTES, VENDOR_SPECIFIC
from gateway.protocols.radius.covering import tag_of, uncover
from gateway.protocols.radius.dictionary import Attribute, Dictionary, Vendor, is_extended
from gateway.protocols.radius.kinds import TLV
from gateway.protocols.radius.packet import Packet
from gateway.protocols.radius.values import octets_text, read_value

Line = tuple[str, str]
"""Name, with `:tag` where it has one, and text."""


def shown(dictionary: Dictionary, packet: Packet, secret: bytes = b"", authenticator: bytes = b"") -> list[Line]:
    """All attributes in their order; fragments stand where the first is. Without a secret what is hidden stays so, in hexadecimal digits.

    `authenticator`: of the request, for the packet that answers one.
    """
    view = _View(dictionary, packet, secret, authenticator or packet.authenticator)
    view.walk()
    return view.lines


class _View:
    lines: list[Line]
    _dictionary: Dictionary
    _packet: Packet
    _secret: bytes
    _authenticator: bytes
    _joined: set[int]  # numbers, and vendors, whose values were all shown where the first of them is

    def __init__(self, dictionary: Dictionary, packet: Packet, secret: bytes, authenticator: bytes) -> None:
        self.lines = []
        self._dictionary = dictionary
        self._packet = packet
        self._secret = secret
        self._authenticator = authenticator
        self._joined = set()

    def walk(self) -> None:
        packet = self._packet
        at = HEADER_BYTES
        while at < len(packet.raw):
            number = packet.raw[at]
            if number == VENDOR_SPECIFIC:
                self._vendors(at)
            elif is_extended(number):
                self._extended(number)
            else:
                self._plain(number, at)
            at = int(packet.after(at))

    def _plain(self, number: int, at: int) -> None:
        attribute = self._dictionary.attribute(number) or self._dictionary.unknown(number, self._dictionary.standard)
        if not attribute.concat:
            self._line(attribute, self._packet.value(at))
        elif number not in self._joined:
            self._joined.add(number)
            for value in all_values(self._packet, attribute):
                self._line(attribute, value)

    def _vendors(self, at: int) -> None:
        number = vendor_of(self._packet, at)
        vendor = self._dictionary.vendor(number) if number else None
        if number and vendor is None:
            vendor = Vendor(f"Vendor-{number}", number)
        octets = self._packet.value(at)
        inner = split_vendor(octets[4:], vendor) if vendor is not None else []
        if vendor is None or not inner:
            self.lines.append((f"Attr-26.{number}" if number else "Attr-26", "0x" + octets[4 if number else 0 :].hex()))
        elif not vendor.continued:
            for one, value in inner:
                self._line(self._row(one, vendor), value)
        elif -number not in self._joined:
            self._joined.add(-number)
            for one in dict.fromkeys([one for one, _ in vendor_values(self._packet, vendor)]):
                attribute = self._row(one, vendor)
                for value in all_values(self._packet, attribute):
                    self._line(attribute, value)

    def _extended(self, space: int) -> None:
        if space in self._joined:
            return
        self._joined.add(space)
        for number, value in extended_values(self._packet, space):
            vendor = self._dictionary.standard
            if number == EXTENDED_VENDOR and len(value) > 5 and not value[0]:
                enterprise = int.from_bytes(value[:4], "big")
                vendor = self._dictionary.vendor(enterprise) or Vendor(f"Vendor-{enterprise}", enterprise)
                self._line(self._row(value[4], vendor, space), value[5:])
            else:
                self._line(self._row(number, vendor, space), value)

    def _row(self, number: int, vendor: Vendor, space: int = 0) -> Attribute:
        return self._dictionary.attribute(number, vendor.number, space) or self._dictionary.unknown(number, vendor, space)

    def _line(self, attribute: Attribute, value: bytes) -> None:
        inner = inner_values(value) if attribute.kind == TLV else []
        if inner:
            for number, part in inner:
                child = attribute.children.get(number)
                if child is not None:
                    self._line(child, part)
                else:
                    self.lines.append((f"Attr-{attribute.oid}.{number}", octets_text(part)))
            return
        tag = tag_of(attribute, value)
        name = f"{attribute.name}:{tag}" if tag else attribute.name
        if attribute.encrypt and not self._secret:
            self.lines.append((name, "0x" + value.hex()))
            return
        try:
            read = read_value(attribute, uncover(attribute, value, self._secret, self._authenticator))
        except ValueError:  # hidden with another secret
            read = MISSING
        self.lines.append((name, "0x" + value.hex() if read is MISSING else value_text(read)))
