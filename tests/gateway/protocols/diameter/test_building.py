"""Answers made of fields: the recorded ones whose fields are constants, and what they leave open."""

from __future__ import annotations

from typing import Any

import pytest

from engine.times import zone_of
from gateway.protocols.diameter.building import Builder, Field
from gateway.protocols.diameter.limits import RECENT_TEXT_CHARACTERS, RECENT_TEXTS
from gateway.protocols.diameter.message import Avps, decode
from tests.gateway.protocols.diameter.samples import cases, known, processors

CCA = {263, 268, 264, 296, 258, 416, 415}  # what the template *cca fills: the path into the request is not of this room
CONSTANTS = ("*constant", "*group", "*variable")
GROUP = 456


def flat(avps: Avps, dictionary: Any, skip: set[int]) -> list[object]:
    """(code, value) of every AVP that is not skipped, groups as lists."""
    found: list[object] = []
    for position, key in enumerate(avps.keys):
        if key in skip:
            continue
        row = dictionary.keyed(key)
        is_group = row is not None and row.is_group
        found.append((key, flat(avps.group(position), dictionary, set()) if is_group else avps.value(position)))
    return found


def constant_cases() -> list[Any]:
    rows = processors("diameter-fields")
    found = []
    for case in cases("diameter-fields"):
        number = case["id"].split("/")[1]
        fields = [row for row in rows[f"p{number}"]["reply_fields"] if row["type"] != "*template" or row["value"] != "*cca"]
        plain = all(
            row["type"] in CONSTANTS
            and not {"width", "padding", "strip", "filters", "blocker", "mandatory", "timezone"} & set(row)
            and "~" not in row["value"]
            and "<" not in row["path"]
            and ";" not in row["value"]
            for row in fields
        )
        if plain and fields:
            built = [(tuple(row["path"].removeprefix("*rep.").split(".")), row["value"], row.get("new_branch", False)) for row in fields]
            found.append(pytest.param(built, bytes.fromhex(case["steps"][1]["expect"]), id=case["about"]))
    assert len(found) > 15
    return found


@pytest.mark.parametrize(("fields", "answer"), constant_cases())
def test_a_recorded_answer_is_built_of_its_fields(fields: list[tuple[tuple[str, ...], str, bool]], answer: bytes) -> None:
    expected = decode(answer)
    builder = Builder(known())
    if expected.is_error:
        with pytest.raises(ValueError, match=fields[-1][0][-1]):
            builder.build(fields)
        return
    written = {known().named(path[0]).key for path, _, _ in fields}  # type: ignore[union-attr]
    body = builder.build(fields)
    mine = Avps(body)
    mine.index(0, len(body))
    assert flat(mine, known(), CCA - written) == flat(expected.avps, known(), CCA - written)


def build(*fields: tuple[str, str, bool]) -> list[object]:
    body = Builder(known()).build([(tuple(path.replace("[", ".[").split(".")), text, branch) for path, text, branch in fields])
    avps = Avps(body)
    avps.index(0, len(body))
    return flat(avps, known(), set())


def test_a_branch_opens_in_the_last_group_where_that_has_none_yet() -> None:
    built = build(
        ("Multiple-Services-Credit-Control.Granted-Service-Unit.CC-Time", "1", False),
        ("Multiple-Services-Credit-Control.Rating-Group", "2", True),
        ("Multiple-Services-Credit-Control.Granted-Service-Unit.CC-Time", "3", False),
    )
    assert built == [
        (GROUP, [(431, [(420, b"\0\0\0\1")])]),
        (GROUP, [(432, b"\0\0\0\2"), (431, [(420, b"\0\0\0\3")])]),
    ]


def test_a_number_behind_a_name_takes_that_one_or_makes_the_next() -> None:
    built = build(
        ("Class[0]", "a", False),
        ("Class[1]", "b", False),
        ("Class[0]", "c", False),
        ("Class", "d", False),
    )
    assert built == [(25, b"c"), (25, b"d")]
    with pytest.raises(ValueError, match="Class"):
        build(("Class[2]", "x", False))


def test_of_a_shape_with_many_numbers_the_whole_alone_is_kept() -> None:
    builder = Builder(known())
    fields = [(("Class", f"[{number}]"), "a", False) for number in range(300)]
    assert len(builder.build(fields)) == 300 * 12
    step, kept = builder._root, 0
    while step.following:
        (step,) = step.following.values()
        kept += step.top is not None
    assert kept == 1
    for _ in range(2):
        with pytest.raises(ValueError, match=r"Class\[7\] where there are 2"):
            builder.build([*fields[:2], fields[7], *fields[2:]])
    assert builder.build(fields[:2]) == builder.build(fields)[:24]


def test_flags_and_vendor_are_those_of_the_dictionary() -> None:
    builder = Builder(known())
    assert builder.build([(("3GPP-RAT-Type",), "\udc86", False)]).hex() == "00000015" + "80" + "00000d" + "000028af" + "86000000"
    assert builder.build([(("CC-Time",), "7", False)]).hex() == "000001a4" + "40" + "00000c" + "00000007"
    assert builder.build([(("Error-Message",), "no", False)]).hex() == "00000119" + "00" + "00000a" + "6e6f0000"


def test_an_enumerated_takes_its_names_and_its_numbers() -> None:
    assert build(("Final-Unit-Indication.Final-Unit-Action", "REDIRECT", False)) == [(430, [(449, b"\0\0\0\1")])]
    assert build(("Final-Unit-Indication.Final-Unit-Action", "1", False)) == [(430, [(449, b"\0\0\0\1")])]
    with pytest.raises(ValueError, match="Final-Unit-Action: <REDIRECTED> is no Enumerated"):
        build(("Final-Unit-Indication.Final-Unit-Action", "REDIRECTED", False))


def test_times_without_an_offset_are_of_the_zone() -> None:
    body = Builder(known()).build([(("Event-Timestamp",), "2026-03-02 11:10:05", False)], zone_of("Europe/Berlin"))
    assert body == Builder(known()).build([(("Event-Timestamp",), "2026-03-02T10:10:05Z", False)])


def test_what_was_built_before_is_built_the_same_again() -> None:
    """A builder keeps octets of late: of more texts than it keeps, of long ones, of one text for two AVPs, of times that it cannot keep."""
    builder, fresh = Builder(known()), Builder(known())
    texts = [*map(str, range(RECENT_TEXTS + 5)), "7", "0", "x" * (RECENT_TEXT_CHARACTERS + 1)]
    for _ in range(2):
        for text in texts:
            fields: list[Field] = [(("Session-Id",), text, False), (("Origin-Host",), text, False)]
            if text.isdecimal():
                fields.append((("Multiple-Services-Credit-Control", "Rating-Group"), text, False))
            assert builder.build(fields) == Builder(known()).build(fields)
    moment: list[Field] = [(("Event-Timestamp",), "*now", False)]
    for now_ns in (10**18, 2 * 10**18):
        assert builder.build(moment, now_ns=now_ns) == fresh.build(moment, now_ns=now_ns) == Builder(known()).build(moment, now_ns=now_ns)
    assert builder.build(moment, now_ns=10**18) != builder.build(moment, now_ns=2 * 10**18)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("No-Such-AVP",), "1"),
        (("Class", "CC-Time"), "1"),
        (("Multiple-Services-Credit-Control",), "1"),
        (("[0]",), "1"),
        ((), "1"),
        (("Host-IP-Address",), "127.0.0.256"),
        (("Event-Timestamp",), "soon"),
        (("Event-Timestamp",), ""),
        (("Event-Timestamp",), "1890-01-01T00:00:00Z"),
        (("CC-Time",), "+1"),
        (("CC-Time",), "٣"),
        (("CC-Total-Octets",), "18446744073709551616"),
        (("Tw-Shift",), "2147483648"),
        (("Value-Digits",), "--1"),
    ],
)
def test_what_cannot_be_built_is_refused_by_name(path: tuple[str, ...], text: str) -> None:
    with pytest.raises(ValueError, match=re_of(path)):
        Builder(known()).build([(path, text, False)])


def re_of(path: tuple[str, ...]) -> str:
    return path[-1].replace("[", r"\[") if path else "without an AVP"
