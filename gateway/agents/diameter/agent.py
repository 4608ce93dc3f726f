"""The Diameter agent: its ports, the peers that it dials, everybody who is connected, and what all of them share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic_ns
from typing import Final

from engine.times import SECOND
from gateway.agents.diameter.admission import Admission
from gateway.agents.diameter.clients import DiameterClients, Templates
from gateway.agents.diameter.counts import Counts
from gateway.agents.diameter.destinations import Destinations
from gateway.agents.diameter.dialling import DialledLink, Dialler, Trust
from gateway.agents.diameter.limits import FAREWELL_SECONDS, TICK_SECONDS
from gateway.agents.diameter.link import House, Link
from gateway.agents.diameter.requests import Language
from gateway.agents.diameter.settings import SCTP, TLS, sctp_socket
from gateway.config.agents import Diameter, DiameterListener, DiameterPeer
from gateway.config.tree import split_address
from gateway.protocols.diameter.codes import REBOOTING
from gateway.protocols.diameter.peer import Settings
from gateway.transport.census import Census
from gateway.transport.gate import Gate
from gateway.transport.listener import Listener
from gateway.transport.tls import Certificates

log: Final = logging.getLogger(__name__)


class Ports:
    """Where the agent listens; `certificates` are those of its own TLS ports."""

    def __init__(self, listeners: Sequence[DiameterListener], certificates: Certificates | None, connect_timeout_ns: int) -> None:
        self.listeners = listeners
        self.certificates = certificates
        self.connect_timeout_seconds = connect_timeout_ns / SECOND


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a running agent takes another one of; `trust` is for peers that are dialled over TLS."""

    section: Diameter
    language: Language
    templates: Templates
    admission: Admission
    destinations: Destinations
    trust: Trust | None


class DiameterAgent:
    """`start` and `stop` on a running loop, once each. `clients` are its peers as sessions call them."""

    def __init__(
        self, house: House, settings: Settings, clients: DiameterClients, ports: Ports, spoken: Spoken, gate: Gate, census: Census
    ) -> None:
        self.house: Final = house
        self.clients: Final = clients
        self._ports = ports
        self._settings = settings
        self._doors = [self._door(gate, census) for _ in ports.listeners]
        self._dialled = self._door(gate, census)
        self._trust = spoken.trust
        self._diallers = [self._dialler(peer) for peer in spoken.section.peers]
        self._tick: asyncio.TimerHandle | None = None

    @property
    def counts(self) -> Counts:
        """What was counted since the start."""
        return self.house.counts

    @property
    def connections(self) -> int:
        """How many there are, introduced or not."""
        return sum(door.connections for door in (*self._doors, self._dialled))

    @property
    def held_bytes(self) -> int:
        """Octets of messages that are not whole yet."""
        return sum(door.held_bytes for door in (*self._doors, self._dialled))

    @property
    def stuck_bytes(self) -> int:
        """Octets that peers do not take."""
        return sum(door.stuck_bytes for door in (*self._doors, self._dialled))

    @property
    def dialled(self) -> tuple[int, int]:
        """How many peers are to be dialled, and how many of them are connected."""
        return len(self._diallers), sum(dialler.connected for dialler in self._diallers)

    def addresses(self) -> list[str]:
        """Where it listens."""
        found = []
        for door, option in zip(self._doors, self._ports.listeners, strict=True):
            if door.listening:
                found.append(f"{option.address.rpartition(':')[0]}:{door.port}/{option.network}")
        return found

    # -- life ------------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Every port is taken when it returns. OSError where one cannot be had, SettingsError where the kernel has no SCTP."""
        for door, option in zip(self._doors, self._ports.listeners, strict=True):
            address = split_address(option.address)
            if address is None:
                continue
            if option.network == SCTP:
                door.start_socket(sctp_socket(*address, listening=True))
            elif option.network == TLS:
                assert self._ports.certificates is not None, "a port that speaks TLS has certificates: they were asked for before"
                door.start_tls(*address, self._ports.certificates)
            else:
                await door.start(*address)
        for dialler in self._diallers:
            dialler.start()
        self._arm()

    async def stop(self, timeout_seconds: float) -> None:
        """Frees the ports, takes leave of every peer (DPR, REBOOTING), lets what is in flight finish, then closes what is left."""
        if self._tick is not None:
            self._tick.cancel()
        for dialler in self._diallers:
            dialler.stop()
        for door in self._doors:
            door.close_port()
        seconds = min(FAREWELL_SECONDS, timeout_seconds)
        farewells = [peer.say_goodbye(REBOOTING, seconds) for peer in self.house.roster]
        if farewells:
            await asyncio.gather(*farewells)
        await asyncio.gather(*(door.stop(timeout_seconds) for door in (*self._doors, self._dialled)))

    def _arm(self) -> None:
        self._tick = asyncio.get_running_loop().call_later(TICK_SECONDS, self._look)

    def _look(self) -> None:
        """Has every connection look at its watchdog."""
        now_ns = monotonic_ns()
        for link in tuple(self.house.links):
            link.tick(now_ns)
        self._arm()

    # -- another configuration -------------------------------------------------------------------------------------------

    def speak(self, spoken: Spoken) -> None:
        """Requests from the next one on are worked off so, and peers from the next one on let in so. Connections stay, but for those to
        peers that are dialled no more: they are told goodbye."""
        section, house = spoken.section, self.house
        house.requests.speak(spoken.language, spoken.destinations, spoken.templates.read, cc_in_errors=section.request_in_errors)
        house.admission = spoken.admission
        house.max_requests = section.max_requests
        house.max_message_bytes = section.max_message_bytes
        house.synced = section.synced_conn_requests
        self.clients.speak(spoken.templates, section.request_timeout_ns)
        self._trust = spoken.trust
        self._dial(section.peers)

    def _dial(self, peers: Sequence[DiameterPeer]) -> None:
        """These and no others are dialled from now on."""
        kept = [dialler for dialler in self._diallers if dialler.peer in peers]
        for dialler in self._diallers:
            if dialler not in kept:
                dialler.leave()
        known = [dialler.peer for dialler in kept]
        begun = [self._dialler(peer) for peer in peers if peer not in known]
        self._diallers = kept + begun
        for dialler in begun:
            dialler.start()

    # -- connections -----------------------------------------------------------------------------------------------------

    def _door(self, gate: Gate, census: Census) -> Listener:
        """A door whose connections are peers that connect to us."""
        door: Listener = Listener(gate, census, lambda: Link(door, self.house, self._settings))
        return door

    def _dialler(self, peer: DiameterPeer) -> Dialler:
        def make(likely_host: str) -> DialledLink:
            closed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            link = Link(
                self._dialled,
                self.house,
                self._settings,
                dialled=True,
                expected_host=peer.origin_host,
                likely_host=likely_host,
                closed=closed,
            )
            return DialledLink(link, closed)

        ports = self._ports
        house = self.house
        has_called = house.elections.has_called
        return Dialler(peer, make, has_called, lambda: self._trust, ports.connect_timeout_seconds, house.chance)
