"""Clients of the bidirectional port, as sessions call them: who is there, in which words each is called, and what comes of it.

A client is a connection that has asked something. Its words follow `sessions.client_protocol` until it says that it does not know one:
then the next older words are tried, and kept for this connection (OpenSIPS speaks 1, its older module 0).
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from engine.times import UTC_ZONE, format_time
from gateway.api.limits import MAX_LISTED_SESSIONS
from gateway.transport.bidirectional import GONE, Answer, Client

log: Final = logging.getLogger(__name__)

NEWEST: Final = 2

# Methods by what they do; the place in each row is the version of the words, empty where that version has none.
DISCONNECT: Final = ("SMGClientV1.DisconnectSession", "SessionSv1.DisconnectSession", "AgentV1.DisconnectSession")
LIST: Final = ("SMGClientV1.GetActiveSessionIDs", "SessionSv1.GetActiveSessionIDs", "AgentV1.GetActiveSessionIDs")
ALTER: Final = ("", "", "AgentV1.AlterSession")
WARN: Final = ("", "", "AgentV1.WarnDisconnect")
PEER: Final = ("", "", "AgentV1.DisconnectPeer")

# How clients say that they do not know a method: OpenSIPS, Go's net/rpc and its bidirectional kin, CGRateS's own agents, JSON-RPC 2.0.
_UNKNOWN: Final = ("unknown method", "can't find", "method not found", "not_implemented", "unsupported_service_method")
UNKNOWN_METHOD: Final = Answer(b"null", "UNKNOWN_METHOD")

NO_SESSIONS: Final = "NO_ACTIVE_SESSION"  # how CGRateS's own agents say that they have no calls
OK: Final = b'"OK"'
_NO_ANSWER: Final = Answer(b"null", GONE)


class Warned(Protocol):
    """A session whose client is told something."""

    @property
    def client(self) -> str:
        """The name of the connection that the session belongs to."""

    @property
    def event(self) -> dict[str, object]:
        """The session's event, with its CGRID."""


class Ended(Warned, Protocol):
    """A session that its client is to end; the event has the Usage so far."""

    @property
    def reason(self) -> str:
        """Why, or empty."""


class Altered(Warned, Protocol):
    """A session that its client is to alter."""

    @property
    def options(self) -> dict[str, object] | None:
        """The operator's options."""


class SessionName(msgspec.Struct, frozen=True):
    """A session as its switch names it."""

    OriginHost: str = ""
    OriginID: str = ""


_NAMES: Final = msgspec.json.Decoder(list[SessionName] | None)


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """`protocol`: the words that a new client is called in, 0 to 2."""

    protocol: int = NEWEST
    reply_seconds: float = 2.0


class BidirectionalClients:
    """Everybody who may be called, by name. Used on the loop's thread. What an awaited call says is told whatever becomes of the client:
    one that is gone, silent or busy counts as one that answered with an error."""

    def __init__(self, options: ClientOptions, now: Callable[[], int], process_tag: str = "") -> None:
        """`process_tag` is what the names of this process's clients have in common, and those of an earlier one had not."""
        self.options = options
        self._now = now
        self._process_tag = process_tag
        self._missed: dict[str, dict[asyncio.Event, None]] = {}  # by host: who waits for a client of it
        self._clients: dict[str, Client] = {}
        self._words: dict[str, int] = {}  # by name: the version of the words that it understands

    @property
    def never_asked(self) -> tuple[str, ...]:
        """All of them can be asked."""
        return ()

    # -- who is there (Roster) -------------------------------------------------------------------------------------------

    def join(self, client: Client) -> None:
        """A client has made its first request."""
        self._clients[client.name] = client
        self._words[client.name] = self.options.protocol
        for missed in self._missed.pop(client.host, ()):
            missed.set()

    def leave(self, client: Client) -> None:
        """A client has gone."""
        self._clients.pop(client.name, None)
        self._words.pop(client.name, None)

    def names(self) -> list[str]:
        """Who is there, those that came first in front."""
        return list(self._clients)

    def owner(self, name: str) -> Client | None:
        """The client of this name; where it is gone, the one that came last from the same host: a switch may connect anew, and any of
        its connections can end its calls."""
        found = self._clients.get(name)
        if found is not None or not name:
            return found
        host = host_of(name)
        return next((client for client in reversed(self._clients.values()) if client.host == host), None)

    async def arrival(self, name: str, timeout_seconds: float) -> None:
        """Waits for a client of an earlier process, or for another of its host, to be there; at most so long."""
        if self.owner(name) is not None or name.rpartition("/")[2].startswith(self._process_tag):
            return
        host, there = host_of(name), asyncio.Event()
        self._missed.setdefault(host, {})[there] = None
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await there.wait()
        missed = self._missed.get(host, {})
        missed.pop(there, None)
        if not missed:
            self._missed.pop(host, None)

    # -- what is asked of them -------------------------------------------------------------------------------------------

    async def disconnect(self, effect: Ended) -> bool:
        """Has the owner of a session end its call; False when it is gone, answers with an error or not in time."""
        answer = await self._ask_owner(effect.client, DISCONNECT, lambda version: self._ending(version, effect.event, effect.reason))
        return answer.error is None

    def _ending(self, version: int, event: dict[str, object], reason: str) -> object:
        if version < NEWEST:
            return {"EventStart": event, "Reason": reason}
        return self._cgr_event({**event, "DisconnectCause": reason} if reason else event, None)

    def _cgr_event(self, event: dict[str, object], options: object) -> dict[str, object]:
        return {"Tenant": "", "ID": str(uuid.uuid4()), "Time": format_time(self._now(), UTC_ZONE), "Event": event, "APIOpts": options}

    async def warn(self, effect: Warned) -> None:
        """Tells the owner of a session that its credit runs out. A client that has no such method is not warned."""
        answer = await self._ask_owner(effect.client, WARN, lambda _: effect.event)
        if answer.error is not None:
            fields = {"client": effect.client, "session": effect.event.get("CGRID"), "error": answer.error}
            log.info("client not warned", extra=fields)

    async def alter(self, session: Altered) -> bool:
        """Has the owner of a session alter it; False for any answer but OK."""
        answer = await self._ask_owner(session.client, ALTER, lambda _: self._cgr_event(session.event, session.options))
        return answer.error is None and answer.result == OK

    async def list_sessions(self, timeout_seconds: float) -> dict[str, list[SessionName] | None]:
        """The sessions that each client says it has; None for one that did not say."""
        clients = list(self._clients.values())
        answers = await asyncio.gather(*(self._ask(client, LIST, lambda _: "", timeout_seconds) for client in clients))
        return {client.name: _names(client, answer) for client, answer in zip(clients, answers, strict=True)}

    async def disconnect_peer(self, arguments: Mapping[str, object]) -> bool:
        """Tells every client that a Diameter peer is to be disconnected; False where one that knows how could not."""
        clients = list(self._clients.values())
        answers = await asyncio.gather(*(self._ask(client, PEER, lambda _: arguments, self.options.reply_seconds) for client in clients))
        return all(answer.error is None or answer is UNKNOWN_METHOD for answer in answers)

    async def _ask_owner(self, name: str, methods: tuple[str, ...], params: Callable[[int], object]) -> Answer:
        client = self.owner(name)
        return _NO_ANSWER if client is None else await self._ask(client, methods, params, self.options.reply_seconds)

    async def _ask(self, client: Client, methods: tuple[str, ...], params: Callable[[int], object], seconds: float) -> Answer:
        """Calls a client in the newest words that it understands; UNKNOWN_METHOD where it understands none."""
        version = self._words.get(client.name, self.options.protocol)
        while version >= 0 and methods[version]:
            answer = await client.ask_client(methods[version], params(version), seconds)
            if answer.error is None or not _is_unknown(answer.error):
                return answer
            version -= 1
            if version >= 0 and methods[version] and client.name in self._words:
                log.info("client speaks an older protocol", extra={"client": client.name, "protocol": version})
                self._words[client.name] = version
        return UNKNOWN_METHOD


def _is_unknown(error: str) -> bool:
    return any(words in error.lower() for words in _UNKNOWN)


def _names(client: Client, answer: Answer) -> list[SessionName] | None:
    fault = answer.error
    if fault == NO_SESSIONS:
        return []
    if fault is None:
        try:
            found = _NAMES.decode(answer.result) or []
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            fault = str(error)
        else:
            if len(found) <= MAX_LISTED_SESSIONS:
                return found
            fault = "too many sessions"
    log.warning("client did not tell its sessions", extra={"client": client.name, "error": fault})
    return None


def client_name(address: str, tag: str, number: int) -> str:
    """The name of a client: where it comes from, and what tells it from any other connection."""
    return f"{address}/{tag}{number}"


def host_of(name: str) -> str:
    """The host in a client's name."""
    return name.rpartition("/")[0].rpartition(":")[0]
