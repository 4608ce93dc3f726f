"""Values of every format: octets in hex, what they read as, and the texts that they are written from."""

from __future__ import annotations

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.fields.values import MISSING, value_octets, value_text
from engine.times import Moment
from gateway.protocols.diameter.dictionary import Avp
from gateway.protocols.diameter.kinds import (
    ADDRESS,
    ENUM,
    F32,
    F64,
    GROUPED,
    I32,
    I64,
    IDENTITY,
    IPV4,
    IPV6,
    KINDS,
    NAMES,
    OCTETS,
    SIZES,
    TIME,
    U32,
    U64,
    UTF8,
)
from gateway.protocols.diameter.values import octets, read_value, write_value


def read(kind: int, hexed: str) -> object:
    """The value in the midst of other octets."""
    value = bytes.fromhex(hexed)
    return read_value(kind, b"\xaa\xbb" + value + b"\xcc", 2, 2 + len(value))


@pytest.mark.parametrize(
    ("kind", "hexed", "expected"),
    [
        (U32, "ffffffff", 4294967295),
        (I32, "ffffffff", -1),
        (I32, "7fffffff", 2147483647),
        (ENUM, "fffffffe", -2),
        (U64, "ffffffffffffffff", 2**64 - 1),
        (I64, "8000000000000000", -(2**63)),
        (F32, "3dcccccd", Decimal("0.1")),
        (F32, "7f7fffff", Decimal("3.4028235E+38")),
        (F32, "00000000", Decimal(0)),
        (F64, "3fb999999999999a", Decimal("0.1")),
        (F32, "7fc00000", MISSING),
        (F32, "7f800000", MISSING),
        (F64, "7ff0000000000000", MISSING),
        (UTF8, "c3bc", "ü"),
        (UTF8, "ff41", "\udcffA"),
        (UTF8, "", ""),
        (IDENTITY, "6f6373", "ocs"),
        (OCTETS, "616263", "abc"),
        (OCTETS, "", ""),
        (OCTETS, "8262f210", bytes.fromhex("8262f210")),
        (OCTETS, "0062", b"\0b"),  # printable it is not
        (ADDRESS, "0001c0000207", "192.0.2.7"),
        (ADDRESS, "000220010db8000000000000000000000001", "2001:db8::1"),
        (ADDRESS, "00083439313730", b"49170"),  # E.164
        (ADDRESS, "0001c00002", MISSING),
        (ADDRESS, "0002c0000207", MISSING),
        (ADDRESS, "00", MISSING),
        (IPV4, "c0000207", "192.0.2.7"),
        (IPV6, "20010db8000000000000000000000001", "2001:db8::1"),
        (IPV4, "0001c0000207", MISSING),
        (IPV6, "c0000207", MISSING),
        (GROUPED, "00", b"\0"),
    ],
)
def test_octets_read_as(kind: int, hexed: str, expected: object) -> None:
    assert read(kind, hexed) == expected


@pytest.mark.parametrize(
    ("hexed", "text"),
    [
        ("83aa7e80", "1970-01-01T00:00:00Z"),
        ("ed4fe07d", "2026-03-02T10:10:05Z"),
        ("ffffffff", "2036-02-07T06:28:15Z"),
        ("00000000", "2036-02-07T06:28:16Z"),
        ("7fffffff", "2104-02-26T09:42:23Z"),
        ("80000000", "1968-01-20T03:14:08Z"),
    ],
)
def test_a_time_is_of_its_era(hexed: str, text: str) -> None:
    found = read(TIME, hexed)
    assert isinstance(found, Moment)
    assert found.text() == text
    assert write_value(Avp("T", 1, 0, TIME), text).hex() == hexed


@pytest.mark.parametrize("kind", sorted(SIZES))
def test_octets_of_another_size_are_no_value(kind: int) -> None:
    for size in {0, 1, 3, 4, 5, 8, 9, 16, 20} - {SIZES[kind]}:
        assert read(kind, "41" * size) is MISSING


def test_every_format_has_its_name() -> None:
    assert {NAMES[kind] for kind in KINDS.values()} == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "text", "hexed"),
    [
        (U32, "0", "00000000"),
        (U32, "007", "00000007"),
        (I32, "+5", "00000005"),
        (I64, "-1", "ffffffffffffffff"),
        (F32, "0.1", "3dcccccd"),
        (F64, "-2.5e3", "c0a3880000000000"),
        (ADDRESS, "2001:db8::1", "000220010db8000000000000000000000001"),
        (IPV4, "192.0.2.7", "c0000207"),
        (IPV6, "::1", "00000000000000000000000000000001"),
        (OCTETS, "\udcffü", "ffc3bc"),
        (UTF8, "\ud800", "3f"),  # half of a pair that stands for no octet
    ],
)
def test_texts_are_written_as(kind: int, text: str, hexed: str) -> None:
    assert write_value(Avp("A", 1, 0, kind), text).hex() == hexed


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (U32, "-1"),
        (U32, ""),
        (U32, " 1"),
        (U32, "1e3"),
        (U32, "9" * 5000),
        (I32, "-2147483649"),
        (F32, "1e39"),
        (F32, "nan"),
        (F64, "inf"),
        (F64, "1_0x"),
        (F64, ""),
        (IPV4, "::1"),
        (IPV6, "192.0.2.7"),
        (ADDRESS, "192.0.2"),
        (TIME, "2104-02-26T09:42:24Z"),
        (GROUPED, "x"),
    ],
)
def test_what_does_not_fit_is_refused(kind: int, text: str) -> None:
    with pytest.raises(ValueError, match=r"^Some-AVP"):
        write_value(Avp("Some-AVP", 1, 0, kind), text)


@given(st.binary(max_size=40))
def test_octets_come_back_from_their_text(value: bytes) -> None:
    for kind in (OCTETS, UTF8):
        found = read_value(kind, value, 0, len(value))
        assert octets(value_text(found)) == value
        assert value_octets(found) == value
        assert write_value(Avp("A", 1, 0, kind), value_text(found)) == value


@given(st.binary(min_size=4, max_size=4))
def test_a_float_is_the_shortest_number_that_is_it(value: bytes) -> None:
    found = read_value(F32, value, 0, 4)
    if found is MISSING:
        assert value[0] & 0x7F == 0x7F
        return
    assert struct.pack(">f", float(str(found))) == value
