"""TLS listeners over real sockets: who gets in, who does not, and what that costs the others."""

from __future__ import annotations

import asyncio
import json
import ssl
from base64 import b64encode
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop

from gateway.api.server import ApiServer, ServerOptions
from gateway.config.certificates import server_context
from gateway.config.tree import Tls
from gateway.transport import tls as tls_module
from gateway.transport.census import Census
from gateway.transport.tls import Certificates
from tests.gateway.api.fakes import FakeEngine, fake_api
from tests.gateway.certificates import Authority
from tests.gateway.transport.test_ports import PING, PONG, callable_clients, until


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


def options(files: tuple[Path, Path], ca: str = "", policy: int = 0) -> Tls:
    return Tls(
        server_certificate=str(files[0]),
        server_key=str(files[1]),
        client_certificate="",
        client_key="",
        ca_certificate=ca,
        server_policy=policy,
        server_name="",
    )


def certificates(authority: Authority, policy: int = 0) -> Certificates:
    context = server_context(options(authority.sign("server"), str(authority.file), policy))
    assert context is not None
    return Certificates(context)


VERSION_2 = b'{"jsonrpc":"2.0","method":"CoreSv1.Ping","id":1}'
Scene = Callable[[ApiServer], Coroutine[Any, Any, None]]


def serve(scene: Scene, shown: Certificates, census: Census | None = None, users: dict[str, bytes] | None = None) -> None:
    """Plays a scene against a server with TLS ports alone, and stops it."""

    async def main() -> None:
        api = fake_api()
        assert isinstance(api.engine, FakeEngine)
        served = ServerOptions("", "", rpc_json_tls="127.0.0.1:0", http_tls="127.0.0.1:0", users=users)
        server = ApiServer(api, api.engine.journal, served, callable_clients(), certificates=shown, census=census)
        await server.start()
        await server.ready()
        try:
            await asyncio.wait_for(scene(server), 60)
        finally:
            await server.stop(0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def ask(server: ApiServer, context: ssl.SSLContext, text: bytes = PING) -> bytes:
    """The first line of the answer; empty where the connection is closed instead."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.tls.port, ssl=context)
    try:
        writer.write(text)
        return await reader.readline()
    except (ssl.SSLError, ConnectionError):
        return b""
    finally:
        writer.transport.abort()


def test_json_rpc_over_tls(authority: Authority) -> None:
    async def scene(server: ApiServer) -> None:
        assert await ask(server, authority.client()) == PONG
        reader, writer = await asyncio.open_connection("127.0.0.1", server.tls.port, ssl=authority.client())
        writer.write(PING * 5000)
        assert await reader.readexactly(5000 * len(PONG)) == PONG * 5000
        assert server.census.connections == 1
        writer.close()
        await until(lambda: server.census.connections == 0)
        with pytest.raises(ssl.SSLCertVerificationError):
            await ask(server, ssl.create_default_context())

    serve(scene, certificates(authority))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_nothing_is_sent_before_something_is_asked(authority: Authority, version: ssl.TLSVersion) -> None:
    """No tickets: clients that look what has come before they write would wait for more."""

    async def scene(server: ApiServer) -> None:
        context = authority.client()
        context.maximum_version = version
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        link = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        reader, writer = await asyncio.open_connection("127.0.0.1", server.tls.port)
        while True:
            try:
                link.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65536))
        link.write(PING)
        writer.write(outgoing.read())  # with it, in TLS 1.3, the end of the handshake
        first = await reader.read(65536)
        assert len(first) == 5 + int.from_bytes(first[3:5]), "one record"
        incoming.write(first)
        assert link.read() == PONG
        assert not incoming.pending
        writer.close()

    serve(scene, certificates(authority))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_and_weak_ciphers_are_refused(authority: Authority) -> None:
    async def scene(server: ApiServer) -> None:
        strong, weak, old = (authority.client() for _ in range(3))
        for context in (strong, weak):
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        weak.set_ciphers("AES128-SHA256:AES128-SHA:@SECLEVEL=0")
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        assert await ask(server, strong) == PONG
        for context in (weak, old):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await ask(server, context)
        await until(lambda: server.census.handshakes_failed == 2)

    serve(scene, certificates(authority))


@pytest.mark.parametrize(("policy", "without"), [(0, PONG), (1, PONG), (3, PONG), (4, b"")])
def test_client_certificates(authority: Authority, tmp_path: Path, policy: int, without: bytes) -> None:
    async def scene(server: ApiServer) -> None:
        assert await ask(server, authority.client(authority.sign("client"))) == PONG
        assert await ask(server, authority.client()) == without
        stranger = authority.client(Authority(tmp_path, "stranger").sign("mallory"))
        assert await ask(server, stranger) == (PONG if policy < 3 else b"")

    serve(scene, certificates(authority, policy))


def test_who_does_not_shake_hands_is_dropped(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_module, "HANDSHAKE_SECONDS", 0.05)

    async def scene(server: ApiServer) -> None:
        silent = [await asyncio.open_connection("127.0.0.1", door.port) for door in (server.tls, server.https)]
        plain, to_plain = await asyncio.open_connection("127.0.0.1", server.tls.port)
        to_plain.write(PING)
        assert PONG not in await plain.read()
        for reader, writer in silent:
            assert await reader.read() == b""
            writer.close()
        to_plain.close()
        await until(lambda: server.census.handshakes_failed == 3)
        monkeypatch.undo()
        assert await ask(server, authority.client()) == PONG
        assert server.census.accepted == 1

    serve(scene, certificates(authority))


def test_handshakes_and_connections_have_their_bounds(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_module, "MAX_HANDSHAKES", 2)

    async def scene(server: ApiServer) -> None:
        silent = [await asyncio.open_connection("127.0.0.1", server.tls.port) for _ in range(3)]
        assert await silent[2][0].read() == b""
        assert server.census.refused == 1
        for _, writer in silent:
            writer.close()
        await until(lambda: server.census.handshakes_failed == 2)
        first = await asyncio.open_connection("127.0.0.1", server.tls.port, ssl=authority.client())
        second = await asyncio.open_connection("127.0.0.1", server.https.port, ssl=authority.client())
        await until(lambda: server.census.connections == 2)
        with pytest.raises(ConnectionError):  # closed in the middle of the handshake
            await ask(server, authority.client())
        assert (server.census.connections, server.census.refused) == (2, 2)
        for _, writer in (first, second):
            writer.close()

    serve(scene, certificates(authority), Census(2))


def test_certificates_that_are_put_in_later_count_for_those_who_come_later(authority: Authority) -> None:
    shown = certificates(authority)

    async def certificate(server: ApiServer) -> object:
        _, writer = await asyncio.open_connection("127.0.0.1", server.tls.port, ssl=authority.client())
        found = writer.get_extra_info("peercert")["subject"]
        writer.close()
        return found

    async def scene(server: ApiServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.tls.port, ssl=authority.client())
        before = await certificate(server)
        context = server_context(options(authority.sign("renewed")))
        assert context is not None
        shown.context = context
        assert (before, await certificate(server)) == (((("commonName", "server"),),), ((("commonName", "renewed"),),))
        writer.write(PING)
        assert await reader.readline() == PONG
        writer.close()

    serve(scene, shown)


def test_http_and_websocket_over_tls_ask_for_the_password(authority: Authority) -> None:
    async def scene(server: ApiServer) -> None:
        url = f"https://127.0.0.1:{server.https.port}"
        known = {"Authorization": "Basic " + b64encode(b"anna:secret").decode()}
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=authority.client())) as client:
            for headers, status in (({}, 401), ({"Authorization": "Basic " + b64encode(b"anna:Secret").decode()}, 401), (known, 200)):
                async with client.post(f"{url}/jsonrpc", data=PING, headers=headers) as answer:
                    assert answer.status == status
                    assert (await answer.read() == PONG) is (status == 200)
                async with client.post(
                    f"{url}/jsonrpc2", data=b'{"jsonrpc":"2.0","method":"CoreSv1.Ping","id":1}', headers=headers
                ) as answer:
                    assert answer.status == status
            with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
                await client.ws_connect(f"{url}/ws")
            async with client.ws_connect(f"{url}/ws", headers=known) as socket:
                await socket.send_bytes(PING)
                assert json.loads(await socket.receive_str()) == json.loads(PONG)
                assert server.census.connections == server.https.connections
        assert server.census.unauthorized == 5

    serve(scene, certificates(authority), users={"anna": b"secret"})
