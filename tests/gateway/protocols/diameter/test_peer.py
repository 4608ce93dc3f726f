"""The state of a connection to a peer, driven by messages and the time."""

from __future__ import annotations

import pytest

from gateway.protocols.diameter.actions import Action, Answered, Asked, Close, Elect, Opened, Send, Unanswered
from gateway.protocols.diameter.answers import Identity
from gateway.protocols.diameter.capabilities import Capabilities
from gateway.protocols.diameter.checking import Rules
from gateway.protocols.diameter.message import DecodeError, Message, answer_to, decode, encode
from gateway.protocols.diameter.peer import CLOSED, CLOSING, OPEN, SECOND, WAIT_CEA, WAIT_CER, Peer, Settings, wins
from gateway.protocols.diameter.pending import EndToEnd
from gateway.protocols.diameter.stream import MessageStream
from gateway.protocols.diameter.watchdog import OKAY, REOPEN, SUSPECT
from tests.gateway.protocols.diameter.samples import avp, cases, known, request, text, u32

US = Identity("ocs1.tollgate.example", "tollgate.example")
NAMES = (text("Origin-Host", "pgw1.tollgate.example"), text("Origin-Realm", "tollgate.example"))
REST = (avp("Host-IP-Address", b"\0\1\x7f\0\0\1"), u32("Vendor-Id", 66000), text("Product-Name", "recorder"))
CREDIT = u32("Auth-Application-Id", 4)
SUPPORTED = {257, 258, 265, 271, 272, 274, 275, 280, 282}


def settings(*, elects: bool = False, refuse: int = 0, state_id: int = 0) -> Settings:
    capabilities = Capabilities(
        US, known().chosen(["4", "Base Accounting"]), product_name="Tollgate OCS", firmware_revision=918, state_id=state_id
    )
    return Settings(
        capabilities,
        lambda command: command in SUPPORTED,
        lambda application: known().application(application) is not None,
        lambda host, realm: refuse if host.startswith("pgw1") else 0,
        elects=elects,
    )


def peer(
    *, dialled: bool = False, expected_host: str = "", came_back: bool = False, secure: bool = False, of: Settings | None = None
) -> Peer:
    return Peer(
        of or settings(),
        0,
        seed=1_000,
        end_to_end=EndToEnd(0x123, 1_000),
        local_address="127.0.0.1",
        dialled=dialled,
        expected_host=expected_host,
        came_back=came_back,
        secure=secure,
    )


def base(command: int, *avps: bytes, flags: int = 0x80, hop: int = 7) -> bytes:
    return encode(flags, command, 0, hop, 9, b"".join(avps))


def cer(*avps: bytes) -> bytes:
    return base(257, *NAMES, *REST, *avps)


def opened(**with_: bool) -> Peer:
    one = peer(**with_)  # type: ignore[arg-type]
    one.receive(cer(CREDIT), 0)
    assert one.state == OPEN
    return one


def sent(action: Action) -> Message:
    assert isinstance(action, Send)
    return decode(action.octets)


def kinds(actions: list[Action]) -> list[type[Action]]:
    return [type(action) for action in actions]


# -- capabilities --------------------------------------------------------------------------------------------------------


def test_a_cer_is_answered_with_what_we_are() -> None:
    one = peer()
    actions = one.receive(cer(CREDIT), 0)
    assert kinds(actions) == [Send, Opened]
    answer = sent(actions[0])
    assert (answer.flags, answer.command, answer.application, answer.hop_by_hop, answer.end_to_end) == (0, 257, 0, 7, 9)
    avps = answer.avps
    assert (avps.number(268), avps.text(264), avps.text(296), avps.text(269)) == (2001, US.host, US.realm, "Tollgate OCS")
    assert (avps.first(257), avps.number(266), avps.number(267)) == (b"\0\1\x7f\0\0\1", 0, 918)
    assert (avps.number(259), avps.number(258), avps.number(265)) == (3, 4, 10415)
    group = avps.group(avps.find(260))
    assert (group.number(266), group.number(258)) == (10415, 4)
    assert (one.state, one.host, one.realm) == (OPEN, "pgw1.tollgate.example", "tollgate.example")


RECORDED_EXCHANGES = [
    pytest.param(bytes.fromhex(step["send"]), bytes.fromhex(step["expect"]), step.get("also", []), id=case["about"])
    for case in cases("diameter-base")
    for step in case["steps"][:1]
    if "CER" in step.get("decoded", {}).get("send", "")
][:13]


@pytest.mark.parametrize(("octets", "recorded", "also"), RECORDED_EXCHANGES)
def test_recorded_exchanges_end_as_they_did(octets: bytes, recorded: bytes, also: list[int]) -> None:
    one = peer()
    actions = one.receive(octets, 0)
    answer, expected = sent(actions[0]), decode(recorded)
    assert answer.flags == expected.flags
    result = expected.avps.number(268)
    assert answer.avps.number(268) in (result, *also)
    assert answer.avps.number(278) == expected.avps.number(278)
    assert kinds(actions[1:]) == ([Opened] if result == 2001 else [Close])


@pytest.mark.parametrize(
    ("octets", "result"),
    [
        (cer(), 5010),
        (cer(u32("Auth-Application-Id", 99999)), 5010),
        (cer(u32("Auth-Application-Id", 0)), 5010),
        (cer(u32("Auth-Application-Id", 0xFFFFFFFF)), 2001),
        (cer(avp("Vendor-Specific-Application-Id", u32("Vendor-Id", 10415) + u32("Auth-Application-Id", 16777238))), 2001),
        (cer(CREDIT, u32("Inband-Security-Id", 1)), 5017),
        (cer(CREDIT, u32("Inband-Security-Id", 1), u32("Inband-Security-Id", 0)), 2001),
        (base(257, NAMES[1], CREDIT), 5005),
        (base(257, NAMES[0], CREDIT), 5005),
        (base(257, text("Origin-Host", "a b"), NAMES[1], CREDIT), 5004),
        (base(257, text("Origin-Host", "ü"), NAMES[1], CREDIT), 5004),
        (base(257, text("Origin-Host", ""), NAMES[1], CREDIT), 5004),
        (base(257, text("Origin-Host", "x" * 256), NAMES[1], CREDIT), 5004),
        (cer(avp("Vendor-Specific-Application-Id", b"\0\0\1\x0a\x40\0\0\xff")), 5014),
        (cer(CREDIT, b"\0\0\1\x0a\x40\0\0\xff"), 5014),
        (b"\2" + cer(CREDIT)[1:], 5011),
        (base(257, *NAMES, CREDIT, flags=0xA0), 3008),
    ],
)
def test_a_cer_is_judged(octets: bytes, result: int) -> None:
    one = peer()
    actions = one.receive(octets, 0)
    answer = sent(actions[0])
    assert answer.avps.number(268) == result
    assert answer.is_error == (result != 2001)
    if result == 2001:
        assert one.state == OPEN
        return
    assert kinds(actions) == [Send, Close]
    assert one.state == CLOSED
    assert (answer.avps.find(279) >= 0) == (result in (5004, 5005, 5014))
    assert one.receive(cer(CREDIT), 0) == []


def test_tls_may_be_asked_for_where_it_is() -> None:
    actions = peer(secure=True).receive(cer(CREDIT, u32("Inband-Security-Id", 1)), 0)
    assert sent(actions[0]).avps.number(268) == 2001


def test_a_peer_that_is_not_allowed_gets_its_code_and_the_end() -> None:
    actions = peer(of=settings(refuse=3010)).receive(cer(CREDIT), 0)
    assert kinds(actions) == [Send, Close]
    assert sent(actions[0]).avps.number(268) == 3010


def test_a_state_id_of_our_own_is_told_instead_of_the_peers() -> None:
    octets = cer(CREDIT, u32("Origin-State-Id", 5))
    assert sent(peer().receive(octets, 0)[0]).avps.number(278) == 5
    assert sent(peer(of=settings(state_id=77)).receive(octets, 0)[0]).avps.number(278) == 77


def test_a_state_id_that_has_not_four_octets_is_none() -> None:
    answer = sent(peer().receive(cer(CREDIT, avp("Origin-State-Id", bytes(7) + b"\5")), 0)[0])
    assert (answer.avps.number(268), answer.avps.first(278)) == (2001, None)


def test_nothing_is_answered_before_the_cer_and_a_second_one_is_passed_over() -> None:
    one = peer()
    assert one.receive(request(*NAMES), 0) == []
    assert one.receive(base(280, *NAMES), 0) == []
    assert one.receive(b"\2" + request()[1:], 0) == []
    assert kinds(one.receive(cer(CREDIT), 0)) == [Send, Opened]
    assert one.receive(cer(CREDIT), 0) == []
    assert one.ignored == 4
    assert kinds(one.receive(request(*NAMES), 0)) == [Asked]


def test_who_does_not_introduce_himself_is_dropped() -> None:
    one = peer()
    assert one.wake_at == 10 * SECOND
    assert one.wake(10 * SECOND - 1) == []
    assert kinds(one.wake(10 * SECOND)) == [Close]
    assert one.wake_at == 0


def cea(octets: bytes, *avps: bytes, flags: int = 0) -> bytes:
    return answer_to(decode(octets), b"".join(avps), error=bool(flags))


def dialled(expected_host: str = "") -> tuple[Peer, bytes]:
    one = peer(dialled=True, expected_host=expected_host)
    actions = one.start(0)
    assert kinds(actions) == [Send]
    assert isinstance(actions[0], Send)
    assert one.state == WAIT_CEA
    return one, actions[0].octets


def test_who_dials_says_first_what_we_are() -> None:
    one, octets = dialled()
    message = decode(octets)
    assert (message.flags, message.command, message.application) == (0x80, 257, 0)
    assert message.end_to_end >> 20 == 0x123
    assert message.avps.find(268) < 0
    assert (message.avps.text(264), message.avps.number(258)) == (US.host, 4)
    assert kinds(one.receive(cea(octets, u32("Result-Code", 2001), *NAMES, CREDIT), 1)) == [Opened]
    assert (one.state, one.host) == (OPEN, "pgw1.tollgate.example")


@pytest.mark.parametrize(
    ("avps", "error", "reason"),
    [
        ((u32("Result-Code", 5010), *NAMES), True, "refused by the peer with 5010"),
        ((*NAMES, CREDIT), False, "refused by the peer with None"),
        ((u32("Result-Code", 2001), NAMES[0], CREDIT), False, "no proper capabilities"),
        ((u32("Result-Code", 2001), *NAMES), False, "no application in common"),
        ((u32("Result-Code", 2001), text("Origin-Host", "else.example"), NAMES[1], CREDIT), False, "the peer is else.example"),
    ],
)
def test_a_cea_is_judged(avps: tuple[bytes, ...], error: bool, reason: str) -> None:
    one, octets = dialled("pgw1.tollgate.example")
    actions = one.receive(cea(octets, *avps, flags=int(error)), 1)
    assert kinds(actions) == [Close]
    assert isinstance(actions[0], Close)
    assert reason in actions[0].reason
    assert actions[0].failed
    assert one.state == CLOSED


def test_a_cea_that_answers_nothing_is_passed_over() -> None:
    one, octets = dialled()
    other = bytearray(cea(octets, u32("Result-Code", 2001), *NAMES, CREDIT))
    other[15] ^= 1
    assert one.receive(bytes(other), 1) == []
    assert one.state == WAIT_CEA
    assert kinds(one.wake(10 * SECOND)) == [Close]


# -- election ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("local", "remote", "expected"),
    [("b.example", "a.example", True), ("a.example", "b.example", False), ("a", "a.b", False), ("a.b", "A", True), ("a", "a", False)],
)
def test_the_greater_name_wins(local: str, remote: str, expected: bool) -> None:
    assert wins(local, remote) == expected


def test_both_dialled_and_the_accepted_connection_wins() -> None:
    accepted, other = peer(of=settings(elects=True)), dialled()[0]
    actions = accepted.receive(cer(CREDIT), 0)
    assert kinds(actions) == [Elect]
    assert isinstance(actions[0], Elect)
    assert actions[0].host == "pgw1.tollgate.example"
    assert accepted.receive(request(), 0) == []
    assert kinds(other.give_way()) == [Close]
    assert kinds(accepted.admit(1)) == [Send, Opened]
    assert (accepted.state, other.state) == (OPEN, CLOSED)
    assert accepted.admit(1) == []


def test_both_dialled_and_the_accepted_connection_loses() -> None:
    accepted = peer(of=settings(elects=True))
    accepted.receive(cer(CREDIT), 0)
    answer, end = accepted.reject()
    assert sent(answer).avps.number(268) == 4003
    assert kinds([end]) == [Close]
    assert accepted.state == CLOSED
    assert accepted.reject() == []


# -- requests and answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "result", "failed"),
    [
        (request(text("Session-Id", "s"), application=424242), 3007, ""),
        (request(text("Session-Id", "s"), application=0), 3007, ""),
        (request(text("Session-Id", "s"), command=999), 3001, ""),
        (base(999, text("Session-Id", "s")), 3001, ""),
        (request(text("Session-Id", "s"), b"\0\0\1\x08\x40\0\1\0abcd"), 5014, "0000010840000008"),
        (request(text("Session-Id", "s"), flags=0xE0), 3008, ""),
        (b"\2" + request(text("Session-Id", "s"))[1:], 5011, ""),
    ],
)
def test_what_is_not_taken_is_answered_with_the_error_bit(octets: bytes, result: int, failed: str) -> None:
    actions = opened().receive(octets, 1)
    assert kinds(actions) == [Send]
    answer, asked = sent(actions[0]), Message(octets)
    assert answer.flags == 0x20 | (asked.flags & 0x40)
    assert (answer.command, answer.application) == (asked.command, asked.application)
    assert (answer.hop_by_hop, answer.end_to_end) == (asked.hop_by_hop, asked.end_to_end)
    assert answer.avps.number(268) == result
    assert (answer.avps.text(264), answer.avps.text(296)) == (US.host, US.realm)
    if result not in (3008, 5011):  # nothing was read of these
        assert answer.avps.text(263) == "s"
    assert (answer.avps.first(279) or b"").hex() == failed


def test_a_refusal_takes_along_what_clients_and_proxies_need() -> None:
    proxy = avp("Proxy-Info", text("Proxy-Host", "dra") + text("Proxy-State", "1"))
    octets = request(text("Session-Id", "s"), proxy, proxy, u32("CC-Request-Type", 1), u32("CC-Request-Number", 3), application=9)
    answer = sent(opened().receive(octets, 1)[0])
    assert [key for key in answer.avps.keys if key == 284] == [284, 284]
    assert (answer.avps.number(416), answer.avps.number(415)) == (1, 3)


def test_a_request_is_checked_by_the_rules() -> None:
    broken = avp("Multiple-Services-Credit-Control", bytes.fromhex("000001b0400000ff00000001"))
    assert kinds(opened().receive(request(broken), 1)) == [Asked]
    of = settings()
    of.rules = Rules(known())
    one = peer(of=of)
    one.receive(cer(CREDIT), 0)
    answer = sent(one.receive(request(text("Session-Id", "s"), broken), 1)[0])
    assert (answer.avps.number(268), answer.avps.first(279), answer.avps.text(263)) == (5014, broken, "s")
    assert kinds(one.receive(request(*NAMES), 1)) == [Asked]


def test_a_request_is_handed_over_with_its_t_bit() -> None:
    actions = opened().receive(request(text("Session-Id", "s"), flags=0xD0), 1)
    assert kinds(actions) == [Asked]
    assert isinstance(actions[0], Asked)
    assert actions[0].message.is_repetition


def test_a_watchdog_is_answered_and_one_without_a_name_refused() -> None:
    one = opened()
    answer = sent(one.receive(base(280, *NAMES), 1)[0])
    assert (answer.flags, answer.avps.number(268), answer.avps.text(264)) == (0, 2001, US.host)
    answer = sent(one.receive(base(280, NAMES[1]), 1)[0])
    assert (answer.flags, answer.avps.number(268), answer.avps.first(279)) == (0x20, 5005, bytes.fromhex("0000010840000008"))


def test_answers_find_their_requests() -> None:
    one = opened()
    first, number = one.ask("first", 258, 4, text("Session-Id", "s"), 5 * SECOND)
    second, _ = one.ask("second", 274, 4, b"", 6 * SECOND, proxiable=False)
    assert decode(first).flags == 0xC0
    assert decode(second).flags == 0x80
    assert decode(first).end_to_end == number
    assert decode(second).end_to_end == number + 1
    assert decode(second).hop_by_hop == decode(first).hop_by_hop + 1
    actions = one.receive(cea(second, u32("Result-Code", 2001)), 1)
    assert [(action.token, action.message.command) for action in actions if isinstance(action, Answered)] == [("second", 274)]
    # the same once more, one of another command, one of no request: passed over
    assert one.receive(cea(second), 1) == []
    assert one.receive(encode(0, 274, 4, decode(first).hop_by_hop, number, b""), 1) == []
    assert one.receive(encode(0, 258, 4, 99, number, b""), 1) == []
    assert one.ignored == 3
    assert one.wake_at == 5 * SECOND
    assert [action.token for action in one.wake(5 * SECOND) if isinstance(action, Unanswered)] == ["first"]
    assert one.receive(cea(first), 5 * SECOND) == []


def test_a_request_is_repeated_elsewhere_with_its_number_and_the_t_bit() -> None:
    _, number = opened().ask("x", 258, 4, b"", SECOND)
    octets, again = opened().ask("x", 258, 4, b"", SECOND, end_to_end=number)
    assert again == number
    assert (decode(octets).flags, decode(octets).end_to_end) == (0xD0, number)


def test_requests_in_flight_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    one = opened()
    for index in range(65_536):
        one.ask(index, 258, 4, b"", SECOND)
    with pytest.raises(ValueError, match="too many"):
        one.ask("one more", 258, 4, b"", SECOND)
    assert len(one.lost()) == 65_536
    with pytest.raises(ValueError, match="not open"):
        one.ask("one more", 258, 4, b"", SECOND)


def test_what_waits_when_the_connection_is_lost_is_told() -> None:
    one = opened()
    one.ask("a", 258, 4, b"", SECOND)
    assert [type(action) for action in one.lost()] == [Unanswered]
    assert one.lost() == []
    assert one.receive(request(), 1) == []


# -- watchdog ------------------------------------------------------------------------------------------------------------


def test_silence_is_asked_about_once_and_ends_it_at_the_second_time() -> None:
    one = opened()
    first = one.wake_at
    assert 28 * SECOND <= first <= 32 * SECOND
    actions = one.wake(first)
    message = sent(actions[0])
    assert (message.command, message.flags, message.avps.text(264)) == (280, 0x80, US.host)
    second = one.wake_at
    assert one.wake(second) == []
    assert one.watchdog.state == SUSPECT
    assert not one.is_usable
    assert kinds(one.wake(one.wake_at)) == [Close]
    assert one.state == CLOSED


def test_an_answer_or_any_message_shows_that_it_lives() -> None:
    one = opened()
    octets = sent(one.wake(one.wake_at)[0]).raw
    assert one.receive(cea(octets, u32("Result-Code", 2001), *NAMES), 35 * SECOND) == []
    assert one.watchdog.state == OKAY
    assert one.watchdog.wake_at > 60 * SECOND
    for _ in range(2):
        one.wake(one.watchdog.wake_at)
    assert one.watchdog.state == SUSPECT
    one.receive(request(), one.watchdog.wake_at - 1)
    assert one.watchdog.state == OKAY
    assert one.is_usable


def test_a_peer_that_came_back_is_trusted_after_three_answers() -> None:
    one = opened(came_back=True)
    for left in (2, 1, 0):
        assert one.watchdog.state == REOPEN
        now = one.wake_at
        octets = sent(one.wake(now)[0]).raw
        one.receive(cea(octets, u32("Result-Code", 2001)), now + 1)
        assert (one.watchdog.state == OKAY) == (left == 0)


# -- goodbye -------------------------------------------------------------------------------------------------------------


def test_the_peers_goodbye_is_answered_and_it_may_go_by_itself() -> None:
    one = opened()
    actions = one.receive(base(282, *NAMES, u32("Disconnect-Cause", 0)), SECOND)
    assert kinds(actions) == [Send]
    assert sent(actions[0]).avps.number(268) == 2001
    assert one.state == CLOSING
    assert one.wake_at == 6 * SECOND
    answer = sent(one.receive(request(text("Session-Id", "s")), 2 * SECOND)[0])
    assert (answer.avps.number(268), answer.flags) == (3004, 0x60)
    actions = one.wake(6 * SECOND)
    assert kinds(actions) == [Close]
    assert isinstance(actions[0], Close)
    assert not actions[0].failed


def test_our_goodbye_waits_for_its_answer_and_for_those_of_others() -> None:
    one = opened()
    octets, _ = one.ask("rar", 258, 4, b"", 60 * SECOND)
    goodbye = sent(one.disconnect(0, SECOND)[0])
    assert (goodbye.command, goodbye.avps.number(273), goodbye.avps.text(264)) == (282, 0, US.host)
    assert one.disconnect(0, SECOND) == []
    assert kinds(one.receive(cea(octets, u32("Result-Code", 2001)), SECOND)) == [Answered]
    # both at once
    assert sent(one.receive(base(282, *NAMES, u32("Disconnect-Cause", 0)), SECOND)[0]).avps.number(268) == 2001
    assert kinds(one.receive(cea(goodbye.raw, u32("Result-Code", 2001), *NAMES), SECOND)) == [Close]
    assert one.state == CLOSED


def test_our_goodbye_ends_without_an_answer_too() -> None:
    one = opened()
    one.disconnect(2, SECOND)
    assert kinds(one.wake(6 * SECOND)) == [Close]
    early = peer()
    assert kinds(early.disconnect(0, 0)) == [Close]
    assert early.state == CLOSED


# -- the stream ----------------------------------------------------------------------------------------------------------


def test_a_stream_that_breaks_ends_with_an_answer_where_there_was_a_header() -> None:
    for octets, answered in ((b"\1\0\0\x10" + request()[4:], True), (b"GET / HTTP/1.1\r\n\r\n......", False)):
        one, stream = opened(), MessageStream()
        stream.feed(octets)
        assert stream.next() is None
        assert isinstance(stream.broken, DecodeError)
        actions = one.broken(stream.broken)
        assert kinds(actions) == ([Send, Close] if answered else [Close])
        if answered:
            assert sent(actions[0]).avps.number(268) == 5015
        assert one.state == CLOSED
    assert kinds(peer().broken(DecodeError(5015, "x", b"", Message(request())))) == [Close]


def test_malformed_answers_are_passed_over() -> None:
    one = opened()
    assert one.receive(encode(0, 272, 4, 1, 1, b"\0\0\1\x08\x40\0\1\0"), 1) == []
    assert one.receive(b"", 1) == []
    assert one.receive(b"\1" * 19, 1) == []
    assert one.ignored == 3
    assert one.state == OPEN
    assert peer().state == WAIT_CER


def test_the_recorded_choice_of_applications_is_told_as_it_was() -> None:
    expected = decode(bytes.fromhex(cases("diameter-apps")[0]["steps"][0]["expect"])).avps
    of = settings()
    of.capabilities = Capabilities(US, known().chosen(["4", "TGPP.16777238", "Base Accounting"]), product_name="x", firmware_revision=918)
    mine = sent(peer(of=of).receive(cer(CREDIT), 0)[0]).avps
    for key in (258, 259, 260, 265, 267):
        assert [mine.value(at) for at in range(len(mine)) if mine.keys[at] == key] == [
            expected.value(at) for at in range(len(expected)) if expected.keys[at] == key
        ]
