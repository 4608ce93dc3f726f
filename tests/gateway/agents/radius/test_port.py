"""Datagrams: what is answered, what is answered again, what is discarded, counted, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.agents.radius import intake
from gateway.agents.radius import port as port_module
from gateway.agents.radius.intake import AUTHENTICATION
from gateway.agents.radius.port import DatagramPort
from gateway.protocols.radius.codes import (
    ACCESS_ACCEPT,
    ACCESS_REJECT,
    ACCESS_REQUEST,
    ACCOUNTING_RESPONSE,
    COA_REQUEST,
    HEADER_BYTES,
    MESSAGE_AUTHENTICATOR,
    STATUS_SERVER,
)
from gateway.protocols.radius.duplicates import Duplicates
from gateway.transport.datagrams import Datagram
from tests.gateway.agents.radius.station import NAS, Station, name_of

STATES = b"\x21\x04ab\x21\x03c"


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def test_an_access_request_is_answered_with_its_signature_first(station: Station) -> None:
    asked = station.access()
    (answer,) = station.authenticates(asked)
    code, attributes = station.read(answer, asked)
    assert (code, attributes["Reply-Message"]) == (ACCESS_ACCEPT, f"*radAuth/{NAS}:1024")
    assert answer[HEADER_BYTES] == MESSAGE_AUTHENTICATOR
    assert (station.counts().requests, station.counts().answers) == ({ACCESS_REQUEST: 1}, {ACCESS_ACCEPT: 1})


def test_accounting_is_charged_and_answered_when_it_is_on_the_disk(station: Station) -> None:
    asked = station.accounting("Start")
    link, port = station.sockets[2], station.ports[2]
    link.coming.append((asked, (NAS, 1024)))
    port.ready()
    assert (link.gone, port.in_flight, station.intake.in_flight) == ([], 1, 1)
    station.site.gather()
    ((answer, _),) = link.gone
    assert station.read(answer, asked) == (ACCOUNTING_RESPONSE, {"Session-Timeout": "60"})
    assert (port.in_flight, station.intake.in_flight) == (0, 0)
    (gone_on,) = station.accounts(station.accounting("Interim-Update"))
    (ended,) = station.accounts(station.accounting("Stop", 90))
    assert gone_on[0] == ended[0] == ACCOUNTING_RESPONSE
    assert station.site.values("1001") == {"*monetary": [91 * 10**9]}


def test_proxy_states_come_back_in_their_order(station: Station) -> None:
    asked = station.accounting("Start", extra=STATES)
    (answer,) = station.accounts(asked)
    assert answer.endswith(STATES)
    (answer,) = station.authenticates(station.access(extra=STATES))
    assert answer.endswith(STATES)


def test_a_status_server_is_answered_on_both_ports_whatever_processors_say(station: Station) -> None:
    asked = station.packet(STATUS_SERVER)
    (answer,) = station.authenticates(asked)
    assert station.read(answer, asked)[0] == ACCESS_ACCEPT
    assert answer[HEADER_BYTES] == MESSAGE_AUTHENTICATOR
    asked = station.packet(STATUS_SERVER)
    (answer,) = station.accounts(asked)
    assert station.read(answer, asked)[0] == ACCOUNTING_RESPONSE
    assert answer[HEADER_BYTES] == MESSAGE_AUTHENTICATOR
    assert station.authenticates(station.packet(STATUS_SERVER, signed=False)) == []
    assert station.counts().discards == {"no_message_authenticator": 1}


def test_the_same_request_gets_the_same_answer(station: Station) -> None:
    asked = station.accounting("Stop", 10)
    (first,) = station.accounts(asked)
    assert station.accounts(asked, asked) == [first, first]
    assert (station.counts().repeated, station.site.values("1001")) == (2, {"*monetary": [99 * 10**9]})


def test_what_is_being_worked_on_is_not_answered_twice(station: Station) -> None:
    asked = station.accounting("Stop", 10)
    assert len(station.accounts(asked, asked, asked)) == 1
    assert station.counts().discards == {"duplicate": 2}


def test_a_new_request_under_an_identifier_makes_the_earlier_answer_one_too_many(station: Station) -> None:
    first, second = station.accounting("Start", identifier=7), station.accounting("Start", session="s-2", identifier=7)
    (answer,) = station.accounts(first, second)
    assert station.read(answer, second)[0] == ACCOUNTING_RESPONSE


def test_requests_of_two_ports_of_a_nas_are_two(station: Station) -> None:
    asked = station.access()
    (one,), (other,) = station.authenticates(asked), station.authenticates(asked, port=1025)
    assert one != other
    assert station.counts().repeated == 0


def test_strangers_and_those_without_a_secret_are_not_answered(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    assert station.authenticates(station.access(), host="203.0.113.9") == []
    assert station.authenticates(station.access(secret=b""), host="192.0.2.11") == []
    assert (station.intake.unknown, station.counts("mute").discards) == (1, {"no_secret": 1})
    assert [record.message for record in caplog.records] == ["a packet from an unknown client", "a client has no secret"]


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "too_short"),
        (b"\x01" * 19, "too_short"),
        (b"\x01\x01\x00\x00" + bytes(16), "bad_length"),
        (b"\x01\x01\x00\x15" + bytes(16), "bad_length"),
        (b"\x01\x01\xff\xff" + bytes(65_531), "bad_length"),
        (b"\x01\x01\x00\x15" + bytes(17), "bad_attribute"),
        (b"\x01\x01\x00\x16" + bytes(16) + b"\x01\x00", "bad_attribute"),
        (b"\x01\x01\x00\x16" + bytes(16) + b"\x01\x03", "bad_attribute"),
    ],
)
def test_what_is_no_packet_is_discarded(station: Station, octets: bytes, reason: str) -> None:
    assert station.authenticates(octets) == []
    assert station.counts().discards == {reason: 1}


def test_octets_behind_a_packet_are_padding(station: Station) -> None:
    assert len(station.authenticates(station.access() + bytes(60_000))) == 1


def test_what_a_port_does_not_take_is_discarded(station: Station) -> None:
    codes = [0, 2, 3, 5, 11, 13, 40, COA_REQUEST, 52, 255]
    packets = [bytes((code, 1, 0, 20)) + bytes(16) for code in codes]
    assert station.authenticates(*packets, station.accounting("Start")) == []
    assert station.accounts(*packets, station.access()) == []
    assert station.counts().discards == {"bad_code": 2 * len(codes) + 2}


def test_wrong_secrets_are_not_answered(station: Station) -> None:
    assert station.accounts(station.accounting("Start", secret=b"other")) == []
    assert station.authenticates(station.access(secret=b"other")) == []
    assert station.counts().discards == {"bad_authenticator": 1, "bad_message_authenticator": 1}


def test_what_cannot_be_worked_off_is_not_answered_and_may_come_again(station: Station) -> None:
    nobody, nameless = station.access(("User-Name", "nobody")), station.access(("Class", "1"))
    assert station.authenticates(nobody, nobody, nameless) == []
    assert station.counts().discards == {"unhandled": 2, "failed": 1}


def test_an_answer_that_cannot_be_built_refuses(station: Station) -> None:
    for field, text in (
        (("Filter-Id", "AccessMaybe"), "unsupported packet code name: <AccessMaybe>"),
        (("Filter-Id", "CoAACK"), "<CoAACK> answers no AccessRequest"),
    ):
        asked = station.access(("User-Name", "ann"), field)
        (answer,) = station.authenticates(asked)
        code, attributes = station.read(answer, asked)
        assert (code, attributes["Reply-Message"]) == (ACCESS_REJECT, text)
    asked = station.access(("User-Name", "ann"), ("Class", "soon"))
    (answer,) = station.authenticates(asked)
    assert station.read(answer, asked)[0] == ACCESS_REJECT
    (answer,) = station.authenticates(station.access(("User-Name", "ann"), ("Filter-Id", "AccessReject")))
    assert answer[0] == ACCESS_REJECT


def test_an_answer_without_room_for_its_proxy_states_is_none(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    states = (b"\x21\xff" + bytes(253)) * 15 + b"\x21\xe4" + bytes(226)
    assert station.authenticates(*[station.access(extra=states) for _ in range(100)]) == []
    assert station.counts().discards == {"failed": 100}
    assert station.counts().answers == {}
    assert {record.message for record in caplog.records} >= {"an answer could not be built"}
    assert not [record for record in caplog.records if record.exc_info]


def test_beyond_the_bound_requests_are_discarded_before_they_are_looked_at(tmp_path: Path) -> None:
    station = Station(tmp_path, "max_requests = 2")
    asked = [station.accounting("Stop", session=f"s-{number}") for number in range(4)]
    assert len(station.accounts(*asked)) == 2
    assert station.counts().discards == {"overload": 2}
    assert len(station.accounts(*asked[2:])) == 2


def test_answers_that_wait_for_the_disk_have_a_bound(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MAX_GATE_BYTES", 20)
    assert len(station.accounts(*[station.accounting("Stop", session=f"s-{number}") for number in range(3)])) == 1
    assert station.counts().discards == {"overload": 2}


def test_the_places_of_the_process_count(tmp_path: Path) -> None:
    station = Station(tmp_path, caps=1)
    assert len(station.accounts(station.accounting("Stop"), station.accounting("Stop", session="s-2"))) == 1
    assert station.counts().discards == {"overload": 1}


def test_a_full_disk_is_silence(station: Station) -> None:
    faults, link, port = station.site.storage.faults, station.sockets[2], station.ports[2]
    link.coming.append((station.accounting("Start"), (NAS, 1024)))
    port.ready()
    faults.failing = True
    station.site.storage.commit()
    asked = station.accounting("Start", session="s-2")
    link.coming.append((asked, (NAS, 1024)))
    port.ready()
    assert (link.gone, station.counts().discards) == ([], {"unavailable": 1})
    faults.failing = False
    station.site.storage.commit()
    assert (len(link.gone), len(station.accounts(asked))) == (1, 1)


def test_an_answer_that_does_not_go_out_is_counted_and_given_again(station: Station) -> None:
    station.sockets[1].broken = True
    asked = station.access()
    assert station.authenticates(asked) == []
    assert station.counts().discards == {"unsent": 1}
    station.sockets[1].broken = False
    assert len(station.authenticates(asked)) == 1


def test_a_turn_has_an_end(station: Station) -> None:
    link, port = station.sockets[1], station.ports[1]
    asked = station.access()
    link.coming.extend((asked, (NAS, 1024)) for _ in range(300))
    port.ready()
    assert 0 < len(link.coming) < 300


def test_who_sends_is_remembered_within_a_bound(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_module, "MAX_PEERS", 2)
    for port in range(1024, 1034):
        asked = station.access()
        (answer,) = station.authenticates(asked, port=port)
        assert station.read(answer, asked)[1]["Reply-Message"] == f"*radAuth/{NAS}:{port}"


class Strange:
    """A socket of which one datagram comes from an address that is none."""

    def __init__(self, asked: bytes) -> None:
        self.gone: list[Datagram] = []
        self._coming = [Datagram(asked, name_of(NAS, 1024), b""), Datagram(asked, b"", b"")]

    def receive(self) -> list[Datagram]:
        return self._coming

    def send(self, gone: list[Datagram]) -> list[tuple[int, int]]:
        self.gone += gone
        return []


def test_a_fault_of_ours_costs_nobody_before_it_his_answer(station: Station) -> None:
    link = Strange(station.access())
    with pytest.raises(IndexError):
        DatagramPort(link, AUTHENTICATION, station.intake, Duplicates(16, 10_000_000_000)).ready()
    assert len(link.gone) == 1
