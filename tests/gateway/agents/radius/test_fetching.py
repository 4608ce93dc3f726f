"""Requests of NASes whose values a service gives: money, repetitions, what fails, what is too much."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from engine.times import SECOND
from gateway.agents.radius.counts import DUPLICATE, FAILED, OVERLOAD
from gateway.agents.radius.intake import ACCOUNTING, AUTHENTICATION
from gateway.protocols.radius.codes import ACCESS_ACCEPT, ACCESS_REJECT, ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE
from tests.engine.sessions.switch import Switch
from tests.gateway.agents.radius.station import NAS, PROCESSORS, Station
from tests.gateway.service import Service, service

LOOKUP = """
[[radius_agent.request_processors]]
id = "lookup"
filters = ["*notstring:~*req.Acct-Status-Type:Interim-Update|Accounting-On|Accounting-Off"]
flags = ["*none", "*continue"]
[radius_agent.request_processors.request_fields]
User = "~*req.User-Name"
"*vars.Customer" = { type = "*http#URL/who", mandatory = true }
"""
RESET = """
[[radius_agent.request_processors]]
id = "reset"
filters = ["*string:~*req.Acct-Status-Type:Accounting-On|Accounting-Off"]
flags = ["*nasreset"]
[radius_agent.request_processors.request_fields]
OriginHost = "~*vars.NASHost"

"""
FIRST = """
[[radius_agent.request_processors]]
id = "access"
"""

PASSWORDS = """
[general]
default_tenant = "example.net"

[radius_agent]
enabled = true
{options}

[[radius_agent.request_processors]]
id = "known"
flags = ["*none", "*continue"]
[radius_agent.request_processors.request_fields]
User = "~*req.User-Name"
"*vars.UserPassword" = { type = "*http#URL/password", mandatory = true }

[[radius_agent.request_processors]]
id = "password"
flags = ["*radauth", "*pap"]
[radius_agent.request_processors.request_fields]
User = "~*req.User-Name"
[radius_agent.request_processors.reply_fields]
code = { path = "*rep.*radReplyCode", value = "AccessReject", filters = ["*notempty:~*cgrep.Error:"] }
"""


PATIENT = 'fetch_timeout = "60s"\n'  # a machine that stands still for seconds changes nothing


class Town(Station):
    """A station whose requests, but reports under way, ask a service."""

    def __init__(self, folder: Path, url: str, http: str = "") -> None:
        words = PROCESSORS.replace(FIRST, RESET + LOOKUP.replace("URL", url) + FIRST).replace('"~*req.Filter-Id"', '"~*vars.Customer"')
        site = Switch(sessions={"indexes": ("OriginHost",)})
        super().__init__(folder, site=site, sections=f"[http]\n{PATIENT}{http}\n", processors=words)

    async def settled(self, takes: int, port: int = 1024) -> list[bytes]:
        """What a NAS hears when no request waits any more."""
        stage, link = self.around.stage, self.sockets[takes]
        seen = len(link.gone)
        async with asyncio.timeout(60):
            while stage._tasks:
                await asyncio.wait(stage._tasks)
        self.site.gather()
        assert all(address == (NAS, port) for _, address in link.gone[seen:])
        return [data for data, _ in link.gone[seen:]]


def in_town(test: Callable[[Town, Service], Awaitable[None]], folder: Path, http: str = "") -> None:
    async def run() -> None:
        async with service() as there:
            town = Town(folder, there.url, http)
            try:
                await test(town, there)
            finally:
                await town.around.stage.settle(10)
                await town.fetcher.stop()
            assert (town.intake.in_flight, town.around.stage.waiting, town.gate.held) == (0, 0, 0)
            assert {port.duplicates.working for port in town.ports.values()} == {0}

    asyncio.run(run())


def test_a_login_by_what_a_service_says(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        for text, code in (("AccessAccept", ACCESS_ACCEPT), ("AccessReject", ACCESS_REJECT)):
            there.text = text
            asked = town.access()
            assert town.authenticates(asked) == []
            assert town.intake.in_flight == 1
            (answer,) = await town.settled(AUTHENTICATION)
            assert town.read(answer, asked)[0] == code
        assert [told["Event"] for told in there.asked] == [{"User": "ann"}] * 2

    in_town(test, tmp_path)


def test_a_password_that_a_service_knows(tmp_path: Path) -> None:
    async def run() -> None:
        async with service() as there:
            town = Station(tmp_path, sections=f"[http]\n{PATIENT}", processors=PASSWORDS.replace("URL", there.url))
            try:
                for kept, proved, code in (
                    ("right", "right", ACCESS_ACCEPT),
                    ("right", "wrong", ACCESS_REJECT),
                    ("{sha}d27a1f11771200949714b1af99f048a416f5d6f4", "right", ACCESS_ACCEPT),
                ):
                    there.text = kept
                    asked = town.access(("User-Name", "ann"), ("User-Password", proved))
                    assert town.authenticates(asked) == []
                    while town.around.stage._tasks:
                        await asyncio.wait(town.around.stage._tasks)
                    (answer, _) = town.sockets[AUTHENTICATION].gone[-1]
                    assert town.read(answer, asked)[0] == code
                assert [told["Event"] for told in there.asked] == [{"User": "ann"}] * 3
            finally:
                await town.fetcher.stop()

    asyncio.run(run())


def test_a_session_is_charged_once_whatever_is_sent_again_meanwhile(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        there.gate.clear()
        begin = town.accounting("Start", 0)
        again = town.accounting("Start", 0, identifier=77)
        assert town.accounts(begin, begin, again) == []  # the copy is passed over, the other waits for the first
        await there.until_asked(1)
        assert town.accounts(town.accounting("Interim-Update", 30)) == []  # nor does it overtake its session's begin
        assert (town.counts().discards, town.site.cash()) == ({DUPLICATE: 1}, 100)
        there.gate.set()
        answers = await town.settled(ACCOUNTING)
        assert [answer[0] for answer in answers] == [ACCOUNTING_RESPONSE] * 3
        assert [answer[1] for answer in answers][:2] == [begin[1], 77]
        stop = town.accounting("Stop", 70)
        assert town.accounts(stop) == []
        assert len(await town.settled(ACCOUNTING)) == 1
        assert (town.site.cash(), town.site.cdrs()) == (93, [(70, 7)])
        before = len(there.asked)
        assert len(town.accounts(stop)) == 1  # answered before: nobody is asked
        assert (len(there.asked), town.site.cash()) == (before, 93)

    in_town(test, tmp_path)


def test_a_nas_that_goes_off_ends_its_sessions_behind_their_stops(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        assert town.accounts(town.accounting("Start", 0)) == []
        await town.settled(ACCOUNTING)
        town.site.now += 70 * SECOND
        there.gate.clear()
        assert town.accounts(town.accounting("Stop", 70)) == []
        await there.until_asked(2)
        assert town.accounts(town.accounting("Accounting-Off", 0, session="off")) == []
        there.gate.set()
        assert [answer[0] for answer in await town.settled(ACCOUNTING)] == [ACCOUNTING_RESPONSE] * 2
        assert (town.site.cash(), town.site.cdrs()) == (93, [(70, 7)])

    in_town(test, tmp_path)


def test_what_a_nas_asks_behind_its_accounting_on_is_worked_off_behind_it(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        there.gate.clear()
        assert town.accounts(town.accounting("Stop", 70)) == []
        on = town.accounting("Accounting-On", 0, session="on")
        assert town.accounts(on, on) == []
        assert town.accounts(town.accounting("Start", 0, session="s-2")) == []
        assert town.accounts(town.accounting("Accounting-Off", 0, session="off")) == []
        assert town.accounts(town.accounting("Interim-Update", 30, session="s-3")) == []
        other = ("Acct-Status-Type", "Interim-Update"), ("Acct-Session-Id", "s-4"), ("NAS-Identifier", "another")
        assert len(town.accounts(town.packet(ACCOUNTING_REQUEST, *other, signed=False))) == 1  # that NAS waits for nobody
        await there.until_asked(1)
        there.gate.set()
        answers = await town.settled(ACCOUNTING)
        assert [answer[1] for answer in answers] == sorted(answer[1] for answer in answers)  # in the order in which they came
        assert len(answers) == 5
        assert town.accounts(town.accounting("Accounting-On", 0, session="again")) != []

    in_town(test, tmp_path)


def test_a_stop_does_not_overtake_its_start_whose_value_nobody_asks_for_any_more(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        there.gate.clear()
        assert town.accounts(town.accounting("Start", 0)) == []
        await there.until_asked(1)
        plain = Station(tmp_path, site=town.site)
        town.intake.requests.processors = plain.intake.requests.processors  # a reload
        assert town.accounts(town.accounting("Stop", 70)) == []
        there.gate.set()
        assert [answer[0] for answer in await town.settled(ACCOUNTING)] == [ACCOUNTING_RESPONSE] * 2
        assert (town.site.cash(), town.site.cdrs()) == (93, [(70, 7)])
        assert len(town.accounts(town.accounting("Start", 0, session="s-2"))) == 1

    in_town(test, tmp_path)


def test_a_stream_keeps_the_order_of_a_session_whose_values_nobody_asks_for_any_more(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        nas = town.connect(ACCOUNTING)
        there.gate.clear()
        nas.says(town.accounting("Start", 0))
        await there.until_asked(1)
        town.intake.requests.processors = Station(tmp_path, site=town.site).intake.requests.processors
        assert nas.says(town.accounting("Stop", 70)) == []
        there.gate.set()
        await town.settled(ACCOUNTING)
        assert [packet.code for packet in nas.says()] == [ACCOUNTING_RESPONSE] * 2
        assert (town.site.cash(), town.site.cdrs()) == (93, [(70, 7)])

    in_town(test, tmp_path)


def test_without_its_value_a_request_is_not_answered_and_moves_nothing_and_may_come_again(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        there.status = 503
        stop = town.accounting("Stop", 70)
        assert town.accounts(stop) == []
        assert await town.settled(ACCOUNTING) == []
        assert (town.counts().discards, town.site.cash()) == ({FAILED: 1}, 100)
        there.status = 200
        assert town.accounts(stop) == []
        assert len(await town.settled(ACCOUNTING)) == 1
        assert town.site.cash() == 93

    in_town(test, tmp_path)


def test_too_many_are_dropped_and_counted(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        there.gate.clear()
        first, second = town.access(), town.access()
        assert town.authenticates(first, second, second) == []
        assert (town.counts().discards, town.around.stage.refused) == ({OVERLOAD: 2}, 2)
        there.gate.set()
        assert len(await town.settled(AUTHENTICATION)) == 1

    in_town(test, tmp_path, "max_fetching = 1")


def test_at_the_end_what_waits_too_long_is_dropped(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        there.gate.clear()
        assert town.accounts(town.accounting("Stop", 70)) == []
        await there.until_asked(1)
        await town.around.stage.settle(0)
        town.site.gather()
        assert (town.sockets[ACCOUNTING].gone, town.site.cash()) == ([], 100)

    in_town(test, tmp_path)


def test_over_a_stream(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        nas = town.connect(ACCOUNTING)
        there.gate.clear()
        assert nas.says(town.accounting("Start", 0), town.accounting("Stop", 70)) == []
        assert (nas.link.in_flight, town.intake.in_flight) == (2, 2)
        nas.link.eof_received()
        there.gate.set()
        await town.settled(ACCOUNTING)
        assert [packet.code for packet in nas.says()] == [ACCOUNTING_RESPONSE] * 2
        assert (town.site.cash(), town.site.cdrs(), bool(nas.wire.end)) == (93, [(70, 7)], True)

    in_town(test, tmp_path)


def test_of_a_stream_that_is_gone_nothing_is_worked_off(tmp_path: Path) -> None:
    async def test(town: Town, there: Service) -> None:
        nas = town.connect(ACCOUNTING)
        there.gate.clear()
        nas.says(town.accounting("Stop", 70))
        await there.until_asked(1)
        nas.link.connection_lost(None)
        there.gate.set()
        await town.settled(ACCOUNTING)
        assert town.site.cash() == 100

    in_town(test, tmp_path)
