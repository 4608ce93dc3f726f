"""A request of a NAS becomes what the operator's processors make of it, one append of the engine, and an answer (agents.md section 2).

What cannot be worked off is not answered, so that the NAS asks again, or another server; an answer that cannot be built is a refusal with
the reason as Reply-Message (recorded). A Status-Server is answered whatever processors make of it (RFC 5997).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from engine.errors import RequestError, StorageUnavailable
from engine.fields.view import REQ, VARS
from engine.storage.ports import StorageRefused
from gateway.agents.complaints import Complaints
from gateway.agents.door import RequestDoor
from gateway.agents.limits import MAX_LOGGED_CHARACTERS
from gateway.agents.radius.counts import FAILED, UNAVAILABLE, UNHANDLED
from gateway.agents.radius.limits import MAX_REPLY_MESSAGE_BYTES
from gateway.agents.radius.nas import Nas
from gateway.processors.calls import OwnRequest
from gateway.processors.run import Processors, Worked
from gateway.protocols.radius.building import reply_code
from gateway.protocols.radius.codes import (
    ACCESS_ACCEPT,
    ACCESS_CHALLENGE,
    ACCESS_REJECT,
    ACCOUNTING_RESPONSE,
    REPLY_MESSAGE,
    STATUS_SERVER,
    USER_NAME,
    WORDS,
)
from gateway.protocols.radius.packet import Packet
from gateway.protocols.radius.paths import RadiusSource
from gateway.protocols.radius.signing import answer

log: Final = logging.getLogger(__name__)

TYPE: Final = "*radReqType"
CODE: Final = "*radReqCode"
REMOTE_HOST: Final = "RemoteHost"
AUTHENTICATION: Final = "*radAuth"
ACCOUNTING: Final = "*radAccount"
_ACCESS_ANSWERS: Final = (ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_CHALLENGE)
_SALTS: Final = 0x7FFF
_SALT_STEP: Final = 64  # more than attributes of one answer that are salted


class Requests:
    """Works off requests, one at a time. `ticket` is what the last answer has to wait for; 0: nothing."""

    client: str
    ticket: int
    complaints: Complaints
    _door: RequestDoor
    _processors: Processors
    _clock: Callable[[], int]
    _now_ns: int
    _stepped: bool
    _salt: int
    _packet: Packet | None
    _nas: Nas | None
    _secret: bytes
    _added: bytes

    def __init__(self, door: RequestDoor, processors: Processors, clock: Callable[[], int], salt: int) -> None:
        """`salt`: a number by chance, from which those of salted attributes are counted on."""
        self.client = ""
        self.ticket = 0
        self.complaints = Complaints(clock)
        self._door = door
        self._processors = processors
        self._clock = clock
        self._now_ns = 0
        self._stepped = False
        self._salt = salt
        self._packet = None  # that is being worked off, and whose it is
        self._nas = None
        self._secret = b""  # that of the way it came
        self._added = b""  # attributes of the answer that no field has written

    @property
    def latest_ticket(self) -> int:
        """The ticket of the engine's last append, whoever asked for it."""
        return self._door.ticket

    # -- for processors (gateway.processors.calls.Ask) -------------------------------------------------------------------

    def step(self, command: object) -> object:
        """Does a command of the request that is being worked off."""
        if isinstance(command, OwnRequest):
            raise RequestError("NOT_IMPLEMENTED")
        self._stepped = True
        return self._door.step(command, self._now_ns)

    # -- requests --------------------------------------------------------------------------------------------------------

    def work(self, packet: Packet, nas: Nas, address: str, remote: str, is_accounting: bool, secret: bytes) -> bytes:
        """The answer to a request that was found to be the NAS's, signed; empty where there is none.

        `address` is where it comes from, `remote` the same with the port, `secret` that of the way it came.
        """
        self.ticket = 0
        self._now_ns = self._clock()
        self._secret = secret
        nas.counts.asked(packet.code)
        try:
            made = self._work(packet, nas, remote, is_accounting)
        except (StorageUnavailable, StorageRefused):
            nas.counts.discarded(UNAVAILABLE)
            return b""
        if not made:
            return b""
        code = made[0]
        try:
            octets = answer(packet, code, made[1:], secret)
        except ValueError as fault:
            code, body = _refusal(is_accounting, str(fault))
            octets = answer(packet, code, body, secret)
        nas.counts.answered(code)
        return octets

    def _work(self, packet: Packet, nas: Nas, remote: str, is_accounting: bool) -> bytes:
        """One request, one append: whatever becomes of it, what it has changed is taken together with its answer: the code, and the
        attributes as they go to whoever asks, without what `answer` adds."""
        self._stepped = False
        self._packet = packet
        self._nas = nas
        self._added = b""
        door, made = self._door, b""
        door.hold()
        try:
            made = self._made(packet, nas, remote, is_accounting)
        finally:
            door.release((), made, self._now_ns)
        if self._stepped:
            self.ticket = door.ticket
        return made

    def _made(self, packet: Packet, nas: Nas, remote: str, is_accounting: bool) -> bytes:
        processors = self._processors
        kind = ACCOUNTING if is_accounting else AUTHENTICATION
        variables: dict[str, object] = {TYPE: kind, CODE: WORDS[packet.code], REMOTE_HOST: remote}
        scopes: dict[str, object] = {REQ: RadiusSource(packet, nas.paths, self._secret), VARS: variables}
        default = ACCOUNTING_RESPONSE if is_accounting else ACCESS_ACCEPT
        try:
            worked = processors.work(scopes, self, self._now_ns)
        except (StorageUnavailable, StorageRefused):
            raise
        except Exception:
            log.exception("a request could not be worked off", extra=self._told(packet, nas))
            nas.counts.discarded(FAILED)
            return b""
        if worked.notes or worked.log:
            self._tell(worked, packet, nas)
        if worked.failed or not worked.handled:
            return self._unanswered(packet, nas, worked.failed, default)
        try:
            code = reply_code(worked.reply) or default
            if code != default and (is_accounting or code not in _ACCESS_ANSWERS):
                raise ValueError(f"<{WORDS[code]}> answers no {WORDS[packet.code]}")
            self._salt = (self._salt + _SALT_STEP) & _SALTS
            zone = processors.terms.zone
            body = nas.builder.build(worked.reply, self._secret, packet.authenticator, self._salt, zone, self._now_ns)
        except ValueError as fault:
            why = str(fault)
            self.complaints.tell(log, logging.WARNING, "an answer could not be built", self._told(packet, nas) | {"reason": why})
            code, body = _refusal(is_accounting, why)
            return code.to_bytes(1, "big") + body
        return code.to_bytes(1, "big") + body + self._added

    def _unanswered(self, packet: Packet, nas: Nas, why: str, default: int) -> bytes:
        """What no processor takes, and what cannot be worked off: nothing, but for a Status-Server."""
        if packet.code == STATUS_SERVER:
            return default.to_bytes(1, "big")
        nas.counts.discarded(FAILED if why else UNHANDLED)
        told = self._told(packet, nas)
        if why:
            self.complaints.tell(log, logging.WARNING, "a request could not be answered", told | {"reason": why})
        else:
            log.debug("no processor takes a request", extra=told)
        return b""

    # -- the log -------------------------------------------------------------------------------------------------------------

    def _tell(self, worked: Worked, packet: Packet, nas: Nas) -> None:
        told = self._told(packet, nas)
        for line in worked.log:
            log.info("processor", extra=told | {"text": line[:MAX_LOGGED_CHARACTERS]})
        for note in worked.notes:
            self.complaints.tell(log, logging.WARNING, "a request holds what cannot be", told | {"reason": note})

    def _told(self, packet: Packet, nas: Nas) -> dict[str, object]:
        user = packet.first(USER_NAME) or b""
        return {"nas": nas.name, "code": WORDS[packet.code], "user": user.decode("utf-8", "replace")}


def _refusal(is_accounting: bool, why: str) -> tuple[int, bytes]:
    """What says that an answer could not be built."""
    text = why.encode("utf-8", "replace")[:MAX_REPLY_MESSAGE_BYTES].decode("utf-8", "ignore").encode()
    return (ACCOUNTING_RESPONSE if is_accounting else ACCESS_REJECT), bytes((REPLY_MESSAGE, len(text) + 2)) + text if text else b""
