"""What sessions ask of peers: ASR, RAR, DPR; on which connection, and what counts as done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic_ns

import pytest

from engine.effects import AlterSession, DisconnectSession, ReauthorizeSession, WarnDisconnect
from engine.sessions.commands import AlterSessions, ForceDisconnect
from engine.times import SECOND
from gateway.agents.diameter.roster import Roster, parts_of, peer_name
from gateway.api.clients import Callbacks
from gateway.protocols.diameter.codes import ABORT_SESSION, RE_AUTH, SESSION_ID
from gateway.protocols.diameter.message import Message
from tests.engine.house import TENANT
from tests.gateway.agents.diameter.station import HOST, Far, Station, text, turns


def on_loop(test: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await test()

    asyncio.run(run())


def ended(station: Station) -> DisconnectSession:
    """The engine ends the session; what it asks of the outside."""
    station.site.effects.clear()
    station.site.step(ForceDisconnect(TENANT))
    (effect,) = [one for one in station.site.effects if isinstance(one, DisconnectSession)]
    return effect


def altered(station: Station) -> AlterSession:
    (found,) = station.site.step(AlterSessions(TENANT))
    assert isinstance(found, AlterSession)
    return found


async def one_asked(peer: Far) -> Message:
    await turns()
    (asked,) = peer.heard()
    return asked


@pytest.mark.parametrize(("code", "done"), [(2001, True), (2002, True), (5002, False)])
def test_the_end_of_a_session_is_an_abort_by_the_template(tmp_path: Path, code: int, done: bool) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        peer.says(peer.ccr(1, 0))
        telling = asyncio.ensure_future(station.agent.clients.disconnect(ended(station)))
        asked = await one_asked(peer)
        assert (asked.command, asked.application, asked.flags) == (ABORT_SESSION, 4, 0xC0)
        assert (text(asked, SESSION_ID), text(asked, 293), text(asked, 264)) == ("s;1", HOST, "ocs.example")
        peer.answers(asked, code)
        assert await telling is done
        assert (station.agent.counts.asked, station.agent.counts.unanswered) == (1, 0)

    on_loop(test)


def test_after_a_restart_the_peer_is_found_by_its_name_and_the_request_is_known(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        peer.says(peer.ccr(1, 0))
        station.site.cut()
        station = Station(tmp_path, site=station.site)
        station.house.roster.process_tag = "later-"  # type: ignore[misc]
        effect = ended(station)
        waiting = asyncio.ensure_future(station.agent.clients.arrival(effect.client, 10))
        await turns()
        assert not waiting.done()
        peer = station.peer()
        await waiting
        telling = asyncio.ensure_future(station.agent.clients.disconnect(effect))
        asked = await one_asked(peer)
        peer.answers(asked)
        assert await telling

    on_loop(test)


def test_a_peer_that_does_not_answer_is_passed_over_for_another_connection(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path, 'request_timeout = "300ms"')
        peer = station.peer()
        peer.says(peer.ccr(1, 0))
        other = station.peer()
        telling = asyncio.ensure_future(station.agent.clients.disconnect(ended(station)))
        first = await one_asked(peer)
        while not (again := other.heard()):  # noqa: ASYNC110 - there is nothing else to wait for
            await asyncio.sleep(0.001)
        assert (first.is_repetition, again[0].is_repetition, again[0].end_to_end) == (False, True, first.end_to_end)
        other.answers(again[0])
        assert await telling
        assert station.agent.counts.unanswered == 1

    on_loop(test)


def test_a_peer_whose_watchdog_is_late_is_asked_after_all_others(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        peer.says(peer.ccr(1, 0))
        other = station.peer("other.example")
        now = monotonic_ns()
        for seconds in (40, 80):  # it is asked, and does not answer
            peer.link.tick(now + seconds * SECOND)
        assert [one.is_request for one in peer.heard()] == [True]
        telling = asyncio.ensure_future(station.agent.clients.disconnect(ended(station)))
        other.answers(await one_asked(other))
        assert await telling
        assert peer.heard() == []

    on_loop(test)


def test_a_peer_that_never_answers_costs_no_more_than_the_time(tmp_path: Path) -> None:
    """Kamailio answers neither ASR nor RAR."""

    async def test() -> None:
        station = Station(tmp_path, 'request_timeout = "10ms"')
        peer = station.peer()
        peer.says(peer.ccr(1, 0))
        assert not await station.agent.clients.disconnect(ended(station))
        assert not await station.agent.clients.alter(AlterSession(peer.link.name, "c", "t", {}, None))

    on_loop(test)


def test_a_session_that_is_altered_is_reauthorized(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        peer.says(peer.ccr(1, 0))
        telling = asyncio.ensure_future(station.agent.clients.alter(altered(station)))
        asked = await one_asked(peer)
        assert (asked.command, asked.avps.number(285)) == (RE_AUTH, 0)
        peer.answers(asked)
        assert await telling

    on_loop(test)


def test_the_effect_of_a_top_up_is_a_reauthorization(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        station.site.options.sessions.topup_reauthorizes = True
        peer = station.peer()
        peer.says(peer.ccr(1, 0))
        station.site.effects.clear()
        station.site.balance("1001", "cash", "*monetary", 5)
        (effect,) = [one for one in station.site.effects if isinstance(one, ReauthorizeSession)]
        performer = Performed()
        callbacks = Callbacks(station.agent.clients, performer, 1)
        callbacks.perform(7, effect)
        asked = await one_asked(peer)
        assert (asked.command, text(asked, SESSION_ID)) == (RE_AUTH, "s;1")
        peer.answers(asked)
        await turns()
        assert performer.ended == [7]

    on_loop(test)


class Performed:
    """Remembers which effects are done."""

    def __init__(self) -> None:
        self.ended: list[int] = []

    def step(self, command: object) -> object:
        raise AssertionError(command)

    def finish(self, effect_id: int, command: object) -> object:
        raise AssertionError((effect_id, command))

    def done(self, effect_id: int) -> None:
        self.ended.append(effect_id)


def test_a_request_goes_to_the_connection_of_the_latest_message(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        first, second = station.peer(), station.peer()
        first.says(first.ccr(1, 0))
        second.says(second.ccr(2, 1))
        telling = asyncio.ensure_future(station.agent.clients.disconnect(ended(station)))
        asked = await one_asked(second)
        assert first.heard() == []
        second.answers(asked)
        assert await telling

    on_loop(test)


def test_a_connection_that_goes_answers_nothing_and_the_next_is_asked(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        peer, other = station.peer(), station.peer()
        peer.says(peer.ccr(1, 0))
        telling = asyncio.ensure_future(station.agent.clients.disconnect(ended(station)))
        await one_asked(peer)
        peer.link.connection_lost(None)
        other.answers(await one_asked(other))
        assert await telling

    on_loop(test)


def test_with_none_nobody_is_told(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path, "")
        station.agent.clients._templates.forced_disconnect = "*none"
        peer = station.peer()
        peer.says(peer.ccr(1, 0))
        assert await station.agent.clients.disconnect(ended(station))
        assert peer.heard() == []
        await station.agent.clients.warn(WarnDisconnect(peer.link.name, "c", "t", {}))
        assert await station.agent.clients.list_sessions(1) == {}

    on_loop(test)


def test_a_session_whose_request_is_not_known_cannot_be_ended_by_its_peer(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        gone = DisconnectSession(peer.link.name, "c", "t", {}, "", True)
        assert not await station.agent.clients.disconnect(gone)
        broken = DisconnectSession(peer.link.name, "c", "t", {}, "", True, b"no request")
        assert not await station.agent.clients.disconnect(broken)
        assert peer.heard() == []

    on_loop(test)


@pytest.mark.parametrize(
    ("arguments", "done"),
    [
        ({"OriginHost": "PGW.example", "DisconnectCause": 0}, True),
        ({"OriginHost": HOST, "RemoteAddr": "192.0.2.7:40000", "DisconnectCause": 2}, True),
        ({"OriginHost": HOST, "RemoteAddr": "192.0.2.8:40000", "DisconnectCause": 0}, False),
        ({"OriginHost": "other.example", "DisconnectCause": 0}, False),
        ({"OriginHost": HOST, "DisconnectCause": 3}, False),
        ({"OriginHost": HOST, "DisconnectCause": "x"}, False),
        ({}, False),
    ],
)
def test_a_peer_is_told_to_go(tmp_path: Path, arguments: dict[str, object], done: bool) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        telling = asyncio.ensure_future(station.agent.clients.disconnect_peer(arguments))
        await turns()
        for asked in peer.heard():
            peer.answers(asked)
        assert await telling is done

    on_loop(test)


def test_names_tell_where_a_connection_came_from() -> None:
    assert parts_of(peer_name("tag-", 7, "realm", "host")) == ("tag-7", "realm", "host")
    assert parts_of(peer_name("tag-", 7, "realm", "a|b")) == ("tag-7", "realm", "a|b")
    for name in ("", "192.0.2.1:4/tag-1", "diameter|x"):
        assert parts_of(name) == ("", "", "")
        assert Roster("t").ways(name) == []


def test_nobody_waits_for_a_peer_of_this_process() -> None:
    async def test() -> None:
        roster = Roster("here-")
        await roster.arrival(peer_name("here-", 1, "r", "h"), 100)
        await roster.arrival("192.0.2.1:4/tag-1", 100)
        await roster.arrival(peer_name("gone-", 1, "r", "h"), 0.001)

    on_loop(test)
