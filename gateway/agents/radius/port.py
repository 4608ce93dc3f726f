"""A UDP port: datagrams in, answers out when what they tell is on disk.

Where it listens on every address of the machine an answer leaves from the address that was asked: NASes take it from no other.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections import deque
from time import monotonic, monotonic_ns
from typing import Any, Final

from gateway.agents.radius.counts import DUPLICATE, OVERLOAD, UNSENT
from gateway.agents.radius.intake import ACCOUNTING, Intake
from gateway.agents.radius.limits import LOOK_EVERY, MAX_TURN_DATAGRAMS
from gateway.agents.radius.nas import Sender
from gateway.protocols.radius.duplicates import FULL, NEW, REPEATED, Duplicates
from gateway.protocols.radius.limits import MAX_PACKET_BYTES
from gateway.protocols.radius.packet import Packet
from gateway.transport import limits

log: Final = logging.getLogger(__name__)

TURN_SECONDS = limits.TURN_SECONDS  # no constant to the compiler, so that a test can set it lower

SocketAddress = tuple[Any, ...]
"""As sockets have it: host, port, and for IPv6 flow and zone."""

Ancillary = list[tuple[int, int, bytes]]
IP_PKTINFO: Final = 8  # linux/in.h; the socket module has no name for it
_ANCILLARY_BYTES: Final = socket.CMSG_SPACE(20)
_V4: Final = struct.Struct("=i4s4s")  # in_pktinfo: interface, address that is used, address that was asked
_V6: Final = struct.Struct("=16sI")  # in6_pktinfo: address, interface
_SO_RCVBUFFORCE: Final = 33  # asm-generic/socket.h
_SO_MEMINFO: Final = 55
_MEMINFO: Final = struct.Struct("=9I")  # linux/sock_diag.h
_DROPS: Final = 8
_LINK_LOCAL: Final = b"\xfe\x80"


class Waiting:
    """A request whose answer waits for the disk, and where that goes."""

    packet: Packet
    sender: Sender
    remote: str
    address: SocketAddress
    source: Ancillary

    def __init__(self, packet: Packet, sender: Sender, remote: str, address: SocketAddress, source: Ancillary) -> None:
        self.packet = packet
        self.sender = sender
        self.remote = remote
        self.address = address
        self.source = source


class DatagramPort:
    """`ready` is called by the loop when there is something to read."""

    duplicates: Duplicates
    _link: socket.socket
    _takes: int
    _intake: Intake
    _waiting: deque[Waiting]  # in the order in which the gate has their answers
    _everywhere: bool
    _is_accounting: bool

    def __init__(self, link: socket.socket, takes: int, intake: Intake, duplicates: Duplicates, everywhere: bool) -> None:
        """`everywhere`: the socket is bound to no one address."""
        self.duplicates = duplicates
        self._link = link
        self._takes = takes
        self._intake = intake
        self._waiting = deque()
        self._everywhere = everywhere
        self._is_accounting = takes == ACCOUNTING

    @property
    def in_flight(self) -> int:
        """How many requests are not answered yet."""
        return len(self._waiting)

    # -- in ----------------------------------------------------------------------------------------------------------------

    def ready(self) -> None:
        """Takes what is there, up to the bounds of one turn; the rest stays for the next."""
        over_at = monotonic() + TURN_SECONDS
        for number in range(MAX_TURN_DATAGRAMS):
            source: Ancillary = []
            try:
                if self._everywhere:
                    data, ancillary, _, address = self._link.recvmsg(MAX_PACKET_BYTES, _ANCILLARY_BYTES)
                    source = answering(ancillary)
                else:
                    data, address = self._link.recvfrom(MAX_PACKET_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:  # an ICMP error for an answer, say
                log.debug("a datagram could not be read", extra={"reason": error.strerror})
                continue
            self.take(data, address, source)
            if not (number + 1) % LOOK_EVERY and monotonic() > over_at:
                return

    def take(self, data: bytes, address: SocketAddress, source: Ancillary) -> None:
        """Works on one datagram."""
        intake = self._intake
        host = str(address[0])
        sender = intake.sender(host)
        if sender is None or not intake.has_place(sender):
            return
        secret = sender.nas.secret
        packet = intake.look(data, sender, secret, self._takes)
        if packet is None:
            return
        remote = f"{sender.address}:{address[1]}"
        duplicates = self.duplicates
        found = duplicates.offer(remote, packet, monotonic_ns())
        if found == NEW:
            made = intake.work(packet, sender, remote, self._is_accounting, secret)
            if not made:
                duplicates.dropped(remote, packet)
                return
            waiting = Waiting(packet, sender, remote, address, source)
            if intake.gate.is_open(intake.ticket):
                self._answer(waiting, made)
                return
            intake.in_flight += 1
            self._waiting.append(waiting)
            intake.gate.hold(intake.ticket, self, made)
        elif found == REPEATED:
            sender.nas.counts.repeated += 1
            self._send(duplicates.answer, address, source, sender)
        else:
            sender.nas.counts.discarded(OVERLOAD if found == FULL else DUPLICATE)

    # -- out ---------------------------------------------------------------------------------------------------------------

    def deliver(self, answer: bytes) -> None:
        """An answer may leave: that of the request that waits the longest (Sink)."""
        self._intake.in_flight -= 1
        self._answer(self._waiting.popleft(), answer)

    def flush(self) -> None:
        """Nothing is gathered (Sink)."""

    def _answer(self, waiting: Waiting, answer: bytes) -> None:
        """Sends it, unless its client has begun another request under the same identifier, and waits for this no more."""
        if self.duplicates.answered(waiting.remote, waiting.packet, answer, monotonic_ns()):
            self._send(answer, waiting.address, waiting.source, waiting.sender)

    def _send(self, answer: bytes, address: SocketAddress, source: Ancillary, sender: Sender) -> None:
        try:
            if source:
                self._link.sendmsg([answer], source, 0, address)
            else:
                self._link.sendto(answer, address)
        except OSError as error:  # the system has no room for it, say: the NAS will ask again
            sender.nas.counts.discarded(UNSENT)
            self._intake.tell(logging.WARNING, "an answer was not sent", {"nas": sender.nas.name, "reason": error.strerror})


def answering(ancillary: Ancillary) -> Ancillary:
    """From what the system tells of a datagram's way: what has its answer leave from the address that was asked."""
    for level, kind, value in ancillary:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO and len(value) == _V4.size:
            _, local, _ = _V4.unpack(value)
            return [(level, kind, _V4.pack(0, local, bytes(4)))]
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO and len(value) == _V6.size:
            local, interface = _V6.unpack(value)
            return [(level, kind, _V6.pack(local, interface if local.startswith(_LINK_LOCAL) else 0))]
    return []


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
