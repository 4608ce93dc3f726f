"""The agent on real ports: TCP and TLS, peers that are dialled, what cannot be listened on, farewells at the stop."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from gateway.agents.diameter import dialling
from gateway.agents.settings import SettingsError
from gateway.api.configuration import Configuration, Reloaded
from gateway.api.server import ApiServer
from gateway.app import App
from gateway.config import load
from gateway.config.certificates import client_context
from gateway.config.tree import Tls
from gateway.live import DiameterPart
from gateway.protocols.diameter.answers import number_avp, plain_avp
from gateway.protocols.diameter.codes import (
    CAPABILITIES_EXCHANGE,
    DISCONNECT_CAUSE,
    DISCONNECT_PEER,
    ELECTION_LOST,
    ORIGIN_HOST,
    RESULT_CODE,
)
from gateway.protocols.diameter.message import Message, answer_to, decode
from gateway.transport.tls import Certificates
from tests.gateway.agents.diameter.station import Far, Station, code_of
from tests.gateway.certificates import Authority


def on_loop(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(_awaited(test), 60))


async def _awaited(test: Callable[[], Awaitable[None]]) -> None:
    await test()


class Client:
    """A client's socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def hear(self) -> Message:
        head = await self.reader.readexactly(4)
        return decode(head + await self.reader.readexactly(int.from_bytes(head[1:], "big") - 4))

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()

    async def ask(self, octets: bytes) -> Message:
        self.writer.write(octets)
        return await self.hear()


def port_of(station: Station, place: int = 0) -> int:
    return int(station.agent.addresses()[place].rpartition(":")[2].partition("/")[0])


def far(station: Station) -> Far:
    """Somebody who knows how requests look."""
    return station.connect()


async def until(found: Callable[[], object]) -> None:
    while not found():  # noqa: ASYNC110 - there is nothing else to wait for
        await asyncio.sleep(0.001)


def test_a_peer_over_tcp_is_answered_and_told_of_the_stop(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path, 'listeners = [{ address = "127.0.0.1:0" }, { address = "127.0.0.1:0" }]')
        await station.agent.start()
        assert port_of(station) != port_of(station, 1)
        client = Client(*await asyncio.open_connection("127.0.0.1", port_of(station, 1)))
        words = far(station)
        assert code_of(await client.ask(words.cer())) == 2001
        client.writer.write(words.ccr(1, 0))
        await until(lambda: station.house.in_flight)
        station.site.gather()
        assert code_of(await client.hear()) == 2001
        stopping = asyncio.ensure_future(station.agent.stop(5))
        farewell = await client.hear()
        assert (farewell.command, farewell.avps.number(DISCONNECT_CAUSE)) == (DISCONNECT_PEER, 0)
        with pytest.raises(OSError, match="Connect"):
            await asyncio.open_connection("127.0.0.1", port_of(station))
        words.link.connection_lost(None)
        client.writer.write(farewell.raw[:4] + b"\0" + farewell.raw[5:20] + farewell.raw[20:])
        await stopping
        assert await client.reader.read() == b""
        await client.close()

    on_loop(test)


def test_a_peer_over_tls_needs_no_inband_security(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.sign("server")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)

    async def test() -> None:
        options = 'listeners = [{ address = "127.0.0.1:0", network = "tcp-tls" }]'
        sections = f'[tls]\nserver_certificate = "{certificate}"\nserver_key = "{key}"\n'
        station = Station(tmp_path, options, certificates=Certificates(server), sections=sections)
        await station.agent.start()
        trusting = authority.client()
        client = Client(*await asyncio.open_connection("127.0.0.1", port_of(station), ssl=trusting, server_hostname="localhost"))
        assert code_of(await client.ask(far(station).cer())) == 2001
        await client.close()
        await station.agent.stop(0.1)

    on_loop(test)


def test_a_peer_is_dialled_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "FIRST_PAUSE_SECONDS", 0.001)

    async def test() -> None:
        heard: list[bytes] = []

        async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(1_000))
            writer.close()

        reserved = socket.socket()  # ours, and nobody listens
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        peers = f'[{{ id = "p", address = "127.0.0.1:{port}", max_reconnect_interval = "5ms" }}]'
        station = Station(tmp_path, f"listeners = []\npeers = {peers}")
        await station.agent.start()
        await asyncio.sleep(0.01)  # nobody is there
        async with await asyncio.start_server(peer, sock=reserved):
            await until(lambda: len(heard) >= 3)
        assert all(decode(octets).command == 257 for octets in heard)
        assert station.agent.dialled[0] == 1
        await station.agent.stop(0.1)
        (dialler,) = station.agent._diallers
        assert dialler._task is not None
        await until(dialler._task.done)

    on_loop(test)


def test_who_keeps_another_connection_is_dialled_no_more_until_it_has_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has said whom the address leads to, but the answer that refuses us does."""
    monkeypatch.setattr(dialling, "FIRST_PAUSE_SECONDS", 0.001)

    async def test() -> None:
        heard: list[Message] = []

        async def dra(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            client = Client(reader, writer)
            heard.append(await client.hear())
            body = number_avp(RESULT_CODE, ELECTION_LOST) + plain_avp(ORIGIN_HOST, b"dra.example")
            writer.write(answer_to(heard[-1], body, error=True))
            await client.close()

        async with await asyncio.start_server(dra, "127.0.0.1", 0) as server:
            peers = f'[{{ id = "p", address = "127.0.0.1:{server.sockets[0].getsockname()[1]}", max_reconnect_interval = "2ms" }}]'
            station = Station(tmp_path, f"listeners = []\npeers = {peers}")
            theirs = station.peer("dra.example")
            await station.agent.start()
            (dialler,) = station.agent._diallers
            await until(lambda: dialler.link is None and station.agent.dialled == (1, 1))
            await asyncio.sleep(0.03)
            assert len(heard) == 1
            theirs.link.connection_lost(None)
            await until(lambda: len(heard) > 1)
            await station.agent.stop(0.1)

    on_loop(test)


@pytest.mark.parametrize("changed", ["", "tls.ca_certificate", "tls.server_name"])
def test_what_a_reload_reads_of_certificates_is_used_by_peers_that_stay(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also without TLS ports of our own; of options that changed, and of files that have the same names."""
    monkeypatch.setattr(dialling, "FIRST_PAUSE_SECONDS", 0.001)
    new = Authority(tmp_path, "new")
    certificate, key = new.sign("server")
    old = new.file if changed == "tls.server_name" else Authority(tmp_path, "old").file
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)

    def sections(trusted: Path, name: str) -> str:
        return f'[tls]\nca_certificate = "{trusted}"\nserver_name = "{name}"\n'

    async def test() -> None:
        heard: list[bytes] = []

        async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(1_000))
            writer.close()

        refused = asyncio.Event()
        monkeypatch.setattr(dialling.log, "warning", lambda *told, **more: refused.set())
        async with await asyncio.start_server(peer, "127.0.0.1", 0, ssl=server) as listening:
            port = listening.sockets[0].getsockname()[1]
            peers = f'[{{ id = "p", address = "127.0.0.1:{port}", network = "tcp-tls", max_reconnect_interval = "5ms" }}]'
            name = "else.example" if changed == "tls.server_name" else ""
            station = Station(tmp_path, f"listeners = []\npeers = {peers}", sections=sections(old, name))
            await station.agent.start()
            await asyncio.wait_for(refused.wait(), 60)
            assert not heard
            if changed:
                station.path.write_text(station.path.read_text().replace(sections(old, name), sections(new.file, "")))
            else:
                old.write_bytes(new.file.read_bytes())
            assert await reloaded(station) == Reloaded((changed,) if changed else (), ())
            await until(lambda: heard)
            assert decode(heard[0]).command == CAPABILITIES_EXCHANGE
            await station.agent.stop(0.1)

    on_loop(test)


def test_without_peers_over_tls_its_files_wait_for_the_next_start(tmp_path: Path) -> None:
    async def test() -> None:
        station = Station(tmp_path, "listeners = []")
        station.path.write_text(f'[tls]\nca_certificate = "{Authority(tmp_path).file}"\n{station.path.read_text()}')
        assert await reloaded(station) == Reloaded((), ("tls.ca_certificate",))

    on_loop(test)


async def reloaded(station: Station) -> Reloaded:
    """What comes of reading a station's file again."""
    part = DiameterPart(station.agent, station.around)
    return await Configuration(station.loaded.tree, [part], lambda: load(str(station.path), environ={})).read_again(dry_run=False)


@pytest.mark.parametrize(("seconds", "pauses"), [(0.0, [2, 4, 8]), (31.0, [0.5, 0.5, 0.5])])
def test_pauses_begin_anew_after_a_connection_that_was_there_for_long(
    seconds: float, pauses: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the peer has sent us away: it restarts once a week, say."""
    now = [0.0]
    monkeypatch.setattr(dialling, "monotonic", lambda: now[0])
    rested: list[float] = []

    class Longest(Random):
        def random(self) -> float:
            return 1.0

    async def rest(span: float) -> None:
        rested.append(span)
        if len(rested) == 4:
            raise asyncio.CancelledError

    async def once(dialler: dialling.Dialler) -> bool:
        now[0] += seconds
        return False

    async def test() -> None:
        station = Station(tmp_path, 'listeners = []\npeers = [{ id = "p", address = "127.0.0.1:1" }]')
        (dialler,) = station.agent._diallers
        dialler._chance = Longest()
        with suppress(asyncio.CancelledError):
            await dialler._run()
        assert rested[1:] == pauses

    monkeypatch.setattr(asyncio, "sleep", rest)
    monkeypatch.setattr(dialling.Dialler, "_once", once)
    on_loop(test)


def test_sctp_without_a_kernel_that_has_it_refuses_the_start(tmp_path: Path) -> None:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()
    except OSError:
        pass
    else:
        pytest.skip("this kernel has SCTP")

    async def test() -> None:
        station = Station(tmp_path, 'listeners = [{ address = "127.0.0.1:0", network = "sctp" }]')
        with pytest.raises(SettingsError, match="network sctp: this kernel has no SCTP"):
            await station.agent.start()
        await station.agent.stop(0.1)

    on_loop(test)


def test_a_socket_of_any_transport_can_be_listened_on(tmp_path: Path) -> None:
    """As SCTP's is, which the event loop knows no listener for."""

    async def test() -> None:
        station = Station(tmp_path)
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        station.agent._dialled.start_socket(listening)
        client = Client(*await asyncio.open_connection("127.0.0.1", station.agent._dialled.port))
        assert code_of(await client.ask(far(station).cer())) == 2001
        await client.close()
        await station.agent.stop(0.1)

    on_loop(test)


def tls(**options: str) -> Tls:
    names = ("server_certificate", "server_key", "client_certificate", "client_key", "ca_certificate", "server_name")
    return Tls(**(dict.fromkeys(names, "") | options), server_policy=0)


def test_peers_over_tls_are_believed_by_their_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.sign("client")
    context = client_context(tls(ca_certificate=str(authority.file), client_certificate=str(certificate), client_key=str(key)))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(context.get_ca_certs()) == 1
    for wrong in ({"ca_certificate": str(key)}, {"client_certificate": str(certificate)}, {"ca_certificate": "/none"}):
        with pytest.raises(Exception, match="tls"):
            client_context(tls(**wrong))


def test_who_finds_json_rpc_answered_finds_diameter_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "tollwire.toml").write_text(
        '[listen]\nrpc_json = "127.0.0.1:0"\nhttp = ""\nbirpc_json = ""\n'
        '[diameter_agent]\nenabled = true\nlisteners = [{ address = "127.0.0.1:0" }]\n'
    )
    heard: list[list[str]] = []
    start = ApiServer.start

    async def noted(server: ApiServer) -> None:
        heard.append([] if app.diameter is None else app.diameter.addresses())
        await start(server)

    monkeypatch.setattr(ApiServer, "start", noted)
    app = App(load(str(tmp_path / "config")).tree, tmp_path / "state", {})

    async def test() -> None:
        await app.start()
        await app.stop()

    on_loop(test)
    assert [len(addresses) for addresses in heard] == [1]
