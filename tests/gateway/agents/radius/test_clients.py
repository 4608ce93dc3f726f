"""What sessions ask of NASes: by which template, of whom, how often, and what counts as done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from engine.effects import AlterSession, DisconnectSession
from engine.sessions.commands import AlterSessions, ForceDisconnect
from gateway.agents.radius.limits import MAX_UNREAD_BYTES
from gateway.agents.radius.targets import PREFIX, Targets
from gateway.agents.radius.ways import StreamWay
from gateway.agents.settings import SettingsError
from gateway.protocols.radius.codes import EVENT_TIMESTAMP, MESSAGE_AUTHENTICATOR
from gateway.protocols.radius.packet import Packet, decode
from gateway.protocols.radius.signing import RIGHT, answer, message_authenticator, request_is_signed
from tests.engine.house import TENANT
from tests.gateway.agents.radius.dynamicnas import Nas, nas, refused, stream_nas
from tests.gateway.agents.radius.station import NAS, SECRET, Station
from tests.gateway.transport.test_jsonrpc import Wire

SESSION = [("User-Name", "ann"), ("NAS-IP-Address", NAS), ("Acct-Session-Id", "s-1")]
QUICK = 'da_timeout = "2s"\nda_pause = "100ms"\nda_event_timestamp = false\n'


OPEN: list[Station] = []


def station(folder: Path, port: int, client: str = "", more: str = "", sections: str = "") -> Station:
    """One whose NAS is asked on a port of loopback."""
    options = f'{QUICK}client_da_addresses = {{"{NAS}" = {{host = "127.0.0.1", port = {port}{client}}}}}\n{more}'
    found = Station(folder, options, sections=sections)
    OPEN.append(found)
    found.site.top_up(5)
    begins(found)
    return found


def begins(found: Station, *more: tuple[str, str], session: str = "s-1") -> None:
    """A session begins."""
    start = found.packet(
        4,
        ("Acct-Status-Type", "Start"),
        ("Acct-Session-Id", session),
        ("User-Name", "ann"),
        ("NAS-IP-Address", NAS),
        ("Framed-IP-Address", "10.0.0.7"),
        ("Acct-Session-Time", "60"),
        *more,
        signed=False,
    )
    assert len(found.accounts(start)) == 1


def test_no_proof_of_a_password_is_remembered(tmp_path: Path) -> None:
    site = station(tmp_path, 1)
    site.site.step(ForceDisconnect(TENANT))
    proofs = [("User-Password", "x"), ("CHAP-Password", "x" * 17), ("Digest-Response", "x" * 32), ("Attr-206", "x" * 32)]
    begins(site, *proofs, ("Microsoft.MS-CHAP-Response", "x" * 50), ("Class", "kept"), session="s-2")
    (one,) = site.site.step(AlterSessions(TENANT))
    assert isinstance(one, AlterSession)
    assert [number for number in (2, 3, 25, 26, 103, 206) if decode(one.request).first(number) is not None] == [25]


def ended(found: Station, **command: object) -> DisconnectSession:
    """The engine ends the session; what it asks of the outside."""
    found.site.effects.clear()
    found.site.step(ForceDisconnect(TENANT, **command))  # type: ignore[arg-type]
    (effect,) = [one for one in found.site.effects if isinstance(one, DisconnectSession)]
    return effect


def credit_ends(found: Station, **fields: object) -> DisconnectSession:
    """What the engine asks when the credit of a session has ended, which goes on."""
    effect = ended(found)
    return DisconnectSession(effect.client, effect.cgrid, TENANT, effect.event | fields, "INSUFFICIENT_CREDIT", False, effect.request)


def altered(found: Station, options: dict[str, object] | None = None, **fields: object) -> AlterSession:
    (one,) = found.site.step(AlterSessions(TENANT, fields=fields, options=options))
    assert isinstance(one, AlterSession)
    return one


def on_loop(test: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        OPEN.clear()
        await test()
        for house in OPEN:
            house.agent.clients.outgoing.stop()
        await asyncio.sleep(0.01)

    asyncio.run(run())


def asked(nas: Nas) -> tuple[str, list[tuple[str, str]]]:
    (one,) = nas.told()
    return one


# -- templates -----------------------------------------------------------------------------------------------------------


def test_a_session_that_the_engine_ended_is_disconnected(tmp_path: Path) -> None:
    async def test() -> None:
        async with nas() as far:
            house = station(tmp_path, far.port)
            effect = ended(house, fields={"DisconnectCause": "FRAUD"})
            assert effect.client == PREFIX + NAS
            assert await house.agent.clients.disconnect(effect)
            assert asked(far) == ("40", [*SESSION, ("Reply-Message", "FRAUD")])
            (packet,) = far.heard
            assert request_is_signed(packet, SECRET)
            assert message_authenticator(packet, SECRET) == RIGHT
            assert packet.raw[20] == MESSAGE_AUTHENTICATOR

    on_loop(test)


def test_the_operators_option_names_another_template(tmp_path: Path) -> None:
    async def test() -> None:
        async with nas() as far:
            house = station(tmp_path, far.port, sections='[templates]\nbye = [{path = "*radDAReq.Class", value = "bye"}]\n')
            assert await house.agent.clients.disconnect(ended(house, options={"*radDMRTemplate": "bye"}))
            assert asked(far) == ("40", [("Class", "bye")])
            begins(house, ("Class", "again"))
            assert await house.agent.clients.alter(altered(house, CustomFilter="slow"))
            assert not await house.agent.clients.alter(altered(house, {"*radCoATemplate": "nowhere"}))
            assert await house.agent.clients.alter(altered(house, {"*radCoATemplate": "bye"}))
            assert far.told()[1:] == [("43", [*SESSION, ("Filter-Id", "slow")]), ("43", [("Class", "bye")])]

    on_loop(test)


MIKROTIK = [("User-Name", "ann"), ("Acct-Session-Id", "s-1"), ("Framed-IP-Address", "10.0.0.7")]
CISCO = [("Acct-Session-Id", "s-1"), ("Cisco-AVPair", "subscriber:command=activate-service")]
USER = [("User-Name", "ann"), ("Acct-Session-Id", "s-1")]


@pytest.mark.parametrize(
    ("vendor", "action", "lines"),
    [
        ("generic", "throttle", [*SESSION, ("Filter-Id", "word")]),
        ("generic", "redirect", [*SESSION, ("Filter-Id", "word")]),
        ("mikrotik", "throttle", [*MIKROTIK, ("Mikrotik-Rate-Limit", "word")]),
        ("mikrotik", "redirect", [*MIKROTIK, ("Mikrotik-Address-List", "word")]),
        ("cisco", "throttle", [*CISCO, ("Cisco-AVPair", "subscriber:service-name=word")]),
        ("cisco", "redirect", [*CISCO, ("Cisco-AVPair", "subscriber:service-name=word")]),
        ("juniper", "throttle", [*USER, ("ERX-Service-Activate:1", "word")]),
        ("erx", "redirect", [*USER, ("ERX-Service-Activate:1", "word")]),
        ("huawei", "throttle", [*USER, ("Huawei-Qos-Profile-Name", "word")]),
        ("huawei", "redirect", [*USER, ("Huawei-HTTP-Redirect-URL", "word")]),
    ],
)
def test_vendors_are_asked_in_their_words(vendor: str, action: str, lines: list[tuple[str, str]], tmp_path: Path) -> None:
    async def test() -> None:
        async with nas() as far:
            house = station(tmp_path, far.port, f', vendor = "{vendor}", credit_end = "{action}", {action} = "word"')
            assert await house.agent.clients.disconnect(credit_ends(house))
            assert asked(far) == ("43", lines)

    on_loop(test)


@pytest.mark.parametrize(
    ("vendor", "lines"), [("generic", SESSION), ("mikrotik", MIKROTIK), ("cisco", CISCO[:1]), ("juniper", USER), ("huawei", USER)]
)
def test_vendors_are_asked_to_end_a_session(vendor: str, lines: list[tuple[str, str]], tmp_path: Path) -> None:
    async def test() -> None:
        async with nas() as far:
            house = station(tmp_path, far.port, f', vendor = "{vendor}"')
            assert await house.agent.clients.disconnect(credit_ends(house))
            assert asked(far) == ("40", lines)

    on_loop(test)


def test_an_event_says_what_a_session_is_throttled_to(tmp_path: Path) -> None:
    async def test() -> None:
        async with nas() as far:
            house = station(tmp_path, far.port, ', vendor = "mikrotik", credit_end = "throttle", throttle = "64k/64k"')
            assert await house.agent.clients.disconnect(credit_ends(house, Throttle="1M/1M"))
            assert asked(far)[1][-1] == ("Mikrotik-Rate-Limit", "1M/1M")

    on_loop(test)


# -- what a NAS answers --------------------------------------------------------------------------------------------------


def test_a_nas_that_does_not_throttle_is_asked_to_disconnect(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        def script(packet: Packet) -> bytes:
            return refused(401)(packet) if packet.code == 43 else answer(packet, 41, b"", SECRET)

        async with nas(script) as far:
            house = station(tmp_path, far.port, ', vendor = "mikrotik", credit_end = "throttle", throttle = "64k/64k"')
            assert await house.agent.clients.disconnect(credit_ends(house))
            assert [packet.code for packet in far.heard] == [43, 40]
            far.script = lambda packet: b"" if packet.code == 43 else answer(packet, 41, b"", SECRET)
            begins(house, ("Class", "again"))
            assert await house.agent.clients.disconnect(credit_ends(house))
            assert far.heard[-1].code == 40
            counts = house.agent.clients.counts
            assert (counts.asked, counts.refused, counts.unanswered) == ({40: 2, 43: 2}, 1, 1)

    with caplog.at_level(logging.INFO):
        on_loop(test)
    assert [getattr(one, "cause", "") for one in caplog.records if one.message == "a NAS refused"] == ["Unsupported Attribute (401)"]


def test_without_a_word_for_it_a_nas_is_asked_to_disconnect(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with nas() as far:
            house = station(tmp_path, far.port, ', vendor = "huawei", credit_end = "redirect"')
            assert await house.agent.clients.disconnect(credit_ends(house))
            assert asked(far)[0] == "40"

    on_loop(test)
    assert "a request of ours could not be made by its template" in caplog.text


def test_a_session_that_is_over_is_never_throttled(tmp_path: Path) -> None:
    async def test() -> None:
        async with nas() as far:
            house = station(tmp_path, far.port, ', credit_end = "throttle", throttle = "slow"')
            assert await house.agent.clients.disconnect(ended(house, fields={"DisconnectCause": "INSUFFICIENT_CREDIT"}))
            assert asked(far)[0] == "40"

    on_loop(test)


def test_copies_are_the_same_and_wrong_answers_do_not_count(tmp_path: Path) -> None:
    async def test() -> None:
        async with nas(lambda packet: answer(packet, 41, b"", b"another")) as far:
            house = station(tmp_path, far.port)
            assert not await house.agent.clients.disconnect(ended(house))
            assert len(far.heard) >= 3
            assert len({packet.raw for packet in far.heard}) == 1
            assert house.agent.clients.outgoing.strange == len(far.heard)
            assert house.agent.clients.outgoing.under_way == 0

    on_loop(test)


def test_an_answer_to_a_later_copy_counts(tmp_path: Path) -> None:
    async def test() -> None:
        async with nas() as far:
            far.script = lambda packet: b"" if len(far.heard) < 3 else answer(packet, 41, b"", SECRET)
            house = station(tmp_path, far.port)
            assert await house.agent.clients.disconnect(ended(house))
            assert len(far.heard) >= 3

    on_loop(test)


def test_a_thousand_sessions_at_once_share_a_few_ports(tmp_path: Path) -> None:
    async def test() -> None:
        async with nas() as far:
            house = station(tmp_path, far.port)
            effect = ended(house)
            done = await asyncio.gather(*(house.agent.clients.disconnect(effect) for _ in range(1500)))
            assert all(done)
            assert len(far.from_ports) <= 4

    on_loop(test)


def test_over_tcp(tmp_path: Path) -> None:
    async def test() -> None:
        async with stream_nas() as far:
            house = station(tmp_path, far.port, ', transport = "tcp"')
            effect = ended(house)
            clients = house.agent.clients
            assert await asyncio.gather(*(clients.disconnect(effect) for _ in range(5))) == [True] * 5
            far.script = lambda packet: b"x"
            assert not await clients.disconnect(effect)
            far.script = refused(503)
            assert not await clients.disconnect(effect)
            assert len(far.heard) == 7
            clients.outgoing.stop()
            await asyncio.sleep(0)
        assert not await clients.disconnect(effect)

    on_loop(test)


def test_a_nas_that_reads_nothing_is_cut_off() -> None:
    wire = Wire()
    way = StreamWay(Random(1), ("192.0.2.10", 3799), lambda: None)
    way.connection_made(wire)
    way.send(b"first", ("192.0.2.10", 3799))
    wire.unsent = MAX_UNREAD_BYTES + 1
    way.send(b"second", ("192.0.2.10", 3799))
    way.send(b"third", ("192.0.2.10", 3799))
    assert (wire.writes, wire.end) == ([b"first"], "aborted")


# -- who is asked --------------------------------------------------------------------------------------------------------


def test_nobody_is_asked_about_a_session_of_another_nas(tmp_path: Path) -> None:
    house = Station(tmp_path, 'client_da_addresses = {"192.0.2.77" = {}}')
    house.site.top_up(5)
    begins(house)
    house.site.step(ForceDisconnect(TENANT))
    assert not [one for one in house.site.effects if isinstance(one, DisconnectSession)]


def test_nothing_is_kept_where_the_key_gives_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = station(tmp_path, 1, more='requests_cache_key = "~*req.Class"')
    effect = ended(house)
    assert (effect.client, effect.request) == (PREFIX + NAS, b"")
    assert not asyncio.run(house.agent.clients.disconnect(effect))
    assert "no request can be sent for a session" in caplog.text


def test_no_password_is_kept(tmp_path: Path) -> None:
    house = station(tmp_path, 1)
    house.site.step(ForceDisconnect(TENANT))
    begins(house, ("User-Password", "secret"), ("Proxy-State", "a"), ("Microsoft.MS-CHAP-Challenge", "0x00"), ("Class", "b"))
    kept = Packet(ended(house).request)
    assert [kept.first(number) for number in (1, 2, 33, 26, 25, 80)] == [b"ann", None, None, None, b"b", None]


def test_entries_are_found_by_address_name_network_and_default(tmp_path: Path) -> None:
    def found(rows: str, address: str = NAS, name: str = "") -> str:
        house = Station(tmp_path, f"client_da_addresses = {{{rows}}}")
        section = house.loaded.tree.radius()
        assert section is not None
        packet = Packet(house.accounting("Start", extra=bytes((32, len(name) + 2)) + name.encode() if name else b""))
        target = Targets(section).of(packet, address)
        return "" if target is None else target.key

    rows = f'"{NAS}" = {{}}, bras-1 = {{}}, "192.0.0.0/8" = {{}}, "192.0.2.0/24" = {{}}, "*default" = {{}}, "2001:DB8::0:1" = {{}}'
    assert found(rows, name="bras-1") == NAS
    assert found(rows, "192.0.2.11", "bras-1") == "bras-1"
    assert found(rows, "192.0.2.11", "bras-2") == "192.0.2.0/24"
    assert found(rows, "192.9.2.11") == "192.0.0.0/8"
    assert found(rows, "198.51.100.1") == "*default"
    assert found(rows, "2001:db8::1") == "2001:DB8::0:1"
    assert found('"192.0.2.0/24" = {}', "198.51.100.1") == ""


def test_an_event_timestamp_is_added_where_it_is_wanted(tmp_path: Path) -> None:
    async def test() -> None:
        async with nas() as far:
            house = Station(
                tmp_path, f'da_event_timestamp = true\nclient_da_addresses = {{"{NAS}" = {{host = "127.0.0.1", port = {far.port}}}}}'
            )
            OPEN.append(house)
            house.site.top_up(5)
            begins(house, ("Class", "again"))
            assert await house.agent.clients.disconnect(ended(house))
            assert far.heard[0].first(EVENT_TIMESTAMP) == (house.site.now // 1_000_000_000).to_bytes(4, "big")

    on_loop(test)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ('client_da_addresses = {"192.0.2.0/33" = {}}', "client_da_addresses"),
        ('client_da_addresses = {"192.0.2.1" = {dmr_template = "none"}}', "names the template none, which is not there"),
        ('requests_cache_key = "~*req.Class{*nothing}"', "requests_cache_key"),
    ],
)
def test_what_cannot_be_is_told_at_the_start(options: str, told: str, tmp_path: Path) -> None:
    with pytest.raises((SettingsError, AssertionError)) as fault:
        Station(tmp_path, options)
    assert told in str(fault.value)
