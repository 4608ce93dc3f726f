"""Disconnect- and CoA-Requests of a proxy: which session they mean, what becomes of it, and what is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest

from engine.effects import DisconnectSession
from engine.sessions.commands import AlterSessions
from gateway.agents.radius.counts import BAD_AUTHENTICATOR, BAD_CODE, NO_MESSAGE_AUTHENTICATOR, OVERLOAD, STALE
from gateway.agents.radius.incoming import Incoming
from gateway.protocols.radius.packet import Packet, decode
from gateway.protocols.radius.signing import RIGHT, answer, answer_is_signed, message_authenticator, request
from tests.gateway.agents.radius.dynamicnas import nas, refused
from tests.gateway.agents.radius.station import NAS, SECRET, Station
from tests.gateway.agents.radius.test_clients import QUICK, begins

PROXY = "127.0.0.1"
CLIENTS = """clients = [
 {id = "bras", addresses = ["192.0.2.10"], secret = "between-us", message_authenticator = "no"},
 {id = "proxy", addresses = ["127.0.0.1"], secret = "between-us", dynamic_authorization = true, message_authenticator = "auto"},
]"""
FIELDS = {"OriginID": "~*req.Acct-Session-Id", "Account": ""}
Pairs = tuple[tuple[str, str], ...]


def proxied(folder: Path, port: int = 1, *, more: str = "", clients: str = CLIENTS) -> Station:
    """A gateway with an open session s-1, and a port for a proxy."""
    named = ", ".join(f'{name} = "{field}"' for name, field in FIELDS.items())
    target = f'client_da_addresses = {{"{NAS}" = {{host = "127.0.0.1", port = {port}}}}}'
    found = Station(folder, f'{QUICK}{target}\nda_address = "127.0.0.1:0"\nda_session = {{{named}}}\n{more}', clients=clients)
    found.site.top_up(5)
    begins(found)
    return found


class Proxy(asyncio.DatagramProtocol):
    """What asks."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.answers.put_nowait(data)


def incoming(house: Station) -> Incoming:
    assert house.agent.incoming is not None
    return house.agent.incoming


async def asks(house: Station, *datagrams: bytes, seconds: float = 60.0) -> list[bytes]:
    """Sends them one after the other; what is answered to each, empty for silence."""
    door = incoming(house)
    door.start()
    transport, proxy = await asyncio.get_running_loop().create_datagram_endpoint(Proxy, remote_addr=(PROXY, door.port))
    found = []
    try:
        for data in datagrams:
            transport.sendto(data)
            until, said, idle = monotonic() + seconds, b"", 0
            while not said and monotonic() < until and idle < 5:
                house.site.gather()
                idle = 0 if door.under_way else idle + 1
                with suppress(TimeoutError):
                    said = await asyncio.wait_for(proxy.answers.get(), 0.02)
            found.append(said)
    finally:
        transport.close()
        door.stop()
        house.agent.clients.outgoing.stop()
        await asyncio.sleep(0.01)
    return found


def cause(data: bytes, asked: bytes) -> int:
    """The code of an answer, and for a NAK its Error-Cause instead; its signatures are looked at."""
    packet, question = decode(data), decode(asked)
    assert answer_is_signed(packet, question.authenticator, SECRET)
    if question.first(80) is not None:
        assert message_authenticator(packet, SECRET, question.authenticator) == RIGHT
    value = packet.first(101)
    return packet.code if value is None else int.from_bytes(value, "big")


def said(house: Station, code: int, *fields: tuple[str, str], **how: bool) -> int:
    """What is answered to one request."""
    data = house.packet(code, *fields, **how)  # type: ignore[arg-type]
    (answered,) = asyncio.run(asks(house, data))
    return cause(answered, data) if answered else 0


def told(house: Station) -> list[DisconnectSession]:
    return [one for one in house.site.effects if isinstance(one, DisconnectSession)]


NAMED = (("Acct-Session-Id", "s-1"),)


@pytest.mark.parametrize("signed", [True, False])
def test_a_disconnect_ends_the_session_and_its_nas_is_told(signed: bool, tmp_path: Path) -> None:
    house = proxied(tmp_path)
    assert said(house, 40, *NAMED, ("User-Name", "ann"), ("NAS-IP-Address", NAS), signed=signed) == 41
    (effect,) = told(house)
    assert (effect.closed, effect.reason, effect.event["OriginID"]) == (True, "FORCED_DISCONNECT", "s-1")


@pytest.mark.parametrize(
    ("code", "fields", "answered"),
    [
        (40, (("Acct-Session-Id", "s-2"),), 503),
        (40, (*NAMED, ("User-Name", "bob")), 503),  # the packet that began it says ann
        (40, (*NAMED, ("Framed-IP-Address", "10.0.0.8")), 503),
        (40, (*NAMED, ("NAS-IP-Address", "192.0.2.99")), 403),
        (40, (("NAS-IP-Address", NAS),), 402),
        (40, (("User-Name", "ann"),), 401),  # nothing of da_session
        (40, (*NAMED, ("Session-Timeout", "1")), 401),
        (40, (("Acct-Session-Id", "s-1|s-2"),), 407),
        (40, (*NAMED, ("Service-Type", "Authorize-Only")), 405),
        (43, NAMED, 402),
        (43, (*NAMED, ("Tunnel-Password", "x")), 401),
        (43, (("Acct-Session-Id", "s-2"), ("Session-Timeout", "1")), 503),
    ],
)
def test_what_is_refused_says_why(code: int, fields: Pairs, answered: int, tmp_path: Path) -> None:
    house = proxied(tmp_path)
    assert said(house, code, *fields) == answered
    assert not told(house)


def test_a_change_goes_on_to_the_nas(tmp_path: Path) -> None:
    async def test() -> None:
        async with nas() as far:
            house = proxied(tmp_path, far.port)
            data = house.packet(43, *NAMED, ("Session-Timeout", "60"), ("Cisco.Cisco-AVPair", "a=b"), ("Proxy-State", "p"))
            (answered,) = await asks(house, data)
            assert cause(answered, data) == 44
            assert decode(answered).all(33) == [b"p"]
            session = [("User-Name", "ann"), ("NAS-IP-Address", NAS), ("Acct-Session-Id", "s-1")]
            assert far.told() == [("43", [*session, ("Session-Timeout", "60"), ("Cisco-AVPair", "a=b")])]

    asyncio.run(test())


def silent(_packet: Packet) -> bytes:
    return b""


@pytest.mark.parametrize(("script", "answered"), [(refused(407), 407), (silent, 505), (lambda one: answer(one, 45, b"", SECRET), 505)])
def test_what_the_nas_refuses_is_refused(script: Callable[[Packet], bytes], answered: int, tmp_path: Path) -> None:
    async def test() -> None:
        async with nas(script) as far:
            house = proxied(tmp_path, far.port)
            data = house.packet(43, *NAMED, ("Session-Timeout", "60"))
            (found,) = await asks(house, data)
            assert cause(found, data) == answered

    asyncio.run(test())


def test_a_name_that_reads_as_two_ends_no_other_session(tmp_path: Path) -> None:
    """`|` in a filter is `or`: a subscriber who calls himself so must not take others with him."""
    house = proxied(tmp_path)
    start = ("Acct-Status-Type", "Start"), ("Acct-Session-Id", "x|s-1"), ("User-Name", "eve"), ("Acct-Session-Time", "60")
    assert len(house.accounts(house.packet(4, *start, signed=False))) == 1
    ann, eve = house.site.step(AlterSessions("example.net"))
    incoming(house).end(eve)
    assert [one.cgrid for one in house.site.step(AlterSessions("example.net"))] == [ann.cgrid]


def test_what_is_worked_on_is_bounded_whatever_identifiers_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.agents.radius.incoming.MAX_INCOMING", 2)

    async def test() -> None:
        async with nas(silent) as far:
            house = proxied(tmp_path, far.port)
            door = incoming(house)
            for timeout in range(4):
                data = house.packet(43, *NAMED, ("Session-Timeout", str(timeout)), signed=False)
                door.take(request(43, 7, decode(data).attributes, SECRET), (PROXY, 5000))
            assert door.under_way == 2
            assert house.counts("proxy").discards == {OVERLOAD: 2}
            door.stop()
            await asyncio.sleep(0.01)
            house.agent.clients.outgoing.stop()

    asyncio.run(test())


def test_a_request_that_comes_again_gets_its_answer_again(tmp_path: Path) -> None:
    house = proxied(tmp_path)
    data = house.packet(40, *NAMED)
    first, second = asyncio.run(asks(house, data, data))
    assert first == second
    assert cause(first, data) == 41
    assert len(told(house)) == 1


def test_who_may_not_ask_is_told_so(tmp_path: Path) -> None:
    house = proxied(tmp_path, clients=CLIENTS.replace(", dynamic_authorization = true", ""))
    assert said(house, 40, *NAMED) == 501


def test_what_is_not_what_it_says_is_passed_over(tmp_path: Path) -> None:
    house = proxied(tmp_path)
    now_s = house.site.now // 1_000_000_000
    stale = [house.packet(40, *NAMED, ("Event-Timestamp", str(now_s + away))) for away in (-302, 302)]
    wrong = [house.packet(40, *NAMED, secret=b"another"), house.packet(4, *NAMED), b"", bytes(20)]
    assert asyncio.run(asks(house, *stale, *wrong)) == [b""] * 6
    counts = house.counts("proxy").discards
    assert (counts[STALE], counts[BAD_AUTHENTICATOR], counts[BAD_CODE]) == (2, 1, 1)
    assert said(house, 40, *NAMED, ("Event-Timestamp", str(now_s - 200))) == 41


def test_a_signature_is_demanded_where_the_client_is_to_sign(tmp_path: Path) -> None:
    house = proxied(tmp_path, clients=CLIENTS.replace('"auto"', '"yes"'))
    assert said(house, 40, *NAMED, signed=False) == 0
    assert house.counts("proxy").discards == {NO_MESSAGE_AUTHENTICATOR: 1}
    assert said(house, 40, *NAMED) == 41
