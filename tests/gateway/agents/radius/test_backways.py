"""NASes that are asked over the connection that they have open, and by UDP where that does not work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.agents.radius.backways import BackWay
from gateway.agents.radius.settings import RADSEC
from gateway.protocols.radius.codes import DISCONNECT_REQUEST, MESSAGE_AUTHENTICATOR
from gateway.protocols.radius.packet import Packet, decode
from gateway.protocols.radius.showing import shown
from gateway.protocols.radius.signing import RIGHT, answer, message_authenticator, request_is_signed
from tests.gateway.agents.radius.dynamicnas import DICTIONARY, Nas, nas, refused
from tests.gateway.agents.radius.station import NAS, SECRET, Far, Station
from tests.gateway.agents.radius.test_clients import SESSION, altered, begins, ended, on_loop, station

BACK = ', transport = "connection"'
ACK: bytes = b""
NOTHING_THERE = bytes((101, 6)) + (503).to_bytes(4, "big")
UNSUPPORTED = bytes((101, 6)) + (406).to_bytes(4, "big")


def asking(house: Station) -> asyncio.Task[bool]:
    """The NAS is asked to end its session."""
    return asyncio.get_running_loop().create_task(house.agent.clients.disconnect(ended(house)))


async def asked(far: Far) -> Packet:
    """The request that comes over a connection."""
    for _ in range(5):
        await asyncio.sleep(0)
    return decode(far.octets())


def house_of(folder: Path, far: Nas) -> Station:
    return station(folder, far.port, BACK)


@asynccontextmanager
async def connected(folder: Path, secret: bytes = RADSEC) -> AsyncIterator[tuple[Station, Far, Nas]]:
    """A gateway, the connection that its NAS has open, and that NAS by UDP."""
    async with nas() as far:
        house = house_of(folder, far)
        yield house, house.connect(secret=secret), far


def says(link: Far, packet: Packet, step: int = 1, body: bytes = ACK, key: bytes = RADSEC) -> None:
    """The NAS answers over its connection: `step` 1 agrees, 2 refuses."""
    link.link.data_received(answer(packet, packet.code + step, body, key))


async def asked_often(house: Station) -> tuple[BackWay, list[asyncio.Task[Any]]]:
    """More requests at once than a connection has identifiers."""
    back = house.agent.clients.outgoing
    way = back.backways.way(NAS)
    assert way is not None
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Task[Any]] = [loop.create_task(back.ask_back(way, DISCONNECT_REQUEST, b"", signed=False)) for _ in range(300)]
    await asyncio.sleep(0)
    return way, tasks


@pytest.mark.parametrize("secret", [RADSEC, b""])
def test_over_the_connection(tmp_path: Path, secret: bytes) -> None:
    """TLS has a secret of its own, TCP the NAS's."""

    async def test() -> None:
        async with connected(tmp_path, secret) as (house, link, far):
            task = asking(house)
            packet = await asked(link)
            key = secret or SECRET
            assert packet.code == DISCONNECT_REQUEST
            assert request_is_signed(packet, key)
            assert message_authenticator(packet, key) == RIGHT
            assert [line for line in shown(DICTIONARY, packet, key) if line[0] != "Message-Authenticator"] == SESSION
            assert packet.raw[20] == MESSAGE_AUTHENTICATOR
            says(link, packet, key=key)
            assert await task
            assert far.heard == []
            assert house.agent.clients.outgoing.under_way == 0

    on_loop(test)


def test_a_change_goes_there_too_and_hides_by_its_secret(tmp_path: Path) -> None:
    async def test() -> None:
        async with nas() as far:
            sections = '[templates]\nhide = [{path = "*radDAReq.Tunnel-Password", value = "deep"}]\n'
            house = station(tmp_path, far.port, BACK, sections=sections)
            link = house.connect(secret=RADSEC)
            change = altered(house, {"*radCoATemplate": "hide"}, Plan="x")
            task = asyncio.get_running_loop().create_task(house.agent.clients.alter(change))
            packet = await asked(link)
            assert dict(shown(DICTIONARY, packet, RADSEC, bytes(16)))["Tunnel-Password"] == "deep"
            says(link, packet)
            assert await task

    on_loop(test)


def test_a_refusal_is_the_answer(tmp_path: Path) -> None:
    async def test() -> None:
        async with connected(tmp_path) as (house, link, far):
            task = asking(house)
            packet = await asked(link)
            says(link, packet, 2, NOTHING_THERE)
            assert not await task
            assert far.heard == []

    on_loop(test)


@pytest.mark.parametrize("said", ["unsupported", "nothing", "forged", "closed", "asleep"])
def test_by_udp_where_that_does_not_work(tmp_path: Path, said: str, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with connected(tmp_path) as (house, link, far):
            if said == "asleep":
                link.link.pause_writing()
            task = asking(house)
            if said != "asleep":
                packet = await asked(link)
                if said == "closed":
                    link.link.connection_lost(None)
                elif said != "nothing":
                    body, key = (UNSUPPORTED, RADSEC) if said == "unsupported" else (ACK, b"another")
                    says(link, packet, 2 if body else 1, body, key)
            assert await task
            assert len(far.heard) == 1
            assert house.agent.clients.outgoing.strange == (said == "forged")
            begins(house, session="s-2")
            assert await asking(house)
            assert (len(far.heard), link.octets()) == (2, b""), "it is not tried again"
            if said != "closed":
                assert "takes no requests over its connection" in caplog.text
            begins(house, session="s-3")
            again = house.connect(secret=RADSEC)
            task = asking(house)
            packet = await asked(again)
            says(again, packet)
            assert await task, "a new connection is"
            assert len(far.heard) == 2
            if said == "asleep":
                link.link.resume_writing()

    on_loop(test)


def test_without_a_connection_and_by_udp_alone(tmp_path: Path) -> None:
    async def test() -> None:
        async with nas() as far:
            house = house_of(tmp_path, far)
            assert await asking(house)
            udp = station(tmp_path, far.port)
            link = udp.connect(secret=RADSEC)
            assert await asking(udp)
            assert (len(far.heard), link.wire.writes) == (2, [])

    on_loop(test)


def test_the_latest_of_several_and_only_those_of_the_nas(tmp_path: Path) -> None:
    async def test() -> None:
        async with nas(refused(503)) as far:
            house = house_of(tmp_path, far)
            first, second = house.connect(secret=RADSEC), house.connect(secret=RADSEC)
            other = house.connect(secret=RADSEC, remote="198.51.100.7")
            task = asking(house)
            packet = await asked(second)
            says(second, packet)
            assert await task
            second.link.connection_lost(None)
            begins(house, session="s-2")
            task = asking(house)
            packet = await asked(first)
            assert (other.wire.writes, far.heard) == ([], [])
            says(first, packet)
            assert await task
            assert len(house.agent.clients.outgoing.backways) == 2

    on_loop(test)


def test_more_than_have_identifiers_wait(tmp_path: Path) -> None:
    async def test() -> None:
        async with connected(tmp_path) as (house, link, _):
            back = house.agent.clients.outgoing
            _, tasks = await asked_often(house)
            assert (len(link.wire.writes), back.under_way) == (256, 300)
            seen = 0
            while seen < len(link.wire.writes):
                heard, seen = [decode(data) for data in link.wire.writes[seen:]], len(link.wire.writes)
                for packet in heard:
                    says(link, packet)
                for _ in range(5):
                    await asyncio.sleep(0)
            assert all([await task for task in tasks])
            assert (len(link.wire.writes), back.under_way) == (300, 0)

    on_loop(test)


def test_those_that_wait_for_a_deaf_one_are_not_asked_there(tmp_path: Path) -> None:
    async def test() -> None:
        async with connected(tmp_path) as (house, link, _):
            back = house.agent.clients.outgoing
            way, tasks = await asked_often(house)
            way.deaf = True
            for packet in [decode(data) for data in link.wire.writes]:
                says(link, packet, 2, UNSUPPORTED)
            answers = await asyncio.gather(*tasks)
            assert (len(link.wire.writes), back.under_way) == (256, 0)
            assert [found is None for found in answers] == [False] * 256 + [True] * 44

    on_loop(test)


def test_who_stops_asks_nowhere_else(tmp_path: Path) -> None:
    async def test() -> None:
        async with connected(tmp_path) as (house, link, far):
            task = asking(house)
            await asked(link)
            house.agent.clients.outgoing.stop()
            assert not await task
            assert (far.heard, house.agent.clients.outgoing.under_way) == ([], 0)

    on_loop(test)


def test_an_answer_that_nobody_asked_for_is_discarded(tmp_path: Path) -> None:
    async def test() -> None:
        async with connected(tmp_path) as (house, link, _):
            body = (DISCONNECT_REQUEST + 1).to_bytes(1, "big") + b"\x07\x00\x14" + bytes(16)
            link.link.data_received(body)
            assert house.counts().discards == {"bad_code": 1}
            task = asking(house)
            packet = await asked(link)
            link.link.data_received(body)
            says(link, packet)
            assert await task
            assert house.agent.clients.outgoing.strange == 1

    on_loop(test)
