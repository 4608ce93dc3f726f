"""JSON-RPC 2.0 and the bidirectional port over real sockets; clients that are slow, silent or half there."""

from __future__ import annotations

import asyncio
import json
import socket
from base64 import b64encode

import pytest

from gateway.api.bidirectional import PEER
from gateway.api.server import ApiServer
from gateway.transport import http as http_module
from gateway.transport.census import Census
from gateway.transport.http import HttpListener, HttpReply, HttpRequest, is_user
from gateway.transport.jsonrpc_listener import JsonRpcListener
from tests.gateway.transport.test_ports import PING, PONG, http, serve, until


def v2(**members: object) -> str:
    return json.dumps({"jsonrpc": "2.0", **members})


# -- JSON-RPC 2.0 ------------------------------------------------------------------------------------------------------


def test_version_2_over_http() -> None:
    async def scene(server: ApiServer) -> None:
        async def ask(text: str) -> object:
            status, body, headers = await http(server, "POST", "/jsonrpc2", text.encode())
            assert status == (200 if body else 204)
            assert not body or headers["content-type"] == "application/json"
            return json.loads(body) if body else None

        ping = {"method": "CoreSv1.Ping", "params": {}}
        assert await ask(v2(**ping, id="a")) == {"jsonrpc": "2.0", "result": "Pong", "id": "a"}
        assert await ask(v2(**ping)) is None
        assert await ask(v2(method="CoreSv1.Dance", id=1)) == {
            "jsonrpc": "2.0",
            "error": {"code": -32601, "message": "rpc: can't find method CoreSv1.Dance"},
            "id": 1,
        }
        assert await ask("{") == {"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": None}
        sleep = v2(method="CoreSv1.Sleep", params={"Duration": 1000}, id=3)
        missing = v2(method="APIerSv1.GetChargerProfile", params=[{"ID": "none"}], id=4)
        silent = v2(method="CoreSv1.Sleep", params={"Duration": 1000})
        batch = f"[{v2(**ping, id=1)}, {sleep}, {missing}, {silent}, {v2(**ping)}, 7]"
        assert await ask(batch) == [
            {"jsonrpc": "2.0", "result": "Pong", "id": 1},
            {"jsonrpc": "2.0", "result": "OK", "id": 3},
            {"jsonrpc": "2.0", "error": {"code": -32000, "message": "NOT_FOUND"}, "id": 4},
            {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request: not an object"}, "id": None},
        ]
        assert await ask(f"[{silent}, {v2(**ping)}]") is None
        status, _, _ = await http(server, "GET", "/jsonrpc2")
        assert status == 405

    serve(scene)


# -- the bidirectional port ----------------------------------------------------------------------------------------------


def test_the_bidirectional_port_has_the_methods_of_sessions_alone() -> None:
    async def scene(server: ApiServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.both_ways.port)
        for method, answer in (
            ("SessionSv1.Ping", {"id": 1, "result": "Pong", "error": None}),
            ("SessionSv1.Dance", {"id": 1, "result": None, "error": "birpc: can't find method SessionSv1.Dance"}),
            ("CoreSv1.Ping", {"id": 1, "result": None, "error": "birpc: can't find method CoreSv1.Ping"}),
            ("SMGenericV1.GetMaxUsage", {"id": 1, "result": None, "error": "birpc: can't find method SMGenericV1.GetMaxUsage"}),
        ):
            writer.write(json.dumps({"method": method, "params": [{}], "id": 1}).encode())
            assert json.loads(await reader.readline()) == answer
        writer.close()

    serve(scene)


def test_a_client_of_the_bidirectional_port_is_called() -> None:
    async def scene(server: ApiServer) -> None:
        clients = server.clients
        reader, writer = await asyncio.open_connection("127.0.0.1", server.both_ways.port)
        writer.write(b'{"method":"SessionSv1.Ping","params":[{}],"id":1}')
        await reader.readline()
        (name,) = clients.names()
        assert name.startswith("127.0.0.1:")
        told = asyncio.create_task(clients.disconnect_peer({"OriginHost": "h"}))
        call = json.loads(await reader.readline())
        assert call == {"method": PEER[2], "params": [{"OriginHost": "h"}], "id": 1}
        writer.write(b'{"id":1,"result":"OK","error":null}')
        assert await told is True
        writer.close()
        await until(lambda: not clients.names())

    serve(scene)


# -- users -------------------------------------------------------------------------------------------------------------------


def credentials(text: str, scheme: str = "Basic") -> str:
    return f"{scheme} {b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (credentials("anna:secret:with colon"), True),
        (credentials("anna:secret:with colon", "basic"), True),
        (credentials("anna:secret"), False),
        (credentials("anna:"), False),
        (credentials("anna"), False),
        (credentials("bert:secret:with colon"), False),
        (credentials(":"), False),
        (credentials("empty:"), True),
        (credentials("empty"), False),
        (credentials("anna:secret:with colon", "Bearer"), False),
        ("Basic", False),
        ("Basic ???", False),
        ("Basic \u00e9", False),
        ("", False),
    ],
)
def test_users(given: str, right: bool) -> None:
    assert is_user(given, {"anna": b"secret:with colon", "empty": b""}) is right


def test_nobody_gets_past_the_password_whatever_the_path() -> None:
    async def scene(server: ApiServer) -> None:
        server.http._users = {"anna": b"secret"}
        for method, path in (("POST", "/jsonrpc"), ("POST", "/jsonrpc2"), ("GET", "/ws"), ("GET", "/nowhere")):
            status, body, headers = await http(server, method, path, PING)
            assert (status, body, headers["www-authenticate"]) == (401, b"Not authorized\n", 'Basic realm="Restricted"')
        known = f"Authorization: {credentials('anna:secret')}\r\n"
        assert (await http(server, "POST", "/jsonrpc", PING, known))[:2] == (200, PONG)

    serve(scene)


# -- clients that are slow, silent or half there -----------------------------------------------------------------------------


def quick(listener: JsonRpcListener | HttpListener) -> None:
    """Gives a request 50 ms to be whole."""
    listener._request_seconds = 0.05


@pytest.mark.parametrize("port", ["tcp", "both_ways"])
def test_half_a_request_and_then_silence_is_dropped_and_a_silent_client_is_not(port: str) -> None:
    async def scene(server: ApiServer) -> None:
        door = server.tcp if port == "tcp" else server.both_ways
        quick(door)
        ping = b'{"method":"SessionSv1.Ping","params":[{}],"id":1}'
        half, idle = [await asyncio.open_connection("127.0.0.1", door.port) for _ in range(2)]
        half[1].write(ping + ping[:20])
        assert await half[0].readline() == PONG
        assert await half[0].read() == b""
        idle[1].write(ping)
        assert await idle[0].readline() == PONG
        for _, writer in (half, idle):
            writer.close()

    serve(scene)


def test_half_an_http_head_is_dropped() -> None:
    async def scene(server: ApiServer) -> None:
        quick(server.http)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.http.port)
        writer.write(b"POST /jsonrpc HTTP/1.1\r\nHost")
        assert await reader.read() == b""
        writer.close()

    serve(scene)


def test_half_an_http_body_is_refused() -> None:
    async def scene(server: ApiServer) -> None:
        quick(server.http)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.http.port)
        writer.write(b"POST /jsonrpc HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n" + PING)
        assert b" 408 " in await reader.readline()
        writer.close()

    serve(scene)


def test_an_http_client_that_does_not_read_its_answer_is_dropped(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(http_module, "STALL_SECONDS", 0.05)
    monkeypatch.setattr(http_module, "ANSWER_BYTES_PER_SECOND", 1 << 40)
    size = 32 << 20

    async def large(request: HttpRequest) -> HttpReply:
        return HttpReply(200, b"x" * size)

    async def main() -> None:
        listener = HttpListener({"/": large}, 1000, Census())
        listener.start("127.0.0.1", 0)
        await listener.ready()
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, limit=1000)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readline()
        await until(lambda: "connection dropped" in caplog.text)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(size)
        writer.close()
        await listener.stop(1)

    asyncio.run(main())


def test_answers_that_nobody_reads_have_a_bound_over_all_http_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "MAX_STUCK_BYTES", 40 << 20)

    async def large(request: HttpRequest) -> HttpReply:
        return HttpReply(200, b"x" * (32 << 20))

    async def main() -> None:
        listener = HttpListener({"/": large}, 1000, Census())
        listener.start("127.0.0.1", 0)
        await listener.ready()
        first, second = [await asyncio.open_connection("127.0.0.1", listener.port, limit=1000) for _ in range(2)]
        first[1].write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"200" in await first[0].readline()
        await until(lambda: listener.stuck_bytes == 32 << 20)
        second[1].write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"503" in await second[0].readline()
        first[1].transport.abort()
        await until(lambda: listener.stuck_bytes == 0)
        second[1].close()
        await listener.stop(0)

    asyncio.run(main())


def test_the_system_asks_whether_a_silent_peer_is_there_still() -> None:
    async def scene(server: ApiServer) -> None:
        for door in (server.tcp, server.both_ways):
            _, writer = await asyncio.open_connection("127.0.0.1", door.port)
            await until(lambda door=door: door.connections == 1)  # type: ignore[misc]
            (connection,) = door._connections
            assert connection._transport is not None
            link = connection._transport.get_extra_info("socket")
            asked = [
                link.getsockopt(socket.IPPROTO_TCP, option) for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            ]
            assert (asked, link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)) == ([120, 30, 4], 1)
            writer.close()

    serve(scene)
