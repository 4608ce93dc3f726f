"""Packets and where values lie in them: bounds, vendors of every layout, fragments; what does not fit is no value and never a hang."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols.radius.attributes import all_values, extended_values, first_value, inner_values, split_vendor, wrap
from gateway.protocols.radius.dictionary import Attribute, Dictionary, Vendor
from gateway.protocols.radius.kinds import OCTETS
from gateway.protocols.radius.limits import MAX_PACKET_BYTES
from gateway.protocols.radius.packet import BAD_ATTRIBUTE, BAD_LENGTH, NO_ATTRIBUTE, TOO_SHORT, DecodeError, decode, encode
from gateway.protocols.radius.showing import shown
from gateway.protocols.radius.stream import PacketStream
from tests.gateway.protocols.radius.samples import AUTHENTICATOR, known, packet, raw, read_text, row, text, vsa

HEAD = bytes((4, 9)) + b"\0\x14" + AUTHENTICATOR


def with_length(length: int, rest: bytes = b"") -> bytes:
    return HEAD[:2] + length.to_bytes(2, "big") + AUTHENTICATOR + rest


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", TOO_SHORT),
        (HEAD[:19], TOO_SHORT),
        (with_length(19), BAD_LENGTH),
        (with_length(0), BAD_LENGTH),
        (with_length(21), BAD_LENGTH),
        (with_length(4097, raw(1, b"x" * 250) * 17), BAD_LENGTH),
        (with_length(21, b"\x01"), BAD_ATTRIBUTE),
        (with_length(22, b"\x01\x00"), BAD_ATTRIBUTE),
        (with_length(22, b"\x01\x01"), BAD_ATTRIBUTE),
        (with_length(23, b"\x01\x04x"), BAD_ATTRIBUTE),
        (with_length(25, b"\x01\x03x\x02\x00"), BAD_ATTRIBUTE),
    ],
)
def test_what_is_no_packet(octets: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(octets)
    assert caught.value.reason == reason


def test_the_smallest_and_the_largest() -> None:
    assert decode(with_length(24, b"\x01\x04xx") + b"padding").raw == with_length(24, b"\x01\x04xx")
    assert decode(HEAD).count() == 0
    body = raw(1, b"x" * 253) * 15 + raw(1, b"y" * 249)
    largest = encode(4, 1, AUTHENTICATOR, body)
    assert len(largest) == MAX_PACKET_BYTES
    assert decode(largest).attributes == body
    with pytest.raises(ValueError, match="a packet of 4098 octets, 4096 is the most"):
        encode(4, 1, AUTHENTICATOR, body + b"\x01\x02")
    assert decode(encode(4, 1, AUTHENTICATOR, b"\x01\x02" * 2038)).count() == 2038


def test_attributes_are_found_in_order() -> None:
    found = packet(raw(33, b"one"), text("User-Name", "ann"), raw(33, b"two"), raw(33, b""))
    assert found.all(33) == [b"one", b"two", b""]
    assert found.first(33) == b"one"
    assert found.first(44) is None
    assert found.find(44) == NO_ATTRIBUTE
    assert found.whole(33) == raw(33, b"one") + raw(33, b"two") + raw(33, b"")
    assert (found.code, found.identifier, found.authenticator, found.is_request) == (1, 7, AUTHENTICATOR, True)


@given(st.binary(max_size=400))
def test_any_octets_are_a_packet_or_an_error(octets: bytes) -> None:
    for data in (octets, encode(1, 1, AUTHENTICATOR, b"") + octets, with_length(20 + len(octets), octets)):
        try:
            found = decode(data)
        except DecodeError:
            continue
        assert data.startswith(found.raw)
        assert len(found.raw) == found.raw[2] << 8 | found.raw[3]
        assert found.count() <= len(octets) // 2
        shown(known(), found)


# -- vendors ---------------------------------------------------------------------------------------------------------------


def test_several_of_a_vendor_in_one_attribute() -> None:
    pair = row("Cisco-AVPair")
    found = packet(vsa(9, raw(1, b"a=1") + raw(2, b"port") + raw(1, b"b=2")), vsa(10, raw(1, b"other")), vsa(9, raw(1, b"c=3")))
    assert all_values(found, pair) == [b"a=1", b"b=2", b"c=3"]
    assert first_value(found, pair) == b"a=1"
    assert first_value(found, row("Cisco-NAS-Port")) == b"port"
    assert first_value(found, row("MS-CHAP-Error")) is None


@pytest.mark.parametrize(
    "inner",
    [
        b"\x01\x00",
        b"\x01\x00abc",
        b"\x01\x01abc",
        b"\x01\x06abc",
        b"\x01\x03a\x02",
        b"\x01\x03a\x02\x00",
        b"\x01",
        b"",
        b"\x01\x00" + b"\x01\x00" * 100,
    ],
)
def test_a_vendors_octets_that_do_not_fit_are_no_value(inner: bytes) -> None:
    """A length of 0 among them: there is no hang, and the packet stays good."""
    found = packet(vsa(9, inner), text("User-Name", "ann"))
    assert all_values(found, row("Cisco-AVPair")) == []
    assert first_value(found, row("Cisco-AVPair")) is None
    assert first_value(found, row("User-Name")) == b"ann"
    assert shown(known(), found) == [("Attr-26.9", "0x" + inner.hex()), ("User-Name", "ann")]


@pytest.mark.parametrize("inner", [b"", b"\0", b"\0\0\0", b"\1\0\0\x09\x01\x03a"])
def test_an_attribute_26_without_a_vendor(inner: bytes) -> None:
    found = packet(raw(26, inner), text("User-Name", "ann"))
    assert all_values(found, row("Cisco-AVPair")) == []
    assert shown(known(), found) == [("Attr-26", "0x" + inner.hex()), ("User-Name", "ann")]


def layout(type_bytes: int, length_bytes: int, continued: bool = False) -> Vendor:
    vendor = Vendor("Acme", 66001)
    vendor.type_bytes, vendor.length_bytes, vendor.continued = type_bytes, length_bytes, continued
    return vendor


@pytest.mark.parametrize(
    ("vendor", "number", "octets"),
    [
        (layout(1, 1), 0x07, "1a0b 000101d1 0705 616263"),
        (layout(2, 1), 0x0701, "1a0c 000101d1 070106 616263"),
        (layout(2, 2), 0x0701, "1a0d 000101d1 07010007 616263"),
        (layout(4, 0), 0x07010203, "1a0d 000101d1 07010203 616263"),
        (layout(4, 2), 0x07010203, "1a0f 000101d1 070102030009 616263"),
        (layout(1, 1, True), 0x07, "1a0c 000101d1 070600 616263"),
    ],
)
def test_layouts_of_vendors(vendor: Vendor, number: int, octets: str) -> None:
    attribute = Attribute("Acme-One", number, OCTETS, vendor)
    assert wrap(attribute, b"abc") == bytes.fromhex(octets)
    assert all_values(packet(bytes.fromhex(octets)), attribute) == [b"abc"]
    assert first_value(packet(bytes.fromhex(octets)), attribute) == b"abc"
    for size in range(len(bytes.fromhex(octets)) - 6):
        assert all_values(packet(vsa(66001, bytes.fromhex(octets)[6 : 6 + size])), attribute) in ([], [b"abc"[: size - 4]])


@given(st.sampled_from([(1, 1), (2, 1), (2, 2), (4, 1), (1, 0), (4, 0), (4, 2)]), st.binary(max_size=120))
def test_splitting_never_fails(widths: tuple[int, int], octets: bytes) -> None:
    inner = split_vendor(octets, layout(*widths))
    assert sum(sum(widths) + len(value) for _, value in inner) in (0, len(octets))
    assert sum(2 + len(value) for _, value in inner_values(octets)) in (0, len(octets))


def test_wimax_in_fragments() -> None:
    one, two = Attribute("One", 1, OCTETS, layout(1, 1, True)), Attribute("Two", 2, OCTETS, layout(1, 1, True))
    long = bytes(range(250)) * 2
    wire = wrap(one, long)
    assert wire.count(b"\x1a\xff") == 2
    assert all_values(packet(wire, wrap(two, b"x"), wrap(one, b"")), one) == [long, b""]
    first, rest = wire[:255], wire[255:]
    assert all_values(packet(first, wrap(two, b"x"), rest, wrap(one, b"y")), one) == [b"y"]  # nothing may stand between
    assert all_values(packet(first, raw(1, b"ann"), rest), one) == [long]  # others of no vendor do not matter
    assert all_values(packet(first), one) == []
    assert all_values(packet(vsa(66001, b"\x01\x02")), one) == []  # not even the octet that would say that more follows


# -- over several attributes -----------------------------------------------------------------------------------------------


def test_joined_attributes() -> None:
    attribute = row("EAP-Message")
    long = bytes(range(256)) * 3
    wire = wrap(attribute, long)
    assert len(wire) == len(long) + 2 * 4
    assert all_values(packet(wire), attribute) == [long]
    assert first_value(packet(wire), attribute) == long
    assert wrap(attribute, b"") == b"\x4f\x02"
    with pytest.raises(ValueError, match="User-Name: a value of 254 octets, 253 fit into it"):
        wrap(row("User-Name"), b"x" * 254)
    with pytest.raises(ValueError, match="EAP-Message: a value of 5000 octets, 4096 fit into it"):
        wrap(attribute, b"x" * 5000)
    with pytest.raises(ValueError, match="Cisco-AVPair: a value of 248 octets, 247 fit into it"):
        wrap(row("Cisco-AVPair"), b"x" * 248)


EXTENDED = """ATTRIBUTE Short 241.1 octets
ATTRIBUTE EVS-1 241.26 evs
ATTRIBUTE Long 245.1 octets
ATTRIBUTE EVS-5 245.26 evs
ATTRIBUTE Box 241.2 tlv
ATTRIBUTE In 241.2.3 octets
ATTRIBUTE Shelf 241.2.4 tlv
ATTRIBUTE Deep 241.2.4.1 octets
VENDOR Acme 66001
BEGIN-VENDOR Acme parent=EVS-1
ATTRIBUTE Acme-Short 4 octets
END-VENDOR Acme
BEGIN-VENDOR Acme parent=EVS-5
ATTRIBUTE Acme-Long 4 octets
END-VENDOR Acme
"""


def extended_rows() -> tuple[Dictionary, dict[str, Attribute]]:
    dictionary, faults = read_text(EXTENDED)
    assert faults == []
    names = ("Short", "Long", "Box", "In", "Shelf", "Deep", "Acme-Short", "Acme-Long")
    return dictionary, {name: one for name in names if (one := dictionary.named(name)) is not None}


def test_extended_attributes() -> None:
    """RFC 6929: section 2.1, and 2.4 for those of vendors."""
    _, rows = extended_rows()
    assert wrap(rows["Short"], b"abc") == bytes.fromhex("f1 06 01 616263")
    assert wrap(rows["Acme-Short"], b"abc") == bytes.fromhex("f1 0b 1a 000101d1 04 616263")
    found = packet(wrap(rows["Short"], b"one"), wrap(rows["Acme-Short"], b"two"), wrap(rows["Short"], b"three"), raw(241, b""))
    assert all_values(found, rows["Short"]) == [b"one", b"three"]
    assert all_values(found, rows["Acme-Short"]) == [b"two"]
    with pytest.raises(ValueError, match="Short: a value of 253 octets, 252 fit into it"):
        wrap(rows["Short"], b"x" * 253)


def test_long_extended_attributes() -> None:
    """RFC 6929 section 2.2: the M bit on all fragments but the last."""
    _, rows = extended_rows()
    assert wrap(rows["Long"], b"abc") == bytes.fromhex("f5 07 01 00 616263")
    long = bytes(range(251)) * 3
    for name in ("Long", "Acme-Long"):
        wire = wrap(rows[name], long)
        found = packet(wire, wrap(rows[name], b"next"))
        assert all_values(found, rows[name]) == [long, b"next"]
        flags = [wire[at + 3] for at in range(0, len(wire), 255)]
        assert flags == [0x80] * (len(flags) - 1) + [0]
        assert all_values(packet(wire[:255], raw(1, b"between"), wire[255:]), rows[name]) == []  # section 2.2: nothing may stand between
        assert all_values(packet(wire[: 255 * 2]), rows[name]) == []
    assert extended_values(packet(raw(245, b""), raw(245, b"\x01"), raw(245, b"\x01\x00")), 245) == [(1, b"")]


def test_inside_tlvs() -> None:
    dictionary, rows = extended_rows()
    inside = wrap(rows["In"], b"one") + wrap(rows["Shelf"], wrap(rows["Deep"], b"two") + raw(9, b"?")) + wrap(rows["In"], b"three")
    found = packet(wrap(rows["Box"], inside))
    assert all_values(found, rows["In"]) == [b"one", b"three"]
    assert first_value(found, rows["Deep"]) == b"two"
    assert shown(dictionary, found) == [("In", "one"), ("Deep", "two"), ("Attr-241.2.4.9", "?"), ("In", "three")]
    assert all_values(packet(wrap(rows["Box"], b"\x03\x00")), rows["In"]) == []
    assert all_values(packet(wrap(rows["Box"], b"\x03\x09a")), rows["In"]) == []


def test_names_for_servers_are_in_no_packet() -> None:
    dictionary, _ = read_text("ATTRIBUTE Local 3 integer virtual\nATTRIBUTE Other 1005 string\n")
    for name in ("Local", "Other"):
        attribute = dictionary.named(name)
        assert attribute is not None
        assert first_value(packet(raw(3, b"1234"), raw(1005 & 255, b"x")), attribute) is None
        with pytest.raises(ValueError, match="is a name for servers, no packet carries it"):
            wrap(attribute, b"1")


# -- streams ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 3, 19, 20, 21, 4096])
def test_a_stream_is_cut(step: int) -> None:
    packets = [encode(4, number, AUTHENTICATOR, raw(1, b"x" * number) * (number % 4)) for number in range(40)]
    stream = PacketStream()
    whole = b"".join(packets)
    found = []
    for at in range(0, len(whole), step):
        stream.feed(whole[at : at + step])
        while (one := stream.next()) is not None:
            found.append(one)
        assert stream.held < MAX_PACKET_BYTES
    assert (found, stream.held, stream.broken) == (packets, 0, None)


@pytest.mark.parametrize("length", [0, 19, 4097, 65535])
def test_a_stream_that_cannot_be_cut(length: int) -> None:
    stream = PacketStream()
    stream.feed(HEAD + with_length(length))
    assert stream.next() == HEAD
    assert stream.next() is None
    assert stream.broken is not None
    assert stream.broken.reason == BAD_LENGTH
    stream.feed(HEAD)
    assert (stream.next(), stream.held) == (None, 0)
