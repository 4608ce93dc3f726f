"""A RADIUS client for the command line: one request after the other, blocking, over UDP, TCP or TLS (RFC 2865, RFC 6613, RFC 6614).

Over UDP a request is sent again until it is answered; an answer that is not the asked server's is told of and passed over.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from random import Random
from typing import Final

from gateway.cli.client import reason
from gateway.cli.limits import CONNECT_SECONDS
from gateway.cli.outcome import CommandError, Exit
from gateway.protocols.radius.asking import Flight, Flights, Pace
from gateway.protocols.radius.limits import MAX_PACKET_BYTES
from gateway.protocols.radius.packet import Packet
from gateway.protocols.radius.stream import PacketStream

_READ_BYTES: Final = 1 << 16


class RadiusLink:
    """A way to one server. `tell` hears of what was passed over."""

    def __init__(
        self, address: tuple[str, int], *, stream: bool, context: ssl.SSLContext | None, chance: Random, tell: Callable[[str], None]
    ) -> None:
        """Connects where it is a stream, with TLS where there is a context. CommandError (3) where nobody is there."""
        self.where = f"{address[0]}:{address[1]}"
        self._tell = tell
        self._flights = Flights(chance.randrange)
        self._stream = PacketStream() if stream else None
        try:
            if stream:
                self.socket: socket.socket = socket.create_connection(address, CONNECT_SECONDS)
                if context is not None:
                    self.socket = context.wrap_socket(self.socket, server_hostname=address[0])
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            else:
                self.socket = _datagrams(address)
        except OSError as error:
            raise CommandError(f"cannot reach a RADIUS server at {self.where}: {reason(error)}", Exit.UNREACHABLE) from None

    def exchange(self, make: Callable[[int], bytes], secret: bytes, pace: Pace) -> tuple[Flight, Packet]:
        """Sends what `make` makes for an identifier, and returns it with its answer. CommandError (3) where none comes."""
        raw = make(self._flights.free())
        self._send(raw)
        flight = self._flights.begin(raw, secret, pace, time.monotonic_ns())
        while True:
            now_ns = time.monotonic_ns()
            for again in self._flights.due(now_ns):
                self._send(again.raw)
            if self._flights.given_up(now_ns):
                copies = f", asked {flight.copies} times" if flight.copies > 1 else ""
                raise CommandError(f"{self.where} did not answer within {pace.timeout_ns / 1e9:g} s{copies}", Exit.UNREACHABLE)
            for data in self._receive((self._flights.next_ns() - now_ns) / 1e9):
                if self._flights.receive(data) is flight and self._flights.answer is not None:
                    return flight, self._flights.answer
                self._tell(f"an answer of {self.where} was passed over: {self._flights.why}")

    def close(self) -> None:
        """Ends it."""
        self.socket.close()

    def _send(self, raw: bytes) -> None:
        try:
            self.socket.settimeout(CONNECT_SECONDS)
            self.socket.sendall(raw)
        except OSError as error:
            raise CommandError(f"{self.where}: {reason(error)}", Exit.UNREACHABLE) from None

    def _receive(self, seconds: float) -> list[bytes]:
        """The packets that came within so long, as soon as there is one."""
        try:
            self.socket.settimeout(max(seconds, 0.000_1))
            data = self.socket.recv(_READ_BYTES if self._stream is not None else MAX_PACKET_BYTES)
        except TimeoutError:
            return []
        except ConnectionRefusedError:
            raise CommandError(f"nobody listens at {self.where}", Exit.UNREACHABLE) from None
        except OSError as error:
            raise CommandError(f"{self.where}: {reason(error)}", Exit.UNREACHABLE) from None
        if self._stream is None:
            return [data]
        if not data:
            raise CommandError(f"{self.where} closed the connection", Exit.UNREACHABLE)
        self._stream.feed(data)
        found = []
        while (packet := self._stream.next()) is not None:
            found.append(packet)
        if self._stream.broken is not None:
            raise CommandError(f"{self.where} does not speak RADIUS: {self._stream.broken}", Exit.UNREACHABLE)
        return found


def _datagrams(address: tuple[str, int]) -> socket.socket:
    """A port of ours that hears nobody but that address."""
    family, kind, protocol, _, target = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.connect(target)
    except OSError:
        made.close()
        raise
    return made
