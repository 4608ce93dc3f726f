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
from engine.sessions.commands import AuthorizeSession
from engine.storage.ports import StorageRefused
from gateway.agents.door import RequestDoor
from gateway.agents.limits import MAX_LOGGED_CHARACTERS
from gateway.agents.radius.accounting import (
    NAS_HOST,
    answers_itself,
    as_report,
    derived,
    nas_host,
    repetition_keys,
    reset,
    status_of,
    whole_key,
)
from gateway.agents.radius.counts import FAILED, UNAVAILABLE, UNHANDLED
from gateway.agents.radius.limits import MAX_REPLY_MESSAGE_BYTES
from gateway.agents.radius.nas import Nas
from gateway.agents.radius.passwords import RADAUTH, SALTS, Random, check
from gateway.agents.radius.remembering import Remembering
from gateway.observe.complaints import Complaints
from gateway.processors.calls import OwnRequest
from gateway.processors.fetching import FETCHED, Fetch, Fetched
from gateway.processors.run import Processors, Worked
from gateway.protocols.radius.building import reply_code
from gateway.protocols.radius.codes import (
    ACCESS_ACCEPT,
    ACCESS_CHALLENGE,
    ACCESS_REJECT,
    ACCESS_REQUEST,
    ACCOUNTING_REQUEST,
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
SILENCE: Final = b"\0"  # what is remembered of an accounting request that was worked off and cannot be answered
_SALTS: Final = 0x7FFF
_SALT_STEP: Final = 64  # more than attributes of one answer that are salted


class Requests:
    """Works off requests, one at a time. `ticket` is what the last answer has to wait for; 0: nothing."""

    client: str
    ticket: int
    complaints: Complaints
    processors: Processors
    _door: RequestDoor
    _clock: Callable[[], int]
    _now_ns: int
    _stepped: bool
    _moved: bool  # the engine was asked for more than a look
    _salt: int
    _packet: Packet | None
    _nas: Nas | None
    _secret: bytes
    remembering: Remembering
    _first: Callable[[], bytes]
    _random: Random
    _accepting: bytes
    _refusing: bytes
    _is_accounting: bool
    _is_repeated: bool  # what it says was said before, in other octets
    _fetched: Fetched | None  # for the request that is being worked off

    def __init__(
        self, door: RequestDoor, processors: Processors, clock: Callable[[], int], random: Random, remembering: Remembering
    ) -> None:
        """`random`: so many octets by chance."""
        self.client = ""
        self.ticket = 0
        self.complaints = Complaints(clock)
        self._door = door
        self.processors = processors
        self._clock = clock
        self._now_ns = 0
        self._stepped = False
        self._moved = False
        self._random = random
        self._salt = int.from_bytes(random(2), "big") & _SALTS  # from which those of salted attributes are counted on
        self._is_accounting = False
        self._is_repeated = False
        self._fetched = None
        self._packet = None  # that is being worked off, and whose it is
        self._nas = None
        self._secret = b""  # that of the way it came
        self._accepting = b""  # attributes of an answer that no field has written: of an acceptance, of a refusal
        self._refusing = b""
        self.remembering = remembering
        self._first = self._remembered

    @property
    def latest_ticket(self) -> int:
        """The ticket of the engine's last append, whoever asked for it."""
        return self._door.ticket

    # -- for processors (gateway.processors.calls.Ask) -------------------------------------------------------------------

    def step(self, command: object) -> object:
        """Does a command of the request that is being worked off."""
        if isinstance(command, OwnRequest):
            command = self._own(command)
            if command is None:
                return None
        elif self._is_accounting:
            assert self._packet is not None, "a request is being worked off"
            command = as_report(command, self._packet, self._now_ns, self._is_repeated)
        self._stepped = True
        if not isinstance(command, AuthorizeSession):
            self._moved = True
        return self._door.step(command, self._now_ns)

    def _own(self, own: OwnRequest) -> object:
        """What a processor asks of this agent: passwords are checked at once, for the rest there is a command."""
        packet, nas = self._packet, self._nas
        assert packet is not None and nas is not None, "a request is being worked off"  # noqa: PT018
        if own.type != RADAUTH:
            return reset(own, packet, self._now_ns)
        checked = check(own, packet, self._secret, self._random, self._salt)
        self._accepting, self._refusing = checked.accepting, checked.refusing
        if checked.note:
            self.complaints.tell(log, logging.WARNING, "a password cannot be checked", self._told(packet, nas) | {"reason": checked.note})
        if checked.error:
            raise RequestError(checked.error)
        return None

    def _remembered(self) -> bytes:
        """What a session remembers of the request that is being worked off."""
        packet, nas = self._packet, self._nas
        assert packet is not None, "a request is being worked off"
        assert nas is not None, "it is somebody's"
        return self.remembering.kept(packet, nas, self._now_ns)

    # -- requests --------------------------------------------------------------------------------------------------------

    @property
    def fetches(self) -> bool:
        """Whether requests may need values that are fetched; then they are asked what they lack before they are worked off."""
        return self.processors.fetches

    def lacking(
        self, packet: Packet, nas: Nas, address: str, remote: str, is_accounting: bool, secret: bytes, fetched: Fetched
    ) -> list[Fetch]:
        """What has to be fetched, besides what was, before a request can be worked off; nothing for one that was answered before."""
        now_ns, door = self._clock(), self._door
        if packet.code == ACCOUNTING_REQUEST:
            keys = repetition_keys(packet, nas.name, address)
            known = door.repeated(keys[:1] if answers_itself(status_of(packet)) else keys, now_ns)
        else:
            known = door.repeated([whole_key(packet, nas.name, address)], now_ns)
        if known is not None:
            return []
        return self.processors.lacking(_scopes(packet, nas, address, remote, is_accounting, secret, now_ns), fetched, now_ns)

    def work(
        self, packet: Packet, nas: Nas, address: str, remote: str, is_accounting: bool, secret: bytes, fetched: Fetched | None = None
    ) -> bytes:
        """The answer to a request that was found to be the NAS's, signed; empty where there is none.

        `address` is where it comes from, `remote` the same with the port, `secret` that of the way it came.
        """
        self.ticket = 0
        self._now_ns = self._clock()
        self._secret = secret
        self._fetched = fetched
        nas.counts.asked(packet.code)
        try:
            made = self._work(packet, nas, address, remote, is_accounting)
        except (StorageUnavailable, StorageRefused):
            nas.counts.discarded(UNAVAILABLE)
            return b""
        if not made or made == SILENCE:
            return b""
        code = made[0]
        try:
            octets = answer(packet, code, made[1:], secret)
        except ValueError as fault:
            code, body = _refusal(is_accounting, str(fault))
            try:
                octets = answer(packet, code, body, secret)
            except ValueError:  # its Proxy-State alone leaves no room
                nas.counts.discarded(FAILED)
                self.complaints.tell(log, logging.WARNING, "an answer could not be built", self._told(packet, nas) | {"reason": str(fault)})
                return b""
        nas.counts.answered(code)
        return octets

    def _work(self, packet: Packet, nas: Nas, address: str, remote: str, is_accounting: bool) -> bytes:
        """One request, one append: whatever becomes of it, what it has changed is taken together with its answer: the code, and the
        attributes as they go to whoever asks, without what `answer` adds."""
        self._stepped = self._moved = False
        self._packet = packet
        self._nas = nas
        self._accepting = self._refusing = b""
        self._is_accounting, self._is_repeated = is_accounting, False
        door, made = self._door, b""
        keys: list[bytes] = []
        if is_accounting and packet.code == ACCOUNTING_REQUEST:
            keys = repetition_keys(packet, nas.name, address)
            known = self._repeated(packet, keys, nas)
            if known:
                return known
        elif packet.code == ACCESS_REQUEST:
            keys = [whole_key(packet, nas.name, address)]
            answered = door.repeated(keys, self._now_ns)
            if answered is not None:
                return self._again(answered, nas)
        client = self.client = self.remembering.client_of(packet, address)
        door.hold(self._first if client else None)
        try:
            made = self._made(packet, nas, address, remote, is_accounting)
            if not is_accounting and not self._moved:
                keys = []  # it may be worked off again
            if keys and self._stepped and not made:
                made = SILENCE  # nor when it comes again: what it has moved is not moved again
        finally:
            door.release(keys, made, self._now_ns)
        if self._stepped:
            self.ticket = door.ticket
        return made

    def _repeated(self, packet: Packet, keys: list[bytes], nas: Nas) -> bytes:
        """The answer that a repetition gets again; empty for a request to be worked off, with the keys that it is to be known by."""
        known = self._door.repeated(keys[:1], self._now_ns)
        if known is None and self._door.repeated(keys[1:], self._now_ns) is not None:
            if answers_itself(status_of(packet)):
                self._is_repeated = True
                del keys[1:]
            else:
                known = self._door.repeated(keys[1:], self._now_ns)
        return b"" if known is None else self._again(known, nas)

    def _again(self, known: bytes, nas: Nas) -> bytes:
        """An answer that was given before."""
        nas.counts.repeated += 1
        self.ticket = self._door.ticket
        return known

    def _made(self, packet: Packet, nas: Nas, address: str, remote: str, is_accounting: bool) -> bytes:
        processors = self.processors
        scopes = _scopes(packet, nas, address, remote, is_accounting, self._secret, self._now_ns)
        if self._fetched is not None:
            scopes[FETCHED] = self._fetched
        default = ACCOUNTING_RESPONSE if is_accounting else ACCESS_ACCEPT
        self._salt = (self._salt + _SALT_STEP) & _SALTS
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
            reply = worked.reply
            code = reply_code(reply) or default
            if packet.code == STATUS_SERVER:
                code = default  # it is no refusal whatever a processor meant (RFC 5997 section 3)
            if code != default and (is_accounting or code not in _ACCESS_ANSWERS):
                raise ValueError(f"<{WORDS[code]}> answers no {WORDS[packet.code]}")
            zone = processors.terms.zone
            body = nas.builder.build(reply, self._secret, packet.authenticator, self._salt + SALTS, zone, self._now_ns)
        except ValueError as fault:
            why = str(fault)
            self.complaints.tell(log, logging.WARNING, "an answer could not be built", self._told(packet, nas) | {"reason": why})
            code, body = _refusal(is_accounting, why)
            return code.to_bytes(1, "big") + body
        added = self._accepting if code == ACCESS_ACCEPT else self._refusing if code == ACCESS_REJECT else b""
        return code.to_bytes(1, "big") + added + body

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


def _scopes(packet: Packet, nas: Nas, address: str, remote: str, is_accounting: bool, secret: bytes, now_ns: int) -> dict[str, object]:
    """What processors read of a request."""
    kind = ACCOUNTING if is_accounting else AUTHENTICATION
    variables: dict[str, object] = {TYPE: kind, CODE: WORDS[packet.code], REMOTE_HOST: remote}
    if is_accounting:
        variables.update(derived(packet, address, now_ns))
    else:
        variables[NAS_HOST] = nas_host(packet, address)
    return {REQ: RadiusSource(packet, nas.paths, secret), VARS: variables}


def _refusal(is_accounting: bool, why: str) -> tuple[int, bytes]:
    """What says that an answer could not be built."""
    text = why.encode("utf-8", "replace")[:MAX_REPLY_MESSAGE_BYTES].decode("utf-8", "ignore").encode()
    return (ACCOUNTING_RESPONSE if is_accounting else ACCESS_REJECT), bytes((REPLY_MESSAGE, len(text) + 2)) + text if text else b""
