"""A request of a peer becomes what the operator's processors make of it, one append of the engine, and an answer.

Repetitions (D10 of docs/architecture.md): a request is known by its End-to-End Identifier and its content, whatever way it comes; one
with the T flag also by Origin-Host, Session-Id, CC-Request-Type and CC-Request-Number. It gets the first answer under its own
identifiers and with its own Proxy-Infos, and moves nothing.

Which Destination-Host and Destination-Realm a request names is not looked at, unless served_hosts or served_realms say so: who has brought
it here meant us (recorded).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Final

from engine.errors import RequestError, StorageUnavailable
from engine.fields.path import Path
from engine.storage.ports import StorageRefused
from gateway.agents.diameter.counts import Counts
from gateway.agents.diameter.destinations import Destinations
from gateway.agents.door import RequestDoor
from gateway.agents.limits import MAX_KEPT_REQUEST_BYTES, MAX_LOGGED_CHARACTERS
from gateway.observe.complaints import Complaints
from gateway.processors.fetching import FETCHED, Fetch, Fetched
from gateway.processors.run import Fields, Processors, Worked, fill
from gateway.protocols.diameter.answers import Identity, refusal, taken_along
from gateway.protocols.diameter.building import Builder
from gateway.protocols.diameter.codes import (
    CC_REQUEST_NUMBER,
    CC_REQUEST_TYPE,
    DESTINATION_HOST,
    DESTINATION_REALM,
    HEADER_BYTES,
    LOOP_DETECTED,
    ORIGIN_HOST,
    PROXY_INFO,
    REALM_NOT_SERVED,
    ROUTE_RECORD,
    SESSION_ID,
    TOO_BUSY,
    UNABLE_TO_COMPLY,
    UNABLE_TO_DELIVER,
)
from gateway.protocols.diameter.dictionary import Dictionary
from gateway.protocols.diameter.message import NO_AVP, Message, answer_to, encode
from gateway.protocols.diameter.paths import DiameterSource, Paths

log: Final = logging.getLogger(__name__)

RESULT_CODE: Final = "Result-Code"
ERROR_MESSAGE: Final = "Error-Message"
REP: Final = "*rep"
REQ: Final = "*req"
DIAMREQ: Final = "*diamreq"
OPTS: Final = "*opts"
VARS: Final = "*vars"
CC_FIELDS: Final = ((CC_REQUEST_TYPE, "CC-Request-Type"), (CC_REQUEST_NUMBER, "CC-Request-Number"))
OF_THE_WAY: Final = (ROUTE_RECORD, PROXY_INFO)  # what relays add to a request
KEY_BYTES: Final = 16
MISLED: Final = {
    LOOP_DETECTED: "this host is in a Route-Record",
    REALM_NOT_SERVED: "this realm is not served here",
    UNABLE_TO_DELIVER: "this host is not reached from here",
}
NO_PLACE: Final = "too many requests are being worked on"
NO_DISK: Final = "storage unavailable, try again later"

Field = tuple[Path, str, bool]


class Named:
    """Who we are to peers, and what else ~*vars tells of every request."""

    host: str
    realm: str
    product: str
    node_id: str

    def __init__(self, host: str, realm: str, product: str, node_id: str) -> None:
        self.host = host
        self.realm = realm
        self.product = product
        self.node_id = node_id


class Language:
    """What requests are read, worked off and answered by. `error` is the template *err made ready."""

    dictionary: Dictionary
    paths: Paths
    builder: Builder
    processors: Processors
    error: Fields

    def __init__(self, dictionary: Dictionary, processors: Processors, error: Fields) -> None:
        self.dictionary = dictionary
        self.paths = Paths(dictionary)
        self.builder = Builder(dictionary)
        self.processors = processors
        self.error = error


class Requests:
    """Works off requests, one at a time. `ticket` is what the last answer has to wait for; 0: nothing.

    `kept` are the AVPs of the request that began a session which the engine remembers, for templates of ours that read them: by key, None
    for all, none at all where there is no template.
    """

    client: str
    ticket: int
    language: Language

    def __init__(
        self,
        door: RequestDoor,
        language: Language,
        destinations: Destinations,
        named: Named,
        counts: Counts,
        clock: Callable[[], int],
        *,
        kept: frozenset[int] | None,
        cc_in_errors: bool,
    ) -> None:
        self.client = ""
        self.ticket = 0
        self._door = door
        self._named = named
        self._counts = counts
        self._clock = clock
        self.complaints = Complaints(clock)
        self._identity = Identity(named.host, named.realm)
        self._message: Message | None = None  # that is being worked off
        self._now_ns = 0
        self._stepped = False
        self._fetched: Fetched | None = None  # for the request that is being worked off
        self.speak(language, destinations, kept, cc_in_errors=cc_in_errors)

    def speak(self, language: Language, destinations: Destinations, kept: frozenset[int] | None, *, cc_in_errors: bool) -> None:
        """Requests from the next one on are worked off so."""
        self.language = language
        self._destinations = None if destinations.is_open else destinations
        self._kept = kept
        self._first: Callable[[], bytes] | None = self._remembered if kept is None or kept else None
        self._cc_in_errors = cc_in_errors
        self._known: dict[tuple[int, int], dict[str, object]] = {}

    @property
    def latest_ticket(self) -> int:
        """The ticket of the engine's last append, whoever asked for it."""
        return self._door.ticket

    # -- for processors (gateway.processors.calls.Ask) -------------------------------------------------------------------

    def step(self, command: object) -> object:
        """Does a command of the request that is being worked off."""
        self._stepped = True
        return self._door.step(command, self._now_ns)

    def _remembered(self) -> bytes:
        """What is remembered of the request that is being worked off; nothing of one that is too long."""
        message, kept = self._message, self._kept
        assert message is not None, "a request is being worked off"
        first = message.raw
        if kept is not None:
            avps = message.avps
            body = b"".join([avps.whole(position) for position, key in enumerate(avps.keys) if key in kept])
            first = encode(message.flags, message.command, message.application, message.hop_by_hop, message.end_to_end, body)
        return first if len(first) <= MAX_KEPT_REQUEST_BYTES else b""

    # -- requests --------------------------------------------------------------------------------------------------------

    @property
    def fetches(self) -> bool:
        """Whether requests may need values that are fetched; then they are asked what they lack before they are answered."""
        return self.language.processors.fetches

    def lacking(self, message: Message, remote: str, fetched: Fetched) -> list[Fetch]:
        """What has to be fetched, besides what was, before a request can be answered; nothing for one that was answered before."""
        if self._destinations is not None and self._destinations.refused(message):
            return []
        now_ns, keys = self._clock(), repetition_keys(message)
        if self._door.repeated(keys if message.is_repetition else keys[:1], now_ns) is not None:
            return []
        return self.language.processors.lacking(self._scopes(message, remote), fetched, now_ns)

    def answer(self, message: Message, client: str, remote: str, fetched: Fetched | None = None) -> bytes:
        """The answer to a request. `client` names the connection that can be called back, `remote` is where it comes from (ip:port)."""
        self._counts.requests += 1
        self.ticket = 0
        self._fetched = fetched
        if self._destinations is not None:
            code = self._destinations.refused(message)
            if code:
                return self._misled(message, code, remote)
        now_ns = self._now_ns = self._clock()
        keys = repetition_keys(message)
        known = self._door.repeated(keys if message.is_repetition else keys[:1], now_ns)
        if known is not None:
            self._counts.repetitions += 1
            self.ticket = self._door.ticket
            return given_to(known, message)
        try:
            return given_to(self._work(message, keys, client, remote), message)
        except (StorageUnavailable, StorageRefused):
            self._counts.unavailable += 1
            return self.refuse(message, TOO_BUSY, NO_DISK)

    def _work(self, message: Message, keys: list[bytes], client: str, remote: str) -> bytes:
        """One request, one append: whatever becomes of it, what it has changed is taken together with its answer. The answer lacks what
        `given_to` adds: that is of the way that a request comes, and a repetition may come another one."""
        self.client = client
        self._stepped = False
        door, answer = self._door, b""
        self._message = message
        door.hold(self._first)
        try:
            answer = self._answered(message, remote)
        finally:
            door.release(keys, answer, self._now_ns)
        if self._stepped:
            self.ticket = door.ticket
        return answer

    def _answered(self, message: Message, remote: str) -> bytes:
        language = self.language
        scopes = self._scopes(message, remote)
        if self._fetched is not None:
            scopes[FETCHED] = self._fetched
        try:
            worked = language.processors.work(scopes, self, self._now_ns)
        except (StorageUnavailable, StorageRefused):
            raise
        except Exception:
            log.exception("a request could not be worked off", extra=self._told(message))
            return self._failed(message, remote, "")
        if worked.notes or worked.log:
            self._tell(worked, message)
        if worked.failed or not worked.handled:
            return self._failed(message, remote, worked.failed)
        try:
            reply = worked.reply
            answer = answer_to(message, language.builder.build(reply, language.processors.terms.zone, self._now_ns))
        except ValueError as fault:
            return self._failed(message, remote, str(fault))
        self._counts.answered(code_of(reply))
        return answer

    # -- errors ------------------------------------------------------------------------------------------------------------

    def refuse(self, message: Message, code: int, text: str) -> bytes:
        """An answer with the error bit that says why a request is not worked off (RFC 6733 section 7.2)."""
        self._counts.answered(str(code))
        return refusal(message, self._identity, code, text)

    def _misled(self, message: Message, code: int, remote: str) -> bytes:
        """The answer to a request that is not meant for us, or has been here."""
        keys = {"session": SESSION_ID, "host": DESTINATION_HOST, "realm": DESTINATION_REALM}
        told: dict[str, object] = {name: (message.avps.text(key) or "")[:MAX_LOGGED_CHARACTERS] for name, key in keys.items()}
        told |= {"address": remote, "code": code}
        self.complaints.tell(log, logging.WARNING, "a request is not meant for this host", told)
        return self.refuse(message, code, MISLED[code])

    def _failed(self, message: Message, remote: str, why: str) -> bytes:
        """What no processor takes, and what cannot be worked off: 5012 by the template *err, with the error bit (recorded)."""
        self._counts.failed += 1
        if why:
            self.complaints.tell(log, logging.WARNING, "a request could not be answered", self._told(message) | {"reason": why})
        else:
            log.debug("no processor takes a request", extra=self._told(message))
        fields: list[Field] = [((RESULT_CODE,), str(UNABLE_TO_COMPLY), False)]
        try:
            fields += self._error_fields(message, remote)
        except (ValueError, RequestError) as fault:
            fields.append(((ERROR_MESSAGE,), f"failed to parse *err template: {fault}", False))
        fields += self._cc_fields(message, fields)
        self._counts.answered(str(UNABLE_TO_COMPLY))
        try:
            terms = self.language.processors.terms
            return answer_to(message, self.language.builder.build(fields, terms.zone, self._now_ns), error=True)
        except ValueError as fault:
            return refusal(message, self._identity, UNABLE_TO_COMPLY, f"*err: {fault}", along=False)

    def _error_fields(self, message: Message, remote: str) -> list[Field]:
        return fill(self.language.error, self._scopes(message, remote), REP, self._now_ns)

    def _cc_fields(self, message: Message, fields: list[Field]) -> list[Field]:
        """CC-Request-Type and CC-Request-Number, where errors have them too."""
        if not self._cc_in_errors:
            return []
        there = {path for path, _, _ in fields}
        numbers = [(name, message.avps.number(key)) for key, name in CC_FIELDS]
        return [((name,), str(number), False) for name, number in numbers if number is not None and (name,) not in there]

    # -- what processors read ------------------------------------------------------------------------------------------------

    def _scopes(self, message: Message, remote: str) -> dict[str, object]:
        return {REQ: DiameterSource(message, self.language.paths), VARS: self.variables(message.command, message.application, remote)}

    def variables(self, command: int, application: int, remote: str) -> dict[str, object]:
        """What ~*vars holds of a request."""
        known = self._known.get((command, application))
        if known is None:
            known = self._known[command, application] = self._variables(command, application)
        found = dict(known)
        found["RemoteHost"] = remote
        return found

    def _variables(self, command: int, application: int) -> dict[str, object]:
        named, dictionary = self._named, self.language.dictionary
        row = dictionary.command(command)
        return {
            "OriginHost": named.host,
            "OriginRealm": named.realm,
            "ProductName": named.product,
            "node_id": named.node_id,
            "*app": dictionary.application(application) or "",
            "*appid": application,
            "*cmd": "" if row is None else f"{row.short}R",
        }

    # -- the log -------------------------------------------------------------------------------------------------------------

    def _tell(self, worked: Worked, message: Message) -> None:
        told = self._told(message)
        for line in worked.log:
            log.info("processor", extra=told | {"text": line[:MAX_LOGGED_CHARACTERS]})
        for note in worked.notes:
            self.complaints.tell(log, logging.WARNING, "a request holds what cannot be", told | {"reason": note})

    def _told(self, message: Message) -> dict[str, object]:
        return {"session": message.avps.text(SESSION_ID) or "", "command": message.command, "client": self.client}


def repetition_keys(message: Message) -> list[bytes]:
    """What a request is known by when it comes again: its End-to-End Identifier and content, but for what relays add; for credit control
    also who asks for which request of which session."""
    raw, avps = message.raw, message.avps
    on_the_way = False
    number = kind = session = host = NO_AVP
    for position, key in enumerate(avps.keys):
        if key == CC_REQUEST_NUMBER:
            number = position if number == NO_AVP else number
        elif key == CC_REQUEST_TYPE:
            kind = position if kind == NO_AVP else kind
        elif key == SESSION_ID:
            session = position if session == NO_AVP else session
        elif key == ORIGIN_HOST:
            host = position if host == NO_AVP else host
        elif key in (PROXY_INFO, ROUTE_RECORD):
            on_the_way = True
    named = raw[5:12]
    if on_the_way:
        said = [named, raw[16:HEADER_BYTES]]
        said += [avps.whole(position) for position, key in enumerate(avps.keys) if key not in OF_THE_WAY]
    else:
        said = [named, raw[16:]]
    keys = [blake2b(b"".join(said), digest_size=KEY_BYTES).digest()]
    if number != NO_AVP and kind != NO_AVP and session != NO_AVP and host != NO_AVP:
        said = [named, avps.whole(kind), avps.whole(number), avps.whole(session), avps.whole(host)]
        keys.append(blake2b(b"".join(said), digest_size=KEY_BYTES).digest())
    return keys


def given_to(answer: bytes, request: Message) -> bytes:
    """An answer as it goes to one of those that asked for it: under its identifiers, with its Proxy-Infos."""
    along = taken_along(request)
    if not along and answer[12:HEADER_BYTES] == request.raw[12:HEADER_BYTES]:
        return answer
    length = len(answer) + len(along)
    return b"".join([answer[:1], length.to_bytes(3, "big"), answer[4:12], request.raw[12:HEADER_BYTES], answer[HEADER_BYTES:], along])


def code_of(fields: Sequence[Field]) -> str:
    """The Result-Code that fields give an answer; empty where they give none."""
    code = ""
    for path, text, _ in fields:
        if path[0] == RESULT_CODE:
            code = text
    return code
