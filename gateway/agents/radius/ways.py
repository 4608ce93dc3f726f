"""What carries requests of ours to NASes: a UDP port, a TCP connection of ours; and those that are under way there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from random import Random
from typing import Final, cast

from gateway.agents.radius.limits import MAX_UNREAD_BYTES
from gateway.protocols.radius.asking import NOT_ASKED, Flight, Flights
from gateway.protocols.radius.packet import Packet
from gateway.protocols.radius.stream import PacketStream

log: Final = logging.getLogger(__name__)

Address = tuple[str, int]
Answer = asyncio.Future[Packet | None]


class Way:
    """What carries requests to NASes. `flights` are those under way, by the NAS's address."""

    def __init__(self, chance: Random) -> None:
        self.flights: dict[Address, Flights] = {}
        self.strange = 0  # packets that answer nothing
        self._chance = chance

    def of(self, address: Address) -> Flights:
        """The requests under way to an address."""
        found = self.flights.get(address)
        if found is None:
            found = self.flights[address] = Flights(self._chance.randrange)
        return found

    def receive(self, data: bytes, address: Address) -> None:
        """A packet came from there."""
        flights = self.flights.get(address)
        flight = None if flights is None else flights.receive(data)
        if flight is None:
            self.strange += 1
            why = NOT_ASKED if flights is None else flights.why
            log.debug("an answer is passed over", extra={"address": f"{address[0]}:{address[1]}", "reason": why})
            return
        assert flights is not None, "the request was under way there"
        _end(flight, flights.answer)

    def tick(self, now_ns: int) -> None:
        """Sends again what is due, gives up what is over."""
        for address, flights in tuple(self.flights.items()):
            for flight in flights.due(now_ns):
                self.send(flight.raw, address)
            for flight in flights.given_up(now_ns):
                _end(flight, None)

    def send(self, raw: bytes, address: Address) -> None:
        """Puts a packet on its way; what cannot be sent is as good as lost."""

    def fail(self) -> None:
        """Nothing more will be answered."""
        for flights in self.flights.values():
            for flight in flights.drop_all():
                _end(flight, None)


class DatagramWay(Way, asyncio.DatagramProtocol):
    """One UDP port of ours."""

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int] | tuple[str, int, int, int]) -> None:
        self.receive(data, (addr[0], addr[1]))

    def close(self) -> None:
        """Frees the port."""
        if self.transport is not None:
            self.transport.close()

    def error_received(self, exc: Exception) -> None:
        """An ICMP error: anybody can forge one, so the request waits on."""
        log.debug("a NAS cannot be reached", extra={"reason": str(exc)})

    def send(self, raw: bytes, address: Address) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.sendto(raw, address)


class StreamWay(Way, asyncio.Protocol):
    """One TCP connection; `gone` is told of its end."""

    def __init__(self, chance: Random, address: Address, gone: Callable[[], None]) -> None:
        super().__init__(chance)
        self._address = address
        self._gone = gone
        self._stream = PacketStream()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._stream.feed(data)
        while (packet := self._stream.next()) is not None:
            self.receive(packet, self._address)
        if self._stream.broken is not None and self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone()
        self.fail()

    def send(self, raw: bytes, address: Address) -> None:
        link = self._transport
        if link is None or link.is_closing():
            return
        if link.get_write_buffer_size() > MAX_UNREAD_BYTES:
            log.warning("a NAS reads nothing: its connection ends", extra={"address": f"{address[0]}:{address[1]}"})
            link.abort()
            return
        link.write(raw)

    def close(self) -> None:
        """Ends the connection."""
        if self._transport is not None:
            self._transport.abort()


def _end(flight: Flight, answer: Packet | None) -> None:
    waiting = cast(Answer, flight.tag)
    if not waiting.done():
        waiting.set_result(answer)
