"""A UDP port: datagrams in, answers out when what they tell is on disk.

Where it listens on every address of the machine an answer leaves from the address that was asked: NASes take it from no other.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
from collections import deque
from time import monotonic, monotonic_ns
from typing import Final, Protocol

from gateway.agents.radius import limits as bounds
from gateway.agents.radius.counts import DUPLICATE, OVERLOAD, UNSENT
from gateway.agents.radius.intake import ACCOUNTING, Intake, Staged
from gateway.agents.radius.limits import MAX_TURN_DATAGRAMS
from gateway.agents.radius.nas import Sender
from gateway.agents.stage import CROWDED, LATER
from gateway.processors.fetching import Fetched
from gateway.protocols.radius.duplicates import FULL, NEW, REPEATED, Duplicates
from gateway.protocols.radius.packet import Packet
from gateway.transport import limits
from gateway.transport.datagrams import IP_PKTINFO, Datagram, address_of
from gateway.transport.limits import DATAGRAM_BATCH

log: Final = logging.getLogger(__name__)

# No constants to the compiler, so that a test can set them lower.
MAX_PEERS = bounds.MAX_PEERS
TURN_SECONDS = limits.TURN_SECONDS

_SO_RCVBUFFORCE: Final = 33  # asm-generic/socket.h
_SO_MEMINFO: Final = 55
_MEMINFO: Final = struct.Struct("=9I")  # linux/sock_diag.h
_DROPS: Final = 8


class Carrier(Protocol):
    """Fulfilled by gateway.transport.datagrams.Datagrams."""

    def receive(self) -> list[Datagram]:
        """What is there, at most DATAGRAM_BATCH."""

    def send(self, gone: list[Datagram]) -> list[tuple[int, int]]:
        """Sends them; those that the system did not take, as place and number of the error."""


class Peer:
    """An address and port that datagrams came from. `remote` is both, once it is known whose they are."""

    host: str
    port: int
    remote: str

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.remote = ""


class Waiting:
    """A request whose answer waits for the disk, and where that goes."""

    packet: Packet
    sender: Sender
    remote: str
    asked: Datagram

    def __init__(self, packet: Packet, sender: Sender, remote: str, asked: Datagram) -> None:
        self.packet = packet
        self.sender = sender
        self.remote = remote
        self.asked = asked


class DatagramPort:
    """`ready` is called by the loop when there is something to read."""

    duplicates: Duplicates
    _link: Carrier
    _takes: int
    _intake: Intake
    _peers: dict[bytes, Peer]  # bounded by MAX_PEERS
    _waiting: deque[Waiting]  # in the order in which the gate has their answers
    _leaving: list[Datagram]  # answers that are sent together
    _senders: list[Sender]  # whose they are
    _is_accounting: bool

    def __init__(self, link: Carrier, takes: int, intake: Intake, duplicates: Duplicates) -> None:
        self.duplicates = duplicates
        self._link = link
        self._takes = takes
        self._intake = intake
        self._peers = {}
        self._waiting = deque()
        self._leaving = []
        self._senders = []
        self._is_accounting = takes == ACCOUNTING

    @property
    def in_flight(self) -> int:
        """How many requests are not answered yet."""
        return len(self._waiting)

    # -- in ----------------------------------------------------------------------------------------------------------------

    def ready(self) -> None:
        """Takes what is there, up to the bounds of one turn; the rest stays for the next."""
        over_at = monotonic() + TURN_SECONDS
        taken = 0
        while taken < MAX_TURN_DATAGRAMS:
            found = self._link.receive()
            try:
                for datagram in found:
                    self.take(datagram)
            finally:
                self.flush()
            taken += len(found)
            if len(found) < DATAGRAM_BATCH or monotonic() > over_at:
                return

    def take(self, datagram: Datagram) -> None:
        """Works on one datagram."""
        intake = self._intake
        peer = self._peers.get(datagram.name)
        if peer is None:
            peer = self._met(datagram.name)
        sender = intake.sender(peer.host)
        if sender is None or not intake.has_place(sender):
            return
        secret = sender.nas.secret
        packet = intake.look(datagram.data, sender, secret, self._takes)
        if packet is None:
            return
        remote = peer.remote
        if not remote:
            remote = peer.remote = f"{sender.address}:{peer.port}"
        duplicates = self.duplicates
        found = duplicates.offer(remote, packet, monotonic_ns())
        if found == NEW:
            if intake.stages:
                taken = intake.offer(StagedDatagram(self, intake, Waiting(packet, sender, remote, datagram), secret))
                if taken == CROWDED:
                    duplicates.dropped(remote, packet)
                if taken in (CROWDED, LATER):
                    return
            made = intake.work(packet, sender, remote, self._is_accounting, secret)
            self.leave(Waiting(packet, sender, remote, datagram), made)
        elif found == REPEATED:
            sender.nas.counts.repeated += 1
            self._send(duplicates.answer, datagram, sender)
        else:
            sender.nas.counts.discarded(OVERLOAD if found == FULL else DUPLICATE)

    def _met(self, name: bytes) -> Peer:
        """Who sends from there for the first time, as far as is remembered."""
        peers = self._peers
        if len(peers) >= MAX_PEERS:
            peers.clear()
        host, port = address_of(name)
        peer = peers[name] = Peer(host, port)
        return peer

    # -- out ---------------------------------------------------------------------------------------------------------------

    @property
    def is_accounting(self) -> bool:
        """Whether it is asked for accounting."""
        return self._is_accounting

    def leave(self, waiting: Waiting, made: bytes) -> None:
        """An answer is made, empty for none: it leaves when what it tells is on disk."""
        intake = self._intake
        if not made:
            self.duplicates.dropped(waiting.remote, waiting.packet)
        elif intake.gate.is_open(intake.ticket):
            self._answer(waiting, made)
        else:
            intake.in_flight += 1
            self._waiting.append(waiting)
            intake.gate.hold(intake.ticket, self, made)

    def deliver(self, answer: bytes) -> None:
        """An answer may leave: that of the request that waits the longest (Sink)."""
        self._intake.in_flight -= 1
        self._answer(self._waiting.popleft(), answer)

    def flush(self) -> None:
        """Sends what was gathered (Sink)."""
        leaving, senders = self._leaving, self._senders
        if not leaving:
            return
        self._leaving, self._senders = [], []
        for place, number in self._link.send(leaving):  # the system has no room for it, say: the NAS will ask again
            nas = senders[place].nas
            nas.counts.discarded(UNSENT)
            self._intake.tell(logging.WARNING, "an answer was not sent", {"nas": nas.name, "reason": os.strerror(number)})

    def _answer(self, waiting: Waiting, answer: bytes) -> None:
        """Sends it, unless its client has begun another request under the same identifier, and waits for this no more."""
        if self.duplicates.answered(waiting.remote, waiting.packet, answer, monotonic_ns()):
            self._send(answer, waiting.asked, waiting.sender)

    def _send(self, answer: bytes, asked: Datagram, sender: Sender) -> None:
        self._leaving.append(Datagram(answer, asked.name, asked.control))
        self._senders.append(sender)


class StagedDatagram(Staged):
    """A datagram whose request may need values; copies of it that come meanwhile are passed over."""

    _port: DatagramPort
    _waiting: Waiting

    def __init__(self, port: DatagramPort, intake: Intake, waiting: Waiting, secret: bytes) -> None:
        super().__init__(intake, waiting.packet, waiting.sender, waiting.remote, port.is_accounting, secret)
        self._port = port
        self._waiting = waiting

    def work(self, fetched: Fetched) -> None:
        super().work(fetched)
        self._port.leave(self._waiting, self.made(fetched))
        self._port.flush()

    def drop(self) -> None:
        super().drop()
        self._port.leave(self._waiting, b"")


def datagram_socket(host: str, port: int, receive_bytes: int) -> socket.socket:
    """A UDP socket bound to an address, to every one where the host is empty. Raises OSError when it cannot be had."""
    both = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both or ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if both else 1)
        if is_everywhere(host):
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            else:
                made.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        if receive_bytes:
            _widen(made, receive_bytes)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made


def _widen(link: socket.socket, receive_bytes: int) -> None:
    """Has the system keep so much of what is not read yet; as much of it as it allows, which an operator is told."""
    try:
        link.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, receive_bytes)
    except PermissionError:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    granted = link.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2  # the system doubles it, for what it needs itself
    if granted < receive_bytes:
        log.warning("the system gives less receive_buffer: see net.core.rmem_max", extra={"asked": receive_bytes, "granted": granted})


def system_drops(link: socket.socket) -> int:
    """Datagrams that the system has dropped because nobody read those before them in time."""
    return int(_MEMINFO.unpack(link.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[_DROPS])


def is_everywhere(host: str) -> bool:
    """Whether an address means all of the machine."""
    return host in ("", "0.0.0.0", "::")
