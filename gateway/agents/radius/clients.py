"""What sessions ask of NASes: to end a session (Disconnect-Request), to alter it (CoA-Request), RFC 5176.

A request of ours is made by the operator's template: `*req` is the session's event, `*oreq` the packet that began the session, which the
engine remembers with it, `*vars` has Throttle and Redirect. When credit ends a NAS may be asked for less speed or another way out first;
where it does not acknowledge that, it is asked to end the session. The Error-Cause of a NAK goes to the log, in words.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from engine.effects import AlterSession, DisconnectSession, WarnDisconnect
from engine.errors import RequestError
from engine.fields.values import lasting_text, value_text
from engine.fields.view import OPTS, REQ, VARS
from engine.times import SECOND
from gateway.agents.radius.backways import UNSUPPORTED_EXTENSION, BackWay
from gateway.agents.radius.counts import AskedCounts
from gateway.agents.radius.nas import NO, Nas, Nases
from gateway.agents.radius.outgoing import Outgoing
from gateway.agents.radius.targets import PREFIX, Target, Targets, address_of
from gateway.processors.run import Fields, fill
from gateway.protocols.radius.codes import (
    AUTHENTICATOR_BYTES,
    COA_ACK,
    COA_REQUEST,
    DISCONNECT_ACK,
    DISCONNECT_REQUEST,
    ERROR_CAUSE,
    ERROR_CAUSES,
    EVENT_TIMESTAMP,
    WORDS,
)
from gateway.protocols.radius.packet import Packet, decode
from gateway.protocols.radius.paths import RadiusSource
from gateway.protocols.radius.showing import shown

log: Final = logging.getLogger(__name__)

OREQ: Final = "*oreq"
RADDAREQ: Final = "*radDAReq"
DMR_OPTION: Final = "*radDMRTemplate"
COA_OPTION: Final = "*radCoATemplate"
CREDIT_ENDS: Final = frozenset(("INSUFFICIENT_CREDIT",))
CAUSE: Final = "DisconnectCause"
_ACKNOWLEDGED: Final = (DISCONNECT_ACK, COA_ACK)
NOT_ROUTABLE: Final = 502
PROCESSING_ERROR: Final = 505
_NO_VECTOR: Final = bytes(AUTHENTICATOR_BYTES)  # values in requests whose authenticator is a digest are hidden by zeros


class Templates:
    """Templates by name, made ready when they are first needed. `make` raises SettingsError for one that cannot be had."""

    def __init__(self, make: Callable[[str], Fields]) -> None:
        self._make = make
        self._made: dict[str, Fields] = {}

    def of(self, name: str) -> Fields:
        """The template of a name. SettingsError."""
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = self._make(name)
        return found


class RadiusClients:
    """See gateway.api.clients.Clients."""

    never_asked: tuple[str, ...] = (PREFIX,)

    def __init__(
        self,
        targets: Targets,
        nases: Nases,
        templates: Templates,
        outgoing: Outgoing,
        clock: Callable[[], int],
        *,
        event_timestamp: bool,
    ) -> None:
        """`event_timestamp`: requests say when they were made."""
        self.counts: Final = AskedCounts()
        self.outgoing: Final = outgoing
        self._nases = nases
        self._clock = clock
        self.speak(targets, templates, event_timestamp=event_timestamp)

    def speak(self, targets: Targets, templates: Templates, *, event_timestamp: bool) -> None:
        """Requests to NASes from the next one on are made so."""
        self._targets = targets
        self._templates = templates
        self._event_timestamp = event_timestamp

    async def arrival(self, client: str, timeout_seconds: float) -> None:
        """There is nothing to wait for: a NAS is asked where it listens."""

    async def disconnect(self, effect: DisconnectSession) -> bool:
        """Asks the NAS to end the session; where its credit has ended, and the NAS is to throttle or redirect then, asks for that first."""
        fields = effect.event | {CAUSE: effect.reason} if effect.reason else effect.event
        asked = Asked(effect.client, effect.cgrid, effect.request, fields, effect.options or {})
        target = self._target(asked)
        if target is None:
            return False
        if target.credit_end_template and not effect.closed and effect.reason in CREDIT_ENDS:
            if await self._ask(asked, target, COA_REQUEST, target.credit_end_template):
                return True
            log.warning("a NAS did not throttle or redirect a session: it is asked to end it", extra=asked.told())
        return await self._ask(asked, target, DISCONNECT_REQUEST, asked.option(DMR_OPTION) or target.dmr_template)

    async def warn(self, effect: WarnDisconnect) -> None:
        """There is no message for that."""

    async def list_sessions(self, timeout_seconds: float) -> Mapping[str, None]:
        """RADIUS has no question for that."""
        return {}

    async def alter(self, session: AlterSession) -> bool:
        """Sends a CoA-Request; False where it is not acknowledged in time, or cannot be made. Without an event there is nothing to alter:
        the account got more, and a NAS asks for nothing meanwhile."""
        if not session.event:
            return True
        asked = Asked(session.client, session.cgrid, session.request, session.event, session.options or {})
        target = self._target(asked)
        return target is not None and await self._ask(asked, target, COA_REQUEST, asked.option(COA_OPTION) or target.coa_template)

    async def pass_on(self, session: AlterSession, changes: bytes) -> int:
        """Asks the session's NAS for changes that somebody else wants; 0 where it acknowledges them, else an Error-Cause."""
        asked = Asked(session.client, session.cgrid, session.request, session.event, {})
        target = self._target(asked)
        nas = self._nas(asked)
        if target is None or nas is None:
            return NOT_ROUTABLE
        try:
            code = await self.send(
                asked, target, nas, COA_REQUEST, lambda secret: self._body(asked, target, nas, target.naming_template, secret) + changes
            )
        except (ValueError, RequestError) as fault:
            log.error("a request could not be passed on", extra=asked.told() | {"reason": str(fault)})
            return PROCESSING_ERROR
        return 0 if code in _ACKNOWLEDGED else asked.cause or PROCESSING_ERROR

    async def disconnect_peer(self, arguments: dict[str, object]) -> bool:
        """Meant for Diameter."""
        return True

    # -- requests of ours ------------------------------------------------------------------------------------------------

    def _target(self, asked: Asked) -> Target | None:
        """Who is to be asked; None, and the log knows, where nobody can be."""
        reason = ""
        target = None
        if not asked.request:
            reason = "the request that began it is not known"
        else:
            target = self._targets.of(asked.packet, address_of(asked.client))
            if target is None:
                reason = "its NAS is not in client_da_addresses"
            elif self._nas(asked) is None:
                reason, target = "its NAS has no secret", None
        if target is None:
            log.warning("no request can be sent for a session", extra=asked.told() | {"reason": reason})
        return target

    def _nas(self, asked: Asked) -> Nas | None:
        address = address_of(asked.client)
        nas = self._nases.of(address) or self.outgoing.backways.nas(address)
        return nas if nas is not None and nas.secret else None

    async def _ask(self, asked: Asked, target: Target, code: int, template: str) -> bool:
        """Whether a request by a template is acknowledged."""
        nas = self._nas(asked)
        assert nas is not None, "who is asked has a secret: it was looked for"
        try:
            answer = await self.send(asked, target, nas, code, lambda secret: self._body(asked, target, nas, template, secret))
        except (ValueError, RequestError) as fault:  # SettingsError is a ValueError
            reason = fault.text if isinstance(fault, RequestError) else str(fault)
            log.error("a request of ours could not be made by its template", extra=asked.told() | {"template": template, "reason": reason})
            return False
        return answer in _ACKNOWLEDGED

    async def send(self, asked: Asked, target: Target, nas: Nas, code: int, make: Callable[[bytes], bytes]) -> int:
        """Sends a request about a session; the code of the answer, 0 for none. `asked.cause` is the Error-Cause, 0 where it has none.

        `make` gives its attributes, hidden by the secret of the way that it goes. What `make` raises, and ValueError for more than fits
        into a packet, is raised.
        """
        host = target.host or address_of(asked.client)
        told = asked.told() | {"nas": nas.name, "host": f"{host}:{target.port}", "code": WORDS[code]}
        asked.cause = 0
        self.counts.asked[code] += 1
        signed = nas.message_authenticator != NO
        way = self.outgoing.backways.way(address_of(asked.client)) if target.is_back else None
        answer = None if way is None else await self._asked_back(way, target, nas, (code, make(way.secret), signed), told)
        if answer is None:
            body = make(nas.secret)
            if target.is_logged:
                log.info("a NAS is asked", extra=told | {"attributes": _text(nas, body)})
            answer = await self.outgoing.ask(
                host, target.port, stream=target.is_stream, code=code, body=body, secret=nas.secret, signed=signed
            )
        if answer is None:
            self.counts.unanswered += 1
            log.warning("a NAS did not answer", extra=told)
            return 0
        if target.is_logged:
            log.info("a NAS answers", extra=told | {"answer": WORDS[answer.code], "attributes": _text(nas, answer.attributes)})
        if answer.code not in _ACKNOWLEDGED:
            self.counts.refused += 1
            asked.cause = error_cause(answer)
            log.info("a NAS refused", extra=told | {"answer": WORDS[answer.code], "cause": cause_text(asked.cause)})
        return answer.code

    async def _asked_back(
        self, way: BackWay, target: Target, nas: Nas, made: tuple[int, bytes, bool], told: dict[str, object]
    ) -> Packet | None:
        """The answer of a NAS over the connection that it has open; None where it takes no requests there, or does not answer: then none
        goes there any more."""
        code, body, signed = made
        told = told | {"host": way.remote}
        if target.is_logged:
            log.info("a NAS is asked", extra=told | {"attributes": _text(nas, body)})
        answer = await self.outgoing.ask_back(way, code, body, signed=signed)
        if answer is not None and (answer.code in _ACKNOWLEDGED or error_cause(answer) != UNSUPPORTED_EXTENSION):
            return answer
        if not (way.gone or way.deaf):
            way.deaf = True
            log.warning("a NAS takes no requests over its connection: it is asked elsewhere", extra=told)
        return None

    def _body(self, asked: Asked, target: Target, nas: Nas, template: str, secret: bytes) -> bytes:
        """The attributes by a template. ValueError, RequestError."""
        fields = self._templates.of(template)
        words: dict[str, object] = {}
        for name, word in target.words.items():
            text = lasting_text(value_text(asked.fields[name])) if asked.fields.get(name) not in (None, "") else word
            if text:
                words[name] = text
        scopes: dict[str, object] = {
            REQ: asked.fields,
            OREQ: RadiusSource(asked.packet, nas.paths, nas.secret),
            VARS: words,
            OPTS: dict(asked.options),
        }
        now_ns = self._clock()
        filled = fill(fields, scopes, RADDAREQ, now_ns)
        body = nas.builder.build(filled, secret, _NO_VECTOR, now_ns & 0x7FFF, fields.terms.zone, now_ns)
        return self.dated(body, now_ns)

    def dated(self, body: bytes, now_ns: int) -> bytes:
        """Attributes with the Event-Timestamp that requests of ours have, unless they have one (RFC 5176 section 3.4)."""
        if not self._event_timestamp or _has(body, EVENT_TIMESTAMP):
            return body
        return body + bytes((EVENT_TIMESTAMP, 6)) + (now_ns // SECOND & 0xFFFF_FFFF).to_bytes(4, "big")


class Asked:
    """A session that a NAS is asked about: its client, the packet that began it, its event, the operator's options."""

    def __init__(self, client: str, cgrid: str, request: bytes, fields: dict[str, object], options: dict[str, object]) -> None:
        self.client: Final = client
        self.cgrid: Final = cgrid
        self.request: Final = request
        self.fields: Final = fields
        self.options: Final = options
        self.cause = 0

    @property
    def packet(self) -> Packet:
        """The packet that began it."""
        return decode(self.request)

    def option(self, name: str) -> str:
        """An option that is a text; empty for none."""
        found = self.options.get(name)
        return found if isinstance(found, str) else ""

    def told(self) -> dict[str, object]:
        """What the log says of it."""
        return {"client": self.client, "cgrid": self.cgrid}


def error_cause(answer: Packet) -> int:
    """The Error-Cause of an answer (RFC 5176 section 3.5); 0 where it has none."""
    value = answer.first(ERROR_CAUSE)
    return 0 if value is None or len(value) != 4 else int.from_bytes(value, "big")


def cause_text(cause: int) -> str:
    """An Error-Cause in words."""
    return f"{ERROR_CAUSES.get(cause, 'unknown')} ({cause})" if cause else "none given"


def _has(body: bytes, number: int) -> bool:
    at = 0
    while at < len(body):
        if body[at] == number:
            return True
        at += body[at + 1]
    return False


def _text(nas: Nas, body: bytes) -> str:
    """Attributes for people; what is hidden stays so."""
    packet = Packet(bytes(4) + _NO_VECTOR + body)
    return ", ".join(f"{name}={text}" for name, text in shown(nas.builder.dictionary, packet))
