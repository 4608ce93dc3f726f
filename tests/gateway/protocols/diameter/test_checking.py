"""What a request is looked at for before it is worked on."""

from __future__ import annotations

import pytest

from gateway.protocols.diameter.checking import Rules, check
from gateway.protocols.diameter.message import DecodeError, decode, encode
from tests.gateway.protocols.diameter.samples import avp, known, recorded_messages, request, text, u32

GROUP = "Multiple-Services-Credit-Control"
LOOSE, STRICT = Rules(known()), Rules(known(), strict=True)
NEEDED = (
    text("Session-Id", "s"),
    text("Origin-Host", "pgw"),
    text("Origin-Realm", "example"),
    text("Destination-Realm", "example"),
    u32("Auth-Application-Id", 4),
    text("Service-Context-Id", "32251@3gpp.org"),
    u32("CC-Request-Type", 1),
    u32("CC-Request-Number", 0),
)
UNKNOWN = bytes.fromhex("0000ea61" + "40" + "00000c" + "61626364")
FOREIGN = bytes.fromhex("0000ea61" + "c0" + "000010" + "fffffffe" + "61626364")
BROKEN = avp(GROUP, bytes.fromhex("000001b0400000ff00000001"))


@pytest.mark.parametrize(
    ("octets", "loose", "strict", "failed"),
    [
        (request(*NEEDED), 0, 0, b""),
        (request(*NEEDED, UNKNOWN[:4] + b"\0" + UNKNOWN[5:]), 0, 0, b""),
        (request(*NEEDED, UNKNOWN), 0, 5001, UNKNOWN),
        (request(*NEEDED, FOREIGN), 0, 5001, FOREIGN),
        (request(*NEEDED, avp(GROUP, UNKNOWN)), 0, 5001, UNKNOWN),
        (request(*NEEDED, avp("Service-Information", avp("PS-Information", UNKNOWN))), 0, 5001, UNKNOWN),
        (request(*NEEDED, BROKEN), 5014, 5014, BROKEN),
        (request(*NEEDED, avp("Service-Information", BROKEN)), 5014, 5014, BROKEN),
        (request(*NEEDED, avp("Rating-Group", b"\1\2")), 0, 5014, avp("Rating-Group", b"\1\2")),
        (request(*NEEDED, avp(GROUP, avp("Rating-Group", b"\1\2"))), 0, 5014, avp("Rating-Group", b"\1\2")),
        (request(*NEEDED, u32("Requested-Action", 9)), 0, 5004, u32("Requested-Action", 9)),
        (request(*NEEDED[:1], *NEEDED[2:]), 0, 5005, bytes.fromhex("0000010840000008")),
        (request(*NEEDED[:-1]), 0, 5005, bytes.fromhex("0000019f4000000c00000000")),
        (request(*NEEDED, u32("CC-Request-Number", 7)), 0, 5009, u32("CC-Request-Number", 7)),
        (encode(0x80, 999, 4, 1, 2, UNKNOWN[:4] + b"\0" + UNKNOWN[5:]), 0, 0, b""),
    ],
)
def test_a_request_is_judged(octets: bytes, loose: int, strict: int, failed: bytes) -> None:
    for rules, result in ((LOOSE, loose), (STRICT, strict)):
        message = decode(octets)
        if not result:
            check(message, rules)
            continue
        with pytest.raises(DecodeError) as caught:
            check(message, rules)
        assert caught.value.result == result
        assert caught.value.failed == failed
        assert caught.value.message is message


def test_depth_is_bounded() -> None:
    inner = u32("Rating-Group", 1)
    for _ in range(40):
        inner = avp(GROUP, inner)
    with pytest.raises(DecodeError, match="deep"):
        check(decode(request(inner)), LOOSE)


def test_recorded_requests_pass_by_default() -> None:
    seen = 0
    for octets in recorded_messages():
        try:
            message = decode(octets)
        except DecodeError:
            continue
        check(message, LOOSE)
        seen += 1
    assert seen > 700
