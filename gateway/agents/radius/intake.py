"""What all ports share: from octets to a request that may be worked on, and to its answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, Protocol

from gateway.agents.radius.accounting import is_restart, nas_host, session_name
from gateway.agents.radius.counts import BAD_CODE, FAILED, NO_SECRET, OVERLOAD
from gateway.agents.radius.nas import Nas, Nases, Sender
from gateway.agents.radius.requests import Requests
from gateway.agents.stage import CROWDED, Stage
from gateway.processors.fetching import Fetch, Fetched
from gateway.protocols.radius.codes import ACCESS_REQUEST, ACCOUNTING_REQUEST, STATUS_SERVER
from gateway.protocols.radius.packet import DecodeError, Packet, decode
from gateway.transport import limits
from gateway.transport.caps import Caps
from gateway.transport.gate import Gate

log: Final = logging.getLogger(__name__)

MAX_GATE_BYTES = limits.MAX_GATE_BYTES  # no constant to the compiler, so that a test can set it lower

DNS: Final = "DNS"
COMMON_NAME: Final = "commonName"

# what a port takes
AUTHENTICATION: Final = 1
ACCOUNTING: Final = 2
BOTH: Final = 3


class BackLink(Protocol):
    """A connection of a NAS that can be asked over it. `answers` takes what answers requests of ours, once there were any."""

    remote: str
    answers: Callable[[bytes], None] | None

    def ask(self, raw: bytes) -> None:
        """Sends a request of ours."""


class BackLinks(Protocol):
    """Fulfilled by gateway.agents.radius.backways.Backways."""

    def join(self, link: BackLink, address: str, nas: Nas, secret: bytes) -> None:
        """A NAS has a connection from that address; `secret` is that of its packets."""

    def leave(self, link: BackLink, address: str) -> None:
        """It has not any more."""


class Intake:
    """`links` are told of connections that NASes can be asked over. `in_flight` counts the requests of all ports that are not answered yet;
    `max_requests` 0: no bound of its own. `unknown` counts packets from addresses that no entry has."""

    requests: Requests
    nases: Nases
    gate: Gate
    in_flight: int
    unknown: int
    ticket: int
    reason: str
    max_requests: int
    links: BackLinks | None
    stage: Stage
    _caps: Caps | None

    def __init__(self, requests: Requests, nases: Nases, gate: Gate, caps: Caps | None, stage: Stage, max_requests: int) -> None:
        self.requests = requests
        self.nases = nases
        self.gate = gate
        self.in_flight = 0
        self.unknown = 0
        self.ticket = 0
        self.reason = ""  # why the last packet was discarded
        self.links = None
        self.stage = stage
        self._caps = caps
        self.max_requests = max_requests

    def sender(self, address: str) -> Sender | None:
        """Whose address it is; None, counted, for one that no entry has or whose entry has no secret."""
        found = self.nases.sender(address)
        if found is None:
            self.unknown += 1
            self.tell(logging.WARNING, "a packet from an unknown client", {"address": address})
            return None
        if not found.nas.secret:
            found.nas.counts.discarded(NO_SECRET)
            self.tell(logging.WARNING, "a client has no secret", {"nas": found.nas.name, "address": address})
            return None
        return found

    def certified(self, address: str, certificate: object) -> Sender | None:
        """Who it is over TLS, by its certificate as the ssl module tells it; None, counted, for a stranger, and for one without any."""
        names = names_of(certificate)
        found = self.nases.certified(address, names) if isinstance(certificate, dict) and certificate else None
        if found is None:
            self.unknown += 1
            self.tell(logging.WARNING, "a connection of an unknown client", {"address": address, "certificate": ", ".join(names)})
        return found

    def has_place(self, sender: Sender) -> bool:
        """Whether one more request would do more than wait; False, counted, where not."""
        if (0 < self.max_requests <= self.in_flight) or self.gate.held_bytes >= MAX_GATE_BYTES:
            sender.nas.counts.discarded(OVERLOAD)
            return False
        return True

    def look(self, data: bytes, sender: Sender, secret: bytes, takes: int) -> Packet | None:
        """The request that octets are; None, counted, for what is discarded."""
        try:
            packet = decode(data)
        except DecodeError as fault:
            self.discard(sender, fault.reason)
            return None
        code = packet.code
        if code == ACCESS_REQUEST:
            wanted = takes & AUTHENTICATION
        elif code == ACCOUNTING_REQUEST:
            wanted = takes & ACCOUNTING
        else:
            wanted = code == STATUS_SERVER
        fault_word = sender.fault(packet, secret) if wanted else BAD_CODE
        if fault_word:
            self.discard(sender, fault_word)
            return None
        if sender.news:
            self.tell(logging.WARNING, sender.news, {"nas": sender.nas.name, "address": sender.address})
            sender.news = ""
        return packet

    def discard(self, sender: Sender, reason: str) -> None:
        """Counts what is discarded without an answer, and tells an operator within bounds."""
        self.reason = reason
        nas = sender.nas
        nas.counts.discarded(reason)
        self.tell(logging.WARNING, "a packet is discarded", {"nas": nas.name, "address": sender.address, "reason": reason})

    @property
    def stages(self) -> bool:
        """Whether requests are offered: some need values that are fetched, or needed them under the configuration before and still wait."""
        return self.requests.fetches or self.stage.waiting > 0

    def offer(self, staged: Staged) -> int:
        """What becomes of a request where some need values that are fetched: NOW, LATER or CROWDED (counted) of gateway.agents.stage."""
        taken = self.stage.take(staged)
        if taken == CROWDED:
            staged.sender.nas.counts.discarded(OVERLOAD)
        return taken

    def work(
        self, packet: Packet, sender: Sender, remote: str, is_accounting: bool, secret: bytes, fetched: Fetched | None = None
    ) -> bytes:
        """The answer to a request, empty for none; `ticket` is what it has to wait for."""
        caps, requests = self._caps, self.requests
        self.ticket = 0
        if caps is not None and not caps.take():
            sender.nas.counts.discarded(OVERLOAD)
            return b""
        try:
            made = requests.work(packet, sender.nas, sender.address, remote, is_accounting, secret, fetched)
            self.ticket = requests.ticket
        except Exception:  # a fault of ours: other requests go on
            log.exception("a request failed", extra={"nas": sender.nas.name, "code": packet.code})
            sender.nas.counts.discarded(FAILED)
            made = b""
        finally:
            if caps is not None:
                caps.give_back(self.ticket)
        return made

    def tell(self, level: int, event: str, told: dict[str, object]) -> None:
        """Logs what a stranger has caused, within the bound for all of them."""
        self.requests.complaints.tell(log, level, event, told)


class Staged:
    """A request that may need values (gateway.agents.stage.Waiter); its port says where the answer goes."""

    name: bytes
    station: bytes
    is_for_all: bool
    packet: Packet
    sender: Sender
    remote: str
    is_accounting: bool
    secret: bytes
    _intake: Intake

    def __init__(self, intake: Intake, packet: Packet, sender: Sender, remote: str, is_accounting: bool, secret: bytes) -> None:
        self.name = session_name(packet, sender.nas.name, sender.address)
        self.station = f"{sender.nas.name}\0{nas_host(packet, sender.address)}".encode()  # an entry may stand for many
        self.is_for_all = is_restart(packet)
        self.packet = packet
        self.sender = sender
        self.remote = remote
        self.is_accounting = is_accounting
        self.secret = secret
        self._intake = intake

    def lacking(self, fetched: Fetched) -> list[Fetch]:
        sender = self.sender
        requests = self._intake.requests
        return requests.lacking(self.packet, sender.nas, sender.address, self.remote, self.is_accounting, self.secret, fetched)

    def made(self, fetched: Fetched) -> bytes:
        """The answer, empty for none."""
        return self._intake.work(self.packet, self.sender, self.remote, self.is_accounting, self.secret, fetched)

    def wait(self) -> None:
        self._intake.in_flight += 1

    def work(self, fetched: Fetched) -> None:
        self._intake.in_flight -= 1

    def drop(self) -> None:
        self._intake.in_flight -= 1


def names_of(certificate: object) -> list[str]:
    """What a certificate calls its owner: its DNS names, or where there are none its common name."""
    if not isinstance(certificate, dict):
        return []
    names = [str(value) for kind, value in certificate.get("subjectAltName", ()) if kind == DNS]
    return names or [str(value) for part in certificate.get("subject", ()) for kind, value in part if kind == COMMON_NAME]
