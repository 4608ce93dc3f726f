"""Others' dictionaries and others' codec beside ours: python-diameter, and freeDiameter where it is installed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from diameter.message import Avp as TheirAvp
from diameter.message import Message as TheirMessage
from diameter.message import avp as types
from diameter.message.avp.dictionary import AVP_DICTIONARY, AVP_VENDOR_DICTIONARY

from engine.fields.values import MISSING, value_text
from gateway.protocols.diameter.building import Builder
from gateway.protocols.diameter.checking import Rules, check
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
    IPFILTER,
    OCTETS,
    QOSFILTER,
    TIME,
    U32,
    U64,
    UTF8,
)
from gateway.protocols.diameter.kinds import URI as URI_KIND
from gateway.protocols.diameter.message import Avps, decode, encode
from gateway.protocols.diameter.values import read_value
from tests.gateway.protocols.diameter.samples import known

FREEDIAMETER = Path("/usr/lib/freeDiameter")
THEIR_KINDS: dict[type, set[int]] = {
    types.AvpGrouped: {GROUPED},
    types.AvpInteger32: {I32, ENUM},
    types.AvpInteger64: {I64},
    types.AvpUnsigned32: {U32},
    types.AvpUnsigned64: {U64},
    types.AvpFloat32: {F32},
    types.AvpFloat64: {F64},
    types.AvpOctetString: {OCTETS, IDENTITY, IPFILTER, QOSFILTER},
    types.AvpUtf8String: {UTF8, URI_KIND},
    types.AvpTime: {TIME},
    types.AvpAddress: {ADDRESS},
}
# Where python-diameter differs and we keep ours: RFC 6733 4.5 and 8.8, RFC 7155 4.4 and 4.6, RFC 5777 4, 3GPP TS 32.299 7.2.
OTHER_KINDS = {
    *((0, code) for code in (14, 47, 48, 52, 53, 268, 270, 291, 299, 563, 564, 565)),
    *((10415, code) for code in (885, 2031, 2032, 2101)),
}
OTHER_NAMES = {(0, 50), (0, 68), (0, 89), (10415, 824)}
THEY_LACK = {(0, code) for code in range(659, 665)}  # RFC 8506, 8.58 and after


def theirs(avp: Avp) -> Any:
    rows = AVP_VENDOR_DICTIONARY.get(avp.vendor, {}) if avp.vendor else AVP_DICTIONARY
    return rows.get(avp.code)


def ours() -> list[Avp]:
    return sorted((avp for avp in known().avps if avp.vendor != 66000), key=lambda avp: avp.key)


def test_the_dictionaries_agree_with_python_diameters() -> None:
    kinds, names, lacking = set(), set(), set()
    for avp in ours():
        row = theirs(avp)
        if row is None:
            lacking.add((avp.vendor, avp.code))
            continue
        if avp.kind not in THEIR_KINDS[row["type"]]:
            kinds.add((avp.vendor, avp.code))
        if row["name"].strip() not in avp.names:
            names.add((avp.vendor, avp.code))
    assert kinds == OTHER_KINDS
    assert names == OTHER_NAMES
    assert lacking == THEY_LACK
    assert len(ours()) > 1_100


@pytest.mark.skipif(not (FREEDIAMETER / "dict_dcca_3gpp.fdx").exists(), reason="freeDiameter is not installed here")
def test_the_dictionaries_agree_with_freediameters() -> None:
    keys = json.dumps([[avp.vendor, avp.code] for avp in ours()])
    command = [sys.executable, str(Path(__file__).with_name("freediameter.py")), str(FREEDIAMETER)]
    rows = json.loads(subprocess.run(command, input=keys, capture_output=True, text=True, check=True, timeout=60).stdout)
    assert len(rows) > 700
    # by base type; integers of RADIUS are Enumerated in RFC 7155 where freeDiameter has plain ones
    base = {GROUPED: 0, I32: 2, ENUM: 2, I64: 3, U32: 4, U64: 5, F32: 6, F64: 7}
    kinds, names, flags = set(), set(), set()
    for vendor, code, name, mask, fixed, kind in rows:
        avp = known().avp(code, vendor)
        assert avp is not None
        if base.get(avp.kind, 1) != kind and (avp.kind, kind) != (ENUM, 4):
            kinds.add((vendor, code))
        if name not in avp.names:
            names.add((vendor, code))
        if mask & 0x40 and (fixed ^ avp.flags) & 0x40:
            flags.add((vendor, code))
    assert kinds == {(10415, 2), (10415, 2102), (10415, 2103)}  # TS 29.061 16.4.7, TS 32.299 7.2
    assert names == {(10415, 2307), (10415, 2702), (0, 523)}  # TS 32.299 7.2, RFC 5777 4.1.7.8
    assert all(vendor == 10415 and code < 34 for vendor, code in flags)  # TS 32.299 7.2: these must not have the M bit


# -- generated messages --------------------------------------------------------------------------------------------------

COMMON = [avp for avp in ours() if (row := theirs(avp)) is not None and avp.kind in THEIR_KINDS[row["type"]] and avp.kind != GROUPED]
GROUPS = [avp for avp in ours() if theirs(avp) is not None and avp.kind == GROUPED and theirs(avp)["type"] is types.AvpGrouped]
LETTERS = "abcXYZ019 .;:@/-_äöü€\u4e2d\U0001f4de"


def drawn(avp: Avp, chance: random.Random) -> tuple[Any, object]:
    """A value as python-diameter takes it, and as we read it."""
    kind = avp.kind
    whole = {
        U32: (0, 2**32 - 1),
        U64: (0, 2**64 - 1),
        I32: (-(2**31), 2**31 - 1),
        ENUM: (-(2**31), 2**31 - 1),
        I64: (-(2**63), 2**63 - 1),
    }
    if kind in whole:
        number = chance.choice((*whole[kind], 0, 1, chance.randint(*whole[kind])))
        return number, number
    if kind == TIME:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(2_000_000_000))
        return at, at.strftime("%Y-%m-%dT%H:%M:%SZ")
    if kind == ADDRESS:
        address = chance.choice(("192.0.2.7", "10.0.0.1", "2001:db8::1", "::1", "255.255.255.255"))
        return address, address
    if kind in (F32, F64):
        fraction = chance.choice((0.5, -1.25, 1e10, 3.0))
        return fraction, fraction
    text = "".join(chance.choices(LETTERS, k=chance.choice((0, 1, 3, 4, 5, 40))))
    if theirs(avp)["type"] is types.AvpOctetString:
        octets = chance.choice((text.encode(), bytes(chance.getrandbits(8) for _ in range(chance.randrange(9)))))
        return octets, octets
    return text, text


def generated(chance: random.Random, depth: int = 0) -> tuple[list[Any], list[Any]]:
    """AVPs as python-diameter's, and (key, value as we read it) of each, groups as lists."""
    built: list[Any] = []
    expected: list[Any] = []
    for _ in range(chance.randrange(1, 12 if depth == 0 else 5)):
        if depth < 4 and chance.random() < 0.25:
            avp = chance.choice(GROUPS)
            inner, told = generated(chance, depth + 1)
            built.append(TheirAvp.new(avp.code, avp.vendor, value=inner))
            expected.append((avp.key, told))
            continue
        avp = chance.choice(COMMON)
        value, read = drawn(avp, chance)
        built.append(TheirAvp.new(avp.code, avp.vendor, value=value))
        expected.append((avp.key, read))
    return built, expected


def same(avps: Avps, expected: Sequence[Any]) -> None:
    assert len(avps) == len(expected)
    for position, (key, value) in enumerate(expected):
        assert avps.keys[position] == key
        row = known().keyed(key)
        assert row is not None
        if row.kind == GROUPED:
            same(avps.group(position), value)
            continue
        octets = avps.value(position)
        read = read_value(row.kind, avps.data, avps.value_start(position), avps.value_end(position))
        assert read is not MISSING
        if isinstance(value, bytes):
            assert octets == value
        elif row.kind == TIME:
            assert value_text(read) == value
        elif isinstance(value, float):
            assert float(value_text(read)) == value
        else:
            assert read == value


def round_trip(chance: random.Random, rules: Rules, builder: Builder) -> None:
    """What python-diameter writes, we read; what we write of it, it reads as the same."""
    built, expected = generated(chance)
    theirs_message = TheirMessage()
    theirs_message.header.command_code = 272
    theirs_message.header.application_id = 4
    theirs_message.header.command_flags = 0xC0
    theirs_message.header.hop_by_hop_identifier = chance.getrandbits(32)
    theirs_message.header.end_to_end_identifier = chance.getrandbits(32)
    for avp in built:
        theirs_message.append_avp(avp)
    octets = theirs_message.as_bytes()
    message = decode(octets)
    header = theirs_message.header
    assert (message.hop_by_hop, message.end_to_end) == (header.hop_by_hop_identifier, header.end_to_end_identifier)
    check(message, rules)
    same(message.avps, expected)

    fields = list(flat(expected, ()))
    body = builder.build(fields)
    again = TheirMessage.from_bytes(encode(0xC0, 272, 4, 1, 2, body), plain_msg=True)
    mine = Avps(body)
    mine.index(0, len(body))
    assert [(avp.vendor_id << 32 | avp.code) for avp in again.avps] == mine.keys
    for position, avp in enumerate(again.avps):
        compare(avp, mine, position)


def flat(expected: Sequence[Any], around: tuple[str, ...]) -> Any:
    """(path, text, new branch) for every value that is no group."""
    for key, value in expected:
        row = known().keyed(key)
        assert row is not None
        if row.kind == GROUPED:
            yield from flat(value, (*around, row.name))
        elif known().named(row.name) is row and all(known().named(name) is not None for name in around):
            yield (*around, row.name), value_text(value) if not isinstance(value, float) else str(value), True


def compare(avp: Any, mine: Avps, position: int) -> None:
    if isinstance(avp, types.AvpGrouped):
        inner = mine.group(position)
        assert len(avp.value) == len(inner)
        for number, one in enumerate(avp.value):
            compare(one, inner, number)
        return
    assert avp.payload == mine.value(position)


def run(count: int, seed: int) -> None:
    chance, rules, builder = random.Random(seed), Rules(known()), Builder(known())
    for _ in range(count):
        round_trip(chance, rules, builder)


def test_messages_go_both_ways_between_python_diameter_and_us() -> None:
    run(300, 1)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_ten_thousand_messages_go_both_ways() -> None:
    run(10_000, 2)
