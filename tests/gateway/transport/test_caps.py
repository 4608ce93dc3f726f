"""cores.caps: who is refused, who waits, and that a place is never lost, whatever becomes of who held it."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import msgspec
import pytest
import uvloop

from gateway.api.server import ApiServer, ServerOptions
from gateway.protocols.jsonrpc.envelope import MalformedError, encode_error
from gateway.protocols.jsonrpc.request import Request
from gateway.transport import caps as caps_module
from gateway.transport import jsonrpc
from gateway.transport.caps import BUSY, CappedService, Caps
from gateway.transport.census import Census
from gateway.transport.gate import Gate
from gateway.transport.jsonrpc import Connection
from gateway.transport.jsonrpc_listener import JsonRpcListener
from tests.gateway.api.fakes import FakeEngine, FakeJournal, fake_api
from tests.gateway.transport.test_jsonrpc import Service, Wire, line, settle
from tests.gateway.transport.test_ports import callable_clients, until


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn may take as long as a busy machine makes it."""
    monkeypatch.setattr(jsonrpc, "TURN_SECONDS", 1_000)


class Refusing(Service):
    def refuse(self, request: Request, reason: str) -> bytes:
        return encode_error(request.id, reason)


class Desk:
    """A listener with so many places, and its clients."""

    def __init__(self, places: int, *, queue: bool) -> None:
        self.journal = FakeJournal()
        self.service = Refusing(self.journal)
        self.caps = Caps(places, self.journal, queue=queue)
        self.listener = JsonRpcListener(CappedService(self.service, self.caps), Gate(self.journal), 1_000_000, Census())

    def connect(self) -> tuple[Connection, Wire]:
        connection, wire = Connection(self.listener), Wire()
        connection.connection_made(wire)
        return connection, wire


def run(scene: Callable[[Desk], Coroutine[Any, Any, None]], places: int, *, queue: bool = False) -> None:
    async def main() -> None:
        desk = Desk(places, queue=queue)
        await scene(desk)
        gc.collect()
        assert (desk.caps.at_work, desk.caps.waiting, desk.caps.waiting_bytes) == (0, 0, 0)

    asyncio.run(main())


def answers(wire: Wire) -> list[tuple[int, object]]:
    found = [json.loads(text) for text in b"".join(wire.writes).splitlines()]
    return [(one["id"], one["result"] or one["error"]) for one in found]


def test_beyond_the_bound_it_is_busy() -> None:
    async def scene(desk: Desk) -> None:
        (first, one), (second, other) = desk.connect(), desk.connect()
        first.data_received(line("Slow", 1) + line("Slow", 2) + line("Slow", 3))
        second.data_received(line("Here", 4))
        await settle()
        assert (answers(one), answers(other)) == ([(3, BUSY)], [(4, BUSY)])
        assert (desk.caps.at_work, desk.caps.refused, desk.service.calls) == (2, 2, 2)
        desk.service.slow[0].set_result(None)
        await settle()
        second.data_received(line("Here", 5) + line("Here", 6))
        assert answers(other)[1:] == [(5, "Here"), (6, "Here")]
        desk.service.slow[1].set_result(None)
        await settle()

    run(scene, 2)


def test_an_answer_that_waits_for_the_disk_is_at_work() -> None:
    async def scene(desk: Desk) -> None:
        desk.journal.hold = True
        client, wire = desk.connect()
        client.data_received(line("Put", 1) + line("Put", 2) + line("Here", 3))
        assert answers(wire) == [(2, BUSY), (3, BUSY)]
        desk.journal.sync()
        client.data_received(line("Here", 4))
        assert answers(wire)[2:] == [(1, "Put"), (4, "Here")]

    run(scene, 1)


def test_in_a_queue_everybody_has_his_turn_in_order() -> None:
    async def scene(desk: Desk) -> None:
        (first, one), (second, other) = desk.connect(), desk.connect()
        first.data_received(line("Slow", 1) + line("Here", 2))
        second.data_received(line("Here", 3) + line("Slow", 4) + line("Here", 5))
        first.data_received(line("Here", 6))
        await settle()
        assert (one.writes, other.writes, desk.caps.waiting, desk.service.calls) == ([], [], 5, 1)
        desk.service.slow[0].set_result(None)
        await settle(20)
        assert (answers(one), answers(other)) == ([(1, "Slow"), (2, "Here")], [(3, "Here")])
        desk.service.slow[1].set_result(None)
        await settle(20)
        assert (answers(one)[2:], answers(other)[1:]) == ([(6, "Here")], [(4, "Slow"), (5, "Here")])
        assert desk.caps.refused == 0

    run(scene, 1, queue=True)


def test_a_queue_waits_for_the_disk_too() -> None:
    async def scene(desk: Desk) -> None:
        desk.journal.hold = True
        client, wire = desk.connect()
        client.data_received(line("Put", 1) + line("Put", 2))
        await settle()
        assert desk.service.calls == 1
        for _ in range(2):
            desk.journal.sync()
            await settle()
        assert answers(wire) == [(1, "Put"), (2, "Put")]

    run(scene, 1, queue=True)


@pytest.mark.parametrize(("bound", "value"), [("MAX_QUEUED_REQUESTS", 2), ("MAX_QUEUED_BYTES", 9)])
def test_a_queue_that_is_full_refuses(monkeypatch: pytest.MonkeyPatch, bound: str, value: int) -> None:
    monkeypatch.setattr(caps_module, bound, value)

    async def scene(desk: Desk) -> None:
        client, wire = desk.connect()
        client.data_received(line("Slow", 1) + line("Here", 2) + line("Here", 3) + line("Here", 4))
        await settle()
        assert answers(wire) == [(4, BUSY)]
        desk.service.slow[0].set_result(None)
        await settle(20)
        assert answers(wire)[1:] == [(1, "Slow"), (2, "Here"), (3, "Here")]

    run(scene, 1, queue=True)


@pytest.mark.parametrize("rounds", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("freed", [False, True])
def test_a_client_that_goes_leaves_its_places_at_any_moment(rounds: int, freed: bool) -> None:
    async def scene(desk: Desk) -> None:
        (holder, _), (client, _), (last, wire) = desk.connect(), desk.connect(), desk.connect()
        holder.data_received(line("Slow", 1))
        await settle()
        client.data_received(line("Slow", 2) + line("Here", 3))
        last.data_received(line("Here", 4))
        if freed:
            desk.service.slow[0].set_result(None)
        await settle(rounds)
        client.connection_lost(None)
        if not freed:
            holder.connection_lost(None)
        await settle(20)
        assert answers(wire) == [(4, "Here")]

    run(scene, 1, queue=True)


def test_a_client_that_goes_at_once_leaves_nothing_behind() -> None:
    async def scene(desk: Desk) -> None:
        client, _ = desk.connect()
        client.data_received(line("Slow", 1))
        client.connection_lost(None)
        await settle()

    run(scene, 1)


def test_a_request_that_is_none_gives_its_place_back() -> None:
    broken = Request("Here", params=msgspec.Raw(b"[broken]"))

    async def scene(desk: Desk) -> None:
        client, _ = desk.connect()
        with pytest.raises(MalformedError):
            CappedService(desk.service, desk.caps).call(broken)
        assert desk.caps.at_work == 0
        client.data_received(line("Slow", 1))
        queued = CappedService(desk.service, desk.caps).call(broken)
        assert not isinstance(queued, bytes)
        task = asyncio.ensure_future(queued)
        await settle()
        desk.service.slow[0].set_result(None)
        text, _ = await task
        assert b"json:" in text

    run(scene, 1, queue=True)


# -- over every port ---------------------------------------------------------------------------------------------------------


def serve(scene: Callable[[ApiServer], Coroutine[Any, Any, None]], *, queue: bool) -> None:
    async def main() -> None:
        api = fake_api()
        assert isinstance(api.engine, FakeEngine)
        address = "127.0.0.1:0"
        options = ServerOptions(address, address, address, caps=1, caps_queue=queue, caps_stats_seconds=0.001)
        server = ApiServer(api, api.engine.journal, options, callable_clients())
        await server.start()
        await server.ready()
        try:
            await asyncio.wait_for(scene(server), 60)
        finally:
            await server.stop(0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


PING = b'{"method":"SessionSv1.Ping","params":[{}],"id":1}'
PONG = {"id": 1, "result": "Pong", "error": None}
REFUSED = {"id": 1, "result": None, "error": BUSY}


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection as a client does that is gone: not even its half is ended in order."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def over(port: int) -> object:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(PING)
    found = json.loads(await reader.readline())
    writer.close()
    return found


async def ask_everywhere(server: ApiServer) -> list[object]:
    """What each port says to one ping."""
    url = f"http://127.0.0.1:{server.http.port}"
    found = [await over(server.tcp.port), await over(server.both_ways.port)]
    async with aiohttp.ClientSession() as client:
        async with client.post(f"{url}/jsonrpc", data=PING) as answer:
            found.append(json.loads(await answer.read()))
        async with client.post(f"{url}/jsonrpc2", data=b'{"jsonrpc":"2.0",' + PING[1:]) as answer:
            found.append(json.loads(await answer.read()))
        async with client.ws_connect(f"{url}/ws") as link:
            await link.send_bytes(PING)
            found.append(json.loads(await link.receive_str()))
    return found


def test_the_bound_holds_over_all_ports_together() -> None:
    async def scene(server: ApiServer) -> None:
        error = {"jsonrpc": "2.0", "error": {"code": -32000, "message": BUSY}, "id": 1}
        sleeper = await asyncio.open_connection("127.0.0.1", server.tcp.port)
        caps = server.caps
        assert caps is not None
        sleeper[1].write(b'{"method":"CoreSv1.Sleep","params":[{"Duration":60000000000}],"id":1}')
        await until(lambda: caps.at_work)
        assert await ask_everywhere(server) == [REFUSED, REFUSED, REFUSED, error, REFUSED]
        assert caps.refused == 5
        reset(sleeper[1])
        await until(lambda: not caps.at_work)
        pong = {"jsonrpc": "2.0", "result": "Pong", "id": 1}
        assert await ask_everywhere(server) == [PONG, PONG, PONG, pong, PONG]

    serve(scene, queue=False)


def test_the_queue_holds_over_all_ports_together() -> None:
    async def scene(server: ApiServer) -> None:
        sleeper = await asyncio.open_connection("127.0.0.1", server.tcp.port)
        caps = server.caps
        assert caps is not None
        sleeper[1].write(b'{"method":"CoreSv1.Sleep","params":[{"Duration":60000000000}],"id":1}')
        await until(lambda: caps.at_work)
        waiting = [asyncio.ensure_future(over(port)) for port in (server.tcp.port, server.both_ways.port)]
        await until(lambda: caps.waiting == 2)
        await until(lambda: caps.peak)
        reset(sleeper[1])
        assert await asyncio.gather(*waiting) == [PONG, PONG]
        reader, writer = await asyncio.open_connection("127.0.0.1", server.tcp.port)
        writer.write(b'{"method":"CoreSv1.Status","params":[{}],"id":1}')
        status = json.loads(await reader.readline())["result"]
        writer.close()
        assert (status["caps_allocated"], status["caps_peak"]) == (1, 1)

    serve(scene, queue=True)
