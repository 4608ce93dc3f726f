"""Paths into messages: the recorded ones that read values as they are, and what they leave open."""

from __future__ import annotations

from typing import Any

import pytest

from engine.fields.path import split_path
from engine.fields.values import MISSING, value_text
from gateway.protocols.diameter.message import Avps, decode
from gateway.protocols.diameter.paths import DiameterSource, Paths, Place, resolve
from gateway.protocols.diameter.values import octets
from tests.gateway.protocols.diameter.samples import avp, cases, known, message, processors, request, text, u32

CLASS = 25
GROUP = "Multiple-Services-Credit-Control"


def read(source: bytes, path: str) -> object:
    return DiameterSource(decode(source), Paths(known())).read(split_path(f"*req.{path}"), 1)


def plain_cases() -> list[Any]:
    """The recorded cases whose fields all are *group of one path, without replacement or converter."""
    rows = processors("diameter-values")
    found = []
    for case in cases("diameter-values"):
        fields = [row for row in rows[f"p{case['id'].split('/')[1]}"]["reply_fields"] if row["type"] != "*template"]
        paths = [row["value"] for row in fields if row["path"] == "*rep.Class"]
        if paths and all(path.startswith("~*req.") and not {";", "{", "<"} & set(path) and ":s/" not in path for path in paths):
            step = case["steps"][1]
            found.append(pytest.param(paths, bytes.fromhex(step["send"]), bytes.fromhex(step["expect"]), id=case["about"]))
    assert len(found) >= 10
    return found


@pytest.mark.parametrize(("paths", "sent", "answer"), plain_cases())
def test_a_recorded_path_reads_what_it_read(paths: list[str], sent: bytes, answer: bytes) -> None:
    expected = decode(answer)
    if expected.is_error:
        with pytest.raises(ValueError, match="index 2 of 2 AVPs"):
            read(sent, paths[0].removeprefix("~*req."))
        return
    found = [read(sent, path.removeprefix("~*req.")) for path in paths]
    texts = [octets(value_text(value)) for value in found if value is not MISSING]
    classes = [expected.avps.value(position) for position, key in enumerate(expected.avps.keys) if key == CLASS]
    assert texts == classes


def mscc(*avps: bytes) -> bytes:
    return avp(GROUP, b"".join(avps))


SESSION = request(
    mscc(avp("Used-Service-Unit", u32("CC-Time", 1)), u32("Rating-Group", 1), u32("Service-Identifier", 7)),
    mscc(avp("Used-Service-Unit", u32("CC-Time", 2)), u32("Service-Identifier", 8)),
    mscc(avp("Used-Service-Unit", u32("CC-Time", 3) + u32("CC-Time", 4)), u32("Rating-Group", 3)),
    u32("CC-Request-Type", 2),
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{GROUP}.Used-Service-Unit.CC-Time", 1),
        (f"{GROUP}.Used-Service-Unit.CC-Time[2]", 3),
        (f"{GROUP}[2].Used-Service-Unit.CC-Time[1]", 4),
        (f"{GROUP}[~Service-Identifier(8)].Used-Service-Unit.CC-Time", 2),
        # one of the groups has no Rating-Group: that one is passed over
        (f"{GROUP}.Used-Service-Unit.CC-Time[~Rating-Group(3)]", 3),
        (f"{GROUP}.Used-Service-Unit.CC-Time[~Rating-Group(3)|~CC-Request-Type(2)]", 3),
        (f"{GROUP}.Used-Service-Unit.CC-Time[~Rating-Group(3)|~CC-Request-Type(1)]", MISSING),
        (f"{GROUP}.Rating-Group[~Used-Service-Unit.CC-Time(4)]", 3),
        (f"{GROUP}.Used-Service-Unit.CC-Time[~Rating-Group(~^3$)]", 3),
        (f"{GROUP}.Rating-Group[~Service-Identifier(9)]", MISSING),
        (f"{GROUP}.Granted-Service-Unit.CC-Time", MISSING),
        (f"{GROUP}.CC-Time", MISSING),
        (f"{GROUP}.CC-Time[5]", MISSING),
        (f"{GROUP}.No-Such-AVP", ""),
        (f"{GROUP}.Used-Service-Unit.CC-Time[~No-Such-AVP(1)]", ""),
        ("CC-Request-Type.CC-Time", MISSING),
        ("", MISSING),
    ],
)
def test_a_path_leads_to(path: str, expected: object) -> None:
    assert read(SESSION, path) == expected


def test_a_level_is_looked_through_once_for_all_that_lie_on_it() -> None:
    """A message of 256 KB can have 1024 AVPs of one name on a level, and what they are picked by behind them all."""
    group = avp("Subscription-Id", text("Subscription-Id-Data", "1") * 100 + u32("Subscription-Id-Type", 1))
    chain = resolve(known(), split_path("Subscription-Id.Subscription-Id-Data[~Subscription-Id-Type(0)]"))
    (condition,) = chain.steps[-1].conditions
    sent = decode(request(group, group))
    levels = [sent.avps.group(position) for position, key in enumerate(sent.avps.keys) if key == 443]
    data = known().named("Subscription-Id-Data")
    assert data is not None
    found: dict[Avps, int] = {}
    places = [Place(level, position, data, None) for level in levels for position in range(100)]
    assert [condition.holds(place, found) for place in places] == [False] * 200
    assert list(found) == levels
    found[levels[1]] = 1
    assert condition.holds(places[-1], found), "what was found before counts"
    assert chain.read(sent) is MISSING


def test_a_number_in_a_selector_is_that_number() -> None:
    groups = [mscc(u32("Rating-Group", number), u32("CC-Time", number)) for number in (10, 21, 1)]
    sent = request(*groups, avp("Subscription-Id", text("Subscription-Id-Data", "4910")))
    assert read(sent, f"{GROUP}.CC-Time[~Rating-Group(1)]") == 1
    assert read(sent, f"{GROUP}.CC-Time[~Rating-Group(!10)]") == 21
    assert read(sent, f"{GROUP}.CC-Time[~Rating-Group(^2)]") == 21
    assert read(sent, "Subscription-Id.Subscription-Id-Data[~Subscription-Id-Data(91)]") == "4910"


@pytest.mark.parametrize("path", ["CC-Time[~Rating-Group]", "CC-Time[x]", "CC-Time[Rating-Group(1)]", "CC-Time[~Rating-Group(1]"])
def test_a_selector_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="a selector is"):
        read(SESSION, path)


def test_an_index_beyond_what_is_there_is_refused() -> None:
    with pytest.raises(ValueError, match="index 4 of 4"):
        read(SESSION, f"{GROUP}.Used-Service-Unit.CC-Time[4]")


def test_the_vendor_counts() -> None:
    foreign = (9001).to_bytes(4, "big") + b"\x80\0\0\x10" + (1).to_bytes(4, "big") + b"evil"
    assert read(request(foreign), "Tw-Note") is MISSING
    assert read(request(foreign, text("Tw-Note", "ours")), "Tw-Note") == "ours"


def test_both_ways_to_write_a_name_of_3gpp_lead_to_it() -> None:
    sent = request(avp("Service-Information", avp("PS-Information", text("3GPP-IMSI-MCC-MNC", "26201"))))
    assert read(sent, "Service-Information.PS-Information.3GPP-IMSI-MCC-MNC") == "26201"
    assert read(sent, "Service-Information.PS-Information.TGPP-IMSI-MCC-MNC") == "26201"


def test_a_value_of_the_wrong_size_is_not_there() -> None:
    for name, value in (("Rating-Group", b"\1\2"), ("CC-Total-Octets", b"\0\0\0\1"), ("Event-Timestamp", b""), ("Tw-Address", b"\0\1\1")):
        assert read(request(avp(name, value)), name) is MISSING


def test_a_broken_group_is_refused_when_it_is_read() -> None:
    sent = request(avp(GROUP, b"\0\0\1\xb0\x40\0\0\xff"))
    with pytest.raises(ValueError, match="AVP 432 has length 255"):
        read(sent, f"{GROUP}.Rating-Group")


def test_paths_are_kept_within_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = Paths(known())
    one = paths.chain(("*req", "CC-Time"))
    assert paths.chain(("*req", "CC-Time")) is one
    assert paths.chain(("x", "*req", "CC-Time"), 2).read(message(u32("CC-Time", 5))) == 5
    for number in range(40_000):
        paths.chain(("*req", str(number)))
    assert len(paths._chains) <= 16_384
