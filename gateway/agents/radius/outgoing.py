"""Requests of ours on their way to NASes: sockets, connections, copies, and who waits for which answer.

Over UDP a NAS knows our requests by port and identifier, so a port has 256 under way to each NAS; where that is not enough another is
opened. A NAS gets at most MAX_ASKED at once, the others wait in the order in which they came: a credit that ends for ten thousand sessions
of one BNG at once must not flood it. Over TCP there is one connection to each NAS, made when it is needed (RFC 6613). A connection that the
NAS itself has open is another way (gateway.agents.radius.backways).
"""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress
from ipaddress import ip_address
from random import Random
from time import monotonic_ns
from typing import Final

from engine.times import SECOND
from gateway.agents.radius.backways import BackWay, Backways
from gateway.agents.radius.limits import DIAL_SECONDS, MAX_ASKED, TICK_SECONDS
from gateway.agents.radius.ways import Address, Answer, DatagramWay, StreamWay, Way
from gateway.protocols.radius.asking import IDENTIFIERS, Pace
from gateway.protocols.radius.packet import Packet
from gateway.protocols.radius.signing import request

log: Final = logging.getLogger(__name__)


class Outgoing:
    """Asks NASes. Its sockets are opened when they are needed, on the running loop; `stop` closes them."""

    def __init__(self, chance: Random, pace: Pace, source: str) -> None:
        """`source`: the address of ours that requests leave from; empty: the system's choice."""
        self._chance = chance
        self._pace = pace
        self._once = Pace(0, 0, pace.timeout_ns)
        self._source = source
        self._datagrams: dict[int, list[DatagramWay]] = {}  # by address family
        self._streams: dict[Address, StreamWay] = {}
        self._opening = asyncio.Lock()  # so that a burst of requests opens one port, not one each
        self._dialling: dict[Address, asyncio.Lock] = {}
        self._places: dict[Address, asyncio.Semaphore] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.backways: Final = Backways(chance)
        self.under_way = 0
        self._stopped = False
        self._strange = 0  # of ways that are gone

    @property
    def strange(self) -> int:
        """Packets that came and answered nothing: wrongly signed, too late, not asked for."""
        return self._strange + self.backways.strange + sum(way.strange for way in self._ways())

    async def ask(self, host: str, port: int, *, stream: bool, code: int, body: bytes, secret: bytes, signed: bool) -> Packet | None:
        """The answer to a request; None where none came in time, or it could not be sent. ValueError for more than fits into a packet."""
        request(code, 0, body, secret, signed=signed)
        found = await self._resolved(host, port)
        if found is None:
            return None
        family, address = found
        places = self._places.get(address)
        if places is None:
            places = self._places[address] = asyncio.Semaphore(IDENTIFIERS if stream else MAX_ASKED)
        self.under_way += 1
        try:
            async with places:
                if self._stopped:
                    return None
                way = await (self._connected(address) if stream else self._datagram_way(family, address))
                return None if way is None else await self._exchange(way, address, (code, body, secret, signed), self._pace_of(stream))
        finally:
            self.under_way -= 1
            if not places.locked() and self._places.get(address) is places and self._is_idle(address):
                del self._places[address]

    async def ask_back(self, way: BackWay, code: int, body: bytes, *, signed: bool) -> Packet | None:
        """The answer to a request over a connection that the NAS has open; None where none came in time, it was closed, or proved deaf.
        ValueError as `ask`."""
        request(code, 0, body, way.secret, signed=signed)
        self.under_way += 1
        try:
            async with way.places:
                lost = way.gone or way.deaf  # meanwhile
                return None if lost else await self._exchange(way, way.address, (code, body, way.secret, signed), self._once)
        finally:
            self.under_way -= 1

    def stop(self) -> None:
        """Closes everything; who waits gets None, and so does who asks from now on."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for back in self.backways.ways:
            back.gone = True
        for way in self._ways():
            way.fail()
        for ways in self._datagrams.values():
            for datagrams in ways:
                datagrams.close()
        for link in tuple(self._streams.values()):
            link.close()
        self._datagrams.clear()

    # -- exchanges -------------------------------------------------------------------------------------------------------

    def _pace_of(self, stream: bool) -> Pace:
        return self._once if stream else self._pace

    async def _exchange(self, way: Way, address: Address, made: tuple[int, bytes, bytes, bool], pace: Pace) -> Packet | None:
        code, body, secret, signed = made
        flights = way.of(address)
        identifier = flights.free()
        assert identifier >= 0, "a way was looked for that has a free identifier"
        answer: Answer = asyncio.get_running_loop().create_future()
        raw = request(code, identifier, body, secret, signed=signed)
        flight = flights.begin(raw, secret, pace, monotonic_ns(), answer)
        way.send(raw, address)
        self._arm()
        try:
            return await answer
        finally:
            flights.drop(flight)
            if not len(flights) and way.flights.get(address) is flights:
                del way.flights[address]

    def _is_idle(self, address: Address) -> bool:
        return not any(address in way.flights for way in self._ways())

    def _ways(self) -> list[Way]:
        found: list[Way] = [way for ways in self._datagrams.values() for way in ways]
        found.extend(self._streams.values())
        found.extend(self.backways.ways)
        return found

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now_ns = monotonic_ns()
        for way in self._ways():
            way.tick(now_ns)
        if self.under_way:
            self._arm()

    # -- ways ------------------------------------------------------------------------------------------------------------

    async def _resolved(self, host: str, port: int) -> tuple[int, Address] | None:
        """The family and the address of a host; None, and the log knows, for one that is not found."""
        with suppress(ValueError):
            known = ip_address(host)
            return (socket.AF_INET if known.version == 4 else socket.AF_INET6), (str(known), port)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except OSError as error:
            log.warning("a NAS has no address", extra={"host": host, "reason": error.strerror})
            return None
        family, _, _, _, address = found[0]
        return int(family), (str(address[0]), port)

    async def _datagram_way(self, family: int, address: Address) -> Way | None:
        """A port of ours with a free identifier for the address."""
        async with self._opening:
            ways = self._datagrams.setdefault(family, [])
            for way in ways:
                flights = way.flights.get(address)
                if flights is None or not flights.is_full:
                    return way
            made = await self._opened(family)
            if made is not None:
                ways.append(made)
            return made

    async def _opened(self, family: int) -> DatagramWay | None:
        local = self._source or ("::" if family == socket.AF_INET6 else "0.0.0.0")
        try:
            _, made = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: DatagramWay(self._chance), local_addr=(local, 0), family=family
            )
        except OSError as error:
            log.error("no port for requests to NASes can be had", extra={"address": local, "reason": error.strerror})
            return None
        if self._stopped:
            made.close()
            return None
        return made

    async def _connected(self, address: Address) -> Way | None:
        """The connection to an address, made where there is none."""
        lock = self._dialling.setdefault(address, asyncio.Lock())
        async with lock:
            way = self._streams.get(address)
            if way is None:
                way = await self._dialled(address)
        if not lock.locked() and self._dialling.get(address) is lock:
            del self._dialling[address]
        return way if way is None or not way.of(address).is_full else None

    async def _dialled(self, address: Address) -> StreamWay | None:
        def gone() -> None:
            old = self._streams.pop(address, None)
            self._strange += 0 if old is None else old.strange

        local = (self._source, 0) if self._source else None
        seconds = min(DIAL_SECONDS, self._pace.timeout_ns / SECOND)
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(seconds):
                made = StreamWay(self._chance, address, gone)
                await asyncio.get_running_loop().create_connection(lambda: made, *address, local_addr=local)
                self._streams[address] = made
                return made
        log.info("a NAS cannot be connected to", extra={"address": f"{address[0]}:{address[1]}"})
        return None
