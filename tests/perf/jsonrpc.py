"""What a JSON-RPC call costs before and after its handler: `python -m tests.perf.jsonrpc [requests]`. Not a test; prints a table.

In process: bytes of 1, 32 or 256 requests in, bytes of as many answers out (split, decode, read the arguments, dispatch, encode,
join), for Ping and for an authorization with an event of 14 fields whose handler does nothing. Then Ping over TCP from another
process with as many in flight; there CPU is the server's own.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time

import uvloop

from gateway.api.dispatch import Dispatcher
from gateway.api.methods import ROWS
from gateway.api.shapes import EVENT, shape
from gateway.api.table import method
from gateway.transport.census import Census
from gateway.transport.gate import Gate
from gateway.transport.jsonrpc import Connection
from gateway.transport.jsonrpc_listener import JsonRpcListener
from tests.gateway.api.fakes import FakeJournal, fake_api

IN_FLIGHT = (1, 32, 256)
PING = b'{"method":"CoreSv1.Ping","params":[{}],"id":%d}\n'
AUTHORIZE = (
    b'{"method":"CoreSv1.Panic","params":[{"GetMaxUsage":true,"Tenant":"cgrates.org","ID":"b7a1c5","Event":{"ToR":"*voice",'
    b'"OriginID":"8d7e6f5a4b3c","OriginHost":"192.0.2.10","RequestType":"*prepaid","Account":"1001","Subject":"1001",'
    b'"Destination":"491511234567","Category":"call","Tenant":"cgrates.org","SetupTime":"2026-11-21T10:00:00Z",'
    b'"AnswerTime":"2026-11-21T10:00:05Z","Usage":60000000000,"Codec":"PCMA","Source":"perf"},"APIOpts":{"*sesTTL":0}}],"id":%d}\n'
)
ARGS = shape(
    "perf.V1AuthorizeArgs",
    "GetAttributes bool; AuthorizeResources bool; GetMaxUsage bool; ForceDuration bool; ProcessThresholds bool; ProcessStats bool;"
    "GetRoutes bool; RoutesMaxCost string; RoutesIgnoreErrors bool; AttributeIDs []string; ?*utils.CGREvent",
    EVENT,
)


class Sink(asyncio.Transport):
    """Takes answers and forgets them."""

    size = 0
    paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.size += len(data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        return

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


def listener() -> JsonRpcListener:
    rows = (*ROWS, method("CoreSv1.Panic", ARGS, lambda api, args: {"MaxUsage": args.mapping("Event") and 1}, "CGREvent"))
    return JsonRpcListener(Dispatcher(fake_api(), rows, ()), Gate(FakeJournal()), 1 << 20, Census())


async def in_process(name: str, text: bytes, in_flight: int, requests: int) -> None:
    connection, sink = Connection(listener()), Sink()
    connection.connection_made(sink)
    data = b"".join(text % number for number in range(in_flight))
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        for _ in range(requests // in_flight):
            connection.data_received(data)
            while sink.paused:  # noqa: ASYNC110 - a turn is over before all is answered; nobody tells when the rest is
                await asyncio.sleep(0)
        best = min(best, time.process_time() - started)
    print(f"{name:<12} {in_flight:>4} in flight   {best / requests * 1e6:6.2f} us a request")


def client(port: int, in_flight: int, requests: int) -> None:
    """Sends as many as are answered."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(b"".join(PING % number for number in range(in_flight)))
        answered, sent = 0, in_flight
        while answered < requests:
            count = sock.recv(1 << 18).count(b"\n")
            answered += count
            count = min(count, requests - sent)
            if count:
                sent += count
                sock.sendall(b"".join(PING % number for number in range(count)))


async def over_tcp(in_flight: int, requests: int) -> None:
    server = listener()
    await server.start("127.0.0.1", 0)
    child = os.fork()
    if child == 0:
        client(server.port, in_flight, requests)
        os._exit(0)
    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.to_thread(os.waitpid, child, 0)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    await server.stop(0)
    print(f"{'ping by TCP':<12} {in_flight:>4} in flight   {cpu / requests * 1e6:6.2f} us CPU   {requests / seconds:10,.0f} a second")


async def main(requests: int) -> None:
    for in_flight in IN_FLIGHT:
        await in_process("ping", PING, in_flight, requests)
        await in_process("authorize", AUTHORIZE, in_flight, requests)
    for in_flight in IN_FLIGHT:
        await over_tcp(in_flight, requests)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000))
