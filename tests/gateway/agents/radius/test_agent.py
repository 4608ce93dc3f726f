"""The agent on real ports: UDP on one address and on all, TCP, TLS; clients that change while it runs; its end."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from engine.effects import DisconnectSession
from engine.errors import RequestError
from engine.sessions.commands import ForceDisconnect
from gateway.agents.settings import SettingsError
from gateway.api.configuration import Configuration
from gateway.config.certificates import server_context
from gateway.config.tree import Tls
from gateway.live import RadiusPart
from gateway.protocols.radius.codes import ACCESS_ACCEPT, ACCOUNTING_RESPONSE, DISCONNECT_ACK, DISCONNECT_REQUEST
from gateway.protocols.radius.packet import decode
from gateway.protocols.radius.signing import answer as signed_answer
from gateway.protocols.radius.signing import request_is_signed
from gateway.transport.tls import Certificates
from tests.engine.house import TENANT
from tests.gateway.agents.radius.station import Station
from tests.gateway.certificates import Authority

RADSEC = b"radsec"
LOOPBACK = """clients = [
 {id = "bras", addresses = ["127.0.0.0/8", "::1"], secret = "between-us"},
]"""


def on_loop(test: Callable[[], Awaitable[None]]) -> None:
    async def awaited() -> None:
        await test()

    asyncio.run(asyncio.wait_for(awaited(), 60))


def listening(network: str, host: str = "127.0.0.1") -> str:
    return f'listeners = [{{network = "{network}", auth_address = "{host}:0", acct_address = "{host}:0"}}]'


def ports_of(station: Station) -> list[int]:
    return [int(address.partition("/")[0].rpartition(":")[2]) for address in station.agent.addresses()]


async def asks(port: int, octets: bytes, host: str = "127.0.0.1", family: int = socket.AF_INET) -> bytes:
    """Asks over UDP; what comes back, which comes from where it was sent to."""
    with socket.socket(family, socket.SOCK_DGRAM) as link:
        link.setblocking(False)
        link.connect((host, port))
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(link, octets)
        return await loop.sock_recv(link, 5000)


def test_udp_on_one_address(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path, listening("udp"), clients=LOOPBACK)
        await station.agent.start()
        auth, acct = ports_of(station)
        assert (await asks(auth, station.access()))[0] == ACCESS_ACCEPT
        asking = asyncio.create_task(asks(acct, station.accounting("Start")))
        for _ in range(1_000):
            if station.intake.in_flight:
                break
            await asyncio.sleep(0.001)
        station.site.gather()
        assert (await asking)[0] == ACCOUNTING_RESPONSE
        await station.agent.stop(1)

    on_loop(test)


@pytest.mark.parametrize(("everywhere", "four", "six"), [("", True, True), ("0.0.0.0", True, False), ("[::]", False, True)])
def test_udp_on_all_addresses_answers_from_the_one_that_was_asked(tmp_path: Path, everywhere: str, four: bool, six: bool) -> None:
    if not four and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")

    async def test() -> None:
        station = Station(tmp_path, listening("udp", everywhere), clients=LOOPBACK)
        await station.agent.start()
        auth, _ = ports_of(station)
        for host in ("127.0.0.1", "127.0.0.2", "127.9.9.9") if four else ():
            assert (await asks(auth, station.access(), host))[0] == ACCESS_ACCEPT
        if six and socket.has_dualstack_ipv6():
            assert (await asks(auth, station.access(), "::1", socket.AF_INET6))[0] == ACCESS_ACCEPT
        await station.agent.stop(1)

    on_loop(test)


def test_what_the_system_drops_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        station = Station(tmp_path, f'{listening("udp")}\nreceive_buffer = "16KB"', clients=LOOPBACK)
        await station.agent.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            for _ in range(200):
                link.sendto(bytes(1_000), ("127.0.0.1", ports_of(station)[0]))
        assert station.agent.system_drops > 100
        await station.agent.stop(1)
        assert station.agent.system_drops == 0

    on_loop(test)
    assert caplog.records == []


def test_tcp(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path, listening("tcp"), clients=LOOPBACK)
        await station.agent.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", ports_of(station)[0])
        writer.write(station.access() + station.access())
        answers = [decode(await hear(reader)) for _ in range(2)]
        assert [(one.code, one.identifier) for one in answers] == [(ACCESS_ACCEPT, 1), (ACCESS_ACCEPT, 2)]
        assert station.agent.connections == 1
        await station.agent.stop(1)
        assert await reader.read() == b""
        writer.close()

    on_loop(test)


async def hear(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return head + await reader.readexactly(int.from_bytes(head[2:], "big") - 4)


class Radsec:
    """An authority, the server's certificate, and a station that speaks TLS."""

    def __init__(self, folder: Path, clients: str, policy: int = 4) -> None:
        self.authority = Authority(folder)
        certificate, key = self.authority.sign("server")
        tls = Tls(
            server_certificate=str(certificate),
            server_key=str(key),
            client_certificate="",
            client_key="",
            ca_certificate=str(self.authority.file),
            server_policy=policy,
            server_name="",
        )
        context = server_context(tls)
        assert context is not None
        sections = f"[tls]\nserver_certificate = '{certificate}'\nserver_key = '{key}'\nserver_policy = {3 if policy == 3 else 4}\n"
        self.station = Station(folder, listening("tls"), clients=clients, sections=sections, certificates=Certificates(context))

    async def ask(self, name: str, octets: bytes) -> bytes:
        """Asks with a certificate of a name, none where it is empty; b"" where the server hangs up."""
        context = self.authority.client(self.authority.sign(name) if name else None)
        port = ports_of(self.station)[0]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
        try:
            writer.write(octets)
            return await hear(reader)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return b""
        finally:
            writer.close()


def test_tls_knows_its_clients_by_their_certificates(tmp_path: Path) -> None:
    """Certificates of tests name localhost, whoever has them."""

    async def test() -> None:
        rows = 'clients = [{id = "bras", addresses = ["192.0.2.1"], secret = "x", certificate_names = ["LOCALHOST"]}]'
        radsec = Radsec(tmp_path, rows)
        await radsec.station.agent.start()
        asked = radsec.station.access(secret=RADSEC)
        answer = await radsec.ask("nas", asked)
        assert radsec.station.read(answer, asked, RADSEC)[0] == ACCESS_ACCEPT
        asked = radsec.station.access(secret=RADSEC, signed=False)
        assert (await radsec.ask("nas", asked))[0] == ACCESS_ACCEPT, "the policy is yes, and TLS has shown who it is"
        await radsec.station.agent.stop(1)

    on_loop(test)


def test_who_is_known_by_a_certificate_is_asked_over_its_connection(tmp_path: Path) -> None:
    """It has no address of its own: nothing but the connection leads to it."""

    async def test() -> None:
        rows = 'clients = [{id = "bras", addresses = ["192.0.2.1"], secret = "radsec", certificate_names = ["localhost"]}]'
        options = 'client_da_addresses = {"127.0.0.1" = {transport = "connection"}}\n'
        radsec = Radsec(tmp_path, options + rows)
        station = radsec.station
        await station.agent.start()
        context = radsec.authority.client(radsec.authority.sign("nas"))
        reader, writer = await asyncio.open_connection("127.0.0.1", ports_of(station)[0], ssl=context, server_hostname="localhost")
        writer.write(station.accounting("Start", secret=RADSEC))
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if station.agent.intake.in_flight:
                break
        station.site.gather()
        assert decode(await hear(reader)).code == ACCOUNTING_RESPONSE
        station.site.effects.clear()
        station.site.step(ForceDisconnect(TENANT))
        (effect,) = [one for one in station.site.effects if isinstance(one, DisconnectSession)]
        task = asyncio.get_running_loop().create_task(station.agent.clients.disconnect(effect))
        packet = decode(await hear(reader))
        assert packet.code == DISCONNECT_REQUEST
        assert request_is_signed(packet, RADSEC)
        writer.write(signed_answer(packet, DISCONNECT_ACK, b"", RADSEC))
        assert await task
        await station.agent.stop(1)
        writer.close()

    on_loop(test)


@pytest.mark.parametrize(("names", "address", "taken"), [("", "127.0.0.1", True), ("other", "127.0.0.1", False), ("", "192.0.2.1", False)])
def test_a_certificate_that_no_client_has_counts_where_none_is_asked_for(tmp_path: Path, names: str, address: str, taken: bool) -> None:
    async def test() -> None:
        listed = f', certificate_names = ["{names}"]' if names else ""
        radsec = Radsec(tmp_path, f'clients = [{{id = "bras", addresses = ["{address}"], secret = "x"{listed}}}]')
        await radsec.station.agent.start()
        assert bool(await radsec.ask("nas", radsec.station.access(secret=RADSEC))) is taken
        assert radsec.station.intake.unknown == (not taken)
        await radsec.station.agent.stop(1)

    on_loop(test)


def test_who_shows_no_certificate_is_a_stranger(tmp_path: Path) -> None:
    async def test() -> None:
        radsec = Radsec(tmp_path, LOOPBACK, policy=3)
        await radsec.station.agent.start()
        assert await radsec.ask("", radsec.station.access(secret=RADSEC)) == b""
        assert radsec.station.intake.unknown == 1
        await radsec.station.agent.stop(1)

    on_loop(test)


def test_tls_without_certificates_does_not_start(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).sign("server")
    with pytest.raises(SettingsError, match=r"tls needs tls\.server_certificate"):
        Station(tmp_path, listening("tls"), sections=f"[tls]\nserver_certificate = '{certificate}'\nserver_key = '{key}'\n")


def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    async def test() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            station = Station(tmp_path, f'listeners = [{{auth_address = "127.0.0.1:{port}", acct_address = ""}}]')
            with pytest.raises(OSError, match="in use"):
                await station.agent.start()
            await station.agent.stop(1)

    on_loop(test)


# -- clients at run time -----------------------------------------------------------------------------------------------------


def test_clients_come_change_and_go_at_run_time(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        configuration = Configuration(station.loaded.tree, [RadiusPart(station.agent, station.around)])
        station.authenticates(station.access())
        new = '{"radius_agent": {"clients": [{"id": "wlc", "addresses": ["203.0.113.9"], "secret": "between-us"}]}}'
        await configuration.change(new, dry_run=True)
        assert station.authenticates(station.access(), host="203.0.113.9") == []
        await configuration.change(new, dry_run=False)
        assert len(station.authenticates(station.access(), host="203.0.113.9")) == len(station.authenticates(station.access())) == 1
        assert station.counts().answers == {ACCESS_ACCEPT: 2}, "who stays keeps its counts"
        await configuration.change('{"radius_agent": {"clients": [{"id": "wlc", "secret": ""}]}}', dry_run=False)
        assert station.authenticates(station.access(), host="203.0.113.9") == []
        await configuration.change('{"radius_agent": {"client_secrets": {"198.18.0.0/15": "between-us"}}}', dry_run=False)
        assert len(station.authenticates(station.access(), host="198.18.0.1")) == 1
        with pytest.raises(RequestError, match="is no address and no network"):
            await configuration.change('{"radius_agent": {"client_secrets": {"nowhere": "x"}}}', dry_run=False)
        with pytest.raises(RequestError, match=r"next start only: radius_agent\.listeners"):
            await configuration.change('{"radius_agent": {"listeners": []}}', dry_run=False)
        assert len(station.authenticates(station.access(), host="198.18.0.1")) == 1
        await configuration.reload(str(tmp_path / "tollwire.toml"), "radius_agent", dry_run=False)
        assert station.authenticates(station.access(), host="198.18.0.1") == [], "the files have it not"
        assert [nas.name for nas in station.agent.nases] == ["bras", "mute"]

    asyncio.run(test())


def test_what_was_learned_of_signatures_stays_when_clients_change(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path, 'message_authenticator = "auto"')
        sender = station.intake.nases.sender("192.0.2.10")
        assert sender is not None
        sender.demanded = True
        configuration = Configuration(station.loaded.tree, [RadiusPart(station.agent, station.around)])
        await configuration.change('{"radius_agent": {"client_secrets": {"198.18.0.0/15": "between-us"}}}', dry_run=False)
        again = station.intake.nases.sender("192.0.2.10")
        assert again is not None
        assert again is not sender
        assert again.demanded

    asyncio.run(test())


def test_a_dictionary_that_is_wrong_changes_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path)
        configuration = Configuration(station.loaded.tree, [RadiusPart(station.agent, station.around)])
        words = tmp_path / "dictionary"
        words.write_text("ATTRIBUTE Wrong")
        new = msgspec.json.encode({"radius_agent": {"clients": [{"id": "bras", "dictionaries": [str(words)]}]}}).decode()
        with pytest.raises(RequestError, match=f"{words}:1"):
            await configuration.change(new, dry_run=False)
        assert len(station.authenticates(station.access())) == 1
        words.write_text("ATTRIBUTE Right 250 string\n")
        await configuration.change(new, dry_run=False)
        nas = station.intake.nases.named("bras")
        assert nas is not None
        assert nas.paths.dictionary.named("Right") is not None

    asyncio.run(test())
