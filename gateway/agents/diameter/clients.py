"""What sessions ask of Diameter peers: to end a session (ASR, or RAR), to look at it again (RAR), and to go (DPR).

A request of ours is made by the operator's template from the request that began the session, which the engine remembers with the session.
It goes to the connection of the session's latest message; where that is gone or does not answer in time it goes to others of the same host,
then of the same realm. There are peers that answer neither RAR nor ASR (Kamailio): nothing waits for them but the task that asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from engine.effects import AlterSession, DisconnectSession, WarnDisconnect
from engine.errors import RequestError
from engine.times import SECOND
from gateway.agents.diameter.counts import Counts
from gateway.agents.diameter.limits import MAX_WAYS
from gateway.agents.diameter.requests import DIAMREQ, OPTS, REQ, VARS, Requests
from gateway.agents.diameter.roster import PREFIX, Roster
from gateway.processors.run import Fields, fill
from gateway.protocols.diameter.codes import ABORT_SESSION, DO_NOT_WANT_TO_TALK_TO_YOU, LIMITED_SUCCESS, RE_AUTH, RESULT_CODE, SUCCESS
from gateway.protocols.diameter.message import DecodeError, Message, decode
from gateway.protocols.diameter.paths import DiameterSource

log: Final = logging.getLogger(__name__)

NONE: Final = "*none"
ASR: Final = "*asr"
RAR: Final = "*rar"
DONE: Final = (SUCCESS, LIMITED_SUCCESS)


class Templates:
    """The requests of ours: how each is filled (None: there is no template), and which of them ends a session."""

    abort: Fields | None
    reauthorize: Fields | None
    forced_disconnect: str
    read: frozenset[int] | None

    def __init__(self, abort: Fields | None, reauthorize: Fields | None, forced_disconnect: str, read: frozenset[int] | None) -> None:
        """`read`: the AVPs of a session's first request that they read, by key; None for all."""
        self.abort = abort
        self.reauthorize = reauthorize
        self.forced_disconnect = forced_disconnect
        self.read = read

    def of(self, kind: str) -> Fields | None:
        """That of *asr or *rar."""
        return self.abort if kind == ASR else self.reauthorize


class DiameterClients:
    """See gateway.api.clients.Clients."""

    never_asked: tuple[str, ...] = (PREFIX,)

    def __init__(
        self,
        roster: Roster,
        templates: Templates,
        requests: Requests,
        counts: Counts,
        clock: Callable[[], int],
        timeout_ns: int,
    ) -> None:
        """`timeout_ns`: how long an answer is waited for, on each connection that is tried."""
        self._roster = roster
        self._requests = requests
        self._counts = counts
        self._clock = clock
        self.speak(templates, timeout_ns)

    def speak(self, templates: Templates, timeout_ns: int) -> None:
        """Requests of ours from the next one on are made so."""
        self._templates = templates
        self._timeout_seconds = timeout_ns / SECOND

    async def arrival(self, client: str, timeout_seconds: float) -> None:
        """See `Clients`."""
        await self._roster.arrival(client, timeout_seconds)

    async def disconnect(self, effect: DisconnectSession) -> bool:
        """Sends what forced_disconnect says; True at once where that is *none."""
        kind = self._templates.forced_disconnect
        if kind == NONE:
            return True
        command = ABORT_SESSION if kind == ASR else RE_AUTH
        return await self._tell(effect.client, effect.cgrid, effect.request, command, self._templates.of(kind), {})

    async def warn(self, effect: WarnDisconnect) -> None:
        """Peers know their grants: there is nothing to tell them."""

    async def list_sessions(self, timeout_seconds: float) -> Mapping[str, None]:
        """Diameter has no question for that."""
        return {}

    async def alter(self, session: AlterSession) -> bool:
        """Sends a RAR; False where it is not answered 2001 or 2002 in time, or there is no rar_template."""
        options = dict(session.options or {})
        return await self._tell(session.client, session.cgrid, session.request, RE_AUTH, self._templates.reauthorize, options)

    async def disconnect_peer(self, arguments: dict[str, object]) -> bool:
        """Sends a DPR to every connection of the host in `OriginHost`; False where it has none, or one did not answer 2001, or the cause
        is none of RFC 6733 section 5.4.3."""
        cause = arguments.get("DisconnectCause", 0)
        if not isinstance(cause, int) or not 0 <= cause <= DO_NOT_WANT_TO_TALK_TO_YOU:
            return False
        remote = arguments.get("RemoteAddr") or ""
        peers = [peer for peer in self._roster.of_host(str(arguments.get("OriginHost") or "")) if remote in ("", peer.remote)]
        answers = [peer.say_goodbye(cause, self._timeout_seconds) for peer in peers]
        gone = [await answer for answer in answers]
        return bool(gone) and all(gone)

    # -- requests of ours ------------------------------------------------------------------------------------------------

    async def _tell(self, client: str, cgrid: str, request: bytes, command: int, fields: Fields | None, options: dict[str, object]) -> bool:
        told: dict[str, object] = {"client": client, "cgrid": cgrid, "command": command}
        if fields is None or not request:
            reason = "there is no template" if fields is None else "the request that began it is not known"
            log.warning("no request can be sent for a session", extra=told | {"reason": reason})
            return False
        try:
            first = decode(request)
            body = self._body(first, fields, options)
        except (ValueError, RequestError) as fault:  # DecodeError is a ValueError
            reason = fault.text if isinstance(fault, DecodeError | RequestError) else str(fault)
            log.error("a request of ours could not be made by its template", extra=told | {"reason": reason})
            return False
        end_to_end = -1
        for peer in self._roster.ways(client)[:MAX_WAYS]:
            self._counts.asked += 1
            waiting, end_to_end = peer.ask(command, first.application, body, end_to_end, self._timeout_seconds)
            answer = await waiting
            self._counts.unanswered += answer is None
            if answer is not None:
                code = answer.avps.number(RESULT_CODE)
                if code in DONE:
                    return True
                log.info("a peer refused a request of ours", extra=told | {"peer": peer.host, "code": code})
                return False
        log.info("no peer answered a request of ours", extra=told)
        return False

    def _body(self, first: Message, fields: Fields, options: dict[str, object]) -> bytes:
        """The AVPs by a template, of which *req is the request that began the session."""
        variables = self._requests.variables(first.command, first.application, "")
        language = self._requests.language
        scopes: dict[str, object] = {REQ: DiameterSource(first, language.paths), VARS: variables, OPTS: options}
        now_ns = self._clock()
        return language.builder.build(fill(fields, scopes, DIAMREQ, now_ns), language.processors.terms.zone, now_ns)
