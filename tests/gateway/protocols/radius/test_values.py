"""What attributes read as, what fields write, and paths: against the recordings radius-access and radius-accounting where they say it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.fields.path import split_path
from engine.fields.values import MISSING, value_text
from gateway.protocols.radius.attributes import wrap
from gateway.protocols.radius.building import Builder, reply_code
from gateway.protocols.radius.codes import ACCESS_REJECT, CODES, WORDS
from gateway.protocols.radius.dictionary import Attribute, Dictionary
from gateway.protocols.radius.hiding import show_password, show_salted
from gateway.protocols.radius.kinds import HOLDING, KINDS
from gateway.protocols.radius.limits import MAX_PATHS
from gateway.protocols.radius.naming import UnknownNameError, resolve
from gateway.protocols.radius.packet import Packet, decode
from gateway.protocols.radius.paths import Paths, RadiusSource
from gateway.protocols.radius.showing import shown
from gateway.protocols.radius.values import octets_text, read_value, write_value
from tests.gateway.protocols.radius.samples import AUTHENTICATOR, SECRET, case, known, packet, raw, read_text, text, vsa

NOW = 1_775_556_000 * 10**9
TWO_WAYS = [  # type, octets, text
    ("string", "616e6e", "ann"),
    ("string", "c3a4", "ä"),
    ("string", "ff61", "\udcffa"),
    ("octets", "616e6e", "ann"),
    ("octets", "ff00", "0xff00"),
    ("octets", "6100", "0x6100"),
    ("octets", "30783631", "0x30783631"),
    ("octets", "", ""),
    ("abinary", "0102", "0x0102"),
    ("ipaddr", "c000020a", "192.0.2.10"),
    ("integer", "ffffffff", "4294967295"),
    ("signed", "ffffffff", "-1"),
    ("byte", "ff", "255"),
    ("short", "0100", "256"),
    ("integer64", "8000000000000000", "9223372036854775808"),
    ("date", "69a55fa0", "2026-03-02T10:00:00Z"),
    ("ipv6addr", "20010db8000000000000000000000001", "2001:db8::1"),
    ("ipv6prefix", "002020010db8", "2001:db8::/32"),
    ("ipv6prefix", "0000", "::/0"),
    ("ipv6prefix", "008020010db8000000000000000000000001", "2001:db8::1/128"),
    ("ipv4prefix", "0018c0000200", "192.0.2.0/24"),
    ("ifid", "0011223344556677", "0011:2233:4455:6677"),
    ("ether", "001122aabbcc", "00:11:22:aa:bb:cc"),
    ("combo-ip", "c000020a", "192.0.2.10"),
    ("combo-ip", "20010db8000000000000000000000001", "2001:db8::1"),
]


def attribute(kind: str, size: int = 0) -> Attribute:
    made = Attribute("Acme-One", 1, KINDS[kind], Dictionary().standard)
    made.size = size
    return made


@pytest.mark.parametrize(("kind", "octets", "text"), TWO_WAYS)
def test_values_both_ways(kind: str, octets: str, text: str) -> None:
    value = read_value(attribute(kind), bytes.fromhex(octets))
    assert value_text(value) == text
    assert write_value(attribute(kind), text).hex() == octets


def test_every_type_is_tried() -> None:
    assert {kind for kind, _, _ in TWO_WAYS} == {name for name, kind in KINDS.items() if kind not in HOLDING}


@pytest.mark.parametrize(
    "kind", [name for name in KINDS if name not in ("string", "octets", "abinary", "tlv", "vsa", "evs") and "ext" not in name]
)
@pytest.mark.parametrize("size", [0, 1, 3, 5, 7, 17, 20])
def test_octets_that_do_not_fit_the_type_are_no_value(kind: str, size: int) -> None:
    if (kind, size) in (("byte", 1), ("ipv6prefix", 3), ("ipv6prefix", 5), ("ipv6prefix", 7), ("ipv6prefix", 17)):
        return
    assert read_value(attribute(kind), bytes(size)) is MISSING


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("integer", "soon", 'strconv.Atoi: parsing "soon": invalid syntax'),
        ("integer", "", 'strconv.Atoi: parsing "": invalid syntax'),
        ("integer", "4294967296", "Acme-One: 4294967296 is beyond 0 to 4294967295"),
        ("integer", "-1", "Acme-One: -1 is beyond 0 to 4294967295"),
        ("signed", "-2147483649", "Acme-One: -2147483649 is beyond -2147483648 to 2147483647"),
        ("byte", "256", "Acme-One: 256 is beyond 0 to 255"),
        ("integer", "9" * 21, f'strconv.Atoi: parsing "{"9" * 21}": invalid syntax'),
        ("ipaddr", "192.0.2", "Acme-One: <192.0.2> is no ipaddr"),
        ("ipv6addr", "192.0.2.1", "Acme-One: <192.0.2.1> is no ipv6addr"),
        ("combo-ip", "x", "Acme-One: <x> is no combo-ip"),
        ("ipv6prefix", "2001:db8::1/32", "Acme-One: <2001:db8::1/32> is no ipv6prefix"),
        ("ipv4prefix", "192.0.2.0/33", "Acme-One: <192.0.2.0/33> is no ipv4prefix"),
        ("ifid", "1:2:3", "Acme-One: <1:2:3> is no ifid"),
        ("ether", "1:2:3:4:5:g", "Acme-One: <1:2:3:4:5:g> is no ether"),
        ("date", "soon", "Acme-One: <soon> is no time"),
        ("date", "1960-01-01T00:00:00Z", "Acme-One: <1960-01-01T00:00:00Z> is beyond 1970 to 2106"),
        ("tlv", "x", "Acme-One holds other attributes, no value fits it"),
    ],
)
def test_texts_that_do_not_fit(kind: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        write_value(attribute(kind), text)


def test_octets_of_a_size() -> None:
    assert write_value(attribute("octets", 2), "0xffff") == b"\xff\xff"
    with pytest.raises(ValueError, match=r"Acme-One: <0xff> is no octets\[2\]"):
        write_value(attribute("octets", 2), "0xff")


@given(st.binary(max_size=60))
def test_any_octets_come_back(value: bytes) -> None:
    for kind in ("octets", "string", "abinary"):
        assert write_value(attribute(kind), value_text(read_value(attribute(kind), value))) == value
    assert octets_text(value).isprintable() or not value


# -- paths -----------------------------------------------------------------------------------------------------------------


def read(source: Packet, path: str, secret: bytes = b"") -> object:
    value = RadiusSource(source, Paths(known()), secret).read(split_path(f"*req.{path}"), 1)
    return value if value is MISSING else value_text(value)


READING = {
    "read": ["User-Name", "NAS-IP-Address", "NAS-Port", "Service-Type", "Tollgate.Tw-Plan", "Tollgate.Tw-Rate", "Tollgate.Tw-Gate"],
    "rest": ["Calling-Station-Id", "Login-Service"],
}


@pytest.mark.parametrize("number", [28, 29])
def test_how_attributes_read(number: int) -> None:
    """radius-access/28 and /29: the Reply-Message of the answer are the values that were read, what is missing left out."""
    (step,) = case("radius-access", number)
    request, answer = decode(bytes.fromhex(step["send"])), decode(bytes.fromhex(step["expect"]))
    values = [read(request, path) for path in READING["read"] + READING["rest"]]
    assert [value for value in values if value is not MISSING] == [one.decode() for one in answer.all(18)]


def test_paths() -> None:
    found = packet(
        text("Reply-Message", "one"),
        text("Reply-Message", "two"),
        vsa(9, raw(1, b"a=1") + raw(1, b"b=2")),
        vsa(4242, raw(7, b"odd")),
        raw(250, b"\x01\x02"),
        raw(64, b"\x01\x00\x00\x03"),
        raw(64, b"\x02\x00\x00\x0d"),
        raw(67, b"\x02gate"),
        raw(67, b"plain"),
        vsa(24757, b"\x01\x08\x00" + raw(1, b"1.5") + b""),
    )
    assert [read(found, path) for path in ("Reply-Message", "Reply-Message[0]", "Reply-Message[1]")] == ["one", "one", "two"]
    assert read(found, "Reply-Message[2]") is MISSING
    assert [read(found, path) for path in ("Cisco.Cisco-AVPair", "Cisco-AVPair[1]", "Attr-26.9.1")] == ["a=1", "b=2", "a=1"]
    assert [read(found, path) for path in ("Attr-26.4242.7", "Attr-250")] == ["odd", "0x0102"]
    assert [read(found, path) for path in ("Tunnel-Type", "Tunnel-Type:2", "Tunnel-Type:1")] == ["L2TP", "VLAN", "L2TP"]
    assert read(found, "Tunnel-Type:3") is MISSING
    assert [read(found, path) for path in ("Tunnel-Server-Endpoint", "Tunnel-Server-Endpoint:2", "Tunnel-Server-Endpoint:0")] == [
        "gate",
        "gate",
        "plain",
    ]
    for path in ("WiMAX.WiMAX-Capability.WiMAX-Release", "WiMAX-Capability.WiMAX-Release", "WiMAX.WiMAX-Release", "WiMAX-Release"):
        assert read(found, path) == "1.5"
    for path in ("No-Such", "Cisco.No-Such", "No-Vendor.Cisco-AVPair", "WiMAX-Capability.Cisco-AVPair", "Class", "Microsoft.Cisco-AVPair"):
        assert read(found, path) is MISSING


@pytest.mark.parametrize(
    ("path", "said"), [("User-Name:1", "has no tag"), ("Tunnel-Type:32", "is no tag"), ("[1]", "no number"), ("", "without")]
)
def test_what_is_no_path(path: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(packet(), path)


def test_names_that_nobody_has_are_told_to_operators() -> None:
    with pytest.raises(UnknownNameError) as caught:
        resolve(known(), ("Tollgate", "Tw-Palm"))
    assert (caught.value.name, caught.value.vendor) == ("Tw-Palm", known().vendor_named("Tollgate"))
    assert known().near("Tw-Palm", caught.value.vendor) == "Tw-Plan"
    assert known().near("user-nmae") == "User-Name"
    assert known().near_vendor("tolgate") == "Tollgate"


def test_paths_that_are_kept_are_bounded() -> None:
    paths = Paths(known())
    for number in range(MAX_PATHS + 10):
        assert paths.place(("*req", f"No-{number}")) is None
    assert len(paths._places) <= MAX_PATHS
    place = paths.place(("*req", "x", "User-Name"), 2)
    assert place is not None
    assert place.attribute.name == "User-Name"


def test_hidden_values_are_read() -> None:
    request = decode(bytes.fromhex(case("radius-access", 1)[0]["send"]))
    assert read(request, "User-Password", b"tollgate-shared") == "s3cret-Tea-4-Two"
    assert ("User-Password", "0x4f029a17611d22faf85faebb2287d11a") in shown(known(), request)


# -- building --------------------------------------------------------------------------------------------------------------


def built(rows: list[tuple[str, str]], **how: Any) -> Packet:
    fields = [(split_path(path), text, False) for path, text in rows]
    return packet(Builder(known()).build(fields, **how))


RECORDED = {
    26: [
        ("Framed-IP-Address", "10.1.2.3"),
        ("Session-Timeout", "60"),
        ("Service-Type", "Framed-User"),
        ("Filter-Id", "std.out"),
        ("Tollgate.Tw-Plan", "gold"),
        ("Tollgate.Tw-Rate", "Fast"),
        ("Tollgate.Tw-Gate", "192.0.2.1"),
        ("Microsoft.MS-Primary-DNS-Server", "192.0.2.53"),
    ],
    27: [("Reply-Message", "one"), ("Reply-Message", "two"), ("Tollgate.Tw-Note", "a"), ("Tollgate.Tw-Note", "b")],
}


@pytest.mark.parametrize("number", RECORDED)
def test_recorded_answers(number: int) -> None:
    """radius-access/26 and /27: octet for octet, but for the vendors' numbers, where CGRateS writes 0 (quirks.md)."""
    (step,) = case("radius-access", number)
    wanted = bytearray(decode(bytes.fromhex(step["expect"])).attributes)
    at = 0
    vendors = list(step["vendors"])
    while at < len(wanted):
        if wanted[at] == 26:
            wanted[at + 2 : at + 6] = vendors.pop(0).to_bytes(4, "big")
        at += wanted[at + 1]
    assert built(RECORDED[number]).attributes == wanted


@pytest.mark.parametrize(("number", "rows"), [(24, [("No-Such-Attribute", "1")]), (25, [("Session-Timeout", "soon")])])
def test_recorded_errors(number: int, rows: list[tuple[str, str]]) -> None:
    (step,) = case("radius-access", number)
    said = (decode(bytes.fromhex(step["expect"])).first(18) or b"").decode()
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        built(rows)


def test_reply_codes() -> None:
    (step,) = case("radius-access", 23)
    said = (decode(bytes.fromhex(step["expect"])).first(18) or b"").decode()
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        reply_code([(("*radReplyCode",), "AccessMaybe", False)])
    fields = [(("*radReplyCode",), "AccessAccept", False), (("*radReplyCode",), "AccessReject", False), (("Class",), "in", False)]
    assert reply_code(fields) == ACCESS_REJECT
    assert reply_code(fields[2:]) == 0
    assert Builder(known()).build(fields) == text("Class", "in")
    assert (CODES["CoANAK"], CODES["DisconnectACK"], WORDS[12]) == (45, 41, "StatusServer")


def test_tags_and_tlvs_are_built() -> None:
    found = built(
        [
            ("Tunnel-Type:1", "VLAN"),
            ("Tunnel-Medium-Type:1", "IEEE-802"),
            ("Tunnel-Private-Group-Id:1", "100"),
            ("Tunnel-Private-Group-Id", "200"),
            ("WiMAX.WiMAX-Capability.WiMAX-Release", "1.5"),
            ("WiMAX.WiMAX-Hotlining-Capabilities", "3"),
            ("IP-Port-Limit-Info.IP-Port-Type", "1"),
            ("IP-Port-Limit", "9"),
            ("Attr-26.4242.7", "0x0102"),
        ]
    )
    assert shown(known(), found) == [
        ("Tunnel-Type:1", "VLAN"),
        ("Tunnel-Medium-Type:1", "IEEE-802"),
        ("Tunnel-Private-Group-Id:1", "100"),
        ("Tunnel-Private-Group-Id", "200"),
        ("WiMAX-Release", "1.5"),
        ("WiMAX-Hotlining-Capabilities", "3"),
        ("IP-Port-Type", "1"),
        ("IP-Port-Limit", "9"),
        ("Attr-26.4242.7", "0x0102"),
    ]
    assert found.attributes[:6] == bytes.fromhex("40060100000d")
    assert (found.count(), len(found.all(241))) == (7, 1)  # what is inside a TLV shares it
    builder = Builder(known())
    branches = [(("IP-Port-Limit-Info", "IP-Port-Limit"), "1", False), (("IP-Port-Limit-Info", "IP-Port-Limit"), "2", True)]
    assert builder.build(branches) == bytes.fromhex("f10905" + "020600000001" + "f10905" + "020600000002")


def test_hidden_values_are_built() -> None:
    rows = [
        ("User-Password", "secret"),
        ("Tunnel-Password:2", "tunnel"),
        ("MS-MPPE-Send-Key", "0x" + "ab" * 16),
        ("Ascend.Ascend-Send-Secret", "s"),
    ]
    found = built(rows, secret=SECRET, authenticator=AUTHENTICATOR, salt=5)
    assert show_password(found.first(2) or b"", SECRET, AUTHENTICATOR) == b"secret"
    tunnel = found.first(69) or b""
    assert (tunnel[0], tunnel[1:3].hex(), show_salted(tunnel[1:], SECRET, AUTHENTICATOR)) == (2, "8006", b"tunnel")
    assert shown(known(), found, SECRET) == [
        ("User-Password", "secret"),
        ("Tunnel-Password:2", "tunnel"),
        ("MS-MPPE-Send-Key", "0x" + "ab" * 16),
        ("Ascend-Send-Secret", "s"),
    ]
    for path, name in (("User-Password", "secret"), ("Tunnel-Password", "tunnel"), ("MS-MPPE-Send-Key", "0x" + "ab" * 16)):
        assert read(found, path, SECRET) == name
        assert read(found, path, b"another") != name
    keys = "0x" + "cd" * 22 + "0000"
    sized = built([("MS-CHAP-MPPE-Keys", keys)], secret=SECRET, authenticator=AUTHENTICATOR)
    assert read(sized, "MS-CHAP-MPPE-Keys", SECRET) == keys
    assert len(sized.attributes) == 2 + 6 + 32  # RFC 2548 section 2.4.1: in whole blocks
    with pytest.raises(ValueError, match="MS-MPPE-Send-Key cannot be hidden here: there is no secret, or no request that it is for"):
        built(rows[2:3])


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("Reply-Message", "x" * 254, "Reply-Message: a value of 254 octets, 253 fit into it"),
        ("Tunnel-Preference:1", "16777216", "Tunnel-Preference: beyond the 24 bits that a tag leaves"),
        ("User-Name:1", "x", "User-Name has no tag"),
        ("Reply-Message[1]", "x", "Reply-Message[1]: attributes are added one behind the other"),
        ("User-Password", "x" * 129, "User-Password: a password of 129 octets, 128 is the most"),
        ("Nobody.Tw-Plan", "x", "DICTIONARY_NOT_FOUND, vendorName: <Nobody>"),
        ("Tollgate.Tw-Palm", "x", "DICTIONARY_NOT_FOUND, attributeName: <Tw-Palm>"),
        ("WiMAX-Capability", "x", "WiMAX-Capability holds other attributes, no value fits it"),
        ("WiMAX-Capability.Nothing", "x", "DICTIONARY_NOT_FOUND, attributeName: <Nothing>"),
    ],
)
def test_what_cannot_be_built(path: str, value: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        built([(path, value)], secret=SECRET, authenticator=AUTHENTICATOR)


@given(
    st.lists(
        st.tuples(st.sampled_from(["User-Name", "Class", "Tollgate.Tw-Note", "EAP-Message", "State"]), st.binary(max_size=200)), max_size=12
    )
)
def test_what_is_built_is_read(rows: list[tuple[str, bytes]]) -> None:
    """Values of any octets, in their order; EAP-Message becomes one."""
    fields = [(path, value_text(read_value(resolve(known(), split_path(path)).attribute, value))) for path, value in rows]
    found = built(fields)
    lines = dict.fromkeys(path for path, _ in rows)
    for path in lines:
        place = resolve(known(), split_path(path))
        values = [value for one, value in rows if one == path]
        if place.attribute.concat:
            assert read(found, path) == value_text(read_value(place.attribute, b"".join(values)))
            continue
        for number, value in enumerate(values):
            assert read(found, f"{path}[{number}]") == value_text(read_value(place.attribute, value))
    assert found.attributes == b"".join([wrap(resolve(known(), split_path(path)).attribute, value) for path, value in rows])


def test_a_dictionary_of_ones_own() -> None:
    dictionary, faults = read_text("VENDOR Acme 66001\nBEGIN-VENDOR Acme\nATTRIBUTE Many 1 ipaddr array\nEND-VENDOR Acme\n")
    assert faults == []
    found = packet(vsa(66001, raw(1, bytes([192, 0, 2, 1, 192, 0, 2, 2]))))
    assert RadiusSource(found, Paths(dictionary)).read(("*req", "Acme", "Many"), 1) == "192.0.2.1"
