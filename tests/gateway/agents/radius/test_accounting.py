"""Accounting requests: repetitions that move no money, what follows from their numbers, NASes that began anew."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.limits import ANSWER_SECONDS
from engine.sessions.commands import ForceDisconnect
from engine.times import UTC_ZONE, Moment
from gateway.agents.radius.accounting import MOST_DELAY_SECONDS, derived, repetition_keys
from gateway.protocols.radius.codes import ACCESS_ACCEPT, ACCESS_REJECT, ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE
from gateway.protocols.radius.packet import decode, encode
from tests.engine.house import TENANT
from tests.engine.sessions.switch import Switch
from tests.gateway.agents.radius.station import NAS, Station

SECOND = 10**9


def charged(origin: str = "~*req.Acct-Session-Id", usage: str = "10s") -> str:
    """The request fields of a processor that charges a prepaid call."""
    return f"""[radius_agent.request_processors.request_fields]
ToR = "*voice"
OriginID = "{origin}"
RequestType = "*prepaid"
Account = "1001"
Subject = "sub"
Destination = "4930123"
AnswerTime = "2026-04-07T10:00:00Z"
Usage = "{usage}"
"""


RESET = f"""
[[radius_agent.request_processors]]
id = "reset"
filters = ["*string:~*req.Acct-Status-Type:Accounting-On|Accounting-Off"]
flags = ["*nasreset"]
[radius_agent.request_processors.request_fields]
OriginHost = "~*vars.NASHost"

[[radius_agent.request_processors]]
id = "message"
filters = ["*string:~*req.Acct-Status-Type:Failed"]
flags = ["*message", "*accounts"]
{charged()}
[[radius_agent.request_processors]]
id = "unanswerable"
filters = ["*string:~*req.Acct-Status-Type:Tunnel-Start"]
flags = ["*message", "*accounts"]
reply_fields = [{{path = "*rep.Reply-Message", value = "~*req.State", mandatory = true}}]
{charged()}
[[radius_agent.request_processors]]
id = "radauth"
filters = ["*exists:~*req.User-Password:", "*exists:~*req.NAS-Port:"]
flags = ["*radauth", "*pap"]
[radius_agent.request_processors.request_fields]
"*vars.UserPassword" = "secret"
[radius_agent.request_processors.reply_fields]
code = {{path = "*rep.*radReplyCode", value = "AccessReject", filters = ["*notempty:~*cgrep.Error:"]}}
Reply-Message = "~*cgrep.Error;/;~*vars.NASHost"
"""


PAID = "".join(
    f"""
[[radius_agent.request_processors]]
id = "{name}"
filters = ["*string:~*req.NAS-Port-Id:{name}"]
flags = ["{flag}", "*accounts"]
[radius_agent.request_processors.reply_fields]
Session-Timeout = "~*cgrep.MaxUsage{{*duration_seconds}}"
{charged("login")}"""
    for name, flag in (("paid", "*message"), ("asked", "*authorize"))
)


def raw(number: int, value: int | bytes) -> bytes:
    octets = value.to_bytes(4, "big") if isinstance(value, int) else value
    return bytes((number, len(octets) + 2)) + octets


def packet(*attributes: bytes, identifier: int = 1, authenticator: bytes = bytes(16)) -> Any:
    return decode(encode(ACCOUNTING_REQUEST, identifier, authenticator, b"".join(attributes)))


def station(folder: Path, site: Switch | None = None) -> Station:
    return Station(folder, site=site or switch(), sections=RESET)


def switch() -> Switch:
    return Switch(sessions={"indexes": ("OriginHost",)})


def said(station: Station, *datagrams: bytes) -> list[tuple[int, dict[str, str]]]:
    found: list[tuple[int, dict[str, str]]] = []
    for datagram in datagrams:
        (answer,) = station.accounts(datagram, port=1024 + len(found))
        found.append(station.read(answer, datagram))
    return found


# -- repetitions -----------------------------------------------------------------------------------------------------------


def test_keys() -> None:
    first = packet(raw(40, 3), raw(44, b"s"), raw(41, 0))
    whole, content = repetition_keys(first, "bras", NAS)
    later = packet(
        raw(40, 3), raw(44, b"s"), raw(41, 9), raw(33, b"proxy"), raw(80, bytes(16)), identifier=2, authenticator=bytes(range(16))
    )
    assert repetition_keys(later, "bras", NAS)[1] == content
    assert repetition_keys(later, "bras", NAS)[0] != whole
    for other in (packet(raw(40, 3), raw(44, b"t"), raw(41, 0)), packet(raw(40, 2), raw(44, b"s"), raw(41, 0)), packet()):
        assert not {whole, content} & set(repetition_keys(other, "bras", NAS))
    assert not {whole, content} & {*repetition_keys(first, "bras", "192.0.2.11"), *repetition_keys(first, "other", NAS)}


@given(st.lists(st.tuples(st.sampled_from([33, 41, 80, 1, 40, 44, 255]), st.binary(max_size=20))))
def test_keys_stay_what_they_are(attributes: list[tuple[int, bytes]]) -> None:
    """The journal has them: another version must know again what was answered by this one."""
    asked = packet(*[raw(number, value) for number, value in attributes])
    content = blake2b(f"radius\0bras\0{NAS}\0".encode(), digest_size=16, person=b"content")
    for number, value in attributes:
        if number not in (33, 41, 80):
            content.update(raw(number, value))
    whole = blake2b(f"radius\0bras\0{NAS}\0".encode() + asked.raw, digest_size=16)
    assert repetition_keys(asked, "bras", NAS) == [whole.digest(), content.digest()]


def test_the_same_octets_get_the_first_answer_also_after_a_restart(tmp_path: Path) -> None:
    site = switch()
    before = station(tmp_path, site)
    began = before.accounting("Start")
    first = said(before, began)
    site.cut()
    after = station(tmp_path, site)
    assert said(after, began) == first
    assert after.counts().repeated == 1
    assert site.cash() == 94
    site.now += (ANSWER_SECONDS + 1) * SECOND
    (answer,) = after.accounts(began, port=2000)  # from another port, where no answer waits in memory
    assert after.read(answer, began)[1]["Reply-Message"] == "EXISTS"
    assert site.cash() == 94


def test_other_octets_that_say_the_same(tmp_path: Path) -> None:
    """As hostapd sends again: another identifier, a greater Acct-Delay-Time."""
    far = station(tmp_path)
    answers = said(far, *[far.accounting("Start", extra=raw(41, delay)) for delay in (0, 3, 9)])
    assert [text.get("Reply-Message") for _, text in answers] == [None, "EXISTS", "EXISTS"]
    assert far.site.cash() == 94
    first, *others = said(far, *[far.accounting("Interim-Update", 60, extra=raw(41, delay)) for delay in (0, 3, 9)])
    assert others == [first, first]
    assert far.site.cash() == 88
    answers = said(far, *[far.accounting("Stop", 100, extra=raw(41, delay)) for delay in (0, 3, 9)])
    assert [text.get("Reply-Message") for _, text in answers] == [None, "PARTIALLY_EXECUTED", "PARTIALLY_EXECUTED"]
    assert far.site.cash() == 90
    assert far.site.cdrs() == [(100, 10)]
    assert far.counts().repeated == 2


def test_a_start_that_comes_again_after_an_operator_ended_its_session(tmp_path: Path) -> None:
    far = station(tmp_path)
    first, again, anew = (far.accounting("Start", extra=raw(41, delay)) for delay in (0, 5, 6))
    said(far, first)
    far.site.now += SECOND
    far.site.step(ForceDisconnect(TENANT))
    assert far.site.cdrs() == [(60, 6)]
    for datagram in (again, anew):
        far.site.now += 4 * SECOND
        assert [text["Reply-Message"] for _, text in said(far, datagram)] == ["EXISTS"]
        far.site.cut()
    assert far.site.count() == 0
    assert far.site.cash() == 94


def test_a_name_that_comes_again_is_another_session_when_it_was_sent_later(tmp_path: Path) -> None:
    """Where nothing in the event says when it began."""
    far = station(tmp_path)
    begin, late, short, anew = (far.accounting("Start", extra=raw(41, delay)) for delay in (0, 70, 20, 0))
    said(far, begin, far.accounting("Stop", seconds=10))
    assert far.site.cash() == 99
    far.site.now += 75 * SECOND
    for datagram in (late, short):
        said(far, datagram)
        assert far.site.count() == 0, "sent when the first one was, or a moment later"
    said(far, anew)
    assert (far.site.count(), far.site.cash()) == (1, 93)
    far.site.step(ForceDisconnect(TENANT))
    untold = [far.accounting("Start") for _ in range(2)]
    far.site.now += 60 * SECOND
    assert said(far, untold[0])[0][1]["Reply-Message"] == "EXISTS", "it may have been on its way"
    far.site.now += SECOND
    said(far, untold[1])
    assert far.site.count() == 1


@pytest.mark.parametrize("restart", [False, True])
def test_a_login_that_is_charged_is_charged_once(tmp_path: Path, restart: bool) -> None:
    """Its octets come again on another port, or when the gateway was gone; logins that move nothing are not remembered."""
    far = Station(tmp_path, site=switch(), sections=PAID)
    asked = far.access(("User-Name", "ann"), ("NAS-Port-Id", "paid"))
    (answer,) = far.authenticates(asked)
    assert far.read(answer, asked)[1]["Session-Timeout"] == "10"
    assert far.site.cash() == 99
    if restart:
        far.site.cut()
        far = Station(tmp_path, site=far.site, sections=PAID)
    assert far.authenticates(asked, port=1025) == [answer]
    assert (far.site.cash(), far.counts().repeated) == (99, 1)
    far.authenticates(far.access(), far.access(("User-Name", "ann"), ("NAS-Port-Id", "asked")))
    assert far.site.engine.sizes()["remembered_answers"] == 1
    again = far.access(("User-Name", "ann"), ("NAS-Port-Id", "paid"))
    assert far.authenticates(again) != [answer]
    assert far.site.cash() == 98


@pytest.mark.parametrize("restart", [False, True])
def test_the_stop_after_a_disconnect_says_what_was_used(tmp_path: Path, restart: bool) -> None:
    """As NASes send it (radius-nas/hostapd-engine-disconnect): 2 s, where 5 were reserved; and once more under another identifier."""
    far = station(tmp_path)
    said(far, far.accounting("Start", seconds=5))
    assert far.site.step(ForceDisconnect(TENANT)) == 1
    assert far.site.cdrs() == [(5, 0.5)]
    if restart:
        far.site.cut()
        far = station(tmp_path, far.site)
    ended = far.accounting("Stop", seconds=2)
    first = said(far, ended)
    assert first == [(ACCOUNTING_RESPONSE, {})]
    assert said(far, ended) == first
    assert said(far, far.accounting("Stop", seconds=2, extra=raw(41, 3))) == first
    assert far.site.cdrs() == [(2, 0.2)]
    assert far.site.cash() == pytest.approx(99.8)


def test_an_event_is_charged_once(tmp_path: Path) -> None:
    far = station(tmp_path)
    for delay in (0, 3):
        said(far, far.accounting("Failed", extra=raw(41, delay)))
    assert far.site.cash() == 99


def test_what_was_charged_and_cannot_be_answered_is_charged_once(tmp_path: Path) -> None:
    site = switch()
    far = station(tmp_path, site)
    again = far.accounting("Tunnel-Start")
    assert far.accounts(again) == far.accounts(far.accounting("Tunnel-Start", extra=raw(41, 3))) == []
    site.cut()
    assert station(tmp_path, site).accounts(again) == []
    assert site.cash() == 99


TWO = f"""
[[radius_agent.request_processors]]
id = "first"
filters = ["*string:~*req.Acct-Status-Type:Tunnel-Link-Start"]
flags = ["*message", "*accounts", "*continue"]
{charged("~*req.Acct-Session-Id;-1")}
[[radius_agent.request_processors]]
id = "second"
filters = ["*string:~*req.Acct-Status-Type:Tunnel-Link-Start"]
flags = ["*message", "*accounts"]
{charged("~*req.Acct-Session-Id;-2", "20s")}"""


@pytest.mark.parametrize("restart", [False, True])
def test_a_disk_that_fails_between_two_processors(tmp_path: Path, restart: bool) -> None:
    """The request is done whole, is answered when that is on the disk, and is known when it comes again."""
    said = Station(tmp_path, site=switch(), sections=TWO)
    asked = said.accounting("Tunnel-Link-Start")
    said.door.breaking = True
    assert said.accounts(asked) == []
    assert said.accounts(asked) == [], "it is worked on"
    said.site.storage.faults.failing = False
    said.site.gather()
    ((answer, _),) = said.sockets[2].gone
    if restart:
        said.site.cut()
        said = Station(tmp_path, site=said.site, sections=TWO)
    assert said.accounts(asked) == [answer]
    assert said.site.cash() == pytest.approx(97)


def test_a_crash_of_a_disk_that_failed_between_two_processors(tmp_path: Path) -> None:
    """Nothing of the request is on the disk: when it comes again it is a new one."""
    said = Station(tmp_path, site=switch(), sections=TWO)
    asked = said.accounting("Tunnel-Link-Start")
    said.door.breaking = True
    assert said.accounts(asked) == []
    said.site.cut()
    said = Station(tmp_path, site=said.site, sections=TWO)
    assert len(said.accounts(asked)) == 1
    assert said.site.cash() == pytest.approx(97)


def test_an_end_alone_that_comes_again_after_a_restart(tmp_path: Path) -> None:
    site = switch()
    said(station(tmp_path, site), station(tmp_path, site).accounting("Stop", 100))
    site.cut(away_ns=(ANSWER_SECONDS + 1) * SECOND)
    (answer,) = said(station(tmp_path, site), station(tmp_path, site).accounting("Stop", 100, extra=raw(41, 250)))
    assert answer[1] == {"Reply-Message": "PARTIALLY_EXECUTED"}
    assert site.cash() == 90
    assert site.cdrs() == [(100, 10)]


# -- numbers ---------------------------------------------------------------------------------------------------------------

NOW = 1_772_445_600 * SECOND
G = 1 << 32


@pytest.mark.parametrize(
    ("attributes", "octets"),
    [
        ([], None),
        ([raw(42, 5)], (5, 0, 5)),
        ([raw(43, 7)], (0, 7, 7)),
        ([raw(42, 5), raw(52, 1), raw(43, 7), raw(53, 2)], (G + 5, 2 * G + 7, 3 * G + 12)),
        ([raw(42, G - 1), raw(52, G - 1), raw(43, G - 1), raw(53, G - 1)], (G * G - 1, G * G - 1, 2 * G * G - 2)),
        ([raw(52, 1)], None),
        ([raw(42, b"\0\0\5"), raw(43, 7)], (0, 7, 7)),
    ],
)
def test_counters(attributes: list[bytes], octets: tuple[int, int, int] | None) -> None:
    found = derived(packet(*attributes), NAS, NOW)
    names = ("InputOctets", "OutputOctets", "TotalOctets")
    assert tuple(found.get(name) for name in names) == (octets or (None, None, None))


def test_instants() -> None:
    stamped = derived(packet(raw(55, 1_772_445_000), raw(41, 9), raw(46, 75)), NAS, NOW)
    assert (stamped["EventTime"], stamped["BeginTime"]) == (moment(1_772_445_000), moment(1_772_444_925))
    assert stamped["SessionTime"] == "75s"
    delayed = derived(packet(raw(41, 9), raw(46, 75)), NAS, NOW)
    assert (delayed["EventTime"], delayed["BeginTime"]) == (moment(1_772_445_591), moment(1_772_445_516))
    nonsense = derived(packet(raw(41, MOST_DELAY_SECONDS + 1)), NAS, NOW)
    assert nonsense["EventTime"] == nonsense["BeginTime"] == moment(1_772_445_600)
    assert "SessionTime" not in nonsense


def moment(seconds: int) -> Moment:
    return Moment(seconds * SECOND, UTC_ZONE)


@pytest.mark.parametrize(
    ("attributes", "host"),
    [
        ([raw(4, b"\xc0\0\2\1"), raw(32, b"bras-1")], "192.0.2.1"),
        ([raw(95, bytes.fromhex("20010db8") + bytes(11) + b"\1"), raw(32, b"bras-1")], "2001:db8::1"),
        ([raw(32, b"bras-1")], "bras-1"),
        ([raw(32, b"\xff")], "\ufffd"),
        ([raw(4, b"\1"), raw(95, b"\1"), raw(32, b"")], "198.51.100.7"),
        ([], "198.51.100.7"),
    ],
)
def test_who_sends_it(attributes: list[bytes], host: str) -> None:
    assert derived(packet(*attributes), "198.51.100.7", NOW)["NASHost"] == host


# -- NASes that began anew ---------------------------------------------------------------------------------------------------


def anew(far: Station, status: str = "Accounting-On", delay: int = 0) -> bytes:
    fields = (("Acct-Status-Type", status), ("NAS-IP-Address", NAS), ("Acct-Session-Id", "boot"))
    return far.packet(ACCOUNTING_REQUEST, *fields, signed=False, extra=raw(41, delay))


@pytest.mark.parametrize("status", ["Accounting-On", "Accounting-Off"])
def test_its_sessions_are_over(tmp_path: Path, status: str) -> None:
    far = station(tmp_path)
    said(far, far.accounting("Start"), far.accounting("Start", session="s-2"))
    far.site.now += SECOND
    assert said(far, anew(far, status)) == [(ACCOUNTING_RESPONSE, {})]
    far.site.sleep(SECOND)
    assert far.site.count() == 0
    assert far.site.cdrs() == [(60, 6), (60, 6)]


def test_what_began_after_it_goes_on(tmp_path: Path) -> None:
    """As hostapd sends again what nobody answered: the sessions of the meantime are newer than it."""
    far = station(tmp_path)
    far.site.now += 3 * SECOND
    said(far, far.accounting("Start"))
    far.site.now += 6 * SECOND
    said(far, anew(far, delay=9))
    far.site.sleep(SECOND)
    assert far.site.count() == 1
    said(far, anew(far, delay=12))
    far.site.sleep(SECOND)
    assert far.site.count() == 1
    assert far.counts().repeated == 1


# -- passwords -------------------------------------------------------------------------------------------------------------


def test_a_password_is_checked(tmp_path: Path) -> None:
    far = station(tmp_path)
    for password, code, text in (("secret", ACCESS_ACCEPT, f"/{NAS}"), ("wrong", ACCESS_REJECT, f"RADAUTH_FAILED/{NAS}")):
        asked = far.access(("User-Name", "nobody"), ("User-Password", password), ("NAS-Port", "1"), ("NAS-IP-Address", NAS))
        (answer,) = far.authenticates(asked)
        found, attributes = far.read(answer, asked)
        assert (found, attributes["Reply-Message"]) == (code, text)
