"""Requests of peers whose values a service gives: money, order, repetitions, what fails, what is too much, what ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.agents import stage as staging
from gateway.protocols.diameter.answers import number_avp
from gateway.protocols.diameter.codes import CREDIT_CONTROL, DISCONNECT_PEER, REQUEST
from gateway.protocols.diameter.message import Message, encode
from tests.engine.sessions.switch import Switch
from tests.gateway.agents.diameter.station import AGAIN, Far, Station, code_of
from tests.gateway.service import Service, service

BUSY, UNABLE = 3004, 5012
PATIENT = 'fetch_timeout = "60s"\n'  # a machine that stands still for seconds changes nothing
ASKS = """
[[diameter_agent.request_processors]]
id = "lookup"
filters = ["*string:~*req.CC-Request-Type:1|2"]
flags = ["*none", "*continue"]
[diameter_agent.request_processors.request_fields]
OriginID = "~*req.Session-Id"
"*vars.Customer" = { type = "*http#URL/who", mandatory = true }
"""


class Town(Station):
    """A station whose requests but the last ask a service; see `heard`."""

    def __init__(self, folder: Path, url: str, site: Switch | None = None, *, options: str = "", http: str = "") -> None:
        super().__init__(
            folder,
            options,
            site=site,
            sections=f"[http]\n{'' if 'fetch_timeout' in http else PATIENT}{http}\n",
            asks=ASKS.replace("URL", url),
        )

    async def settled(self) -> None:
        """Returns when no request waits."""
        async with asyncio.timeout(60):
            while self.around.stage._tasks:
                await asyncio.wait(self.around.stage._tasks)
        self.site.gather()


def in_town(test: Callable[[Town, Service], Awaitable[None]], folder: Path, *, options: str = "", http: str = "") -> None:
    async def run() -> None:
        async with service() as there:
            there.text = "1001"
            town = Town(folder, there.url, options=options, http=http)
            try:
                await test(town, there)
            finally:
                await town.around.stage.settle(10)
                await town.fetcher.stop()
            assert (town.house.in_flight, town.around.stage.waiting, town.gate.held) == (0, 0, 0)

    asyncio.run(run())


async def answer_of(town: Town, peer: Far, octets: bytes) -> Message:
    assert peer.says(octets) == []
    await town.settled()
    (answer,) = peer.heard()
    return answer


def test_a_session_with_a_value_that_a_service_gives(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        peer = town.peer()
        assert code_of(await answer_of(town, peer, peer.ccr(1, 0))) == 2001
        assert town.site.cash() == 94
        assert code_of(await answer_of(town, peer, peer.ccr(2, 1, seconds=30))) == 2001
        (last,) = peer.says(peer.ccr(3, 2, seconds=70))  # needs no value, and waits for none
        assert (code_of(last), town.site.cash(), town.site.cdrs()) == (2001, 93, [(70, 7)])
        assert [told["Event"] for told in there.asked] == [{"OriginID": "s;1"}] * 2
        assert (town.agent.counts.requests, town.agent.counts.answers) == (3, {"2001": 3})

    in_town(test, tmp_path)


def test_nothing_is_asked_of_the_engine_before_the_value_is_there(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        peer, before = town.peer(), town.site.engine.ticket
        there.gate.clear()
        assert peer.says(peer.ccr(1, 0)) == []
        await there.until_asked(1)
        assert (town.site.cash(), town.site.engine.ticket, town.house.in_flight, peer.link.in_flight) == (100, before, 1, 1)
        (other,) = peer.says(peer.ccr(3, 0, session="s;9"))  # nobody waits for it
        assert other.avps.text(263) == "s;9"
        there.gate.set()
        await town.settled()
        assert [code_of(answer) for answer in peer.heard()] == [2001]
        assert town.site.cash() == 88

    in_town(test, tmp_path)


@pytest.mark.parametrize("flags", [0, AGAIN])
def test_a_request_that_comes_again_meanwhile_is_joined(tmp_path: Path, flags: int) -> None:
    async def test(town: Town, there: Service) -> None:
        peer, other = town.peer(), town.peer("dra.example", remote="192.0.2.8")
        there.gate.clear()
        peer.says(peer.ccr(1, 0, end=7))
        other.hop = 500
        other.says(other.ccr(1, 0, end=7, flags=flags))
        await there.until_asked(1)
        there.gate.set()
        await town.settled()
        (first,), (again,) = peer.heard(), other.heard()
        assert first.raw[20:] == again.raw[20:]
        assert (again.hop_by_hop, again.end_to_end) == (501, 7)
        assert (len(there.asked), town.site.cash(), town.agent.counts.repetitions) == (1, 94, 1)
        (later,) = peer.says(peer.ccr(1, 0, end=7, flags=flags))  # answered long ago: nobody is asked
        assert later.raw[20:] == first.raw[20:]
        assert (len(there.asked), town.site.cash()) == (1, 94)

    in_town(test, tmp_path)


def test_a_repetition_after_a_restart_asks_nobody(tmp_path: Path) -> None:
    async def run() -> None:
        async with service() as there:
            there.text = "1001"
            town = Town(tmp_path, there.url)
            peer = town.peer()
            first = await answer_of(town, peer, peer.ccr(1, 0, end=7))
            town.site.cut()
            await town.fetcher.stop()
            town = Town(tmp_path, there.url, town.site)
            peer = town.peer()
            (again,) = peer.says(peer.ccr(1, 0, end=7, flags=AGAIN))
            assert again.raw[20:] == first.raw[20:]
            assert (len(there.asked), town.site.cash()) == (1, 94)
            await town.fetcher.stop()

    asyncio.run(run())


def test_requests_of_one_session_do_not_overtake_one_another(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        peer = town.peer()
        there.gate.clear()
        peer.says(peer.ccr(1, 0), peer.ccr(2, 1, seconds=30), peer.ccr(3, 2, seconds=70))
        await there.until_asked(1)
        there.gate.set()
        await town.settled()
        heard = peer.heard()
        assert [(code_of(answer), answer.avps.number(415)) for answer in heard] == [(2001, 0), (2001, 1), (2001, 2)]
        assert (len(there.asked), town.site.cash(), town.site.cdrs()) == (2, 93, [(70, 7)])

    in_town(test, tmp_path)


@pytest.mark.parametrize(("status", "text"), [(500, "1001"), (404, ""), (200, "")])
def test_without_its_value_a_request_fails_and_moves_nothing(tmp_path: Path, status: int, text: str) -> None:
    async def test(town: Town, there: Service) -> None:
        peer = town.peer()
        there.status, there.text = status, text
        answer = await answer_of(town, peer, peer.ccr(1, 0))
        assert (code_of(answer), bool(answer.flags & 0x20)) == (UNABLE, True)
        assert (town.site.cash(), town.agent.counts.failed) == (100, 1)
        there.status, there.text = 200, "1001"
        assert code_of(await answer_of(town, peer, peer.ccr(1, 0, end=99))) == 2001  # no session was begun

    in_town(test, tmp_path)


def test_a_service_that_is_silent_costs_the_time_limit_and_no_money(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test(town: Town, there: Service) -> None:
        peer = town.peer()
        there.gate.clear()
        assert code_of(await answer_of(town, peer, peer.ccr(1, 0))) == UNABLE
        assert town.site.cash() == 100
        assert town.fetcher.outcomes["late"] == 1

    in_town(test, tmp_path, http='fetch_timeout = "100ms"')
    assert "no answer within 0.1 s" in caplog.records[-1].__dict__["reason"]


def test_too_many_are_answered_busy_and_nobody_is_asked_for_them(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        peer = town.peer()
        there.gate.clear()
        assert peer.says(peer.ccr(1, 0, session="s;1"), peer.ccr(1, 0, session="s;2")) == []
        (busy,) = peer.says(peer.ccr(1, 0, session="s;3"))
        assert (code_of(busy), town.agent.counts.busy, town.around.stage.refused) == (BUSY, 1, 1)
        there.gate.set()
        await town.settled()
        assert [code_of(answer) for answer in peer.heard()] == [2001, 2001]
        assert len(there.asked) == 2
        assert code_of(await answer_of(town, peer, peer.ccr(1, 0, session="s;3"))) == 2001

    in_town(test, tmp_path, http="max_fetching = 2")


def test_what_waits_behind_one_session_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "MAX_BEHIND", 2)

    async def test(town: Town, there: Service) -> None:
        peer = town.peer()
        there.gate.clear()
        (busy,) = peer.says(peer.ccr(1, 0), peer.ccr(2, 1), peer.ccr(2, 2))
        assert (code_of(busy), busy.avps.number(415)) == (BUSY, 2)
        there.gate.set()
        await town.settled()
        assert [code_of(answer) for answer in peer.heard()] == [2001, 2001]

    in_town(test, tmp_path)


def test_of_a_peer_that_has_gone_nothing_is_worked_off(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        peer, other = town.peer(), town.peer("dra.example", remote="192.0.2.8")
        there.gate.clear()
        peer.says(peer.ccr(1, 0, end=7))
        await there.until_asked(1)
        peer.link.connection_lost(None)
        there.gate.set()
        await town.settled()
        assert (town.site.cash(), town.house.in_flight) == (100, 0)
        assert code_of(await answer_of(town, other, other.ccr(1, 0, end=7, flags=AGAIN))) == 2001
        assert town.site.cash() == 94

    in_town(test, tmp_path)


def test_a_farewell_leaves_behind_the_answers_to_what_was_asked_before(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        peer = town.peer()
        there.gate.clear()
        peer.says(peer.ccr(1, 0))
        await there.until_asked(1)
        assert peer.says(goodbye(town)) == []
        there.gate.set()
        await town.settled()
        assert [answer.command for answer in peer.heard()] == [CREDIT_CONTROL, DISCONNECT_PEER]
        assert town.site.cash() == 94

    in_town(test, tmp_path)


def goodbye(town: Town) -> bytes:
    body = town.builder.build([(("Origin-Host",), "pgw.example", False), (("Origin-Realm",), "example", False)])
    return encode(REQUEST, DISCONNECT_PEER, 0, 900, 900, body + number_avp(273, 0))


def test_one_after_the_other_where_the_configuration_says_so(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        peer = town.peer()
        there.gate.clear()
        peer.says(peer.ccr(1, 0, session="s;1"), peer.ccr(3, 0, session="s;2"))
        await there.until_asked(1)
        assert peer.heard() == []
        there.gate.set()
        await town.settled()
        town.site.gather()
        assert [answer.avps.text(263) for answer in peer.heard()] == ["s;1", "s;2"]

    in_town(test, tmp_path, options="synced_conn_requests = true")


def test_at_the_end_what_waits_too_long_is_dropped(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        peer = town.peer()
        there.gate.clear()
        peer.says(peer.ccr(1, 0), peer.ccr(2, 1))
        await there.until_asked(1)
        await town.around.stage.settle(0)
        assert (town.site.cash(), town.house.in_flight, town.around.stage.waiting, peer.heard()) == (100, 0, 0, [])
        (busy,) = peer.says(peer.ccr(1, 0, session="s;2"))
        assert code_of(busy) == BUSY

    in_town(test, tmp_path)


def test_a_configuration_that_is_taken_meanwhile_is_the_one_that_counts(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        peer = town.peer()
        there.gate.clear()
        peer.says(peer.ccr(1, 0))
        await there.until_asked(1)
        plain = Station(tmp_path, site=town.site)
        town.house.requests.language = plain.house.requests.language
        there.gate.set()
        await town.settled()
        assert [code_of(answer) for answer in peer.heard()] == [2001]
        assert (town.site.cash(), len(there.asked)) == (94, 1)

    in_town(test, tmp_path)


def test_no_request_overtakes_one_of_its_session_whose_value_nobody_asks_for_any_more(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        peer = town.peer()
        there.gate.clear()
        peer.says(peer.ccr(1, 0))
        await there.until_asked(1)
        town.house.requests.language = Station(tmp_path, site=town.site).house.requests.language
        assert peer.says(peer.ccr(2, 1)) == []
        there.gate.set()
        await town.settled()
        assert [code_of(answer) for answer in peer.heard()] == [2001, 2001]

    in_town(test, tmp_path)
