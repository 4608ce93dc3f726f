"""The ports of the API, over real sockets on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from gateway.api.bidirectional import BidirectionalClients, ClientOptions
from gateway.api.server import ApiServer, ServerOptions, read_address
from gateway.transport.http import HttpReply, HttpRequest
from tests.gateway.api.fakes import NOW, FakeEngine, fake_api

PING = b'{"method":"CoreSv1.Ping","params":[{}],"id":1}'
PONG = b'{"id":1,"result":"Pong","error":null}\n'


async def echo(request: HttpRequest) -> HttpReply:
    if request.body == b"break":
        raise ZeroDivisionError
    text = f"{request.method} {request.path} {request.query} {request.headers.get('x-a', '')} {request.body.decode()}"
    return HttpReply(202, text.encode(), "text/plain")


def callable_clients() -> BidirectionalClients:
    return BidirectionalClients(ClientOptions(), lambda: NOW)


def serve(scene: Callable[[ApiServer], Coroutine[Any, Any, None]], max_request_bytes: int = 1 << 22) -> None:
    """Plays a scene against a server with both ports, and stops it."""

    async def main() -> None:
        api = fake_api()
        assert isinstance(api.engine, FakeEngine)
        options = ServerOptions("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", max_request_bytes=max_request_bytes, process_tag="t")
        server = ApiServer(api, api.engine.journal, options, callable_clients(), routes={"/echo": echo})
        await server.start()
        try:
            await asyncio.wait_for(scene(server), 60)
        finally:
            await server.stop(0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def until(found: Callable[[], object]) -> None:
    """Lets the loop turn until it is so."""
    for _ in range(1_000_000):
        if found():
            return
        await asyncio.sleep(0)
    raise AssertionError("it does not come to pass")


async def tcp(server: ApiServer, *parts: bytes) -> bytes:
    """All that the server says to what is sent, when the client has ended its half."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.tcp.port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    writer.write_eof()
    found = await reader.read()
    writer.close()
    return found


async def http(server: ApiServer, method: str, path: str, body: bytes = b"", headers: str = "") -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of one request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.http.port)
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body
    )
    answer = await reader.read()
    writer.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return int(status.split(" ")[1]), rest, {name.lower(): value for name, value in (one.split(": ", 1) for one in lines)}


def test_tcp() -> None:
    async def scene(server: ApiServer) -> None:
        assert await tcp(server, PING) == PONG
        assert await tcp(server, PING + PING, b"\n" + PING[:10], PING[10:]) == PONG * 3
        assert await tcp(server, PING + b"nonsense" + PING) == PONG
        assert await tcp(server, b"") == b""
        large = json.dumps({"method": "CoreSv1.Ping", "params": [{"Event": {"a": "x" * 2_000_000}}], "id": 1}).encode()
        assert await tcp(server, large) == PONG
        set_, get = ("Set", '"RunID":"r"'), ("Get", "")
        lines = [
            f'{{"method":"APIerSv1.{verb}ChargerProfile","params":[{{"ID":"C",{more or chr(34) + "a" + chr(34) + ":1"}}}],"id":1}}'
            for verb, more in (set_, get)
        ]
        assert json.loads((await tcp(server, "".join(lines).encode())).splitlines()[1])["result"]["RunID"] == "r"

    serve(scene)


def test_a_sleeper_is_answered_after_those_who_came_later() -> None:
    async def scene(server: ApiServer) -> None:
        sleep = b'{"method":"CoreSv1.Sleep","params":[{"Duration":1000000}],"id":2}'
        assert await tcp(server, sleep + PING) == PONG + b'{"id":2,"result":"OK","error":null}\n'
        status, body, _ = await http(server, "POST", "/jsonrpc", sleep + PING)
        assert (status, body) == (200, PONG + b'{"id":2,"result":"OK","error":null}\n')

    serve(scene)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "answer"),
    [
        ("POST", "/jsonrpc", PING, 200, PONG),
        ("POST", "/jsonrpc", PING + b"\n" + PING, 200, PONG * 2),
        ("POST", "/jsonrpc?a=b", PING, 200, PONG),
        ("POST", "/jsonrpc", b"nonsense", 200, b""),
        ("POST", "/jsonrpc", b"[]", 200, b""),
        ("POST", "/jsonrpc", b'{"method":"CoreSv1.Ping"', 200, b""),
        ("POST", "/jsonrpc", b'{"method":5,"params":[{}],"id":2}', 200, b""),
        ("POST", "/jsonrpc", PING + b"nonsense", 200, PONG),
        ("POST", "/jsonrpc", PING + b'{"method":"CoreSv1.Ping","params":[}],"id":2}' + PING, 200, PONG),
        ("POST", "/jsonrpc", b"", 200, b""),
        ("GET", "/jsonrpc", b"", 200, b""),
        ("GET", "/jsonrpc/", b"", 404, b"404 page not found\n"),
        ("POST", "/nowhere", PING, 404, b"404 page not found\n"),
        ("GET", "/", b"", 404, b"404 page not found\n"),
        ("GET", "/ws", b"", 400, b"not websocket protocol"),
        ("PUT", "/echo?q=1", b"body", 202, b"PUT /echo q=1 v body"),
        ("PUT", "/echo", b"break", 500, b"internal error\n"),
        ("POST", "/jsonrpc", b"x" * 5000, 413, b"request too large\n"),
    ],
)
def test_http(method: str, path: str, body: bytes, status: int, answer: bytes) -> None:
    async def scene(server: ApiServer) -> None:
        found, text, headers = await http(server, method, path, body, "X-A: v\r\n")
        assert (found, text) == (status, answer)
        if path == "/jsonrpc" and status == 200:
            assert headers["content-type"] == "application/json"

    serve(scene, 4096)


def test_http_takes_bodies_in_chunks_and_several_requests_on_a_connection() -> None:
    async def scene(server: ApiServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.http.port)
        for _ in range(3):
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (PING[:7], PING[7:])) + b"0\r\n\r\n"
            writer.write(b"POST /jsonrpc HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"200 OK" in head
            assert await reader.readexactly(len(PONG)) == PONG
        writer.close()

    serve(scene)


def test_stopping_frees_the_ports_and_closes_who_is_idle() -> None:
    async def scene(server: ApiServer) -> None:
        ports = (server.tcp.port, server.http.port)
        await server.http.ready()
        clients = [await asyncio.open_connection("127.0.0.1", port) for port in ports for _ in range(3)]
        await server.stop(5)
        for reader, writer in clients:
            assert await reader.read() == b""
            writer.close()
        for port in ports:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))

    serve(scene)


def test_stopping_lets_what_is_in_flight_finish_and_drops_the_rest_after_the_timeout() -> None:
    async def scene(server: ApiServer) -> None:
        quick, slow = [await asyncio.open_connection("127.0.0.1", server.tcp.port) for _ in range(2)]
        quick[1].write(b'{"method":"CoreSv1.Sleep","params":[{"Duration":1000000}],"id":1}' + PING)
        slow[1].write(b'{"method":"CoreSv1.Sleep","params":[{"Duration":90000000000}],"id":1}' + PING)
        for reader, _ in (quick, slow):
            assert await reader.readline() == PONG
        await server.stop(1)
        assert await quick[0].read() == b'{"id":1,"result":"OK","error":null}\n'
        assert await slow[0].read() == b""
        for _, writer in (quick, slow):
            writer.close()

    serve(scene)


def test_a_port_that_is_taken_is_an_error() -> None:
    async def scene(server: ApiServer) -> None:
        api = fake_api()
        assert isinstance(api.engine, FakeEngine)
        for options in (
            ServerOptions(f"127.0.0.1:{server.tcp.port}", ""),
            ServerOptions("", f"127.0.0.1:{server.http.port}"),
        ):
            with pytest.raises(OSError, match="in use"):
                await ApiServer(api, api.engine.journal, options, callable_clients()).start()

    serve(scene)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:2012", ("127.0.0.1", 2012)),
        (":2080", ("", 2080)),
        ("[::1]:1", ("::1", 1)),
        ("box.example:65535", ("box.example", 65535)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize("text", ["", "2012", "a:", "a:x", "a:65536", "a:-1"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        read_address(text)
