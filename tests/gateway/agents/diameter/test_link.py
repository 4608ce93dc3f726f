"""Connections of peers: who is let in, turns, what is broken, silence, farewells."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic_ns

import pytest

from engine.times import SECOND
from gateway.agents.diameter.link import Link
from gateway.protocols.diameter.answers import number_avp
from gateway.protocols.diameter.codes import DEVICE_WATCHDOG, DISCONNECT_CAUSE, DISCONNECT_PEER, REQUEST
from gateway.protocols.diameter.message import encode
from gateway.transport import messageline
from gateway.transport.limits import MAX_CALLS_PER_TURN, MAX_IN_FLIGHT
from tests.gateway.agents.diameter.station import HOST, REALM, Station, code_of, text, turns


def on_loop(test: Callable[[], Awaitable[None] | None]) -> None:
    async def run() -> None:
        done = test()
        if done is not None:
            await done

    asyncio.run(run())


def test_a_peer_is_known_by_its_name_while_it_is_up(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        assert [one.host for one in station.house.roster] == [HOST]
        assert peer.link.name == f"diameter|here-1|{REALM}|{HOST}"
        assert peer.link.remote == "192.0.2.7:40000"
        peer.link.connection_lost(None)
        assert (len(station.house.roster), station.agent.counts.disconnected, station.agent.connections) == (0, 1, 0)

    on_loop(test)


@pytest.mark.parametrize(
    ("cause", "farewell", "level", "reason"),
    [
        (None, False, logging.WARNING, "the connection is gone"),
        (ConnectionResetError("reset"), False, logging.WARNING, "reset"),
        (None, True, logging.INFO, "the connection is gone"),  # as it has told us
    ],
)
def test_the_log_tells_of_every_peer_that_is_no_more(
    tmp_path: Path, cause: Exception | None, farewell: bool, level: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, whoever ends the connection."""

    def test() -> None:
        station = Station(tmp_path)
        peer, silent = station.peer(), station.peer("silent.example")
        if farewell:
            peer.says(encode(REQUEST, DISCONNECT_PEER, 0, 5, 6, number_avp(DISCONNECT_CAUSE, 0)))
        with caplog.at_level(logging.INFO, "gateway.agents.diameter"):
            peer.link.connection_lost(cause)
            at = monotonic_ns()
            for _ in range(3):
                at += 40 * SECOND
                silent.link.tick(at)
            silent.link.connection_lost(None)
        told = [line.__dict__ for line in caplog.records if line.message == "a connection to a peer ends"]
        assert [(one["levelno"], one["peer"], one["reason"]) for one in told] == [
            (level, HOST, reason),
            (logging.WARNING, "silent.example", "the watchdog was not answered"),
        ]

    on_loop(test)


@pytest.mark.parametrize(
    ("option", "host", "realm", "code"),
    [
        ('allowed_hosts = ["pgw.example"]', "PGW.example", "x", 2001),
        ('allowed_hosts = ["pgw.example"]', "other.example", "x", 3010),
        ('allowed_hosts = ["*.example"]', "a.b.example", "x", 2001),
        ('allowed_hosts = ["*.example"]', "example", "x", 3010),
        ('allowed_realms = ["example"]', "h", "example", 2001),
        ('allowed_realms = ["example"]', "h", "elsewhere", 3010),
    ],
)
def test_only_peers_of_the_lists_are_let_in(tmp_path: Path, option: str, host: str, realm: str, code: int) -> None:
    def test() -> None:
        station = Station(tmp_path, option)
        peer = station.connect()
        (answer,) = peer.says(peer.cer(host, realm))
        assert code_of(answer) == code
        refused = code != 2001
        assert (bool(peer.wire.end), station.agent.counts.refused_peers, len(station.house.roster)) == (refused, refused, not refused)

    on_loop(test)


@pytest.mark.parametrize(("address", "taken"), [("192.0.2.7", True), ("::ffff:192.0.2.9", True), ("198.51.100.1", False), ("", False)])
def test_only_networks_of_the_list_may_connect(tmp_path: Path, address: str, taken: bool) -> None:
    def test() -> None:
        station = Station(tmp_path, 'allowed_networks = ["192.0.2.0/24", "2001:db8::/32"]')
        peer = station.connect(address)
        assert peer.wire.end == ("" if taken else "aborted")
        assert station.agent.counts.refused_addresses == (not taken)

    on_loop(test)


def test_messages_may_be_cut_anywhere(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.connect()
        stream = peer.cer() + peer.ccr(1, 0) + peer.ccr(3, 1, seconds=60)
        found = [message for octet in stream for message in peer.says(bytes([octet]))]
        assert [code_of(message) for message in found] == [2001, 2001, 2001]

    on_loop(test)


def test_one_connection_may_bring_more_requests_than_a_client_of_json_rpc(tmp_path: Path) -> None:
    """That of a relay carries the sessions of a whole network; who asks too many is told so, by max_requests."""

    async def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        count = MAX_IN_FLIGHT + 100
        peer.link.data_received(b"".join(peer.ccr(2, 0, session=f"s;{n}", seconds=0) for n in range(count)))
        await turns(count // MAX_CALLS_PER_TURN + 2)
        assert station.house.in_flight == count
        station.site.gather()
        assert len(peer.heard()) == count

    on_loop(test)


def test_a_turn_ends_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messageline, "TURN_SECONDS", -1)

    async def test() -> None:
        station = Station(tmp_path)
        peer = station.connect()
        peer.link.data_received(peer.cer() + peer.ccr(1, 0) + peer.ccr(1, 0, session="s;2"))
        station.site.gather()
        assert len(peer.heard()) == 1
        assert not peer.wire.reading
        await turns()
        station.site.gather()
        assert len(peer.heard()) == 2
        assert peer.wire.reading

    on_loop(test)


def test_a_message_beyond_the_bound_ends_the_connection(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path, 'max_message_size = "1KB"')
        peer = station.peer()
        (answer,) = peer.says(encode(REQUEST, 272, 4, 5, 6, bytes(2_000)))
        assert (code_of(answer), answer.hop_by_hop, peer.wire.end) == (5015, 5, "closed")

    on_loop(test)


def test_a_peer_that_does_not_read_is_not_read_on(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        peer.link.pause_writing()
        assert not peer.wire.reading
        peer.link.resume_writing()
        assert peer.wire.reading

    on_loop(test)


def test_silence_is_asked_about_and_then_ends_the_connection(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path, 'watchdog_interval = "10s"')
        peer = station.peer()
        second = 10**9
        now = monotonic_ns()
        peer.link.tick(now + 5 * second)
        assert peer.heard() == []
        peer.link.tick(now + 13 * second)
        (asked,) = peer.heard()
        assert (asked.command, asked.is_request) == (DEVICE_WATCHDOG, True)
        for late in range(14, 60):
            peer.link.tick(now + late * second)
        assert peer.wire.end == "closed"
        assert len(station.house.roster) == 0

    on_loop(test)


def test_who_does_not_say_who_it_is_is_sent_away(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.connect()
        peer.link.tick(monotonic_ns() + 60 * 10**9)
        assert peer.wire.end == "closed"

    on_loop(test)


@pytest.mark.parametrize("code", [2001, 5012, 0])
def test_a_farewell_is_answered_or_ends_by_itself(tmp_path: Path, code: int) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        farewell = peer.link.say_goodbye(2, 0.01)
        (asked,) = peer.heard()
        assert (asked.command, asked.avps.number(DISCONNECT_CAUSE)) == (DISCONNECT_PEER, 2)
        assert len(station.house.roster) == 0, "nothing more is asked of it"
        if code:
            peer.answers(asked, code)
        assert await farewell is (code == 2001)
        assert peer.wire.end == "closed"

    on_loop(test)


def test_requests_of_ours_have_numbers_of_the_host_and_not_of_a_connection(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        numbers: list[int] = []
        for peer in [station.peer(), station.peer(), station.peer("other.example")]:
            peer.link.say_goodbye(0, 10)
            (farewell,) = peer.heard()
            numbers.append(farewell.end_to_end)
        assert numbers == list(range(numbers[0], numbers[0] + 3))

    on_loop(test)


def test_what_was_asked_before_a_farewell_is_answered(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        peer.link.data_received(peer.ccr(1, 0))
        farewell = peer.link.say_goodbye(0, 1)
        (asked,) = peer.heard()
        answers = peer.answers(asked)
        assert [code_of(answer) for answer in answers] == [2001]
        assert await farewell
        assert peer.wire.end == "closed"

    on_loop(test)


def test_a_peers_farewell_is_answered_and_it_is_asked_nothing_more(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        body = station.builder.build(
            [(("Origin-Host",), HOST, False), (("Origin-Realm",), REALM, False), (("Disconnect-Cause",), "0", False)]
        )
        (answer,) = peer.says(encode(REQUEST, DISCONNECT_PEER, 0, 5, 6, body))
        assert (code_of(answer), len(station.house.roster)) == (2001, 0)
        peer.link.eof_received()
        assert peer.wire.end == "closed"

    on_loop(test)


def test_the_answer_to_a_farewell_leaves_behind_those_to_what_was_asked_before(tmp_path: Path) -> None:
    """Who has it may close the connection at once (RFC 6733 section 5.4)."""

    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        body = station.builder.build([(("Origin-Host",), HOST, False), (("Origin-Realm",), REALM, False)])
        peer.link.data_received(peer.ccr(1, 0) + encode(REQUEST, DISCONNECT_PEER, 0, 5, 6, body) + peer.ccr(1, 0, session="s;2"))
        assert peer.heard() == []
        station.site.gather()
        assert [(answer.command, code_of(answer)) for answer in peer.heard()] == [(272, 2001), (282, 2001), (272, 3004)]
        assert station.house.in_flight == 0

    on_loop(test)


def test_a_dialled_peer_is_told_who_we_are_and_has_to_be_who_it_should_be(tmp_path: Path) -> None:
    async def test() -> None:
        for host, up in ((HOST, True), ("other.example", False)):
            station = Station(tmp_path)
            closed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            peer = station.connect(dialled=True, expected_host=HOST, closed=closed)
            (cer,) = peer.heard()
            assert (cer.command, cer.is_request, text(cer, 264)) == (257, True, "ocs.example")
            answer = peer.cer(host)
            peer.says(encode(0, 257, 0, cer.hop_by_hop, cer.end_to_end, b"\0\0\1\x0c\x40\0\0\x0c\0\0\7\xd1" + answer[20:]))
            assert (len(station.house.roster), bool(peer.wire.end)) == (up, not up)
            peer.link.connection_lost(None)
            assert await closed is up

    on_loop(test)


def test_a_connection_in_a_full_house_is_closed(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        station.agent._dialled.census.most = 0
        peer = station.connect()
        assert peer.wire.end == "aborted"
        peer.link.connection_lost(None)
        assert isinstance(peer.link, Link)

    on_loop(test)
