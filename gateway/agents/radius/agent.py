"""The RADIUS agent: its ports, and what all of them share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from gateway.agents.radius.clients import RadiusClients, Templates
from gateway.agents.radius.incoming import Incoming
from gateway.agents.radius.intake import ACCOUNTING, AUTHENTICATION, BOTH, Intake
from gateway.agents.radius.limits import MAX_KEPT_BYTES
from gateway.agents.radius.link import RadiusLink
from gateway.agents.radius.nas import Nas
from gateway.agents.radius.port import DatagramPort, datagram_socket, is_everywhere, system_drops
from gateway.agents.radius.remembering import Remembering
from gateway.agents.radius.settings import RADSEC, TCP, TLS, UDP
from gateway.agents.radius.targets import Targets
from gateway.config.agents import Radius, RadiusListener
from gateway.config.tree import split_address
from gateway.processors.run import Processors
from gateway.protocols.radius.duplicates import Duplicates
from gateway.transport.census import Census
from gateway.transport.datagrams import Datagrams
from gateway.transport.gate import Gate
from gateway.transport.listener import Listener
from gateway.transport.tls import Certificates


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the agent listens, and how: `certificates` are those of its TLS ports, `receive_bytes` the system's buffer of a UDP port
    (0: the system's own), `window_ns` and `max_duplicates` for how long and how many answers a UDP port gives again."""

    listeners: Sequence[RadiusListener]
    certificates: Certificates | None
    receive_bytes: int
    window_ns: int
    max_duplicates: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a running agent takes another one of."""

    section: Radius
    nases: list[Nas]
    processors: Processors
    targets: Targets
    templates: Templates
    remembering: Remembering


class UdpDoor:
    """A UDP port with its socket."""

    def __init__(self, host: str, port: int, takes: int, intake: Intake, ports: Ports) -> None:
        """Raises OSError where the address cannot be had."""
        self._link = datagram_socket(host, port, ports.receive_bytes)
        self.port = int(self._link.getsockname()[1])
        self.datagrams = DatagramPort(
            Datagrams(self._link, is_everywhere(host)),
            takes,
            intake,
            Duplicates(ports.max_duplicates, ports.window_ns, MAX_KEPT_BYTES),
        )
        self._reading = True
        asyncio.get_running_loop().add_reader(self._link.fileno(), self.datagrams.ready)

    @property
    def dropped(self) -> int:
        """Datagrams that the system has dropped; 0 once the port is closed."""
        return system_drops(self._link) if self._link.fileno() >= 0 else 0

    def close_port(self) -> None:
        """Takes nothing more; answers may still leave."""
        if self._reading:
            self._reading = False
            asyncio.get_running_loop().remove_reader(self._link.fileno())

    def close(self) -> None:
        """The port is free."""
        self.close_port()
        self._link.close()


class RadiusAgent:
    """`start` and `stop` on a running loop, once each."""

    def __init__(
        self,
        intake: Intake,
        ports: Ports,
        clients: RadiusClients,
        gate: Gate,
        census: Census,
        *,
        incoming: Incoming | None,
    ) -> None:
        """`incoming`: where others ask us to end and to alter sessions; None: nowhere."""
        self.incoming: Final = incoming
        self.intake: Final = intake
        self.clients: Final = clients
        self._ports = ports
        self._gate = gate
        self._census = census
        self._udp: list[UdpDoor] = []
        self._streams: list[Listener] = []
        self._addresses: list[str] = []

    @property
    def nases(self) -> list[Nas]:
        """Everybody who may ask."""
        return self.intake.nases.all

    @property
    def demanded(self) -> int:
        """Of how many addresses Message-Authenticator is demanded since they sent it."""
        return self.intake.nases.demanded

    @property
    def kept_answers(self) -> int:
        """Answers that are kept for a request that comes again, and requests that are being worked on."""
        return sum(len(door.datagrams.duplicates) for door in self._udp)

    @property
    def kept_bytes(self) -> int:
        """Octets of them."""
        return sum(door.datagrams.duplicates.held_bytes for door in self._udp)

    @property
    def system_drops(self) -> int:
        """Datagrams that the system has dropped because they were not read in time."""
        return sum(door.dropped for door in self._udp)

    @property
    def connections(self) -> int:
        """How many there are over TCP and TLS."""
        return sum(door.connections for door in self._streams)

    @property
    def held_bytes(self) -> int:
        """Octets of packets that are not whole yet."""
        return sum(door.held_bytes for door in self._streams)

    @property
    def stuck_bytes(self) -> int:
        """Octets of answers that NASes do not take."""
        return sum(door.stuck_bytes for door in self._streams)

    def speak(self, spoken: Spoken) -> None:
        """Packets from the next one on are worked off so, of these clients; those that stay keep their counts, and what was learned of
        their signatures."""
        intake = self.intake
        intake.nases.replace(spoken.nases)
        intake.max_requests = spoken.section.max_requests
        intake.requests.processors = spoken.processors
        intake.requests.remembering = spoken.remembering
        self.clients.speak(spoken.targets, spoken.templates, event_timestamp=spoken.section.da_event_timestamp)

    def addresses(self) -> list[str]:
        """Where it listens."""
        return self._addresses

    # -- life ------------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Every port is taken when it returns. OSError where one cannot be had."""
        for option in self._ports.listeners:
            for text, takes in ((option.auth_address, AUTHENTICATION), (option.acct_address, ACCOUNTING)):
                address = split_address(text)
                if address is not None:
                    port = await self._open(option.network, *address, takes)
                    self._addresses.append(f"{text.rpartition(':')[0]}:{port}/{option.network}")
        if self.incoming is not None:
            self.incoming.start()
            self._addresses.append(f"{self.incoming.host}:{self.incoming.port}/{UDP}")

    async def _open(self, network: str, host: str, port: int, takes: int) -> int:
        """Opens one port; its number."""
        if network == UDP:
            datagrams = UdpDoor(host, port, takes, self.intake, self._ports)
            self._udp.append(datagrams)
            return datagrams.port
        intake, secret = self.intake, b""
        if network == TLS:
            takes, secret = BOTH, RADSEC
        door: Listener = Listener(self._gate, self._census, lambda: RadiusLink(door, intake, takes, secret))
        self._streams.append(door)
        if network == TCP:
            await door.start(host, port)
        else:
            assert self._ports.certificates is not None, "a port that speaks TLS has certificates: they were asked for before"
            door.start_tls(host, port, self._ports.certificates)
        return door.port

    async def stop(self, timeout_seconds: float) -> None:
        """Frees the ports, lets what is in flight finish, then closes what is left."""
        for udp in self._udp:
            udp.close_port()
        for stream in self._streams:
            stream.close_port()
        if self.incoming is not None:
            self.incoming.stop()
        await self.intake.stage.settle(timeout_seconds)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._gate.wait(self.intake.requests.latest_ticket)
        await asyncio.gather(*(door.stop(timeout_seconds) for door in self._streams))
        for udp in self._udp:
            udp.close()
        self.clients.outgoing.stop()
