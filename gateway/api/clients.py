"""Clients that can be called back: what sessions ask of whoever holds the connections.

`Clients` is what sessions need; the bidirectional doors and the agents fulfil it, each for the connections it holds. `Callbacks` does what
the engine's session effects ask, and tells the engine what came of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Final, Protocol

from engine.effects import (
    AlterSession,
    AskActiveSessions,
    AskSessions,
    DisconnectSession,
    ReauthorizeSession,
    ReplicateSession,
    SessionEffect,
    SessionEnded,
    WarnDisconnect,
)
from engine.errors import RequestError, StorageUnavailable
from engine.event import origin_cgrid
from engine.sessions.commands import AlterSessions, DisconnectFailed, ForceDisconnect, SyncSessions
from engine.times import SECOND
from gateway.limits import RECONNECT_SECONDS, RETRY_SECONDS

log: Final = logging.getLogger(__name__)

CLIENTS: Final = "clients"  # the name under which Api.rooms has them
PAUSES_SECONDS: Final = (0.001, 0.001, 0.002, 0.003, 0.005, 0.008, 0.013)  # between tries to reach a client; the last one repeats
MAX_TASKS: Final = 10_000  # calls to clients under way; beyond it effects wait


class NamedSession(Protocol):
    """A session as its switch names it."""

    @property
    def OriginID(self) -> str: ...  # noqa: N802 - as clients write it
    @property
    def OriginHost(self) -> str: ...  # noqa: N802


class Performer(Protocol):
    """Who hands effects out, and learns what came of them. An id of 0 is one that nobody remembers."""

    def step(self, command: object) -> object:
        """Sends the engine a command at this moment. RequestError, StorageUnavailable."""

    def finish(self, effect_id: int, command: object) -> object:
        """The same, with the effect done if and only if what the command changes is durable."""

    def done(self, effect_id: int) -> None:
        """The effect was performed, or is given up."""


class Clients(Protocol):
    """The connections that can be called. A client is named by the text that its commands carry as `client`."""

    @property
    def never_asked(self) -> tuple[str, ...]:
        """What the names of those clients begin with that cannot be asked for their sessions."""

    async def arrival(self, client: str, timeout_seconds: float) -> None:
        """Returns when the client can be called, or another one of its host that stands for it; or after the timeout. At once for a
        client that came to this process: when such a one is gone nobody waits for it."""

    async def disconnect(self, effect: DisconnectSession) -> bool:
        """Tells the client to end its session; False when it is not connected, answers with an error or not in time."""

    async def warn(self, effect: WarnDisconnect) -> None:
        """Tells the client that credit runs out soon; whatever it answers."""

    async def list_sessions(self, timeout_seconds: float) -> Mapping[str, Sequence[NamedSession] | None]:
        """The sessions that each client says it has (none for NO_ACTIVE_SESSION); None for one that did not say, or not in time."""

    async def alter(self, session: AlterSession) -> bool:
        """Asks the client to alter its session; False when it is not connected, answers with anything but OK or not in time."""

    async def disconnect_peer(self, arguments: dict[str, object]) -> bool:
        """Tells all clients that understand it to disconnect a Diameter peer; False when one of them fails. True without any."""


class EveryClient:
    """All who can be called: those whose names begin with a prefix of their own, and the rest."""

    def __init__(self, rest: Clients) -> None:
        self._rest = rest
        self._others: dict[str, Clients] = {}

    def add(self, prefix: str, clients: Clients) -> None:
        """Those whose names begin with the prefix."""
        self._others[prefix] = clients

    def _of(self, client: str) -> Clients:
        for prefix, clients in self._others.items():
            if client.startswith(prefix):
                return clients
        return self._rest

    @property
    def _all(self) -> list[Clients]:
        return [self._rest, *self._others.values()]

    @property
    def never_asked(self) -> tuple[str, ...]:
        """See `Clients`."""
        return tuple(prefix for clients in self._all for prefix in clients.never_asked)

    async def arrival(self, client: str, timeout_seconds: float) -> None:
        """See `Clients`."""
        await self._of(client).arrival(client, timeout_seconds)

    async def disconnect(self, effect: DisconnectSession) -> bool:
        """See `Clients`."""
        return await self._of(effect.client).disconnect(effect)

    async def warn(self, effect: WarnDisconnect) -> None:
        """See `Clients`."""
        await self._of(effect.client).warn(effect)

    async def list_sessions(self, timeout_seconds: float) -> Mapping[str, Sequence[NamedSession] | None]:
        """See `Clients`."""
        said = await asyncio.gather(*(clients.list_sessions(timeout_seconds) for clients in self._all))
        return {name: sessions for one in said for name, sessions in one.items()}

    async def alter(self, session: AlterSession) -> bool:
        """See `Clients`."""
        return await self._of(session.client).alter(session)

    async def disconnect_peer(self, arguments: dict[str, object]) -> bool:
        """See `Clients`."""
        return all(await asyncio.gather(*(clients.disconnect_peer(arguments) for clients in self._all)))


class Callbacks:
    """Performs the effects of sessions, each in a task of its own; an effect is done when its task has come to its end.

    After a start the clients of the process before have a while to come back (RECONNECT_SECONDS) before they count as gone.
    """

    def __init__(self, clients: Clients, performer: Performer, attempts: int) -> None:
        self._clients = clients
        self._performer = performer
        self._attempts = max(1, attempts)
        self._tasks: set[asyncio.Task[None]] = set()
        self._patient_until = 0.0

    def start(self) -> None:
        """The process has begun to listen."""
        self._patient_until = asyncio.get_running_loop().time() + RECONNECT_SECONDS

    @property
    def under_way(self) -> int:
        """How many effects are being performed."""
        return len(self._tasks)

    @property
    def has_room(self) -> bool:
        """Whether another effect can be performed now."""
        return len(self._tasks) < MAX_TASKS

    def perform(self, effect_id: int, effect: SessionEffect) -> None:
        """Does what the effect asks. Returns at once."""
        match effect:
            case DisconnectSession():
                self._start(effect_id, self._disconnect(effect))
            case WarnDisconnect():
                self._start(effect_id, self._warn(effect))
            case AskActiveSessions():
                self._start(effect_id, self._ask(effect))
            case SessionEnded():
                fields = {"cgrid": effect.cgrid, "tenant": effect.tenant, "account": effect.account, "reason": effect.reason}
                if effect.trouble:
                    log.warning("trouble at the end of a session", extra=fields | {"trouble": effect.trouble})
                else:
                    log.info("a session was ended", extra=fields)
                self._performer.done(effect_id)
            case ReplicateSession():
                fields = {"cgrid": effect.cgrid, "connections": " ".join(effect.connections)}
                log.warning("session not replicated: no connections to other engines in this build", extra=fields)
                self._performer.done(effect_id)
            case ReauthorizeSession():
                self._start(effect_id, self._reauthorize(effect))
            case AskSessions():
                self._start(effect_id, self._ask_sessions(effect_id, effect))

    def stop(self) -> None:
        """Calls under way are dropped; after the next start their effects are asked for again."""
        for task in self._tasks:
            task.cancel()

    def _start(self, effect_id: int, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._ended(effect_id, task))

    def _ended(self, effect_id: int, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        if task.exception() is not None:
            log.error("a call to a client failed", exc_info=task.exception())
        self._performer.done(effect_id)

    async def _arrival(self, client: str) -> None:
        """Gives a client of the process before this one the time to come back."""
        patience = self._patient_until - asyncio.get_running_loop().time()
        if patience > 0:
            await self._clients.arrival(client, patience)

    async def _warn(self, effect: WarnDisconnect) -> None:
        await self._arrival(effect.client)
        await self._clients.warn(effect)

    async def _disconnect(self, effect: DisconnectSession) -> None:
        await self._arrival(effect.client)
        for attempt in range(1 if effect.closed else self._attempts):
            if attempt:
                await asyncio.sleep(PAUSES_SECONDS[min(attempt, len(PAUSES_SECONDS)) - 1])
            if await self._clients.disconnect(effect):
                return
        fields = {"client": effect.client, "cgrid": effect.cgrid, "reason": effect.reason}
        log.info("a client could not be told to end its session", extra=fields)
        if not effect.closed:
            await self._tell(DisconnectFailed(effect.cgrid, effect.reason))

    async def _reauthorize(self, effect: ReauthorizeSession) -> None:
        asked = AlterSession(effect.client, effect.cgrid, effect.tenant, {}, None, effect.request)
        if not await self._clients.alter(asked):
            log.info("a client did not look at its session again", extra={"client": effect.client, "cgrid": effect.cgrid})

    async def _ask(self, effect: AskActiveSessions) -> None:
        await self._tell(await asked(self._clients, effect.asked_at_ns, effect.timeout_ns))

    async def _ask_sessions(self, effect_id: int, effect: AskSessions) -> None:
        """Alters or ends sessions for actions; nobody waits for it, so what goes wrong is told to the operator."""
        fields = {"account": effect.account_id, "actions": effect.actions_id, "tenant": effect.tenant}
        try:
            if not effect.alter:
                ending = ForceDisconnect(effect.tenant, effect.filters, effect.limit, effect.fields, effect.options)
                await when_stored(lambda: self._performer.finish(effect_id, ending))
                return
            wanted = self._performer.step(AlterSessions(effect.tenant, effect.filters, effect.limit, effect.fields, effect.options))
        except RequestError as refused:
            log.info("actions on sessions did nothing", extra=fields | {"reason": refused.text})
            return
        assert isinstance(wanted, list), "sessions come as a list"
        for session in wanted:
            assert isinstance(session, AlterSession), "an AlterSession for each"
            if not await self._clients.alter(session):
                log.warning("a client did not alter its session", extra=fields | {"client": session.client, "cgrid": session.cgrid})

    async def _tell(self, command: object) -> None:
        try:
            await when_stored(lambda: self._performer.step(command))
        except RequestError as refused:
            log.warning("a session has to wait for its end", extra={"reason": refused.text})


async def when_stored(step: Callable[[], object]) -> object:
    """Does a step of which nobody else knows that it is to be done: while the storage takes nothing it is tried again and again."""
    waits = False
    while True:
        try:
            return step()
        except StorageUnavailable:
            if not waits:
                log.warning("what came of an effect has to wait", extra={"reason": "storage unavailable"})
            waits = True
            await asyncio.sleep(RETRY_SECONDS)


async def asked(clients: Clients, asked_at_ns: int, timeout_ns: int) -> SyncSessions:
    """Asks all clients for their calls; the command that tells the engine."""
    said = await clients.list_sessions(timeout_ns / SECOND)
    listed = frozenset(origin_cgrid(one.OriginID, one.OriginHost) for names in said.values() for one in names or ())
    silent = frozenset(name for name, names in said.items() if names is None)
    return SyncSessions(asked_at_ns, listed, frozenset(said) - silent, silent, clients.never_asked)
