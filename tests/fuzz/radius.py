"""RADIUS as strangers send it, and what operators write for it: packets, streams of them, dictionaries; and packets to a whole server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from engine.fields.values import MISSING, value_text
from gateway.agents.radius.clients import cause_text, error_cause
from gateway.protocols.radius.asking import ANSWERS, Flights, Pace
from gateway.protocols.radius.attributes import all_values, first_value
from gateway.protocols.radius.building import Builder
from gateway.protocols.radius.builtin import load_dictionary
from gateway.protocols.radius.codes import ACCESS_ACCEPT, DISCONNECT_ACK, DISCONNECT_NAK, DISCONNECT_REQUEST, PROXY_STATE
from gateway.protocols.radius.dictionary import Attribute, Dictionary
from gateway.protocols.radius.kinds import HOLDING
from gateway.protocols.radius.limits import MAX_PACKET_BYTES
from gateway.protocols.radius.packet import DecodeError, decode, encode
from gateway.protocols.radius.paths import Paths, RadiusSource
from gateway.protocols.radius.reading import read_dictionary
from gateway.protocols.radius.showing import shown
from gateway.protocols.radius.signing import answer, answer_is_signed, message_authenticator, request
from gateway.protocols.radius.stream import PacketStream
from tests.acceptance.nascaptures import Packet, captures
from tests.fuzz.radiusserver import Server
from tests.fuzz.target import FindingError, Target, look
from tests.gateway.servers import ROOT

# an attribute of length 0 and of length 1; sub-attributes of length 0, 1 and beyond the end, of Cisco and of WiMAX
SHORT: Final = tuple(
    bytes((code, 7)) + (20 + len(body)).to_bytes(2, "big") + bytes(16) + body
    for code in (1, 4)
    for body in (
        b"\x01\x00",
        b"\x01\x01",
        b"\x28\x06\0\0\0\1\x1a\x08\0\0\0\x09\x01\x00",
        b"\x28\x06\0\0\0\1\x1a\x08\0\0\0\x09\x01\x01",
        b"\x28\x06\0\0\0\1\x1a\x08\0\0\0\x09\x01\xff",
        b"\x28\x06\0\0\0\1\x1a\x06\0\0\0\x09",
        b"\x28\x06\0\0\0\1\x1a\x09\0\0\x60\xb5\x01\x00\x80",
        b"\x28\x06\0\0\0\1\x1a\x09\0\0\x60\xb5\x01\x03\x00",
        b"\x28\x06\0\0\0\1\xf1\x03\x1a",
        b"\x28\x06\0\0\0\1\xf5\x04\x1a\x80",
        b"\x28\x06\0\0\0\1\x50\x02",
        b"\x28\x06\0\0\0\1\x02\x02",
    )
)


class Radius(Target):
    """A packet, a stream of packets, a dictionary, packets for a server, or answers to requests of ours: the first byte says which."""

    name = "radius"
    seconds = 0.05
    seconds_per_kib = 0.05  # all rows are looked for in 500 attributes of two octets
    tokens = (
        *(bytes((26, 8 + size, 0, 0, 0, 9, 1, length)) for size in (0, 3) for length in (0, 1, 2, 200)),
        *(bytes((number, length)) for number in (1, 26, 79, 80, 241, 245) for length in (0, 1, 2, 3, 18, 255)),
        b"\x1a\x0c\0\0\x60\xb5\x01\x06\x80abc",
        b"\xf5\xff\x1a\x80" + bytes(251),
        *b"ATTRIBUTE VALUE VENDOR BEGIN-VENDOR END-VENDOR BEGIN-TLV END-TLV $INCLUDE format=1,1,c parent=EVS".split(),
        *b"has_tag encrypt=2 concat octets[16] tlv evs string integer 241.26 26.9.1 0xfff -1 a".split(),
    )

    _SECRET: Final = b"secret"
    _FILES: Final = b"ATTRIBUTE Box 200 tlv\nVENDOR Acme 66001 format=1,1,c\nBEGIN-VENDOR Acme\n$INCLUDE b\nEND-VENDOR Acme\n"

    def __init__(self) -> None:
        self._dictionary = load_dictionary()[0]
        self._paths = Paths(self._dictionary)
        self._server = Server()
        self._builder = Builder(self._dictionary)
        several = [one for one in self._dictionary.attributes if one.number < 100 or one.space or one.vendor.number in (9, 24757)]
        self._rows = [one for position, one in enumerate(several) if position % 5 == 0 or one.concat or one.has_tag or one.encrypt]

    def seeds(self) -> Iterable[bytes]:
        for file in ("radius-access", "radius-accounting"):
            cases = json.loads((ROOT / "tests" / "recordings" / "agents" / f"{file}.json").read_text())["cases"]
            yield from (b"\x00" + bytes.fromhex(step["send"]) for case in cases for step in case["steps"] if step.get("send"))
        for capture in captures():
            packets = [one.octets for one in capture.events if isinstance(one, Packet) and one.to_server]
            yield from (bytes((3, 0)) + b"".join(packets[at : at + 4]) for at in range(0, len(packets), 4))
        yield from (bytes((3, 1 + 2 * (place % 2))) + packet for place, packet in enumerate(SHORT))
        yield b"\x01" + 3 * bytes.fromhex("01010014000102030405060708090a0b0c0d0e0f")
        request_of_ours = request(DISCONNECT_REQUEST, 7, b"", self._SECRET)
        for code in (DISCONNECT_ACK, DISCONNECT_NAK, ACCESS_ACCEPT):
            yield b"\x04" + answer(decode(request_of_ours), code, b"\x65\x06\0\0\x01\xf7", self._SECRET)
        yield b"\x02" + self._FILES + b"ATTRIBUTE Acme-One 1 string has_tag,encrypt=2 # comment\nVALUE Acme-Two Name 0x10\n"
        folder = ROOT / "dictionaries" / "radius"
        yield from (b"\x02" + (folder / f"dictionary.{name}").read_bytes() for name in ("rfc2868", "rfc6929", "cambium", "meraki"))

    def take(self, data: bytes) -> None:
        match data[0] % 5 if data else 5:
            case 0:
                self._packet(data[1:])
            case 1:
                self._stream(data[1:], 1 + data[0] // 5)
            case 2:
                files = {"a": data[1:], "b": data[-200:]}
                for fault in read_dictionary(Dictionary(), "a", lambda name: files[name] if name in files else self._none(name)):
                    look(str(fault).replace("0x", ""))  # numbers that were written, repeated
                    if not fault.file:
                        raise FindingError(f"a fault without a place: {fault}")
            case 3:
                self._server.take(data[1:])
            case 4:
                self._answer(data[1:])

    def close(self) -> None:
        self._server.close()

    def _answer(self, data: bytes) -> None:
        """Nothing ends a request of ours but what the secret has signed."""
        flights = Flights(lambda below: 7 % below)
        flights.begin(request(DISCONNECT_REQUEST, flights.free(), b"", self._SECRET), self._SECRET, Pace(1, 1, 10), 0)
        ended = flights.receive(data)
        if ended is None:
            if len(flights) != 1 or not flights.why or flights.answer is not None:
                raise FindingError("a request is over without an answer")
            return
        packet = flights.answer
        if (
            packet is None
            or not answer_is_signed(packet, ended.authenticator, self._SECRET)
            or packet.code not in ANSWERS[DISCONNECT_REQUEST]
        ):
            raise FindingError("a request is over by what is no answer to it")
        look(cause_text(error_cause(packet)))

    @staticmethod
    def _stream(data: bytes, step: int) -> None:
        """However it is cut, what comes out lies in it one behind the other."""
        stream = PacketStream()
        found = b""
        for at in range(0, len(data), step):
            stream.feed(data[at : at + step])
            while (octets := stream.next()) is not None:
                found += octets
            if stream.held > MAX_PACKET_BYTES:
                raise FindingError("a stream holds more than a packet")
        if not data.startswith(found) or (stream.broken is None and len(found) + stream.held != len(data)):
            raise FindingError("octets of a stream are lost")

    @staticmethod
    def _none(name: str) -> bytes:
        raise FileNotFoundError(2, "No such file or directory", name)

    def _packet(self, octets: bytes) -> None:
        try:
            packet = decode(octets)
        except DecodeError:
            return
        if encode(packet.code, packet.identifier, packet.authenticator, packet.attributes) != packet.raw:
            raise FindingError("a packet is not written as it was read")
        message_authenticator(packet, self._SECRET)
        shown(self._dictionary, packet, self._SECRET)
        source = RadiusSource(packet, self._paths, self._SECRET)
        for row in self._rows:
            first, values = first_value(packet, row), all_values(packet, row)
            if first != (values[0] if values else None):
                raise FindingError(f"the first value of {row.name} is not the first of all")
            if values:
                self._again(row, source.read(("*req", f"Attr-{row.oid}"), 1))
        if len(packet.whole(PROXY_STATE)) < MAX_PACKET_BYTES - 100:
            answer(packet, ACCESS_ACCEPT, b"", self._SECRET)

    def _again(self, row: Attribute, value: object) -> None:
        """What a path read can be written, and reads as the same again."""
        if value is MISSING or row.kind in HOLDING or row.internal:
            return
        text = value_text(value)
        field = [(("*rep", f"Attr-{row.oid}")[1:], text, False)]
        try:
            body = self._builder.build(field, self._SECRET, bytes(16))
        except ValueError:  # of a size that the type does not allow, or too long by what it is written in
            return
        packet = decode(encode(ACCESS_ACCEPT, 1, bytes(16), body))
        again = RadiusSource(packet, self._paths, self._SECRET, bytes(16)).read(("*rep", f"Attr-{row.oid}"), 1)
        if value_text(again) != text:
            raise FindingError(f"{row.name} reads {text!r}, and when it was written {value_text(again)!r}")
