"""A NAS that can be asked (RFC 5176), on a port of loopback: what it heard, and what it answers by a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

from gateway.protocols.radius.builtin import load_dictionary
from gateway.protocols.radius.packet import Packet, decode
from gateway.protocols.radius.showing import shown
from gateway.protocols.radius.signing import answer
from gateway.protocols.radius.stream import PacketStream
from tests.gateway.agents.radius.station import SECRET

DICTIONARY, _ = load_dictionary()
Script = Callable[[Packet], bytes]


def acknowledged(packet: Packet) -> bytes:
    """ACK, whatever was asked."""
    return answer(packet, packet.code + 1, b"", SECRET)


def refused(cause: int) -> Script:
    """NAK with an Error-Cause."""
    return lambda packet: answer(packet, packet.code + 2, bytes((101, 6)) + cause.to_bytes(4, "big"), SECRET)


class Nas(asyncio.DatagramProtocol):
    """`script` answers; an empty answer is silence."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.heard: list[Packet] = []
        self.from_ports: set[int] = set()
        self.port = 0
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.from_ports.add(addr[1])
        said = self.said(data)
        if said and self.transport is not None:
            self.transport.sendto(said, addr)

    def said(self, data: bytes) -> bytes:
        packet = decode(data)
        self.heard.append(packet)
        return self.script(packet)

    def told(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Code and attributes of each packet, its Message-Authenticator left out."""
        return [
            (str(one.code), [line for line in shown(DICTIONARY, one, SECRET) if line[0] != "Message-Authenticator"]) for one in self.heard
        ]


@asynccontextmanager
async def nas(script: Script = acknowledged) -> AsyncIterator[Nas]:
    """One over UDP."""
    transport, found = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Nas(script), local_addr=("127.0.0.1", 0))
    try:
        yield found
    finally:
        transport.close()


@asynccontextmanager
async def stream_nas(script: Script = acknowledged) -> AsyncIterator[Nas]:
    """One over TCP; a script that answers b"x" ends the connection."""
    found = Nas(script)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = PacketStream()
        while data := await reader.read(4096):
            stream.feed(data)
            while (packet := stream.next()) is not None:
                said = found.said(packet)
                if said == b"x":
                    writer.close()
                    return
                writer.write(said)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
