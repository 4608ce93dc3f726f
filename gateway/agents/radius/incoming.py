"""Disconnect- and CoA-Requests that a proxy or another server sends to us (RFC 5176), answered for the sessions that we charge.

A session is found by what its event holds (`da_session`: fields made of the request), and by what the packet that began it said. A
Disconnect-Request ends it as ForceDisconnect does: it is charged, and its NAS is asked. A CoA-Request goes on to the NAS of the session
with the attributes that it changes; the NAS's answer is ours. Whoever may ask stands in `clients` with `dynamic_authorization`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from time import monotonic_ns
from typing import Final

from engine.effects import AlterSession
from engine.errors import RequestError, StorageUnavailable
from engine.fields.template import Template
from engine.fields.view import REQ
from engine.sessions.commands import AlterSessions, ForceDisconnect
from engine.storage.ports import StorageRefused
from engine.times import SECOND
from gateway.agents.door import RequestDoor
from gateway.agents.radius.clients import RadiusClients, cause_text
from gateway.agents.radius.counts import (
    BAD_AUTHENTICATOR,
    BAD_CODE,
    BAD_MESSAGE_AUTHENTICATOR,
    DUPLICATE,
    FAILED,
    NO_MESSAGE_AUTHENTICATOR,
    OVERLOAD,
    STALE,
    UNAVAILABLE,
)
from gateway.agents.radius.intake import Intake
from gateway.agents.radius.limits import MAX_INCOMING, MAX_MEANT, MAX_TURN_DATAGRAMS
from gateway.agents.radius.nas import YES, Nas, Sender
from gateway.agents.radius.port import datagram_socket
from gateway.processors import terms as processing
from gateway.processors.run import view_of
from gateway.protocols.radius.codes import (
    COA_ACK,
    COA_NAK,
    COA_REQUEST,
    DISCONNECT_ACK,
    DISCONNECT_NAK,
    DISCONNECT_REQUEST,
    ERROR_CAUSE,
    EVENT_TIMESTAMP,
    HEADER_BYTES,
    MESSAGE_AUTHENTICATOR,
    PROXY_STATE,
    VENDOR_SPECIFIC,
    WORDS,
)
from gateway.protocols.radius.dictionary import Attribute
from gateway.protocols.radius.duplicates import FULL, NEW, REPEATED, Duplicates
from gateway.protocols.radius.limits import MAX_PACKET_BYTES
from gateway.protocols.radius.packet import DecodeError, Packet, decode
from gateway.protocols.radius.paths import RadiusSource
from gateway.protocols.radius.signing import ABSENT, RIGHT, answer, message_authenticator, request_is_signed

log: Final = logging.getLogger(__name__)

# Error-Causes (RFC 5176 section 3.5)
UNSUPPORTED_ATTRIBUTE: Final = 401
MISSING_ATTRIBUTE: Final = 402
NAS_MISMATCH: Final = 403
INVALID_REQUEST: Final = 404
UNSUPPORTED_SERVICE: Final = 405
INVALID_VALUE: Final = 407
PROHIBITED: Final = 501
NOT_FOUND: Final = 503
PROCESSING_ERROR: Final = 505
RESOURCES: Final = 506
SEVERAL: Final = 508

ORIGIN_HOST: Final = "OriginHost"
FORCED: Final = "FORCED_DISCONNECT"
NAS_NAMES: Final = frozenset((4, 32, 95))  # NAS-IP-Address, NAS-Identifier, NAS-IPv6-Address
SESSION_NAMES: Final = frozenset((1, 5, 8, 30, 31, 44, 50, 87, 89, 96, 97, 123))  # section 3, and RFC 4372, RFC 4818
OF_THE_WAY: Final = frozenset((EVENT_TIMESTAMP, MESSAGE_AUTHENTICATOR, PROXY_STATE))
IN_A_DISCONNECT: Final = NAS_NAMES | SESSION_NAMES | OF_THE_WAY | {18, 24, 25, 49, VENDOR_SPECIFIC}  # section 3.6
SERVICE_TYPE: Final = 6
_NEGATIVE: Final = {DISCONNECT_REQUEST: DISCONNECT_NAK, COA_REQUEST: COA_NAK}
_POSITIVE: Final = {DISCONNECT_REQUEST: DISCONNECT_ACK, COA_REQUEST: COA_ACK}
_RULE_MARKS: Final = frozenset("|;~*`<>{}")  # what a filter would read as more than a text


class RefusedError(Exception):
    """Why a request is answered NAK."""

    def __init__(self, cause: int) -> None:
        super().__init__(cause_text(cause))
        self.cause: Final = cause


@dataclass(frozen=True, slots=True)
class Terms:
    """`fields` make fields of an event of a request, read as `language` says; a request whose Event-Timestamp is further away than
    `window_ns` is passed over (0: it is not looked at), answers are given again for `duplicates_ns`."""

    address: tuple[str, int]
    tenant: str
    fields: dict[str, Template]
    language: processing.Terms
    window_ns: int
    duplicates_ns: int


class Incoming:
    """The port where they come. `start` and `stop` on a running loop, once each."""

    def __init__(self, terms: Terms, intake: Intake, door: RequestDoor, clients: RadiusClients, clock: Callable[[], int]) -> None:
        self._terms = terms
        self._intake = intake
        self._door = door
        self._clients = clients
        self._clock = clock
        self._duplicates = Duplicates(MAX_INCOMING, terms.duplicates_ns)
        self._tasks: set[asyncio.Task[None]] = set()
        self._link: socket.socket | None = None
        self.host: Final = terms.address[0]
        self.port = 0

    @property
    def under_way(self) -> int:
        """How many requests are being worked on."""
        return len(self._tasks)

    def start(self) -> None:
        """Takes the port. OSError where it cannot be had."""
        self._link = datagram_socket(*self._terms.address, 0)
        self.port = int(self._link.getsockname()[1])
        asyncio.get_running_loop().add_reader(self._link.fileno(), self.ready)

    def stop(self) -> None:
        """Frees the port; who has no answer asks again."""
        for task in self._tasks:
            task.cancel()
        if self._link is not None:
            asyncio.get_running_loop().remove_reader(self._link.fileno())
            self._link.close()
            self._link = None

    def ready(self) -> None:
        """Takes what is there."""
        for _ in range(MAX_TURN_DATAGRAMS):
            if self._link is None:
                return
            try:
                data, address = self._link.recvfrom(MAX_PACKET_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                log.debug("a datagram could not be read", extra={"reason": error.strerror})
                continue
            self.take(data, address)

    def take(self, data: bytes, address: tuple[str, int]) -> None:
        """Works on one datagram."""
        sender = self._intake.sender(address[0])
        if sender is None:
            return
        try:
            packet = decode(data)
        except DecodeError as fault:
            self._intake.discard(sender, fault.reason)
            return
        fault_word = self._fault(packet, sender.nas)
        if fault_word:
            self._intake.discard(sender, fault_word)
            return
        now_ns = monotonic_ns()
        remote = f"{sender.address}:{address[1]}"
        self._duplicates.expire(now_ns)
        found = self._duplicates.offer(remote, packet, now_ns)
        if found == NEW and len(self._tasks) >= MAX_INCOMING:  # its client has given others up that are still worked on
            self._duplicates.dropped(remote, packet)
            found = FULL
        if found == NEW:
            self._begin(self._worked(packet, sender, remote, address))
        elif found == REPEATED:
            sender.nas.counts.repeated += 1
            self._send(self._duplicates.answer, address)
        else:
            sender.nas.counts.discarded(OVERLOAD if found == FULL else DUPLICATE)

    def _fault(self, packet: Packet, nas: Nas) -> str:
        """Why a packet is discarded, in a word of counts.py; empty where it is what it says."""
        if packet.code not in _NEGATIVE:
            return BAD_CODE
        if not request_is_signed(packet, nas.secret):
            return BAD_AUTHENTICATOR
        signed = message_authenticator(packet, nas.secret)
        if signed == ABSENT and nas.message_authenticator == YES:
            return NO_MESSAGE_AUTHENTICATOR
        if signed not in (ABSENT, RIGHT):
            return BAD_MESSAGE_AUTHENTICATOR
        made = packet.first(EVENT_TIMESTAMP)
        if made is None or len(made) != 4 or not self._terms.window_ns:
            return ""
        return STALE if abs(int.from_bytes(made, "big") * SECOND - self._clock()) > self._terms.window_ns + SECOND else ""

    # -- work ------------------------------------------------------------------------------------------------------------

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _worked(self, packet: Packet, sender: Sender, remote: str, address: tuple[str, int]) -> None:
        """Does what a request asks, and answers it."""
        nas = sender.nas
        nas.counts.asked(packet.code)
        said: dict[str, object] = {"nas": nas.name, "address": sender.address, "code": WORDS[packet.code]}
        cause = 0
        try:
            await self.do(packet, nas)
        except RefusedError as refused:
            cause = refused.cause
            self._intake.tell(logging.INFO, "a request to end or to alter a session is refused", said | {"cause": cause_text(cause)})
        except (StorageUnavailable, StorageRefused):
            nas.counts.discarded(UNAVAILABLE)
            self._duplicates.dropped(remote, packet)
            return
        except Exception:
            log.exception("a request to end or to alter a session failed", extra=said)
            nas.counts.discarded(FAILED)
            self._duplicates.dropped(remote, packet)
            return
        code = _NEGATIVE[packet.code] if cause else _POSITIVE[packet.code]
        made = answer(packet, code, bytes((ERROR_CAUSE, 6)) + cause.to_bytes(4, "big") if cause else b"", nas.secret)
        nas.counts.answered(code)
        if self._duplicates.answered(remote, packet, made, monotonic_ns()):
            self._send(made, address)

    async def do(self, packet: Packet, nas: Nas) -> None:
        """Does what a request asks. RefusedError; StorageUnavailable, StorageRefused while the disk takes nothing."""
        if not nas.dynamic_authorization:
            raise RefusedError(PROHIBITED)
        if packet.first(SERVICE_TYPE) is not None:  # Authorize-Only: nobody asks us for an authorization anew
            raise RefusedError(UNSUPPORTED_SERVICE)
        numbers = _numbers(packet)
        if packet.code == DISCONNECT_REQUEST and not set(numbers) <= IN_A_DISCONNECT:
            raise RefusedError(UNSUPPORTED_ATTRIBUTE)
        sessions = self._meant(packet, nas, numbers)
        if packet.code == DISCONNECT_REQUEST:
            for session in sessions:
                self.end(session)
            await self._intake.gate.wait(self._door.ticket)
            return
        if len(sessions) > 1:
            raise RefusedError(SEVERAL)
        cause = await self._clients.pass_on(sessions[0], _changes(packet, nas))
        if cause:
            raise RefusedError(cause)

    def end(self, session: AlterSession) -> None:
        """Ends a session; one that is over by now is as it was asked for."""
        rule = _rule("CGRID", session.cgrid)  # nothing else that it holds: a subscriber may have chosen that, `|` in it
        try:
            self._door.step(ForceDisconnect(session.tenant, [rule], None, {"DisconnectCause": FORCED}), self._clock())
        except RequestError as refused:
            log.debug("a session is over already", extra={"cgrid": session.cgrid, "reason": refused.text})

    # -- which sessions ----------------------------------------------------------------------------------------------------

    def _meant(self, packet: Packet, nas: Nas, numbers: list[int]) -> list[AlterSession]:
        """The sessions that a request names. RefusedError for none, for too many, and for what names none."""
        if not SESSION_NAMES.intersection(numbers):
            raise RefusedError(MISSING_ATTRIBUTE)
        rules, nas_rules = self._rules(packet, nas)
        if not rules:
            raise RefusedError(UNSUPPORTED_ATTRIBUTE)
        sessions = [one for one in self._found(rules) if _says_the_same(one, packet, SESSION_NAMES)]
        if not sessions:
            raise RefusedError(NOT_FOUND)
        if nas_rules:
            here = {one.cgrid for one in self._found(rules + nas_rules)}
            sessions = [one for one in sessions if one.cgrid in here]
        sessions = [one for one in sessions if _says_the_same(one, packet, NAS_NAMES)]
        if not sessions:
            raise RefusedError(NAS_MISMATCH)
        if len(sessions) > MAX_MEANT:
            raise RefusedError(RESOURCES)
        return sessions

    def _rules(self, packet: Packet, nas: Nas) -> tuple[list[str], list[str]]:
        """Filters by the attributes of a request: of sessions, of NASes."""
        scopes: dict[str, object] = {REQ: RadiusSource(packet, nas.paths, nas.secret)}
        view = view_of(scopes, self._terms.language, self._clock())
        found: tuple[list[str], list[str]] = [], []
        for name, template in self._terms.fields.items():
            try:
                text = template.find(view)
            except ValueError:
                raise RefusedError(INVALID_VALUE) from None
            if text is None:
                continue
            if not text or _RULE_MARKS & set(text):
                raise RefusedError(INVALID_VALUE)
            found[name == ORIGIN_HOST].append(_rule(name, text))
        return found

    def _found(self, rules: list[str]) -> list[AlterSession]:
        """The open sessions that filters mean."""
        try:
            sessions = self._door.step(AlterSessions(self._terms.tenant, rules, MAX_MEANT + 1), self._clock())
        except RequestError as refused:
            if refused.text != "NOT_FOUND":
                log.warning("da_session finds no sessions", extra={"reason": refused.text})
                raise RefusedError(PROCESSING_ERROR) from None
            return []
        assert isinstance(sessions, list), "sessions come as a list"
        return sessions

    def _send(self, data: bytes, address: tuple[str, int]) -> None:
        if self._link is None:
            return
        try:
            self._link.sendto(data, address)
        except OSError as error:  # it will ask again
            self._intake.tell(logging.WARNING, "an answer was not sent", {"address": address[0], "reason": error.strerror})


def _rule(field: str, text: str) -> str:
    return f"*string:~*req.{field}:{text}"


def _numbers(packet: Packet) -> list[int]:
    """The numbers of a packet's attributes."""
    found, at = [], HEADER_BYTES
    while at < len(packet.raw):
        found.append(packet.raw[at])
        at += packet.raw[at + 1]
    return found


def _says_the_same(session: AlterSession, packet: Packet, numbers: frozenset[int]) -> bool:
    """Whether the packet that began a session does not say otherwise in an attribute that both have."""
    if not session.request:
        return True
    first = decode(session.request)
    for number in numbers:
        wanted, had = packet.first(number), first.first(number)
        if wanted is not None and had is not None and wanted != had:
            return False
    return True


def _changes(packet: Packet, nas: Nas) -> bytes:
    """The attributes of a CoA-Request that are to change something. RefusedError where there are none, or hidden ones: those are hidden by
    a secret that the session's NAS does not have."""
    found, at, data = b"", HEADER_BYTES, packet.raw
    while at < len(data):
        end = at + data[at + 1]
        if data[at] not in NAS_NAMES | SESSION_NAMES | OF_THE_WAY:
            row = _row(nas, data, at)
            if row is not None and row.encrypt:
                raise RefusedError(UNSUPPORTED_ATTRIBUTE)
            found += data[at:end]
        at = end
    if not found:
        raise RefusedError(MISSING_ATTRIBUTE)
    return found


def _row(nas: Nas, data: bytes, at: int) -> Attribute | None:
    dictionary = nas.paths.dictionary
    if data[at] != VENDOR_SPECIFIC:
        return dictionary.attribute(data[at])
    if data[at + 1] < 7:
        return None
    return dictionary.attribute(data[at + 6], int.from_bytes(data[at + 2 : at + 6], "big"))
