"""One connection of a NAS over TCP or TLS: packets in and out (RFC 6613, RFC 6614).

What cannot be cut into packets, or is not signed right, ends the connection (RFC 6613 section 2.6.4); what is only of no use is discarded.
A request is worked on when it is read, and its answer waits for the disk; meanwhile the next one is worked on. Requests of ours go to the
NAS over the same connection, where it takes them (gateway.agents.radius.backways).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from gateway.agents.radius.counts import BAD_AUTHENTICATOR, BAD_MESSAGE_AUTHENTICATOR
from gateway.agents.radius.intake import ACCOUNTING, BOTH, Intake, Staged
from gateway.agents.radius.nas import Sender
from gateway.agents.stage import CROWDED, LATER
from gateway.processors.fetching import Fetched
from gateway.protocols.radius.codes import ACCOUNTING_REQUEST, COA_ACK, COA_NAK, DISCONNECT_ACK, DISCONNECT_NAK
from gateway.protocols.radius.packet import Packet
from gateway.protocols.radius.stream import PacketStream
from gateway.transport.line import Life
from gateway.transport.listener import Listener
from gateway.transport.messageline import MessageLine

_ANSWERS: Final = (DISCONNECT_ACK, DISCONNECT_NAK, COA_ACK, COA_NAK)


class RadiusLink(MessageLine):
    """See the module. `takes` is what its port takes; `secret` that of TLS, empty for the NAS's own."""

    def __init__(self, door: Listener, intake: Intake, takes: int, secret: bytes = b"") -> None:
        super().__init__(door)
        self.remote = ""
        self.answers: Callable[[bytes], None] | None = None
        self._intake = intake
        self._takes = takes
        self._secret = secret
        self._stream = PacketStream()
        self._sender: Sender | None = None
        self._changes = 0  # of the clients, when it was last asked who this is

    # -- called by the loop --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._life is Life.CLOSED:
            return
        self._identify(transport)

    def _identify(self, transport: asyncio.BaseTransport) -> None:
        """Asks who this is, and hangs up on a stranger."""
        intake = self._intake
        self._changes = intake.nases.changes
        peername = transport.get_extra_info("peername") or ("", 0)
        address = str(peername[0])
        found = intake.certified(address, transport.get_extra_info("peercert")) if self._secret else intake.sender(address)
        self._leave()
        self._sender = found
        if found is None:
            self.abort()
            return
        self.remote = f"{found.address}:{peername[1]}"
        if intake.links is not None:
            intake.links.join(self, found.address, found.nas, self._secret or found.nas.secret)

    def _leave(self) -> None:
        """Nobody is asked over this connection any more."""
        if self._sender is not None and self._intake.links is not None:
            self._intake.links.leave(self, self._sender.address)
            self.answers = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    # -- requests of ours --------------------------------------------------------------------------------------------------

    def ask(self, raw: bytes) -> None:
        """Sends a request of ours (BackLink); a NAS that reads nothing does not get it."""
        if self._life is Life.OPEN and not self._stuck:
            self._put(raw)
            self._write()

    # -- packets -------------------------------------------------------------------------------------------------------

    def _feed(self, data: bytes) -> None:
        if self._changes != self._intake.nases.changes and self._transport is not None:
            self._identify(self._transport)
        self._stream.feed(data)

    def _cut(self) -> bytes | None:
        stream = self._stream
        octets = stream.next()
        if octets is None and stream.broken is not None:
            self._break(stream.broken.reason)
        return octets

    def _held(self) -> int:
        return self._stream.held

    def _take(self, octets: bytes) -> None:
        sender, intake = self._sender, self._intake
        if self.answers is not None and octets[0] in _ANSWERS:
            self.answers(octets)
            return
        if sender is None or not intake.has_place(sender):
            return
        secret = self._secret or sender.nas.secret
        packet = intake.look(octets, sender, secret, self._takes)
        if packet is None:
            if intake.reason in (BAD_AUTHENTICATOR, BAD_MESSAGE_AUTHENTICATOR):
                self._break(intake.reason)
            return
        self._work(packet, sender, secret)

    def _work(self, packet: Packet, sender: Sender, secret: bytes) -> None:
        intake = self._intake
        is_accounting = self._takes == ACCOUNTING or (self._takes == BOTH and packet.code == ACCOUNTING_REQUEST)
        if intake.stages and intake.offer(StagedPacket(self, intake, packet, sender, is_accounting, secret)) in (CROWDED, LATER):
            return
        self._leave_when_durable(intake.work(packet, sender, self.remote, is_accounting, secret))

    def _leave_when_durable(self, made: bytes) -> None:
        """An answer is made, empty for none."""
        intake, gate = self._intake, self._door.gate
        if not made:
            return
        if gate.is_open(intake.ticket):
            self._put(made)
            return
        self._in_flight += 1
        intake.in_flight += 1
        self._waiting_bytes += len(made)
        gate.hold(intake.ticket, self, made)

    def deliver(self, answer: bytes) -> None:
        """An answer may leave (Sink)."""
        self._intake.in_flight -= 1
        super().deliver(answer)

    # -- requests whose values are being fetched ---------------------------------------------------------------------------

    def stage(self) -> None:
        """One more request waits for its values."""
        self._in_flight += 1

    def unstage(self, staged: StagedPacket, fetched: Fetched | None) -> None:
        """A request waits no more: it is worked off with its values. None: it is dropped; so is what nobody is there for any more."""
        self._in_flight -= 1
        if fetched is not None and self._life is not Life.CLOSED:
            self._leave_when_durable(staged.made(fetched))
        self.flush()

    def _break(self, reason: str) -> None:
        told: dict[str, object] = {"address": self.remote, "reason": reason}
        self._intake.tell(logging.WARNING, "a connection of a NAS ends", told)
        self.end()


class StagedPacket(Staged):
    """A packet of a stream whose request may need values."""

    _link: RadiusLink

    def __init__(self, link: RadiusLink, intake: Intake, packet: Packet, sender: Sender, is_accounting: bool, secret: bytes) -> None:
        super().__init__(intake, packet, sender, link.remote, is_accounting, secret)
        self._link = link

    def wait(self) -> None:
        super().wait()
        self._link.stage()

    def work(self, fetched: Fetched) -> None:
        super().work(fetched)
        self._link.unstage(self, fetched)

    def drop(self) -> None:
        super().drop()
        self._link.unstage(self, None)
