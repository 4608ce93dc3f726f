"""Messages and AVPs as octets, and the stream that they come in."""

from __future__ import annotations

import pytest

from gateway.protocols.diameter.limits import MAX_AVPS, MAX_DEPTH, MAX_MESSAGE_BYTES
from gateway.protocols.diameter.message import DecodeError, answer_to, decode, encode, failed_of
from gateway.protocols.diameter.stream import MessageStream
from tests.gateway.protocols.diameter.samples import avp, known, recorded_messages, request, text, u32

CCR = request(text("Session-Id", "a;b;c"), u32("CC-Request-Type", 1), avp("Multiple-Services-Credit-Control", u32("Rating-Group", 7)))


def test_a_message_is_its_header_and_its_avps() -> None:
    message = decode(CCR)
    assert (message.command, message.application, message.hop_by_hop, message.end_to_end) == (272, 4, 0x1048, 0x7A000048)
    assert message.is_request
    assert not message.is_error
    assert not message.is_repetition
    assert message.avps.keys == [263, 416, 456]
    assert message.avps.text(263) == "a;b;c"
    assert message.avps.number(416) == 1
    assert message.avps.number(263) is None
    assert message.avps.first(999) is None
    group = message.avps.group(2)
    assert group.keys == [432]
    assert message.avps.group(2) is group
    assert b"".join(message.avps.whole(position) for position in range(3)) == CCR[20:]


def test_the_t_bit_is_seen_and_the_answer_keeps_only_p() -> None:
    message = decode(request(flags=0xD0))
    assert message.is_repetition
    assert answer_to(message, b"").hex() == "01000014" + "40000110" + "00000004" + "00001048" + "7a000048"
    assert answer_to(decode(request(flags=0x80)), b"", error=True)[4] == 0x20


@pytest.mark.parametrize(
    ("octets", "result", "failed"),
    [
        # an AVP that ends inside its header
        (encode(0x80, 272, 4, 1, 2, bytes.fromhex("000001084000")), 5015, ""),
        # Origin-Host with a length of 256 where 12 octets are left
        (encode(0x80, 272, 4, 1, 2, bytes.fromhex("0000010840000100") + b"abcd"), 5014, "0000010840000008"),
        # with a length below its header
        (encode(0x80, 272, 4, 1, 2, bytes.fromhex("0000010840000004") + b"abcd"), 5014, "0000010840000008"),
        (encode(0x80, 272, 4, 1, 2, bytes.fromhex("0000010840000000") + b"abcd"), 5014, "0000010840000008"),
        # a vendor's AVP with a length of 8
        (encode(0x80, 272, 4, 1, 2, bytes.fromhex("00000001c0000008") + b"\0\0\x28\xaf"), 5014, "00000001c000000c000028af"),
        (encode(0x80, 272, 4, 1, 2, bytes.fromhex("00000001c000000c")), 5014, "00000001c000000c00000000"),
        # version 2
        (b"\2" + CCR[1:], 5011, ""),
        # the header says less, more, or no multiple of 4
        (CCR[:3] + bytes([CCR[3] - 4]) + CCR[4:], 5015, ""),
        (CCR + b"\0\0\0\0", 5015, ""),
        (b"\1\0\0\x16" + CCR[4:22], 5015, ""),
        # a request with the error bit
        (request(flags=0xA0), 3008, ""),
    ],
)
def test_octets_that_are_no_message_are_told_with_what_to_answer(octets: bytes, result: int, failed: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(octets)
    assert caught.value.result == result
    assert caught.value.failed.hex() == failed
    assert caught.value.message is not None
    assert caught.value.message.command == 272


def test_less_than_a_header_is_no_message() -> None:
    with pytest.raises(DecodeError) as caught:
        decode(CCR[:19])
    assert caught.value.message is None


def test_what_stands_before_a_broken_avp_can_be_read() -> None:
    with pytest.raises(DecodeError) as caught:
        decode(request(text("Session-Id", "s"), bytes.fromhex("0000010840000100")))
    assert caught.value.message is not None
    assert caught.value.message.avps.text(263) == "s"


def test_the_padding_of_the_last_avp_of_a_group_may_be_missing() -> None:
    group = decode(request(avp("Subscription-Id", text("Subscription-Id-Data", "12345")[:-3]))).avps.group(0)
    assert group.text(444) == "12345"


def test_a_broken_group_names_the_whole_group() -> None:
    broken = avp("Multiple-Services-Credit-Control", bytes.fromhex("000001b0400000ff00000001"))
    with pytest.raises(DecodeError) as caught:
        decode(request(broken)).avps.group(0)
    assert (caught.value.result, caught.value.failed) == (5014, broken)


def test_depth_and_number_of_avps_are_bounded() -> None:
    inner = u32("Rating-Group", 1)
    for _ in range(MAX_DEPTH + 1):
        inner = avp("Multiple-Services-Credit-Control", inner)
    avps = decode(request(inner)).avps
    for _ in range(MAX_DEPTH):
        avps = avps.group(0)
    with pytest.raises(DecodeError, match="deep"):
        avps.group(0)
    decode(request(*[u32("Rating-Group", 1)] * MAX_AVPS))
    with pytest.raises(DecodeError, match="more than 1024 AVPs"):
        decode(request(*[u32("Rating-Group", 1)] * (MAX_AVPS + 1)))


def test_a_long_offending_avp_is_given_back_as_its_header() -> None:
    avps = decode(request(text("Session-Id", "x" * 5000))).avps
    assert failed_of(avps, 0).hex() == "0000010740000008"


def test_a_message_too_long_for_its_header_is_refused() -> None:
    with pytest.raises(ValueError, match="16 MB"):
        encode(0, 1, 1, 1, 1, bytes(0xFF_FFFF))


def drained(stream: MessageStream) -> list[bytes]:
    found = []
    while (octets := stream.next()) is not None:
        found.append(octets)
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 5, 19, 20, 21, 64, 1000, 1 << 20])
def test_messages_come_out_however_they_are_cut(size: int) -> None:
    messages = [CCR, request(), *recorded_messages()[:40], CCR]
    messages = [octets for octets in messages if int.from_bytes(octets[1:4], "big") == len(octets)]
    octets = b"".join(messages)
    stream = MessageStream()
    found = []
    for at in range(0, len(octets), size):
        stream.feed(octets[at : at + size])
        found += drained(stream)
    assert found == messages
    assert stream.held == 0
    assert stream.broken is None


def test_what_was_not_drained_is_joined() -> None:
    stream = MessageStream()
    stream.feed(CCR)
    stream.feed(CCR[:10])
    assert drained(stream) == [CCR]
    assert stream.held == 10


@pytest.mark.parametrize(
    ("octets", "answerable"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", False),  # a length of 0x455420
        (b"\1\0\0\x10" + CCR[4:], True),  # 16
        (b"\1\0\0\0" + CCR[4:], True),
        (b"\1\0\0\x15" + CCR[4:], True),  # 21
        (b"\1\xff\xff\xfc" + CCR[4:], True),  # 16 MB
        (b"\1\xff\xff\xfc", False),
        (b"\x16\x03\x01\x02\x00\x01\x00", False),  # TLS
    ],
)
def test_a_stream_that_cannot_be_cut_is_broken_at_once(octets: bytes, answerable: bool) -> None:
    for size in (1, len(octets)):
        stream = MessageStream()
        for at in range(0, len(octets), size):
            stream.feed(octets[at : at + size])
            assert stream.next() is None
        assert stream.broken is not None
        assert stream.broken.result == 5015
        assert stream.held == 0
        if size == len(octets):
            assert (stream.broken.message is not None) == answerable


def test_a_stream_takes_messages_up_to_its_bound() -> None:
    body = text("Class", "x" * (MAX_MESSAGE_BYTES - 28))
    stream = MessageStream()
    stream.feed(encode(0x80, 272, 4, 1, 1, body))
    assert [len(octets) for octets in drained(stream)] == [MAX_MESSAGE_BYTES]
    stream = MessageStream(64)
    stream.feed(CCR)
    assert stream.next() is None
    assert stream.broken is not None


def test_every_recorded_message_decodes_and_keeps_its_octets() -> None:
    seen = 0
    for octets in recorded_messages():
        try:
            message = decode(octets)
        except DecodeError:
            continue
        seen += 1
        assert b"".join(message.avps.whole(position) for position in range(len(message.avps))) == octets[20:]
        for position, key in enumerate(message.avps.keys):
            row = known().keyed(key)
            if row is not None and row.is_group:
                assert message.avps.group(position).keys
    assert seen > 700
