"""WebSocket clients on the HTTP port: one stream whatever the messages, a frame an answer, bounds in both directions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from socket import IPPROTO_TCP, TCP_KEEPIDLE
from typing import Any

import aiohttp
import pytest
import uvloop

from gateway.api.server import ApiServer, ServerOptions
from gateway.transport import line as bounds
from gateway.transport import websocket
from gateway.transport.census import Dropped
from tests.gateway.api.fakes import FakeEngine, fake_api
from tests.gateway.transport.test_ports import PING, PONG, callable_clients, until

Socket = aiohttp.ClientWebSocketResponse[Any]
SLEEP = b'{"method":"CoreSv1.Sleep","params":[{"Duration":1000000}],"id":2}'
SLEPT = b'{"id":2,"result":"OK","error":null}\n'


def serve(scene: Callable[[ApiServer, Socket], Coroutine[Any, Any, None]], headers: Mapping[str, str] | None = None) -> None:
    """Plays a scene with one WebSocket client."""

    async def main() -> None:
        api = fake_api()
        assert isinstance(api.engine, FakeEngine)
        server = ApiServer(api, api.engine.journal, ServerOptions("", "127.0.0.1:0", max_request_bytes=1 << 16), callable_clients())
        await server.start()
        try:
            async with (
                asyncio.timeout(60),
                aiohttp.ClientSession() as session,
                session.ws_connect(f"http://127.0.0.1:{server.http.port}/ws", headers=headers) as socket,
            ):
                await scene(server, socket)
        finally:
            await server.stop(0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://elsewhere.example"}])
def test_a_client_with_and_without_an_origin_is_answered(headers: dict[str, str]) -> None:
    async def scene(server: ApiServer, socket: Socket) -> None:
        await socket.send_str(PING.decode())
        message = await socket.receive()
        assert (message.type, message.data.encode()) == (aiohttp.WSMsgType.TEXT, PONG)
        await socket.send_bytes(PING)
        assert (await socket.receive()).data.encode() == PONG
        assert server.websocket.connections == 1

    serve(scene, headers)


def test_messages_are_one_stream_and_each_answer_is_a_frame() -> None:
    async def scene(server: ApiServer, socket: Socket) -> None:
        await socket.send_str((PING + PING).decode() + PING[:9].decode())
        await socket.send_bytes(PING[9:])
        for _ in range(3):
            assert (await socket.receive()).data.encode() == PONG

    serve(scene)


def test_answers_come_as_they_are_ready() -> None:
    async def scene(server: ApiServer, socket: Socket) -> None:
        await socket.send_bytes(SLEEP + PING)
        assert [(await socket.receive()).data.encode() for _ in range(2)] == [PONG, SLEPT]

    serve(scene)


def test_what_is_no_json_closes_the_connection_after_what_came_before() -> None:
    async def scene(server: ApiServer, socket: Socket) -> None:
        await socket.send_bytes(PING + b"nonsense")
        assert (await socket.receive()).data.encode() == PONG
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 1000

    serve(scene)


def test_a_message_that_is_too_long_closes_the_connection() -> None:
    async def scene(server: ApiServer, socket: Socket) -> None:
        await socket.send_bytes(b" " * (1 << 17))
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 1009

    serve(scene)


def test_a_client_that_closes_is_forgotten() -> None:
    async def scene(server: ApiServer, socket: Socket) -> None:
        await socket.send_bytes(PING)
        await socket.receive()
        await socket.close()
        assert socket.close_code == 1000
        await until(lambda: not server.websocket.connections)

    serve(scene)


def test_a_client_that_is_gone_is_forgotten_whatever_was_under_way() -> None:
    async def scene(server: ApiServer, socket: Socket) -> None:
        await socket.send_bytes(SLEEP.replace(b"1000000", b"60000000000") + PING)
        await socket.receive()
        transport = socket.get_extra_info("socket")
        assert transport is not None
        connection = socket._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.abort()
        await until(lambda: not server.websocket.connections)

    serve(scene)


def test_a_client_that_reads_nothing_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "STALL_SECONDS", 0.05)
    size = 60_000
    echo = json.dumps({"method": "CoreSv1.Ping" + "x" * size, "params": [{}], "id": 1}).encode()

    async def scene(server: ApiServer, socket: Socket) -> None:
        async def press() -> None:
            sent = 0
            while True:
                async with asyncio.timeout(10):
                    await socket.send_bytes(echo)
                sent += size
                assert sent < 64 << 20, "the server goes on reading"
                assert server.websocket.stuck_bytes < 8 << 20

        with pytest.raises((ConnectionError, TimeoutError)):
            await press()
        await until(lambda: not server.websocket.connections)
        assert server.websocket.stuck_bytes == 0

    serve(scene)


def test_stopping_closes_every_client() -> None:
    async def scene(server: ApiServer, socket: Socket) -> None:
        await socket.send_bytes(PING)
        await socket.receive()
        stopping = asyncio.create_task(server.stop(5))
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        await stopping
        assert server.websocket.connections == 0

    serve(scene)


def test_a_handshake_that_is_wrong_is_refused() -> None:
    async def scene(server: ApiServer, socket: Socket) -> None:
        for headers in (
            "Upgrade: websocket\r\nConnection: Upgrade\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 5\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            "Upgrade: h2c\r\n",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.http.port)
            writer.write(f"GET /ws HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode())
            assert b" 400 " in await reader.readline()
            writer.close()

    serve(scene)


# -- clients that are half there -----------------------------------------------------------------------------------------

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def raw(server: ApiServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that speaks in octets, after its handshake."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.http.port)
    writer.write(UPGRADE)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    return reader, writer


def test_a_message_that_trickles_is_dropped_and_a_client_between_messages_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "REQUEST_SECONDS", 0.2)

    async def scene(server: ApiServer, socket: Socket) -> None:
        reader, writer = await raw(server)
        writer.write(b"\x81\x8a" + bytes(4) + b"0123")  # 4 of 10 octets, then one now and then
        trickle = asyncio.create_task(drip(writer))
        with suppress(ConnectionResetError):  # an octet came too late to be read
            assert await reader.read() == b""
        trickle.cancel()
        writer.close()
        await until(lambda: server.census.dropped[Dropped.UNFINISHED] == 1)
        await socket.ping()  # octets, and no message
        await asyncio.sleep(0.3)
        await socket.send_bytes(PING)
        assert (await socket.receive()).data.encode() == PONG

    serve(scene)


async def drip(writer: asyncio.StreamWriter) -> None:
    for _ in range(5):
        await asyncio.sleep(0.05)
        writer.write(b"x")


def test_the_system_asks_whether_a_silent_client_is_there_still() -> None:
    async def scene(server: ApiServer, socket: Socket) -> None:
        await socket.send_bytes(PING)
        assert (await socket.receive()).data.encode() == PONG
        (connection,) = server.websocket._connections
        assert connection._transport is not None
        assert connection._transport.get_extra_info("socket").getsockopt(IPPROTO_TCP, TCP_KEEPIDLE) == 120

    serve(scene)
